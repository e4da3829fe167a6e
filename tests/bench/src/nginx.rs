//! A real nginx on loopback that serves one file of 100 bytes from a folder of its own.

use crate::pin::Pin;
use crate::Failure;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// nginx in one process, ended and its folder removed with this value.
pub struct Nginx {
    child: Child,
    folder: PathBuf,
    pub address: SocketAddr,
}

impl Nginx {
    /// Starts it; None where it is not installed.
    pub fn start(pin: Pin, dir: &Path) -> Result<Option<Nginx>, Failure> {
        let program = match PLACES.iter().map(Path::new).find(|path| path.exists()) {
            Some(program) => program,
            None => return Ok(None),
        };
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let folder = dir.join(format!("pannier-bench-nginx-{}", std::process::id()));
        fs::create_dir_all(folder.join("html"))?;
        fs::write(folder.join("html/file"), [b'x'; 100])?;
        fs::write(folder.join("nginx.conf"), configuration(&folder, address))?;
        let mut command = Command::new(program);
        command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf"));
        command.arg("-e").arg(folder.join("error.log")).stdout(Stdio::null()).stderr(Stdio::null());
        pin.server(&mut command)?;
        let nginx = Nginx { child: command.spawn()?, folder, address };
        nginx.wait_for_it()?;
        Ok(Some(nginx))
    }

    fn wait_for_it(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(self.address).is_err() {
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.join("error.log")).unwrap_or_default();
                return Err(format!("nginx does not listen on {}: {log}", self.address).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
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

const PLACES: &[&str] =
    &["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"];
