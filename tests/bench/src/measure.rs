//! Times clients in turn with their baseline: raw A raw B raw …, several rounds, the median of the ratios.
//!
//! Each ratio is to the mean of the two baseline turns beside it, so that a machine that slows down for a while
//! slows both sides of it.

use crate::clients::{self, Client, Session, Task, CLIENTS, DEADLINE};
use crate::installed::Installed;
use crate::options::Options;
use crate::report::{self, Time};
use crate::server::Running;
use crate::workloads::{self, Host, Work, Workload, WORKLOADS};
use crate::{alloc, pin, Failure};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Measures everything asked for and prints a row as each workload is done.
pub fn table(options: &Options) -> Result<(), Failure> {
    options.pin.client()?;
    let wanted = WORKLOADS.iter().filter(|workload| options.wants_workload(workload.name));
    let columns = |workload: &Workload| (workload.baseline, contestants(workload, options));
    let wanted: Vec<_> = wanted.collect();
    for rows in wanted.chunk_by(|one, next| columns(one) == columns(next)) {
        let (baseline, names) = columns(rows[0]);
        report::times_header(baseline, &names, options);
        for workload in rows {
            match measure(workload, options)? {
                Some(times) => report::times_row(workload, &names, &times, options),
                None => eprintln!("{}: skipped, as its server is not installed", workload.name),
            }
        }
    }
    Ok(())
}

/// Runs one client on one workload, for a profiler or for a count.
pub fn one(client: &str, workload: &str, requests: u32, options: &Options) -> Result<(), Failure> {
    let client = clients::find(client).ok_or_else(|| format!("no client is called {client}"))?;
    let workload =
        workloads::find(workload).ok_or_else(|| format!("no workload is called {workload}"))?;
    options.pin.client()?;
    if options.allocations {
        alloc::count_libcurl();
    }
    let place = match options.server {
        Some(address) => {
            Place { address, _host: Answering::Elsewhere, folder: Folder::new(&options.dir)? }
        }
        None => Place::new(workload.host, options)?.ok_or("the server is not installed")?,
    };
    let mut session = place
        .prepare(client, workload, options)?
        .ok_or_else(|| format!("{} cannot do {}", client.name(), workload.name))?;
    if options.allocations {
        session.run(WARM_UP)?;
        let (count, outcome) = alloc::count(|| session.run(requests));
        outcome?;
        println!("{count}");
        return Ok(());
    }
    let turn = Turn::take(session.as_mut(), requests)?;
    println!("{:.0} ns a request, {:.0} ns of them on the processor", turn.wall, turn.cpu);
    Ok(())
}

/// Everything a client needs to work with, removed with this value.
pub struct Place {
    pub address: SocketAddr,
    _host: Answering,
    folder: Folder,
}

/// Whoever answers, kept alive.
#[allow(dead_code, reason = "held for what happens when it is dropped")]
enum Answering {
    Origin(Running),
    Installed(Installed),
    Elsewhere,
}

impl Place {
    /// None where a server is wanted that is not installed.
    pub fn new(host: Host, options: &Options) -> Result<Option<Place>, Failure> {
        let folder = Folder::new(&options.dir)?;
        let (address, host) = match host {
            Host::Origin(reply) => {
                let running = Running::start(reply, options.pin)?;
                (running.address, Answering::Origin(running))
            }
            Host::Nginx | Host::Nghttpd => {
                let start = match host {
                    Host::Nginx => Installed::nginx,
                    _ => Installed::nghttpd,
                };
                match start(options.pin, &options.dir)? {
                    Some(installed) => (installed.address, Answering::Installed(installed)),
                    None => return Ok(None),
                }
            }
            Host::Memory => (SocketAddr::from(([127, 0, 0, 1], 0)), Answering::Elsewhere),
        };
        Ok(Some(Place { address, _host: host, folder }))
    }

    /// None if the client cannot do such work.
    pub fn prepare(
        &self,
        client: &dyn Client,
        workload: &Workload,
        options: &Options,
    ) -> Result<Option<Box<dyn Session>>, Failure> {
        let file = self.folder.0.join(client.name());
        if let Work::PutFile { body } = workload.work {
            let mut content = fs::File::create(&file)?;
            io::copy(&mut crate::buffer::Source::new(body), &mut content)?;
        }
        let deadline = options.deadline_for_peers.then_some(DEADLINE);
        let task = Task { address: self.address, work: workload.work, file, deadline };
        client.prepare(&task).transpose()
    }
}

