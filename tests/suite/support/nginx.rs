//! A real nginx on loopback that serves a folder of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// nginx in one process, ended with this value. Its folder goes after it.
pub struct Nginx {
    address: SocketAddr,
    _process: Process,
    folder: Folder,
}

impl Nginx {
    /// Starts it with these directives in its only server.
    pub fn start(directives: &str) -> Nginx {
        let folder = Folder::new();
        // nginx takes no listening socket from us, so the free port can be gone when it starts.
        let started = (0..3).find_map(|_| Process::start(&folder, directives));
        match started {
            Some((process, address)) => Nginx { address, _process: process, folder },
            None => panic!("nginx does not start: {}", folder.log()),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}", self.address, path)
    }

    /// Puts a file where it is served.
    pub fn file(&self, name: &str, content: &[u8]) {
        let path = self.folder.0.join("html").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// What it has stored under this name.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.0.join("html").join(name)).unwrap()
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
        assert!(wait_for(closed), "nginx did not close its connection");
    }
}

struct Process(Child);

impl Process {
    /// None if it ended, as it does when its port is taken.
    fn start(folder: &Folder, directives: &str) -> Option<(Process, SocketAddr)> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        fs::write(folder.0.join("nginx.conf"), folder.configuration(address, directives)).unwrap();
        let mut command = Command::new(program());
        command.arg("-p").arg(&folder.0).arg("-c").arg("nginx.conf").arg("-e").arg("error.log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process(command.spawn().unwrap());
        let mut ended = false;
        // It writes its process id when it listens.
        let listens = wait_for(|| {
            ended = process.0.try_wait().unwrap().is_some();
            ended || folder.0.join("pid").exists()
        });
        (listens && !ended).then_some((process, address))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("pannier-nginx-{}-{}", std::process::id(), number);
        let folder = Folder(std::env::temp_dir().join(name));
        fs::create_dir_all(folder.0.join("html")).unwrap();
        folder
    }

    fn log(&self) -> String {
        fs::read_to_string(self.0.join("error.log")).unwrap_or_default()
    }

    fn configuration(&self, address: SocketAddr, directives: &str) -> String {
        format!(
            "daemon off; master_process off; worker_processes 1; pid {folder}/pid;
             events {{ worker_connections 64; }}
             http {{
                 access_log off; default_type application/octet-stream;
                 client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                 fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
                 scgi_temp_path {folder}/scgi;
                 server {{ listen {address}; root {folder}/html; {directives} }}
             }}",
            folder = self.0.display(),
            address = address,
            directives = directives
        )
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
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

fn program() -> PathBuf {
    let places = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"].map(PathBuf::from);
    places.into_iter().find(|place| place.exists()).expect("nginx is not installed")
}
