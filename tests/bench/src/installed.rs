//! Servers of others on loopback that serve one file of 100 bytes from a folder of their own, if they are installed.

use crate::pin::Pin;
use crate::workloads::PATH;
use crate::Failure;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A server in one process, ended and its folder removed with this value.
pub struct Installed {
    child: Child,
    folder: PathBuf,
    pub address: SocketAddr,
}

impl Installed {
    /// Starts nginx; None where it is not installed.
    pub fn nginx(pin: Pin, dir: &Path) -> Result<Option<Installed>, Failure> {
        Installed::start("nginx", NGINX, pin, dir, |command, folder, address| {
            fs::write(folder.join("nginx.conf"), configuration(folder, address))?;
            command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
            command.arg("-e").arg(folder.join("log"));
            Ok(())
        })
    }

    /// Starts nghttpd, which speaks HTTP/2 with prior knowledge; None where it is not installed.
    pub fn nghttpd(pin: Pin, dir: &Path) -> Result<Option<Installed>, Failure> {
        Installed::start("nghttpd", NGHTTPD, pin, dir, |command, folder, address| {
            command.args(["--no-tls", "--workers=1", "--address", &address.ip().to_string()]);
            command.arg("--htdocs").arg(folder.join("html")).arg(address.port().to_string());
            command.stderr(fs::File::create(folder.join("log"))?);
            Ok(())
        })
    }

    /// `prepare` is given the command, the folder, in which `html` is what is served, and a free address. A
    /// server that cannot start says why in the file `log` of the folder.
    fn start(
        name: &str,
        places: &'static [&'static str],
        pin: Pin,
        dir: &Path,
        prepare: impl FnOnce(&mut Command, &Path, SocketAddr) -> Result<(), Failure>,
    ) -> Result<Option<Installed>, Failure> {
        let program = match find(places) {
            Some(program) => program,
            None => return Ok(None),
        };
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let folder = dir.join(format!("pannier-bench-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("html"))?;
        fs::write(folder.join("html").join(&PATH[1..]), [b'x'; 100])?;
        let mut command = Command::new(program);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        prepare(&mut command, &folder, address)?;
        pin.server(&mut command)?;
        let installed = Installed { child: command.spawn()?, folder, address };
        installed.wait_for_it()?;
        Ok(Some(installed))
    }

    fn wait_for_it(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(self.address).is_err() {
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(format!("nobody listens on {}: {log}", self.address).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The first of these files that is there.
pub fn find(places: &'static [&'static str]) -> Option<&'static Path> {
    places.iter().map(Path::new).find(|path| path.exists())
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; worker_processes 1; pid {folder}/pid;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600; default_type application/octet-stream;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    open_file_cache max=16; tcp_nodelay on;
    server {{ listen {address}; root {folder}/html; }}
}}
"
    )
}

const NGINX: &[&str] =
    &["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"];

const NGHTTPD: &[&str] = &[
    "/usr/bin/nghttpd",
    "/usr/sbin/nghttpd",
    "/usr/local/bin/nghttpd",
    "/opt/homebrew/bin/nghttpd",
];
