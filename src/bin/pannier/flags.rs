//! The options, one row each: names, value, help and what they set.
//!
//! The parser, `-h`, the config file and the list of what a test suite may ask for all read this
//! table. Names and meanings are curl's; an option that is not here is refused as unknown, never
//! swallowed.

use std::time::Duration;

use pannier::net::Family;
use pannier::Protocol;

use crate::args::Args;
use crate::condition::Condition;
use crate::data;
use crate::log::Manner;
use crate::operation::{Clobber, Fail, Out, UnixPath};
use crate::protocols::{self, Protocols};
use crate::proxy::Kind;
use crate::reports;
use crate::resume::Resume;
use crate::usage::Problem;
use crate::values;

/// One option.
pub struct Flag {
    /// The name after `--`.
    pub long: &'static str,
    /// The letter after `-`.
    pub short: Option<char>,
    /// Under which heading it is listed.
    pub category: Category,
    /// One line of help.
    pub help: &'static str,
    /// What it does.
    pub set: Set,
}

/// What an option does to the arguments read so far.
pub enum Set {
    /// On by `--name`, off by `--no-name`.
    Switch(fn(&mut Args, bool)),
    /// Takes no value and has no opposite.
    Act(fn(&mut Args) -> Result<(), Problem>),
    /// Takes a value, named as the help shows it.
    Value(&'static str, fn(&mut Args, &[u8]) -> Result<(), Problem>),
    /// Takes the next word as its value, if there is one that can be it.
    Optional(&'static str, fn(&[u8]) -> bool, fn(&mut Args, Option<&[u8]>) -> Result<(), Problem>),
}

/// Headings of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Listed by a plain `-h` too.
    Important,
    Auth,
    Connection,
    General,
    Http,
    Lab,
    Output,
    Parallel,
    Post,
    Proxy,
    Retry,
    Verbose,
}

impl Category {
    /// The word that `-h` takes.
    pub fn name(self) -> &'static str {
        match self {
            Category::Important => "important",
            Category::Auth => "auth",
            Category::Connection => "connection",
            Category::General => "general",
            Category::Http => "http",
            Category::Lab => "lab",
            Category::Output => "output",
            Category::Parallel => "parallel",
            Category::Post => "post",
            Category::Proxy => "proxy",
            Category::Retry => "retry",
            Category::Verbose => "verbose",
        }
    }
}

/// The option of this long name.
pub fn by_long(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.long == name)
}

/// The option of this letter.
pub fn by_short(letter: char) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.short == Some(letter))
}

const fn switch(
    long: &'static str,
    category: Category,
    help: &'static str,
    set: fn(&mut Args, bool),
) -> Flag {
    flag(long, category, help, Set::Switch(set))
}

const fn value(
    long: &'static str,
    name: &'static str,
    category: Category,
    help: &'static str,
    set: fn(&mut Args, &[u8]) -> Result<(), Problem>,
) -> Flag {
    flag(long, category, help, Set::Value(name, set))
}

const fn flag(long: &'static str, category: Category, help: &'static str, set: Set) -> Flag {
    Flag { long, short: None, category, help, set }
}

impl Flag {
    const fn short(mut self, letter: char) -> Flag {
        self.short = Some(letter);
        self
    }
}

use Category::*;

