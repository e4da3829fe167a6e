//! What is measured, against which server, and the ratio that pannier is to keep to.

use crate::content::Content;
use crate::server::Reply;

/// One row of the table.
pub struct Workload {
    pub name: &'static str,
    pub title: &'static str,
    pub host: Host,
    pub work: Work,
    /// The client whose time is 1.
    pub baseline: &'static str,
    /// The largest ratio to the baseline that pannier may show.
    pub target: f64,
}

impl Workload {
    /// Whether a client of this name is measured at this: some do nothing else, others cannot.
    pub fn suits(&self, client: &str) -> bool {
        self.work.suits(client)
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub enum Host {
    Origin(Reply),
    Nginx,
    /// nghttp2's server, over HTTP/2.
    Nghttpd,
    /// Nobody: no socket is involved.
    Memory,
}
/// What a client does once a request.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// GET, and read the body into one reused buffer.
    Get { body: u64 },
    /// The same on a connection of its own. Nobody has a deadline there unless all have: it costs a
    /// connect some system calls that are no matter of the client.
    Connect { body: u64 },
    /// GET, and write the body to a file.
    GetFile { body: u64 },
    /// PUT of so many bytes, announced by Content-Length.
    PutSized { body: u64 },
    /// PUT of so many bytes from a reader of unknown length, in chunks.
    PutChunked { body: u64 },
    /// PUT of a file of so many bytes.
    PutFile { body: u64 },
    /// GET with up to so many requests in flight on one connection, each body read as for `Get`.
    Pipeline { body: u64, depth: usize },
    /// The same over HTTP/2: up to so many streams of one connection open.
    Streams { body: u64, depth: usize },
    /// Decode gzip of this content from memory.
    Inflate { content: Content },
    /// GET, and read the body, which comes in gzip, decoded.
    GetCoded { content: Content },
    /// Parse a response head of so many fields.
    Head { fields: usize },
}

impl Work {
    /// Whether a client of this name does such work: some do nothing else, others cannot.
    pub fn suits(self, client: &str) -> bool {
        match self {
            Work::Head { .. } => matches!(client, "httparse" | "pannier"),
            Work::Inflate { .. } => matches!(client, "zlib-rs" | "miniz_oxide" | "pannier"),
            // The others are built without it.
            Work::GetCoded { .. } => matches!(client, "zlib-rs" | "pannier"),
            Work::Pipeline { .. } => matches!(client, "raw" | "raw-pipelined" | "pannier"),
            Work::Streams { .. } => matches!(
                client,
                "raw" | "pannier" | "pannier-threads" | "hyper" | "reqwest" | "curl" | "h2load"
            ),
            _ => !matches!(
                client,
                "httparse"
                    | "raw-pipelined"
                    | "zlib-rs"
                    | "miniz_oxide"
                    | "pannier-threads"
                    | "hyper"
                    | "h2load"
            ),
        }
    }

