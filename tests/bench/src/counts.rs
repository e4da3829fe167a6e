//! Counts what a request costs: system calls by strace, allocations by the counter, instructions by perf or callgrind.
//!
//! Each program is run with n and with 2n requests; the difference over n is free of what happens at the start.
//! These figures do not move from run to run, save for clients that hand work from thread to thread.

use crate::clients::{Client, CLIENTS};
use crate::measure::Place;
use crate::options::Options;
use crate::report::Object;
use crate::workloads::{budget, Budget, Host, Workload, COUNTED, WORKLOADS};
use crate::Failure;
use std::process::{Command, Output};

/// Counts everything asked for and prints it.
pub fn table(options: &Options) -> Result<(), Failure> {
    let instructions = Instructions::find();
    let mut over_budget = Vec::new();
    if !options.json {
        println!("\n| counts a request | client | system calls | allocations | instructions |");
        println!("|---|---|---|---|---|");
    }
    let counted = WORKLOADS.iter().filter(|workload| COUNTED.contains(&workload.name));
    for workload in counted.filter(|workload| options.wants_workload(workload.name)) {
        let place = Place::new(workload.host, options)?
            .ok_or("nothing is counted with a server that may be missing")?;
        for client in CLIENTS.iter().filter(|client| takes_part(**client, workload, options)) {
            if place.prepare(*client, workload, options)?.is_none() {
                continue;
            }
            let run = Run { client: *client, workload, place: &place, options };
            let counts = Counts::take(&run, &instructions);
            print(workload, client.name(), &counts, options);
            if let ("pannier", Some(budget)) = (client.name(), budget(workload.name)) {
                let over = counts.over(budget).into_iter();
                over_budget.extend(over.map(|what| format!("{what} at {}", workload.name)));
            }
        }
        if let Some(budget) = budget(workload.name).filter(|_| !options.json) {
            print_budget(budget);
        }
    }
    if options.check && !over_budget.is_empty() {
        return Err(format!("pannier spends too many {}", over_budget.join(" and ")).into());
    }
    Ok(())
}

/// One client at one workload, to be run in a process of its own.
struct Run<'a> {
    client: &'static dyn Client,
    workload: &'static Workload,
    place: &'a Place,
    options: &'a Options,
}

impl Run<'_> {
    fn command(&self, wrapper: &[&str], requests: u32) -> Result<Command, Failure> {
        let program = std::env::current_exe()?;
        let mut command = match wrapper.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args(["one", self.client.name(), self.workload.name, &requests.to_string()]);
        command
            .arg("--server")
            .arg(self.place.address.to_string())
            .arg("--dir")
            .arg(&self.options.dir);
        command.arg("--pin").arg("none");
        if self.options.deadline_for_peers {
            command.arg("--timeouts");
        }
        Ok(command)
    }

    /// The count of a request: what n more of them add.
    fn difference(&self, count: impl Fn(u32) -> Result<f64, Failure>) -> Result<f64, Failure> {
        let requests = self.options.requests;
        let (once, twice) = (count(requests)?, count(2 * requests)?);
        Ok((twice - once) / f64::from(requests))
    }

    fn system_calls(&self) -> Result<f64, Failure> {
        self.difference(|requests| {
            let output = self.command(&["strace", "-c", "-f"], requests)?.output()?;
            let text = checked(&output)?;
            let total = text.lines().rev().find(|line| line.ends_with(" total"));
            // The columns are: % time, seconds, usecs/call, calls, errors (may be empty), "total".
            let calls = total.and_then(|line| line.split_whitespace().nth(3));
            Ok(calls.ok_or("strace prints no total")?.parse()?)
        })
    }

    fn allocations(&self) -> Result<f64, Failure> {
        self.difference(|requests| {
            let output = self.command(&[], requests)?.arg("--allocations").output()?;
            checked(&output)?;
            Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
        })
    }

    fn instructions(&self, by: &Instructions) -> Result<f64, Failure> {
        self.difference(|requests| {
            let output = self.command(by.wrapper(), requests)?.output()?;
            by.read(&checked(&output)?).ok_or_else(|| "no count of instructions was printed".into())
        })
    }
}

/// What counts instructions here.
enum Instructions {
    Perf,
    Callgrind,
}

impl Instructions {
    /// perf if the machine lets it count, as virtual ones often do not; else callgrind.
    fn find() -> Instructions {
        let wrapper = Instructions::Perf.wrapper();
        let output = Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output();
        let counted = output
            .ok()
            .and_then(|output| Instructions::Perf.read(&String::from_utf8_lossy(&output.stderr)));
        match counted {
            Some(_) => Instructions::Perf,
            None => Instructions::Callgrind,
        }
    }

