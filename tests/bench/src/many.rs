//! Many requests at once, over many connections or the streams of one: how long they take beside the time that cannot
//! be less, what memory that needs, what it costs to hand requests to threads, and how soon a cancel ends it all.

use crate::clients::{Task, CLIENTS};
use crate::crowds::{self, pannier, Crowd, Job, CROWDS};
use crate::options::Options;
use crate::pin::{self, Pin};
use crate::report::{self, median, Fact, Figures};
use crate::server::{Reply, Running};
use crate::workloads::Work;
use crate::Failure;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Measures everything asked for and prints it.
pub fn table(options: &Options) -> Result<(), Failure> {
    let late = Running::start(Reply::Delayed(DELAY.as_millis() as u64), Pin::Free)?;
    let in_memory = beside_peers(late.address, options)?;
    if options.wants_workload("h2-2000") {
        streams(options)?;
    }
    let in_connections = alone(late.address, options)?;
    let over: Vec<_> = in_memory.into_iter().chain(in_connections).collect();
    drop(late);
    // The last, since it keeps this process on one core.
    if options.wants_workload("batch") {
        overhead(options)?;
    }
    match options.check && !over.is_empty() {
        true => Err(format!("pannier's batch needs too many {}", over.join(" and ")).into()),
        false => Ok(()),
    }
}

/// What every client can do. Returns of what pannier needs too many.
fn beside_peers(address: SocketAddr, options: &Options) -> Result<Option<&'static str>, Failure> {
    let job = |connections| Job { address, requests: REQUESTS, connections };
    let names: Vec<_> = contestants(options).map(|crowd| crowd.name).collect();
    if wants_any(&["parallel-32", "parallel-256", "memory-256"], options) {
        report::figures_header("many GETs, each answered after 20 ms", &names, options);
    }
    for (connections, targets) in PARALLEL {
        if options.wants_workload(&format!("parallel-{connections}")) {
            parallel(&job(*connections), targets, options)?;
        }
    }
    let over = options.wants_workload("memory-256") && memory(&job(CROWD), options)?.is_exceeded();
    Ok(over.then_some("MiB of memory"))
}

/// What only a batch of pannier's does. Returns of what it needs too many.
fn alone(address: SocketAddr, options: &Options) -> Result<Option<&'static str>, Failure> {
    let job = Job { address, requests: REQUESTS, connections: CROWD };
    if wants_any(&["connections-256", "cancel-256", "batch"], options) {
        report::facts_header("pannier's batch", options);
    }
    let over =
        options.wants_workload("connections-256") && connections(&job, options)?.is_exceeded();
    if options.wants_workload("cancel-256") {
        cancel(options)?;
    }
    Ok(over.then_some("connections"))
}

/// Runs one crowd once, for a profiler, and prints the most memory that was resident, in KiB.
pub fn crowd(
    name: &str,
    connections: usize,
    requests: u32,
    options: &Options,
) -> Result<(), Failure> {
    let crowd = crowds::find(name).ok_or_else(|| format!("no crowd is called {name}"))?;
    let address = options.server.ok_or("a crowd needs --server")?;
    (crowd.run)(&Job { address, requests, connections })?;
    println!("{}", peak_memory()?);
    Ok(())
}

/// Wall time of whole jobs, in turn with the raw one: over the time that the server takes, and over raw's.
fn parallel(job: &Job, targets: &Targets, options: &Options) -> Result<(), Failure> {
    let ideal = (job.requests as f64 / job.connections as f64).ceil() * DELAY.as_secs_f64();
    let crowds: Vec<_> = contestants(options).collect();
    let mut walls = vec![Vec::new(); crowds.len()];
    let mut ratios = walls.clone();
    for _ in 0..options.rounds {
        let mut before = wall(crowds[0], job)?;
        walls[0].push(before);
        ratios[0].push(1.0);
        for (at, crowd) in crowds.iter().enumerate().skip(1) {
            let took = wall(crowd, job)?;
            let after = wall(crowds[0], job)?;
            walls[at].push(took);
            ratios[at].push(took * 2.0 / (before + after));
            before = after;
        }
    }
    let name = format!("parallel-{}", job.connections);
    let title = format!("wall time, {} connections", job.connections);
    let named = |figure: &dyn Fn(usize) -> f64| {
        crowds.iter().enumerate().map(|(at, crowd)| (crowd.name, figure(at))).collect()
    };
    Figures {
        name: &name,
        title: format!("{title}, over what is possible, {:.0} ms", ideal * 1e3),
        target: targets.over_ideal,
        figures: named(&|at| median(&walls[at]) / ideal),
    }
    .print(options);
    Figures {
        name: &name,
        title: format!("{title}, over raw's"),
        target: targets.over_raw,
        figures: named(&|at| median(&ratios[at])),
    }
    .print(options);
    Ok(())
}

