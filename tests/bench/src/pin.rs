//! Which cores the client and the server run on, and the processor time spent.
//!
//! On one core the two take turns and nobody waits for a sleeping core to wake, so the client's own cost
//! shows. On two, the wake-up (some 100 µs on a virtual machine) hides it.

use crate::Failure;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    Same,
    Split,
    Free,
}

impl Pin {
    /// Keeps this thread, and every one it starts, on the client's core.
    pub fn client(self) -> Result<(), Failure> {
        match self {
            Pin::Free => Ok(()),
            Pin::Same | Pin::Split => Ok(keep_on(cores()?.0)?),
        }
    }

    /// Makes the command start on the server's core.
    pub fn server(self, command: &mut Command) -> Result<(), Failure> {
        let core = match self {
            Pin::Free => return Ok(()),
            Pin::Same => cores()?.0,
            Pin::Split => cores()?.1,
        };
        // SAFETY: between fork and exec only sched_setaffinity is called, which is async-signal-safe.
        unsafe { command.pre_exec(move || keep_on(core)) };
        Ok(())
    }

    pub fn words(self) -> &'static str {
        match self {
            Pin::Same => "server and client on the same core",
            Pin::Split => "server and client on two cores",
            Pin::Free => "server and client on any core",
        }
    }
}

impl FromStr for Pin {
    type Err = Failure;

    fn from_str(word: &str) -> Result<Pin, Failure> {
        match word {
            "same" => Ok(Pin::Same),
            "split" => Ok(Pin::Split),
            "none" => Ok(Pin::Free),
            _ => Err(format!("--pin takes same, split or none, not {word}").into()),
        }
    }
}

/// The processor time of this process, all threads, user and system.
pub fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How often a thread of this process gave its core up to wait.
pub fn sleeps() -> u64 {
    usage(libc::RUSAGE_SELF).ru_nvcsw as u64
}

/// The processor time of all children that have ended and were waited for, theirs included.
pub fn children_cpu_time() -> Duration {
    let usage = usage(libc::RUSAGE_CHILDREN);
    [usage.ru_utime, usage.ru_stime]
        .iter()
        .map(|time| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000))
        .sum()
}

fn usage(of: i32) -> libc::rusage {
    // SAFETY: rusage is plain numbers, for which zero is valid, and the pointer is to one of them.
    unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(of, &mut usage);
        usage
    }
}

/// The cores of the client and of the server: the highest two allowed, as interrupts prefer the low ones.
fn cores() -> Result<(usize, usize), Failure> {
    // `cores` is asked again after pinning, when only one is left: the first answer stands.
    static CORES: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();
    let allowed = CORES.get_or_init(allowed_cores);
    match allowed.as_slice() {
        [] => Err("no core is allowed to this process".into()),
        [only] => Ok((*only, *only)),
        [.., second, first] => Ok((*first, *second)),
    }
}

fn allowed_cores() -> Vec<usize> {
    // SAFETY: cpu_set_t is a bit set, for which zero is valid; the size given is its own.
    unsafe {
        let mut set = std::mem::zeroed::<libc::cpu_set_t>();
        libc::sched_getaffinity(0, std::mem::size_of::<libc::cpu_set_t>(), &mut set);
        (0..libc::CPU_SETSIZE as usize).filter(|&core| libc::CPU_ISSET(core, &set)).collect()
    }
}

fn keep_on(core: usize) -> io::Result<()> {
    // SAFETY: as above; `core` came out of such a set and so lies within it.
    let outcome = unsafe {
        let mut set = std::mem::zeroed::<libc::cpu_set_t>();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, std::mem::size_of::<libc::cpu_set_t>(), &set)
    };
    if outcome == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