/// A folder of this process, removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(parent: &Path) -> Result<Folder, Failure> {
        let path = parent.join(format!("pannier-bench-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Nanoseconds a request over one turn; NaN for what is not known.
struct Turn {
    wall: f64,
    cpu: f64,
}

impl Turn {
    fn take(session: &mut dyn Session, requests: u32) -> Result<Turn, Failure> {
        let (wall, cpu) = (Instant::now(), pin::cpu_time());
        session.run(requests)?;
        let (wall, cpu) = (wall.elapsed(), pin::cpu_time() - cpu);
        let each = |time: Duration| time.as_nanos() as f64 / f64::from(requests);
        Ok(match session.reported() {
            Some(wall) => Turn { wall: each(wall), cpu: f64::NAN },
            None => Turn { wall: each(wall), cpu: each(cpu) },
        })
    }
}

/// A client in the race, and how many requests fill its turn.
struct Racer {
    name: &'static str,
    session: Box<dyn Session>,
    requests: u32,
}

impl Racer {
    /// None if the client cannot do the work, or fails at it: then the reason is printed.
    fn enter(
        place: &Place,
        client: &dyn Client,
        workload: &Workload,
        options: &Options,
    ) -> Option<Racer> {
        let ready = place.prepare(client, workload, options).and_then(|session| match session {
            Some(mut session) => {
                let least = workload.work.least();
                Ok(Some((fill_turn(session.as_mut(), least, options)?, session)))
            }
            None => Ok(None),
        });
        match ready {
            Ok(ready) => {
                ready.map(|(requests, session)| Racer { name: client.name(), session, requests })
            }
            Err(failure) => {
                eprintln!("{} fails at {}: {failure}", client.name(), workload.name);
                None
            }
        }
    }

    fn turn(&mut self) -> Result<Turn, Failure> {
        Turn::take(self.session.as_mut(), self.requests)
    }
}

/// Warms the client up and finds how many requests take as long as a turn should.
fn fill_turn(session: &mut dyn Session, least: u32, options: &Options) -> Result<u32, Failure> {
    let wanted = options.millis as f64 * 1e6;
    let mut requests = least;
    loop {
        let took = Turn::take(session, requests)?.wall * f64::from(requests);
        if took >= wanted / 4.0 || requests >= MOST_REQUESTS {
            let fitting = f64::from(requests) * wanted / took;
            return Ok((fitting.round() as u32).clamp(least, MOST_REQUESTS));
        }
        requests *= 4;
    }
}

fn measure(workload: &'static Workload, options: &Options) -> Result<Option<Vec<Time>>, Failure> {
    let place = match Place::new(workload.host, options)? {
        Some(place) => place,
        None => return Ok(None),
    };
    let baseline = clients::find(workload.baseline).expect("workloads name clients that exist");
    let mut baseline = match Racer::enter(&place, baseline, workload, options) {
        Some(racer) => racer,
        None => return Err(format!("{} has no baseline", workload.name).into()),
    };
    let names = contestants(workload, options);
    let entered = CLIENTS.iter().filter(|client| names.contains(&client.name()));
    let mut racers: Vec<_> =
        entered.filter_map(|client| Racer::enter(&place, *client, workload, options)).collect();
    let mut times: Vec<Time> =
        racers.iter().map(|racer| Time::new(racer.name, racer.requests)).collect();
    // The baseline stands first even if nobody races against it.
    times.insert(0, Time::new(baseline.name, baseline.requests));
    for _ in 0..options.rounds {
        let mut before = baseline.turn()?;
        times[0].add(before.wall, 1.0, 1.0);
        for (racer, time) in racers.iter_mut().zip(&mut times[1..]) {
            let turn = racer.turn().map_err(|failure| format!("{}: {failure}", racer.name))?;
            let after = baseline.turn()?;
            let (wall, cpu) = ((before.wall + after.wall) / 2.0, (before.cpu + after.cpu) / 2.0);
            time.add(turn.wall, turn.wall / wall, turn.cpu / cpu);
            before = after;
        }
    }
    Ok(Some(times))
}

/// The clients measured against the baseline.
fn contestants(workload: &Workload, options: &Options) -> Vec<&'static str> {
    let names = CLIENTS.iter().map(|client| client.name());
    names
        .filter(|name| *name != workload.baseline && options.wants_client(name))
        .filter(|name| workload.suits(name))
        .collect()
}

/// Requests before a count begins, so that pools and buffers are filled.
const WARM_UP: u32 = 20;

const MOST_REQUESTS: u32 = 1 << 24;
