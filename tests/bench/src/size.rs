//! What a dependency costs to carry: each client in a program of its own that gets a URL and prints the answer.
//!
//! A clean release build is timed in CPU seconds; the size is that of a second build made to be small. Versions are
//! those of this package's lock file. Plain HTTP only, as TLS is a separate choice.

use crate::options::Options;
use crate::pin::children_cpu_time;
use crate::report::{Object, LOCK};
use crate::Failure;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Builds every program asked for and prints a row as each is done.
pub fn table(options: &Options) -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("pannier-bench-size-{}", std::process::id()));
    let outcome = rows(&folder, options);
    let _ = fs::remove_dir_all(&folder);
    outcome
}

fn rows(folder: &Path, options: &Options) -> Result<(), Failure> {
    if !options.json {
        println!(
            "\n| program | CPU s of a clean release build | crates | stripped KiB | KiB over std |"
        );
        println!("|---|---|---|---|---|");
    }
    let mut floor = None;
    for program in PROGRAMS {
        // What std alone comes to is always built: the others are shown over it.
        if floor.is_some() && !options.wants_client(program.name) {
            continue;
        }
        let carried = program.build(&folder.join(program.name))?;
        let floor = *floor.get_or_insert(carried.bytes);
        carried.print(program.name, floor, options);
    }
    Ok(())
}

/// A program that gets and prints.
struct Program {
    name: &'static str,
    /// A line of its manifest; `{root}` stands for pannier's folder.
    dependency: &'static str,
    source: &'static str,
}

struct Carried {
    cpu: Duration,
    crates: usize,
    bytes: u64,
}

impl Program {
    fn build(&self, folder: &Path) -> Result<Carried, Failure> {
        fs::create_dir_all(folder.join("src"))?;
        let dependency = self.dependency.replace("{root}", &root()?.display().to_string());
        fs::write(folder.join("Cargo.toml"), format!("{MANIFEST}{dependency}\n"))?;
        fs::write(folder.join("Cargo.lock"), LOCK)?;
        fs::write(folder.join("src/main.rs"), self.source)?;
        cargo(folder, &["fetch"])?;
        let before = children_cpu_time();
        let log = cargo(folder, &["build", "--release", "--offline"])?;
        let cpu = children_cpu_time() - before;
        let crates = log.lines().filter(|line| line.trim_start().starts_with("Compiling ")).count();
        cargo(folder, &["build", "--profile", "small", "--offline"])?;
        let bytes = fs::metadata(folder.join("target/small/program"))?.len();
        fs::remove_dir_all(folder)?;
        Ok(Carried { cpu, crates, bytes })
    }
}

impl Carried {
    fn print(&self, name: &str, floor: u64, options: &Options) {
        let (cpu, kib) = (self.cpu.as_secs_f64(), self.bytes as f64 / 1024.0);
        let over = kib - floor as f64 / 1024.0;
        if options.json {
            let mut line = Object::new("size");
            line.text("client", name)
                .number("cpu_seconds", cpu)
                .number("crates", self.crates as f64);
            line.number("kib", kib).number("kib_over_std", over);
            return line.print();
        }
        println!("| {name} | {cpu:.1} | {} | {kib:.0} | {over:.0} |", self.crates);
    }
}

/// The folder of the crate that is measured.
fn root() -> Result<PathBuf, Failure> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?)
}

fn cargo(folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    // What cargo set for this program is not meant for the programs it builds.
    let inherited = std::env::vars_os().map(|(name, _)| name);
    for name in inherited.filter(|name| name.to_str().is_some_and(is_of_a_build)) {
        command.env_remove(name);
    }
    let output = command.output()?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(log)
    } else {
        Err(format!("cargo {} in {}: {log}", arguments.join(" "), folder.display()).into())
    }
}

fn is_of_a_build(name: &str) -> bool {
    let chosen =
        ["CARGO_TARGET_DIR", "CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "CARGO_BUILD_TARGET_DIR"];
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || chosen.contains(&name)
}

const MANIFEST: &str = "\
[package]
name = \"program\"
version = \"0.1.0\"
edition = \"2021\"

[workspace]

[profile.small]
inherits = \"release\"
opt-level = \"z\"
lto = true
codegen-units = 1
panic = \"abort\"
strip = true

[dependencies]
";

const PROGRAMS: &[Program] = &[
    Program {
        name: "std",
        dependency: "",
        source: r#"
use std::io::{copy, stdout, Write};
fn main() -> std::io::Result<()> {
    let host = std::env::args().nth(1).unwrap();
    let mut stream = std::net::TcpStream::connect(&host)?;
    write!(stream, "GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    copy(&mut stream, &mut stdout()).map(drop)
}
"#,
    },
    Program { name: "pannier", dependency: "pannier = { path = \"{root}\" }", source: PANNIER },
    Program {
        name: "pannier-bare",
        dependency: "pannier = { path = \"{root}\", default-features = false }",
        source: PANNIER,
    },
    Program {
        name: "ureq",
        dependency: "ureq = { version = \"3\", default-features = false }",
        source: UREQ,
    },
    Program {
        name: "ureq-gzip",
        dependency: "ureq = { version = \"3\", default-features = false, features = [\"gzip\"] }",
        source: UREQ,
    },
    Program {
        name: "minreq",
        dependency: "minreq = { version = \"3\", default-features = false }",
        source: r#"
fn main() -> Result<(), minreq::Error> {
    println!("{}", minreq::get(std::env::args().nth(1).unwrap()).send()?.as_str()?);
    Ok(())
}
"#,
    },
    Program {
        name: "attohttpc",
        dependency: "attohttpc = { version = \"0.31\", default-features = false }",
        source: r#"
fn main() -> attohttpc::Result {
    println!("{}", attohttpc::get(std::env::args().nth(1).unwrap()).send()?.text_utf8()?);
    Ok(())
}
"#,
    },
    Program {
        name: "bitreq",
        dependency:
            "bitreq = { version = \"0.4\", default-features = false, features = [\"std\"] }",
        source: r#"
fn main() -> Result<(), bitreq::Error> {
    println!("{}", bitreq::get(std::env::args().nth(1).unwrap()).send()?.as_str()?);
    Ok(())
}
"#,
    },
    Program {
        name: "reqwest",
        dependency:
            "reqwest = { version = \"0.13\", default-features = false, features = [\"blocking\"] }",
        source: r#"
fn main() -> reqwest::Result<()> {
    println!("{}", reqwest::blocking::get(std::env::args().nth(1).unwrap())?.text()?);
    Ok(())
}
"#,
    },
    Program {
        name: "curl",
        dependency:
            "curl = { version = \"0.4\", default-features = false, features = [\"static-curl\"] }",
        source: r#"
use std::io::{stdout, Write};
fn main() -> Result<(), curl::Error> {
    let mut easy = curl::easy::Easy::new();
    easy.url(&std::env::args().nth(1).unwrap())?;
    easy.write_function(|data| {
        stdout().write_all(data).unwrap();
        Ok(data.len())
    })?;
    easy.perform()
}
"#,
    },
];

const PANNIER: &str = r#"
fn main() -> Result<(), pannier::Error> {
    println!("{}", pannier::get(&std::env::args().nth(1).unwrap())?.text()?);
    Ok(())
}
"#;

const UREQ: &str = r#"
fn main() -> Result<(), ureq::Error> {
    println!("{}", ureq::get(std::env::args().nth(1).unwrap()).call()?.body_mut().read_to_string()?);
    Ok(())
}
"#;
