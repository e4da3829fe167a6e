//! A real server or proxy on loopback: a process with a folder of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A server that listens, ended with this value. Its folder goes after it.
pub struct Daemon {
    pub address: SocketAddr,
    _process: Process,
    pub folder: Folder,
}

impl Daemon {
    /// Starts `program` with the arguments that `configure` returns once it has put what is needed
    /// into the folder. The server is to stay in the foreground.
    pub fn start(
        program: &str,
        configure: impl FnOnce(&Folder, SocketAddr) -> Vec<String>,
    ) -> Daemon {
        let number = next_number();
        let folder = Folder::new(&format!("{}-{}-{}", program, std::process::id(), number));
        let address = free_address(number);
        let arguments = configure(&folder, address);
        match Process::start(program, &arguments, &folder, address) {
            Some(process) => Daemon { address, _process: process, folder },
            None => panic!("{} does not start: {}", program, folder.logs()),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}", self.address, path)
    }

    /// Returns when it has closed the connection that has this port on our side: when ours is in
    /// the state CLOSE_WAIT, which /proc/net/tcp writes as 08.
    pub fn wait_until_it_closed(&self, port: u16) {
        let ends = [format!(":{:04X}", port), format!(":{:04X}", self.address.port())];
        let closed = || {
            let table = fs::read_to_string("/proc/net/tcp").unwrap();
            table.lines().any(|line| {
                let columns: Vec<&str> = line.split_whitespace().collect();
                columns[1].ends_with(&ends[0])
                    && columns[2].ends_with(&ends[1])
                    && columns[3] == "08"
            })
        };
        assert!(wait_for(closed), "the server did not close its connection");
    }
}

struct Process(Child);

impl Process {
    /// None if it does not come to listen.
    fn start(
        program: &str,
        arguments: &[String],
        folder: &Folder,
        address: SocketAddr,
    ) -> Option<Process> {
        let output = || fs::File::create(folder.path("output.log")).unwrap();
        let mut command = Command::new(find(program));
        command.args(arguments).current_dir(folder.path("."));
        command.stdin(Stdio::null()).stdout(output()).stderr(output());
        let mut process = Process(command.spawn().unwrap());
        let mut ended = false;
        let listens = wait_for(|| {
            ended = process.0.try_wait().unwrap().is_some();
            ended || TcpStream::connect(address).is_ok()
        });
        (listens && !ended).then_some(process)
    }
}

impl Drop for Process {
    /// Not the hard way at first: what has processes of its own ends them.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        if !wait_for(|| !matches!(self.0.try_wait(), Ok(None))) {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

/// A folder that a server which gives up being root can use, too.
pub struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = Folder(std::env::temp_dir().join(format!("pannier-{}", name)));
        fs::create_dir_all(folder.path("html")).unwrap();
        open_to_all(&folder.0);
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Its path, for a configuration.
    pub fn text(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }

    /// Puts a file where it is served.
    pub fn serve(&self, name: &str, content: &[u8]) {
        let path = self.path("html").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// What is stored where it is served.
    pub fn served(&self, name: &str) -> Vec<u8> {
        fs::read(self.path("html").join(name)).unwrap()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    fn logs(&self) -> String {
        ["output.log", "error.log"]
            .map(|name| fs::read_to_string(self.path(name)).unwrap_or_default())
            .concat()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
}

#[cfg(not(unix))]
fn open_to_all(_folder: &Path) {}

fn next_number() -> u32 {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// They take no listening socket from us, so between our look at a port and theirs it could be taken
/// by another. But not at an address that nobody else uses: all of 127/8 is this machine.
fn free_address(number: u32) -> SocketAddr {
    let id = std::process::id();
    let own = [127, 1 + (id % 250) as u8, (id / 250 % 250) as u8, 1 + (number % 250) as u8];
    TcpListener::bind(SocketAddr::from((own, 0))).unwrap().local_addr().unwrap()
}

/// Asks until it is so; false if it is not so after a long time.
fn wait_for(mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Where the program is. Servers are often where only root looks for programs.
fn find(program: &str) -> PathBuf {
    let places = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"];
    let mut places = places.iter().map(|place| Path::new(place).join(program));
    places.find(|path| path.exists()).unwrap_or_else(|| panic!("{} is not installed", program))
}