/// Every option, by name.
pub const FLAGS: &[Flag] = &[
    value(
        "abstract-unix-socket",
        "<path>",
        Connection,
        "Connect via an abstract Unix domain socket",
        |a, v| {
            a.op().unix = Some(UnixPath::Abstract(v.to_vec()));
            Ok(())
        },
    ),
    flag(
        "anyauth",
        Auth,
        "Let the server choose between Digest and Basic",
        Set::Act(|a| {
            a.op().login.schemes.any = true;
            Ok(())
        }),
    ),
    switch("basic", Auth, "Basic authentication (the default)", |a, on| {
        a.op().login.schemes.basic = on
    }),
    #[cfg(feature = "gzip")]
    switch("compressed", Http, "Ask for content in gzip or deflate, and decode it", |a, on| {
        a.op().compressed = on;
    }),
    value("config", "<file>", General, "Read options from a file", |a, v| a.read_config(v))
        .short('K'),
    value("connect-timeout", "<seconds>", Connection, "Longest time to connect", |a, v| {
        a.op().connect_timeout = values::seconds(v)?;
        Ok(())
    }),
    value(
        "connect-to",
        "<host:port:host:port>",
        Connection,
        "Connect to another host and port",
        |a, v| {
            a.op().connect_to.push(v.to_vec());
            Ok(())
        },
    ),
    value("continue-at", "<offset>", Output, "Go on there (-: behind the output)", |a, v| {
        a.op().resume = Resume::parse(v)?;
        Ok(())
    })
    .short('C'),
    value("cookie", "<data/file>", Http, "Send NAME=VALUE pairs, or a file's cookies", |a, v| {
        a.op().cookies.add(v)
    })
    .short('b'),
    value("cookie-jar", "<file>", Http, "Write all cookies to a file in the end", |a, v| {
        a.op().cookies.set_jar(v)
    })
    .short('c'),
    switch("create-dirs", Output, "Make the folders of output files", |a, on| {
        a.op().create_dirs = on;
    }),
    value("data", "<data>", Important, "POST data", |a, v| a.op().add_data(data::ascii(v)?))
        .short('d'),
    value("data-ascii", "<data>", Post, "The same as --data", |a, v| {
        a.op().add_data(data::ascii(v)?)
    }),
    value("data-binary", "<data>", Post, "POST data, a file as it is", |a, v| {
        a.op().add_data(data::binary(v)?)
    }),
    value("data-raw", "<data>", Post, "POST data, @ has no meaning", |a, v| {
        a.op().add_data(v.to_vec())
    }),
    value("data-urlencode", "<data>", Post, "POST data, percent-encoded", |a, v| {
        a.op().add_data(data::urlencode(v)?)
    }),
    switch("digest", Auth, "Digest authentication", |a, on| a.op().login.schemes.digest = on),
    flag("disable", General, "As the first option: read no .curlrc", Set::Act(|_| Ok(())))
        .short('q'),
    switch("disallow-username-in-url", Auth, "Refuse URLs with a user name", |a, on| {
        a.op().disallow_username = on;
    }),
    value("dump-header", "<file>", Output, "Write received headers to a file", |a, v| {
        a.op().dump_header = Some(values::content(v)?.to_vec());
        Ok(())
    })
    .short('D'),
    value("etag-compare", "<file>", Http, "Only what differs from the tag in a file", |a, v| {
        a.op().etag_compare = Some(values::content(v)?.to_vec());
        Ok(())
    }),
    value("etag-save", "<file>", Http, "Keep the tag of the content in a file", |a, v| {
        a.op().etag_save = Some(values::content(v)?.to_vec());
        Ok(())
    }),
    value(
        "expect100-timeout",
        "<seconds>",
        Http,
        "How long to wait for 100-continue (1)",
        |a, v| {
            a.op().expect100_timeout = values::seconds(v)?;
            Ok(())
        },
    ),
    switch("fail", Important, "Fail on HTTP errors, without output", |a, on| {
        a.op().fail = if on { Fail::WithoutBody } else { Fail::Never }
    })
    .short('f'),
    switch("fail-early", Parallel, "End at the first transfer that fails", |a, on| {
        a.global.fail_early = on;
    }),
    switch("fail-with-body", Output, "Fail on HTTP errors, but save the body", |a, on| {
        a.op().fail = if on { Fail::WithBody } else { Fail::Never }
    }),
    value("form", "<name=content>", Post, "A field of a form; @file, <file", |a, v| {
        let global = a.global;
        a.op().form.add(global, v)
    })
    .short('F'),
    switch("form-escape", Post, "Escape names in forms by backslashes", |a, on| {
        a.op().form.backslashes = on;
    }),
    value("form-string", "<name=string>", Post, "A field of a form, as it is", |a, v| {
        let global = a.global;
        a.op().form.add_string(global, v)
    }),
    value("from", "<file>", Parallel, "URLs, one per line (-: standard input)", |a, v| {
        a.op().add_list(v);
        Ok(())
    }),
    switch("get", Http, "Put the data into the URL and use GET", |a, on| {
        a.op().get = on;
    })
    .short('G'),
    switch("globoff", General, "Take {} and [] in URLs literally", |a, on| {
        a.op().globoff = on;
    })
    .short('g'),
    value(
        "happy-eyeballs-timeout-ms",
        "<ms>",
        Connection,
        "How long an address is tried alone (250)",
        |a, v| {
            a.op().stagger = Some(Duration::from_millis(values::count(v)?));
            Ok(())
        },
    ),
    value(
        "har",
        "<file>",
        Output,
        "Write all exchanges as HAR 1.2, without credentials",
        |a, v| {
            a.reports.har = Some(v.to_vec());
            Ok(())
        },
    ),
    switch("head", Http, "Ask for the headers only", |a, on| {
        a.op().head = on;
        a.op().show_headers = on;
    })
    .short('I'),
    value(
        "header",
        "<header/@file>",
        Http,
        "Add, replace or (\"Name:\") remove a header",
        |a, v| a.op().add_header(v),
    )
    .short('H'),
    flag(
        "help",
        Important,
        "This list; \"all\" for every option",
        Set::Optional(
            "<category>",
            |v| !v.starts_with(b"-"),
            |a, v| {
                a.help = Some(v.map(values::text).transpose()?.unwrap_or_default());
                Ok(())
            },
        ),
    )
    .short('h'),
    switch("http0.9", Http, "Take a response without a head for HTTP/0.9", |a, on| {
        a.op().http09 = on;
    }),
    flag(
        "http1.0",
        Http,
        "Use HTTP/1.0",
        Set::Act(|a| {
            a.op().version = Protocol::Http10;
            Ok(())
        }),
    )
    .short('0'),
    flag(
        "http1.1",
        Http,
        "Use HTTP/1.1",
        Set::Act(|a| {
            a.op().version = Protocol::Http11;
            Ok(())
        }),
    ),
    // Over cleartext there is no asking: RFC 9113 has the upgrade of RFC 7540 no more.
    #[cfg(feature = "http2")]
    flag(
        "http2",
        Http,
        "Use HTTP/2 if TLS negotiates it, else HTTP/1.1",
        Set::Act(|a| {
            a.op().version = Protocol::Http2;
            Ok(())
        }),
    ),
    #[cfg(feature = "http2")]
    flag(
        "http2-prior-knowledge",
        Http,
        "Use HTTP/2 without asking",
        Set::Act(|a| {
            a.op().version = Protocol::Http2PriorKnowledge;
            Ok(())
        }),
    ),
    switch("ignore-content-length", Http, "Read to the end of the connection", |a, on| {
        a.op().ignore_content_length = on
    }),
    switch("include", Important, "Show response headers in the output", |a, on| {
        a.op().show_headers = on;
    })
    .short('i'),
    value(
        "interface",
        "<address/host>",
        Connection,
        "Fail unless connections leave from there",
        |a, v| {
            a.op().interface = Some(values::text(v)?).filter(|name| !name.is_empty());
            Ok(())
        },
    ),
    flag(
        "ipv4",
        Connection,
        "Use IPv4 addresses only",
        Set::Act(|a| {
            a.op().family = Family::V4;
            Ok(())
        }),
    )
    .short('4'),
    flag(
        "ipv6",
        Connection,
        "Use IPv6 addresses only",
        Set::Act(|a| {
            a.op().family = Family::V6;
            Ok(())
        }),
    )
    .short('6'),
    value("json", "<data>", Post, "POST JSON", |a, v| a.op().add_json(data::binary(v)?)),
    switch("jsonl", Output, "A line of JSON per transfer instead of content", |a, on| {
        a.global.jsonl = on;
    }),
    switch("junk-session-cookies", Http, "Read no session cookies from files", |a, on| {
        a.op().cookies.junk_session = on;
    })
    .short('j'),
    switch("lab", Lab, "Compare ways to use connections", |a, on| {
        a.lab.run = on;
    }),
    value("lab-bandwidth", "<bits/s>", Lab, "Bandwidth of the origin's line (50M)", |a, v| {
        a.lab.set_bandwidth(values::bits(v)?)
    }),
    value("lab-objects", "<number>", Lab, "Objects of the page (24)", |a, v| {
        a.lab.set_objects(values::number(v)?)
    }),
    value("lab-rtt", "<milliseconds>", Lab, "Round-trip time of the origin (40ms)", |a, v| {
        a.lab.set_round_trip(values::milliseconds(v)?)
    }),
    value(
        "limit-rate",
        "<speed>",
        Connection,
        "Bytes per second, each way, of a transfer",
        |a, v| {
            a.op().limit_rate = values::size(v)?;
            Ok(())
        },
    ),
    switch("location", Http, "Follow redirects", |a, on| a.op().location = on).short('L'),
    switch(
        "location-trusted",
        Http,
        "Follow redirects and send credentials to other hosts too",
        |a, on| {
            a.op().location = on;
            a.op().location_trusted = on;
        },
    ),
    value("max-filesize", "<bytes>", Connection, "Largest file to fetch", |a, v| {
        a.op().max_filesize = values::size(v)?;
        Ok(())
    }),
    value("max-redirs", "<number>", Http, "Redirects to follow (50; -1: any number)", |a, v| {
        a.op().max_redirs = values::redirects(v)?;
        Ok(())
    }),
    value("max-time", "<seconds>", Connection, "Longest time for a transfer", |a, v| {
        a.op().max_time = values::seconds(v)?;
        Ok(())
    })
    .short('m'),
    switch("netrc", Auth, "Look for name and password in ~/.netrc or $NETRC", |a, on| {
        a.op().login.netrc = on;
    })
    .short('n'),
    value("netrc-file", "<file>", Auth, "Look for name and password in this file", |a, v| {
        a.op().login.netrc_file = Some(values::content(v)?.to_vec());
        Ok(())
    }),
    switch("netrc-optional", Auth, "Look there for what the URL leaves out", |a, on| {
        a.op().login.netrc_optional = on;
    }),
    flag("next", General, "The options that follow are for the next URL", Set::Act(|a| a.next()))
        .short(':'),
    switch("no-buffer", Output, "Accepted; output is never buffered", |_, _| {}).short('N'),
    switch("no-clobber", Output, "Write to file.1 and so on instead of over a file", |a, on| {
        a.op().clobber = if on { Clobber::Never } else { Clobber::Always };
    }),
    switch("no-keepalive", Connection, "Accepted; no keep-alive probes are sent", |_, _| {}),
    switch("no-progress-meter", Verbose, "Show no progress meter", |a, on| {
        a.global.no_progress_meter = on;
    }),
    value("noproxy", "<list of hosts>", Proxy, "Hosts that are asked directly (*: all)", |a, v| {
        a.op().proxy.no_proxy = Some(values::text(v)?);
        Ok(())
    }),
    value("oauth2-bearer", "<token>", Auth, "OAuth 2 bearer token", |a, v| {
        a.op().login.bearer = Some(values::text(v)?);
        Ok(())
    }),
    switch("out-null", Output, "Write the content nowhere", |a, on| {
        a.op().add_output(if on { Out::Nowhere } else { Out::Stdout });
    }),
    value("output", "<file>", Important, "Write to a file instead of stdout", |a, v| {
        a.op().add_output(Out::File(values::content(v)?.to_vec()));
        Ok(())
    })
    .short('o'),
    value("output-dir", "<dir>", Output, "Folder of the output files", |a, v| {
        a.op().output_dir = Some(v.to_vec());
        Ok(())
    }),
    switch("parallel", Parallel, "Make the transfers side by side", |a, on| {
        a.global.parallel = on;
    })
    .short('Z'),
    switch(
        "parallel-immediate",
        Parallel,
        "Accepted; only HTTP/2 waits for another's connection",
        |_, _| {},
    ),
    value("parallel-max", "<number>", Parallel, "Transfers at a time with -Z (50)", |a, v| {
        a.set_parallel_max(v)
    }),
    value("parallel-max-host", "<number>", Parallel, "Connections to one host with -Z", |a, v| {
        a.set_parallel_max_host(v)
    }),
    switch("path-as-is", General, "Leave .. in the path of a URL", |a, on| {
        a.op().path_as_is = on;
    }),
    value("pipeline", "<depth>", Parallel, "So many requests in flight on a connection", |a, v| {
        let depth = usize::try_from(values::count(v)?).map_err(|_| Problem::TooLarge)?;
        a.global.pipeline = depth;
        Ok(())
    }),
    switch("post301", Post, "POST again after a 301", |a, on| a.op().post301 = on),
    switch("post302", Post, "POST again after a 302", |a, on| a.op().post302 = on),
    switch("post303", Post, "POST again after a 303", |a, on| a.op().post303 = on),
    value(
        "preproxy",
        "<[protocol://]host[:port]>",
        Proxy,
        "SOCKS proxy through which the proxy is reached",
        |a, v| {
            a.op().proxy.before = Some(values::text(v)?);
            Ok(())
        },
    ),
    switch("progress-bar", Verbose, "Show the progress as a bar", |a, on| {
        a.global.progress_bar = on;
    })
    .short('#'),
    value("proto", "<protocols>", Connection, "Use URLs of these protocols only", |a, v| {
        a.op().protocols = Protocols::parse(a.global, v);
        Ok(())
    }),
    value("proto-default", "<protocol>", Connection, "For URLs without one", |a, v| {
        a.op().default_scheme = Some(protocols::known(v)?);
        Ok(())
    }),
    value("proto-redir", "<protocols>", Connection, "Be redirected to these only", |a, v| {
        a.op().redirect_protocols = Protocols::parse(a.global, v);
        Ok(())
    }),
    value("proxy", "<[protocol://]host[:port]>", Proxy, "Use this proxy (\"\": none)", |a, v| {
        a.op().proxy.set(Kind::Http, v)
    })
    .short('x'),
    switch("proxy-anyauth", Proxy, "Authenticate to the proxy as it asks for", |a, on| {
        a.op().proxy.schemes.any = on;
    }),
    switch("proxy-basic", Proxy, "Authenticate to the proxy by Basic (the default)", |a, on| {
        a.op().proxy.schemes.basic = on;
    }),
    switch("proxy-digest", Proxy, "Authenticate to the proxy by Digest", |a, on| {
        a.op().proxy.schemes.digest = on;
    }),
    value("proxy-header", "<header/@file>", Proxy, "A header for the proxy alone", |a, v| {
        a.op().proxy.add_header(v)
    }),
    value(
        "proxy-user",
        "<user:password>",
        Proxy,
        "User name and password for the proxy",
        |a, v| {
            a.op().proxy.user = Some(v.to_vec());
            Ok(())
        },
    )
    .short('U'),
    value("proxy1.0", "<host[:port]>", Proxy, "A proxy to which CONNECT is HTTP/1.0", |a, v| {
        a.op().proxy.set(Kind::Http10, v)
    }),
    switch("proxytunnel", Proxy, "Go through the proxy by CONNECT", |a, on| {
        a.op().proxy.tunnel = on;
    })
    .short('p'),
    switch("public-only", Connection, "Refuse addresses that are not public", |a, on| {
        a.op().public_only = on;
    }),
    value("range", "<range>", Http, "Ask for these bytes only", |a, v| a.set_range(v)).short('r'),
    value(
        "rate",
        "<number/unit>",
        Parallel,
        "Begin no more transfers than that; not -Z",
        |a, v| {
            a.global.rate = values::rate(v)?;
            Ok(())
        },
    ),
    switch("raw", Http, "Decode nothing, not even the chunked coding", |a, on| {
        a.op().raw = on;
    }),
    value("referer", "<URL>", Http, "Referer (\";auto\" sets it on redirects)", |a, v| {
        a.op().set_referer(v);
        Ok(())
    })
    .short('e'),
    switch("remote-header-name", Output, "With -O: use the name that the server gives", |a, on| {
        a.op().remote_header_name = on;
    })
    .short('J'),
    switch("remote-name", Important, "Write to a file named as in the URL", |a, on| {
        a.op().add_output(if on { Out::Remote } else { Out::Stdout });
    })
    .short('O'),
    switch("remote-name-all", Output, "Use -O for every URL that follows", |a, on| {
        a.op().remote_names = on;
    }),
    switch("remote-time", Output, "Give the file the time of the content", |a, on| {
        a.op().remote_time = on;
    })
    .short('R'),
    switch("remove-on-error", Output, "Remove the file of a transfer that failed", |a, on| {
        a.op().remove_on_error = on;
    }),
    value("request", "<method>", Http, "Method of the request", |a, v| {
        a.op().method = Some(values::text(v)?);
        Ok(())
    })
    .short('X'),
    value(
        "request-target",
        "<path>",
        Http,
        "Request target to send instead of the URL's",
        |a, v| {
            a.op().target = Some(values::text(v)?);
            Ok(())
        },
    ),
    value(
        "resolve",
        "<host:port:addr,…>",
        Connection,
        "Use these addresses for a host",
        |a, v| {
            a.op().resolve.push(values::text(v)?);
            Ok(())
        },
    ),
    value("retry", "<number>", Retry, "Try again so often after a passing failure", |a, v| {
        a.op().retry.times = values::count(v)?;
        Ok(())
    }),
    switch("retry-all-errors", Retry, "With --retry: after any failure", |a, on| {
        a.op().retry.all_errors = on;
    }),
    switch("retry-connrefused", Retry, "With --retry: also if nobody listens", |a, on| {
        a.op().retry.refused = on;
    }),
    value("retry-delay", "<seconds>", Retry, "Wait so long (1 s, then twice as long)", |a, v| {
        a.op().retry.delay = values::seconds(v)?;
        Ok(())
    }),
    value("retry-max-time", "<seconds>", Retry, "Try again only within this time", |a, v| {
        a.op().retry.max_time = values::seconds(v)?;
        Ok(())
    }),
    switch("show-error", Verbose, "Show errors even with -s", |a, on| {
        a.global.show_error = on;
    })
    .short('S'),
    switch("show-headers", Output, "The same as --include", |a, on| {
        a.op().show_headers = on;
    }),
    switch("silent", Important, "Say nothing", |a, on| a.global.silent = on).short('s'),
    switch("skip-existing", Output, "Leave out what a file is there for", |a, on| {
        a.op().skip_existing = on;
    }),
    value("socks4", "<host[:port]>", Proxy, "SOCKS4 proxy", |a, v| {
        a.op().proxy.set(Kind::Socks4, v)
    }),
    value("socks4a", "<host[:port]>", Proxy, "SOCKS4 proxy that looks up names", |a, v| {
        a.op().proxy.set(Kind::Socks4a, v)
    }),
    value("socks5", "<host[:port]>", Proxy, "SOCKS5 proxy", |a, v| {
        a.op().proxy.set(Kind::Socks5, v)
    }),
    switch("socks5-basic", Proxy, "Accepted; -U is for SOCKS5 too", |_, _| {}),
    value("socks5-hostname", "<host[:port]>", Proxy, "SOCKS5 proxy that looks up names", |a, v| {
        a.op().proxy.set(Kind::Socks5h, v)
    }),
    value("speed-limit", "<speed>", Connection, "Fail below so many bytes per second", |a, v| {
        a.op().speed_limit = Some(values::count(v)?);
        Ok(())
    })
    .short('Y'),
    value("speed-time", "<seconds>", Connection, "Over how long -Y is measured (30)", |a, v| {
        a.op().speed_time = Some(values::count(v)?);
        Ok(())
    })
    .short('y'),
    value("stderr", "<file>", Verbose, "Write there what goes to stderr (-: stdout)", |a, v| {
        a.set_stderr(v);
        Ok(())
    }),
    switch("styled-output", Output, "Bold names of headers on a terminal (on)", |a, on| {
        a.global.plain_output = !on;
    }),
    switch(
        "suppress-connect-headers",
        Proxy,
        "Leave CONNECT's headers out of the output",
        |a, on| {
            a.op().proxy.suppress_heads = on;
        },
    ),
    flag("tcp-nodelay", Connection, "Accepted; it is always on", Set::Act(|_| Ok(()))),
    value(
        "time-cond",
        "<date/file>",
        Http,
        "Only what is newer (-date: older) than this",
        |a, v| {
            a.op().condition = Condition::parse(a.global, v);
            Ok(())
        },
    )
    .short('z'),
    #[cfg(feature = "gzip")]
    switch("tr-encoding", Http, "Ask for a compressed transfer coding, and decode it", |a, on| {
        a.op().tr_encoding = on;
    }),
    value("trace", "<file>", Verbose, "Write all that crosses the wire to a file", |a, v| {
        a.set_trace(Manner::Hex, "trace", values::content(v)?);
        Ok(())
    }),
    value("trace-ascii", "<file>", Verbose, "The same without hexadecimal", |a, v| {
        a.set_trace(Manner::Ascii, "trace-ascii", values::content(v)?);
        Ok(())
    }),
    switch("trace-time", Verbose, "Put the time (UTC) before what -v and --trace say", |a, on| {
        a.global.trace_time = on;
    }),
    value("unix-socket", "<path>", Connection, "Connect via a Unix domain socket", |a, v| {
        a.op().unix = Some(UnixPath::Named(values::content(v)?.to_vec()));
        Ok(())
    }),
    value("upload-file", "<file>", Important, "Send a file (- or .: standard input)", |a, v| {
        a.op().add_upload(v);
        Ok(())
    })
    .short('T'),
    value("url", "<url/@file>", General, "URL to work with, or a list of such, with -O", |a, v| {
        match v.strip_prefix(b"@") {
            Some(file) => return a.add_listed(file),
            None => a.op().add_url(v),
        }
        Ok(())
    }),
    value("url-query", "<data>", General, "Add to the URL's query", |a, v| {
        a.op().add_query(data::query(v)?)
    }),
    value("user", "<user:password>", Important, "User name and password", |a, v| {
        a.op().login.user = Some(v.to_vec());
        Ok(())
    })
    .short('u'),
    value("user-agent", "<name>", Important, "Send this User-Agent", |a, v| {
        a.op().user_agent = Some(v.to_vec());
        Ok(())
    })
    .short('A'),
    switch("verbose", Important, "Say what happens", |a, on| {
        a.set_verbose(on);
    })
    .short('v'),
    flag(
        "version",
        Important,
        "Show the version",
        Set::Act(|a| {
            a.version = true;
            Ok(())
        }),
    )
    .short('V'),
    flag(
        "waterfall",
        Output,
        "Chart of all exchanges on stderr, or drawn to a file",
        Set::Optional("<file.svg>", reports::names_drawing, |a, v| {
            a.reports.add_waterfall(v);
            Ok(())
        }),
    ),
    value("write-out", "<format>", Output, "Show this after the transfer", |a, v| {
        a.op().write_out = Some(data::ascii(v)?);
        Ok(())
    })
    .short('w'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_every_row_stands_in_order_and_once() {
        assert!(FLAGS.windows(2).all(|pair| pair[0].long < pair[1].long));
        let mut letters: Vec<char> = FLAGS.iter().filter_map(|flag| flag.short).collect();
        let all = letters.len();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), all);
    }

    #[test]
    fn ok_help_fits_a_line() {
        for flag in FLAGS {
            assert!(flag.help.chars().count() <= 58, "{}", flag.long);
            assert!(!flag.help.ends_with('.'), "{}", flag.long);
        }
    }
}