    fn wrapper(&self) -> &'static [&'static str] {
        match self {
            Instructions::Perf => &["perf", "stat", "-x,", "-e", "instructions:u"],
            Instructions::Callgrind => {
                &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
            }
        }
    }

    fn read(&self, text: &str) -> Option<f64> {
        match self {
            Instructions::Perf => {
                let line = text.lines().find(|line| line.contains("instructions"))?;
                line.split(',').next()?.parse().ok()
            }
            Instructions::Callgrind => {
                let line = text.lines().find(|line| line.contains("Collected :"))?;
                line.split_whitespace().last()?.parse().ok()
            }
        }
    }
}

struct Counts {
    system_calls: Option<f64>,
    allocations: Option<f64>,
    instructions: Option<f64>,
}

impl Counts {
    fn take(run: &Run<'_>, by: &Instructions) -> Counts {
        let told = |what: &str, count: Result<f64, Failure>| {
            count.map_err(|failure| eprintln!("{what} of {}: {failure}", run.client.name())).ok()
        };
        let alone = matches!(run.workload.host, Host::Memory);
        Counts {
            system_calls: if alone { None } else { told("system calls", run.system_calls()) },
            allocations: told("allocations", run.allocations()),
            instructions: told("instructions", run.instructions(by)),
        }
    }
}

impl Counts {
    /// What is above the budget. A figure that could not be counted here is not.
    fn over(&self, budget: &Budget) -> Vec<&'static str> {
        let all = [
            ("system calls", self.system_calls, budget.system_calls),
            ("allocations", self.allocations, budget.allocations),
            ("instructions", self.instructions, budget.instructions),
        ];
        let over = all.iter().filter(|(_, count, limit)| count.is_some_and(|count| count > *limit));
        over.map(|(name, ..)| *name).collect()
    }
}

/// Whether the client is wanted and does such work.
fn takes_part(client: &dyn Client, workload: &Workload, options: &Options) -> bool {
    // Of a program of its own nothing is seen.
    workload.suits(client.name())
        && client.name() != "h2load"
        && options.wants_client(client.name())
}

fn checked(output: &Output) -> Result<String, Failure> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        let last = text.lines().last().unwrap_or("nothing said");
        Err(format!("{}: {last}", output.status).into())
    }
}

fn print(workload: &Workload, client: &str, counts: &Counts, options: &Options) {
    let all = [
        ("system_calls", counts.system_calls),
        ("allocations", counts.allocations),
        ("instructions", counts.instructions),
    ];
    if options.json {
        let mut line = Object::new("counts");
        line.text("workload", workload.name).text("client", client);
        for (name, count) in all {
            line.number(name, count.unwrap_or(f64::NAN));
        }
        return line.print();
    }
    let [calls, allocations, instructions] = all.map(|(_, count)| figure(count));
    println!("| {} | {client} | {calls} | {allocations} | {instructions} |", workload.name);
}

fn print_budget(budget: &Budget) {
    let [calls, allocations, instructions] =
        [budget.system_calls, budget.allocations, budget.instructions]
            .map(|limit| figure(Some(limit)));
    let name = budget.workload;
    println!("| {name} | *pannier's limit* | {calls} | {allocations} | {instructions} |");
}

fn figure(count: Option<f64>) -> String {
    match count {
        None => "–".to_owned(),
        Some(count) if (count - count.round()).abs() < 0.01 || count >= 100.0 => {
            format!("{count:.0}")
        }
        Some(count) => format!("{count:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Instructions};
    use crate::workloads::Budget;

    #[test]
    fn ok_only_what_was_counted_can_be_over_budget() {
        let table = [
            ((Some(2.0), Some(2.0), Some(5_000.0)), vec![]),
            ((Some(2.5), Some(0.0), Some(5_701.0)), vec!["system calls", "instructions"]),
            ((None, Some(3.0), None), vec!["allocations"]),
        ];
        let budget = Budget {
            workload: "small",
            system_calls: 2.0,
            allocations: 2.0,
            instructions: 5_700.0,
        };
        for ((system_calls, allocations, instructions), expected) in table {
            let counts = Counts { system_calls, allocations, instructions };
            assert_eq!(counts.over(&budget), expected);
        }
    }

    #[test]
    fn ok_counts_are_read_from_what_the_tools_print() {
        let perf = "123456,,instructions:u,1000,100.00,,\n";
        assert_eq!(Instructions::Perf.read(perf), Some(123_456.0));
        assert_eq!(Instructions::Perf.read("<not supported>,,instructions:u,0,100.00,,\n"), None);
        let callgrind = "==7== Events    : Ir\n==7== Collected : 98765\n==7== \n";
        assert_eq!(Instructions::Callgrind.read(callgrind), Some(98_765.0));
    }
}