fn wall(crowd: &Crowd, job: &Job) -> Result<f64, Failure> {
    let begun = Instant::now();
    (crowd.run)(job).map_err(|failure| format!("{}: {failure}", crowd.name))?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Wall time of all requests over the streams of one connection, over the time that the server takes.
fn streams(options: &Options) -> Result<(), Failure> {
    let late = Running::start(Reply::DelayedStreams(DELAY.as_millis() as u64), Pin::Free)?;
    let work = Work::Streams { body: 100, depth: STREAMS };
    let task = Task { address: late.address, work, file: PathBuf::new(), deadline: None };
    let wanted = CLIENTS.iter().filter(|client| work.suits(client.name()));
    let wanted = wanted.filter(|client| options.wants_client(client.name()));
    let mut sessions = Vec::new();
    for client in wanted {
        match client.prepare(&task).transpose() {
            Ok(session) => sessions.extend(session.map(|session| (client.name(), session))),
            Err(failure) => eprintln!("{} fails at h2-2000: {failure}", client.name()),
        }
    }
    let ideal = (f64::from(REQUESTS) / STREAMS as f64).ceil() * DELAY.as_secs_f64();
    let mut ratios = vec![Vec::new(); sessions.len()];
    for _ in 0..options.rounds {
        for ((name, session), ratios) in sessions.iter_mut().zip(&mut ratios) {
            let begun = Instant::now();
            session.run(REQUESTS).map_err(|failure| format!("{name}: {failure}"))?;
            let took = session.reported().unwrap_or_else(|| begun.elapsed());
            ratios.push(took.as_secs_f64() / ideal);
        }
    }
    let names: Vec<_> = sessions.iter().map(|(name, _)| *name).collect();
    let title = "many GETs over one connection of HTTP/2, each answered after 20 ms";
    report::figures_header(title, &names, options);
    let title =
        format!("wall time, {STREAMS} streams, over what is possible, {:.0} ms", ideal * 1e3);
    let figures = names.iter().zip(&ratios).map(|(name, ratios)| (*name, median(ratios)));
    Figures { name: "h2-2000", title, target: OVER_IDEAL_BY_STREAMS, figures: figures.collect() }
        .print(options);
    Ok(())
}

/// Every crowd in a process of its own.
fn memory(job: &Job, options: &Options) -> Result<Fact, Failure> {
    let mut figures = Vec::new();
    for crowd in contestants(options) {
        figures.push((crowd.name, child_memory(crowd.name, job)? / 1024.0));
    }
    let pannier = figures.iter().find(|(name, _)| *name == "pannier").map(|(_, mib)| *mib);
    let title = format!("most memory, MiB, {} connections", job.connections);
    Figures { name: "memory-256", title, target: MOST_MEMORY, figures }.print(options);
    Ok(Fact { value: pannier.unwrap_or(f64::NAN), limit: MOST_MEMORY })
}

fn child_memory(name: &str, job: &Job) -> Result<f64, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["crowd", name, &job.connections.to_string(), &job.requests.to_string()]);
    let output = command.arg("--server").arg(job.address.to_string()).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?),
        false => Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// The peak of the resident memory of this process, in KiB.
fn peak_memory() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(figure.ok_or("the system does not tell the peak of memory")?.parse()?)
}