    /// The fewest requests that show how fast it is: what goes on at once has to do so for some time.
    pub fn least(self) -> u32 {
        match self {
            Work::Streams { depth: 1, .. } => 1,
            Work::Pipeline { depth, .. } | Work::Streams { depth, .. } => 4 * depth as u32,
            _ => 1,
        }
    }
}

/// The path that every origin serves.
pub const PATH: &str = "/file";

const MIB: u64 = 1024 * 1024;
const LARGE: u64 = 64 * MIB;
const MANY: u64 = 16 * MIB;

pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "small",
        title: "small keep-alive GET: 8 fields, 100 bytes",
        host: Host::Origin(Reply::Fields(8)),
        work: Work::Get { body: 100 },
        baseline: "raw",
        target: 1.12,
    },
    Workload {
        name: "nginx",
        title: "the same from nginx",
        host: Host::Nginx,
        work: Work::Get { body: 100 },
        baseline: "raw",
        target: 1.10,
    },
    Workload {
        name: "fields-60",
        title: "keep-alive GET: 60 fields, 100 bytes",
        host: Host::Origin(Reply::Fields(60)),
        work: Work::Get { body: 100 },
        baseline: "raw",
        target: 1.25,
    },
    Workload {
        name: "new-connection",
        title: "GET on a new connection each time",
        host: Host::Origin(Reply::Close),
        work: Work::Connect { body: 100 },
        baseline: "raw",
        target: 1.05,
    },
    Workload {
        name: "download-sized",
        title: "download 64 MiB, Content-Length",
        host: Host::Origin(Reply::Sized(LARGE)),
        work: Work::Get { body: LARGE },
        baseline: "raw",
        target: 1.05,
    },
    Workload {
        name: "download-chunks-16k",
        title: "download 64 MiB, chunks of 16 KiB",
        host: Host::Origin(Reply::Chunked(LARGE, 16 * 1024)),
        work: Work::Get { body: LARGE },
        baseline: "raw",
        target: 1.10,
    },
    Workload {
        name: "download-chunks-100",
        title: "download 16 MiB, chunks of 100 bytes",
        host: Host::Origin(Reply::Chunked(MANY, 100)),
        work: Work::Get { body: MANY },
        baseline: "raw",
        target: 1.25,
    },
    Workload {
        name: "download-file",
        title: "download 64 MiB to a file",
        host: Host::Origin(Reply::Sized(LARGE)),
        work: Work::GetFile { body: LARGE },
        baseline: "raw",
        target: 1.05,
    },
    Workload {
        name: "upload-sized",
        title: "upload 64 MiB, Content-Length",
        host: Host::Origin(Reply::Sink),
        work: Work::PutSized { body: LARGE },
        baseline: "raw",
        target: 1.03,
    },
    Workload {
        name: "upload-chunked",
        title: "upload 64 MiB, chunked",
        host: Host::Origin(Reply::Sink),
        work: Work::PutChunked { body: LARGE },
        baseline: "raw",
        target: 1.05,
    },
    Workload {
        name: "upload-file",
        title: "upload a file of 64 MiB",
        host: Host::Origin(Reply::Sink),
        work: Work::PutFile { body: LARGE },
        baseline: "raw",
        target: 1.0,
    },
    Workload {
        name: "pipeline-64",
        title: "small GETs, up to 64 in flight",
        host: Host::Origin(Reply::Pipelined(0)),
        work: Work::Pipeline { body: 100, depth: 64 },
        baseline: "raw",
        target: 0.05,
    },
    Workload {
        name: "pipeline-64-far",
        title: "the same, answers 10 ms away",
        host: Host::Origin(Reply::Pipelined(10)),
        work: Work::Pipeline { body: 100, depth: 64 },
        baseline: "raw",
        target: 0.033,
    },
    Workload {
        name: "h2-1",
        title: "HTTP/2: small GETs, one after the other",
        host: Host::Origin(Reply::Streams),
        work: Work::Streams { body: 100, depth: 1 },
        baseline: "raw",
        target: 1.5,
    },
    Workload {
        name: "h2-32",
        title: "HTTP/2: small GETs, 32 at once",
        host: Host::Origin(Reply::Streams),
        work: Work::Streams { body: 100, depth: 32 },
        baseline: "raw",
        target: 5.0,
    },
    Workload {
        name: "h2-100",
        title: "HTTP/2: small GETs, 100 at once",
        host: Host::Origin(Reply::Streams),
        work: Work::Streams { body: 100, depth: 100 },
        baseline: "raw",
        target: 9.0,
    },
    Workload {
        name: "h2-nghttpd-32",
        title: "HTTP/2: small GETs from nghttpd, 32 at once",
        host: Host::Nghttpd,
        work: Work::Streams { body: 100, depth: 32 },
        baseline: "raw",
        target: 1.6,
    },
    Workload {
        name: "h2-download",
        title: "HTTP/2: download 64 MiB",
        host: Host::Origin(Reply::SizedStreams(LARGE)),
        work: Work::Streams { body: LARGE, depth: 1 },
        baseline: "raw",
        target: 1.4,
    },
    Workload {
        name: "head-8",
        title: "parse a head of 8 fields",
        host: Host::Memory,
        work: Work::Head { fields: 8 },
        baseline: "httparse",
        target: 0.8,
    },
    Workload {
        name: "head-20",
        title: "parse a head of 20 fields",
        host: Host::Memory,
        work: Work::Head { fields: 20 },
        baseline: "httparse",
        target: 0.8,
    },
    Workload {
        name: "head-60",
        title: "parse a head of 60 long fields",
        host: Host::Memory,
        work: Work::Head { fields: 60 },
        baseline: "httparse",
        target: 0.95,
    },
    Workload {
        name: "inflate-text",
        title: "decode gzip of text",
        host: Host::Memory,
        work: Work::Inflate { content: Content::Text },
        baseline: "zlib-rs",
        target: 1.1,
    },
    Workload {
        name: "inflate-json",
        title: "decode gzip of JSON",
        host: Host::Memory,
        work: Work::Inflate { content: Content::Json },
        baseline: "zlib-rs",
        target: 1.1,
    },
    Workload {
        name: "inflate-random",
        title: "decode gzip of random bytes",
        host: Host::Memory,
        work: Work::Inflate { content: Content::Random },
        baseline: "zlib-rs",
        target: 1.1,
    },
    Workload {
        name: "gzip-text",
        title: "GET of text in gzip",
        host: Host::Origin(Reply::Coded(Content::Text)),
        work: Work::GetCoded { content: Content::Text },
        baseline: "zlib-rs",
        target: 1.1,
    },
    Workload {
        name: "gzip-json",
        title: "GET of JSON in gzip",
        host: Host::Origin(Reply::Coded(Content::Json)),
        work: Work::GetCoded { content: Content::Json },
        baseline: "zlib-rs",
        target: 1.1,
    },
];

/// What pannier may spend on a request.
pub struct Budget {
    pub workload: &'static str,
    pub system_calls: f64,
    pub allocations: f64,
    pub instructions: f64,
}

/// What it may cost: a little above what it does, so that a change that costs more is noticed. The aim for
/// instructions is 5,000, and less where requests are pipelined. There the pieces may come so that the
/// buffer of the connection grows and shrinks once, which is two allocations for all requests together. On a
/// busy machine a write over HTTP/2 may find that its timeout has to be set anew.
pub const BUDGETS: &[Budget] = &[
    Budget { workload: "small", system_calls: 2.0, allocations: 0.0, instructions: 4_000.0 },
    Budget { workload: "pipeline-64", system_calls: 0.1, allocations: 0.01, instructions: 3_700.0 },
    Budget { workload: "h2-1", system_calls: 2.02, allocations: 1.01, instructions: 7_000.0 },
    Budget { workload: "h2-32", system_calls: 0.1, allocations: 1.1, instructions: 5_500.0 },
];

/// The workloads whose system calls, allocations and instructions are counted.
pub const COUNTED: &[&str] = &[
    "small",
    "fields-60",
    "new-connection",
    "pipeline-64",
    "h2-1",
    "h2-32",
    "head-8",
    "head-20",
    "head-60",
];

/// What pannier may spend at this workload, if that is laid down.
pub fn budget(name: &str) -> Option<&'static Budget> {
    BUDGETS.iter().find(|budget| budget.workload == name)
}

pub fn find(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().find(|workload| workload.name == name)
}
