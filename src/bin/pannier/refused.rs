//! Options of curl's that are known and refused: what they ask for cannot be done here, and a transfer
//! without it would be another one than was asked for.

use crate::exit;
use crate::flags::Category;
use crate::usage::Problem;

/// Options that fail for the same reason, with the code to exit with.
struct Group {
    why: &'static str,
    code: u8,
    /// Names after `--`.
    names: &'static [&'static str],
    /// Letters after `-`.
    letters: &'static str,
}

/// The problem with the option of this name, if it is one of these.
pub fn by_long(name: &str) -> Option<Problem> {
    problem(|group| group.names.contains(&name))
}

/// The problem with the option of this letter, if it is one of these.
pub fn by_short(letter: char) -> Option<Problem> {
    problem(|group| group.letters.contains(letter))
}

/// The problem with every option under this heading, if what they are for is not built in.
pub fn by_category(category: Category) -> Option<Problem> {
    let is_missing = category == Category::Proxy && !cfg!(feature = "proxy");
    let why = "needs proxies, and this pannier was built without proxy";
    is_missing.then_some(Problem::Impossible(why, exit::USAGE))
}

fn problem(fits: impl Fn(&Group) -> bool) -> Option<Problem> {
    let group = GROUPS.iter().find(|group| fits(group))?;
    Some(Problem::Impossible(group.why, group.code))
}

const GROUPS: &[Group] = &[
    Group {
        why: "needs TLS, which is not built in",
        code: exit::USAGE,
        names: &[
            "alt-svc",
            "ca-native",
            "cacert",
            "capath",
            "cert",
            "cert-status",
            "cert-type",
            "ciphers",
            "crlfile",
            "curves",
            "doh-cert-status",
            "doh-insecure",
            "ech",
            "egd-file",
            "engine",
            "false-start",
            "hsts",
            "insecure",
            "key",
            "key-type",
            "pass",
            "pinnedpubkey",
            "proxy-ca-native",
            "proxy-cacert",
            "proxy-capath",
            "proxy-cert",
            "proxy-cert-type",
            "proxy-ciphers",
            "proxy-crlfile",
            "proxy-http2",
            "proxy-insecure",
            "proxy-key",
            "proxy-key-type",
            "proxy-pass",
            "proxy-pinnedpubkey",
            "proxy-ssl-allow-beast",
            "proxy-ssl-auto-client-cert",
            "proxy-tls13-ciphers",
            "proxy-tlsauthtype",
            "proxy-tlspassword",
            "proxy-tlsuser",
            "proxy-tlsv1",
            "random-file",
            "sigalgs",
            "ssl",
            "ssl-allow-beast",
            "ssl-auto-client-cert",
            "ssl-no-revoke",
            "ssl-reqd",
            "ssl-revoke-best-effort",
            "ssl-sessions",
            "sslv2",
            "sslv3",
            "tls-earlydata",
            "tls-max",
            "tls13-ciphers",
            "tlsauthtype",
            "tlspassword",
            "tlsuser",
            "tlsv1",
            "tlsv1.0",
            "tlsv1.1",
            "tlsv1.2",
            "tlsv1.3",
        ],
        letters: "Ek123",
    },
    Group {
        why: "needs HTTP/3, which is not built in",
        code: exit::USAGE,
        names: &["http3", "http3-only"],
        letters: "",
    },
    #[cfg(not(feature = "http2"))]
    Group {
        why: "needs HTTP/2, and this pannier was built without http2",
        code: exit::USAGE,
        names: &["http2", "http2-prior-knowledge"],
        letters: "",
    },
    #[cfg(not(feature = "gzip"))]
    Group {
        why: "needs a decoder, and this pannier was built without gzip",
        code: exit::USAGE,
        names: &["compressed", "tr-encoding"],
        letters: "",
    },
    Group {
        why: "is for a protocol that is not built in",
        code: exit::USAGE,
        names: &[
            "append",
            "compressed-ssh",
            "create-file-mode",
            "crlf",
            "disable-eprt",
            "disable-epsv",
            "doh-url",
            "ftp-account",
            "ftp-alternative-to-user",
            "ftp-create-dirs",
            "ftp-method",
            "ftp-pasv",
            "ftp-port",
            "ftp-pret",
            "ftp-skip-pasv-ip",
            "ftp-ssl-ccc",
            "ftp-ssl-ccc-mode",
            "ftp-ssl-control",
            "hostpubmd5",
            "hostpubsha256",
            "ipfs-gateway",
            "list-only",
            "login-options",
            "mail-auth",
            "mail-from",
            "mail-rcpt",
            "mail-rcpt-allowfails",
            "pubkey",
            "quote",
            "sasl-authzid",
            "sasl-ir",
            "telnet-option",
            "tftp-blksize",
            "tftp-no-options",
            "use-ascii",
        ],
        letters: "aBlPQt",
    },
    Group {
        why: "asks for an authentication that is not built in; --basic and --digest are",
        code: exit::USAGE,
        names: &[
            "aws-sigv4",
            "delegation",
            "krb",
            "negotiate",
            "ntlm",
            "ntlm-wb",
            "proxy-negotiate",
            "proxy-ntlm",
            "proxy-service-name",
            "service-name",
            "socks5-gssapi",
            "socks5-gssapi-nec",
            "socks5-gssapi-service",
        ],
        letters: "",
    },
    Group {
        why: "std has no way to choose this end of a connection",
        code: exit::INTERFACE_FAILED,
        names: &["local-port"],
        letters: "",
    },
    Group {
        why: "std has no way to set this of a connection",
        code: exit::USAGE,
        names: &[
            "ip-tos",
            "keepalive",
            "keepalive-cnt",
            "keepalive-intvl",
            "keepalive-time",
            "mptcp",
            "tcp-fastopen",
            "vlan-priority",
        ],
        letters: "",
    },
    Group {
        why: "std leaves it to the system how names are looked up",
        code: exit::USAGE,
        names: &["dns-interface", "dns-ipv4-addr", "dns-ipv6-addr", "dns-servers"],
        letters: "",
    },
    Group {
        why: "std has no way to set extended attributes",
        code: exit::USAGE,
        names: &["xattr"],
        letters: "",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags;

    #[test]
    fn ok_what_is_refused_is_not_offered() {
        for group in GROUPS {
            assert!(group.names.windows(2).all(|pair| pair[0] < pair[1]), "{}", group.why);
            for name in group.names {
                assert!(flags::by_long(name).is_none(), "{}", name);
            }
            for letter in group.letters.chars() {
                assert!(flags::by_short(letter).is_none(), "{}", letter);
            }
        }
    }
}