/// The most of several rounds: one more than there are threads is one thrown away too early.
fn connections(job: &Job, options: &Options) -> Result<Fact, Failure> {
    let made = |_| pannier::batch(job).map(|stats| stats.created as f64);
    let made = (0..options.rounds).map(made).collect::<Result<Vec<_>, _>>()?;
    let most = made.into_iter().fold(0.0, f64::max);
    let fact = Fact { value: most, limit: job.connections as f64 };
    let title =
        format!("connections made by {} threads for {} GETs", job.connections, job.requests);
    fact.print("connections-256", &title, "", options);
    Ok(fact)
}

fn cancel(options: &Options) -> Result<(), Failure> {
    let silent = Running::start(Reply::Silence, Pin::Free)?;
    let ended = |_| pannier::cancel(silent.address, CROWD).map(|time| time.as_secs_f64() * 1e3);
    let times = (0..options.rounds).map(ended).collect::<Result<Vec<_>, _>>()?;
    let title = format!("from a cancel to the end of {CROWD} GETs in flight");
    Fact { value: median(&times), limit: 100.0 }.print("cancel-256", &title, " ms", options);
    Ok(())
}

/// What an item costs more in a batch than in a loop, both with the requests that an iterator makes.
fn overhead(options: &Options) -> Result<(), Failure> {
    options.pin.client()?;
    let quick = Running::start(Reply::Fields(8), options.pin)?;
    for connections in [1, 8] {
        let (cpu, switches) = batch_over_loop(quick.address, connections, options)?;
        let name = format!("batch-{connections}");
        let title = format!("CPU an item over the plain loop's, concurrency {connections}");
        Fact { value: cpu, limit: 3.0 }.print(&name, &title, " µs", options);
        let title = format!("times an item that a thread slept, concurrency {connections}");
        Fact { value: switches, limit: f64::NAN }.print(&name, &title, "", options);
    }
    Ok(())
}

/// The medians of microseconds, and of sleeps, an item: the first over those of the loop's turns beside it.
fn batch_over_loop(
    address: SocketAddr,
    connections: usize,
    options: &Options,
) -> Result<(f64, f64), Failure> {
    let job = Job { address, requests: ITEMS, connections };
    let (mut over, mut sleeps) = (Vec::new(), Vec::new());
    let mut before = spent(|| pannier::one_by_one(&job))?;
    for _ in 0..options.rounds {
        let batch = spent(|| pannier::batch(&job).map(drop))?;
        let after = spent(|| pannier::one_by_one(&job))?;
        over.push(batch.0 - (before.0 + after.0) / 2.0);
        sleeps.push(batch.1);
        before = after;
    }
    Ok((median(&over), median(&sleeps)))
}

/// Microseconds of processor time an item, and how often a thread slept.
fn spent(work: impl FnOnce() -> Result<(), Failure>) -> Result<(f64, f64), Failure> {
    let (cpu, sleeps) = (pin::cpu_time(), pin::sleeps());
    work()?;
    let (cpu, sleeps) = (pin::cpu_time() - cpu, pin::sleeps() - sleeps);
    let items = f64::from(ITEMS);
    Ok((cpu.as_secs_f64() * 1e6 / items, sleeps as f64 / items))
}

fn wants_any(names: &[&str], options: &Options) -> bool {
    names.iter().any(|name| options.wants_workload(name))
}

/// The clients that the command line leaves in; raw is always one.
fn contestants(options: &Options) -> impl Iterator<Item = &'static Crowd> + '_ {
    CROWDS.iter().filter(|crowd| crowd.name == "raw" || options.wants_client(crowd.name))
}

/// The largest ratios that pannier may show; none is NaN.
struct Targets {
    over_ideal: f64,
    over_raw: f64,
}

const PARALLEL: &[(usize, Targets)] = &[
    (32, Targets { over_ideal: 1.06, over_raw: f64::NAN }),
    (256, Targets { over_ideal: f64::NAN, over_raw: 1.05 }),
];

/// Streams of one connection.
const STREAMS: usize = 100;

const OVER_IDEAL_BY_STREAMS: f64 = 1.1;

const DELAY: Duration = Duration::from_millis(20);

const REQUESTS: u32 = 2000;

const CROWD: usize = 256;

/// MiB.
const MOST_MEMORY: f64 = 32.0;

/// Items in a turn of the batch and of the loop, so many that starting threads is no part of the figure.
const ITEMS: u32 = 5000;
