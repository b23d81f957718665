//! A grant: one permission for traffic that leaves a guest, written `scheme://host[:port]`.
//!
//! A grant and a request's target are brought to one normal form by the WHATWG URL rules before they meet, so that mixed case, a
//! trailing dot, IDN, and decimal, octal or hex IPv4 can't make one host look like another. It resolves no names.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A permission to reach one host, or all hosts below a suffix, by one scheme on one port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grant {
    scheme: Scheme,
    host: Pattern,
    port: u16,
}

/// Where a request goes: a grant's three parts, exact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: TargetHost,
    pub(crate) port: u16,
}

/// The host of a target in normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TargetHost {
    Name(String),
    Address(IpAddr),
}

/// The only two schemes that a guest's HTTP can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Pattern {
    Exact(TargetHost),
    /// Any name that ends in `.suffix`; never the suffix itself.
    Below(String),
}

/// Why a text is no grant or no target.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Neither `http` nor `https`, or no scheme at all.
    #[error("`{}` must begin with https:// or http://", quotable(.0))]
    Scheme(String),
    /// The host is missing or isn't one.
    #[error("`{}` has no valid host", quotable(.0))]
    Host(String),
    /// Something stands where only `scheme://host[:port]` may.
    #[error("`{}` must be scheme://host[:port] and nothing more", quotable(.0))]
    Excess(String),
    /// `*` may only stand for the leftmost labels of a name of at least two labels.
    #[error("`{}`: a wildcard must be `*.` before a name of at least two labels, as in https://*.example.com", quotable(.0))]
    Wildcard(String),
}

/// A URL without the parts that may be secrets, to be quoted in an error: its user and password, and what follows its path.
pub(crate) fn quotable(url: &str) -> String {
    let kept = url.split(['?', '#']).next().unwrap_or_default();
    let cut = if kept.len() < url.len() { "…" } else { "" };
    match kept.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
            format!("{scheme}…@{host}{cut}")
        }
        None => format!("{kept}{cut}"),
    }
}

impl Grant {
    /// Whether this grant covers `target`.
    pub fn covers(&self, target: &Target) -> bool {
        self.scheme == target.scheme
            && self.port == target.port
            && match (&self.host, &target.host) {
                (Pattern::Exact(granted), host) => granted == host,
                (Pattern::Below(suffix), TargetHost::Name(name)) => {
                    name.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
                }
                (Pattern::Below(_), TargetHost::Address(_)) => false,
            }
    }

    /// Whether this grant spells out an address, which is consent to reach it even if it's private.
    pub(crate) fn names_an_address(&self) -> bool {
        match &self.host {
            Pattern::Exact(TargetHost::Address(_)) => true,
            Pattern::Exact(TargetHost::Name(name)) => name == "localhost",
            Pattern::Below(_) => false,
        }
    }

    /// Whether whoever wrote this grant named the address itself, and so consents to it: an address literal, or `localhost`
    /// for this machine's loopback.
    pub(crate) fn consents_to(&self, address: IpAddr) -> bool {
        match &self.host {
            Pattern::Exact(TargetHost::Address(granted)) => *granted == address,
            Pattern::Exact(TargetHost::Name(name)) => name == "localhost" && address.is_loopback(),
            Pattern::Below(_) => false,
        }
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        let Some((scheme, rest)) = text.split_once("://") else { return Err(GrantError::Scheme(text.to_owned())) };
        let Some(suffix) = rest.strip_prefix("*.") else {
            let Target { scheme, host, port } = Target::parse(text)?;
            return Ok(Self { scheme, host: Pattern::Exact(host), port });
        };
        let target = Target::parse(&format!("{scheme}://{suffix}")).map_err(|error| error.about(text))?;
        match target.host {
            TargetHost::Name(name) if name.contains('.') => {
                Ok(Self { scheme: target.scheme, host: Pattern::Below(name), port: target.port })
            }
            _ => Err(GrantError::Wildcard(text.to_owned())),
        }
    }
}

impl Target {
    /// Reads an origin: `scheme://host[:port]`, with or without one trailing slash.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let url = Url::parse(text).map_err(|_| {
            if text.contains("://") { GrantError::Host(text.to_owned()) } else { GrantError::Scheme(text.to_owned()) }
        })?;
        let target = Self::of(&url).ok_or_else(|| match url.scheme() {
            "http" | "https" => GrantError::Host(text.to_owned()),
            _ => GrantError::Scheme(text.to_owned()),
        })?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let plain = !text.contains(['@', '\\', '*']) && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if bare && plain { Ok(target) } else { Err(GrantError::Excess(text.to_owned())) }
    }

    /// The target of a URL; none where its scheme or host can't be one.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let host = match url.host()? {
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                // No host has an asterisk in its name, but `%2a` is one to a URL: taken, it would print as a wildcard.
                if name.contains('*')
                    || name.is_empty()
                    || name.starts_with('.')
                    || name.ends_with('.')
                    || name.contains("..")
                {
                    return None;
                }
                TargetHost::Name(name.to_owned())
            }
            Host::Ipv4(address) => TargetHost::Address(address.into()),
            Host::Ipv6(address) => TargetHost::Address(address.into()),
        };
        Some(Self { scheme, host, port: url.port_or_known_default()? })
    }

    /// `host[:port]`, the port left out where the scheme implies it.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Scheme {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl GrantError {
    fn about(self, text: &str) -> Self {
        let text = text.to_owned();
        match self {
            Self::Scheme(_) => Self::Scheme(text),
            Self::Host(_) => Self::Host(text),
            Self::Excess(_) => Self::Excess(text),
            Self::Wildcard(_) => Self::Wildcard(text),
        }
    }
}

impl fmt::Display for TargetHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wildcard, host) = match &self.host {
            Pattern::Exact(host) => ("", host.clone()),
            Pattern::Below(suffix) => ("*.", TargetHost::Name(suffix.clone())),
        };
        let origin = Target { scheme: self.scheme, host, port: self.port };
        write!(f, "{}://{wildcard}{}", self.scheme.as_str(), origin.authority())
    }
}

impl TryFrom<String> for Grant {
    type Error = GrantError;

    fn try_from(text: String) -> Result<Self, GrantError> {
        text.parse()
    }
}

impl From<Grant> for String {
    fn from(grant: Grant) -> Self {
        grant.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed parse is the failure the test looks for")]
mod tests {
    use super::*;

    fn covers(grant: &str, target: &str) -> bool {
        grant.parse::<Grant>().unwrap().covers(&Target::parse(target).unwrap())
    }

    #[test]
    fn an_exact_grant_covers_its_host_in_every_spelling_and_nothing_else() {
        for same in [
            "https://api.example.com",
            "https://API.Example.COM",
            "https://api.example.com.",
            "https://api.example.com:443/",
        ] {
            assert!(covers("https://api.example.com", same), "{same}");
        }
        for other in [
            "http://api.example.com",
            "https://api.example.com:8443",
            "https://example.com",
            "https://x.api.example.com",
            "https://api.example.com.evil.test",
            "https://evilapi.example.com",
        ] {
            assert!(!covers("https://api.example.com", other), "{other}");
        }
    }

    #[test]
    fn a_wildcard_covers_names_below_it_but_not_itself() {
        assert!(covers("https://*.example.com", "https://a.example.com"));
        assert!(covers("https://*.example.com", "https://a.b.example.com"));
        assert!(!covers("https://*.example.com", "https://example.com"));
        assert!(!covers("https://*.example.com", "https://evilexample.com"));
    }

    #[test]
    fn numbers_are_addresses_however_written() {
        for spelling in ["http://127.0.0.1:9", "http://2130706433:9", "http://0x7f.1:9", "http://0177.0.0.1:9"] {
            assert!(covers("http://127.0.0.1:9", spelling), "{spelling}");
        }
    }

    #[test]
    fn only_a_literal_or_localhost_consents_to_an_address() {
        let loopback = "127.0.0.1".parse().unwrap();
        let consents = |grant: &str| grant.parse::<Grant>().unwrap().consents_to(loopback);
        assert!(consents("http://127.0.0.1:11434"));
        assert!(consents("http://localhost:11434"));
        assert!(!consents("http://127.0.0.2:11434"));
        assert!(!consents("http://ollama.internal:11434"));
        assert!(!consents("http://*.internal.corp"));
    }

    #[test]
    fn what_is_no_grant_is_refused() {
        for text in [
            "",
            "api.example.com",
            "ftp://api.example.com",
            "https://",
            "https://user@example.com",
            "https://a.com/path",
            "https://a.com?x",
            "https://a.com#f",
            "https://*",
            "https://*.com",
            "https://a.*.com",
            "https://**.a.com",
            "https://%2a.a.com",
            "https://*.%2A.a.com",
            "https://*.127.0.0.1",
            "https://a b.com",
            "https://a..com",
            "https://a.com:99999",
            "https://a.com\\@b.com",
            "//a.com",
            "https:/a.com\n",
        ] {
            assert!(text.parse::<Grant>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_grant_reads_back_as_it_prints() {
        for text in ["https://api.example.com", "http://127.0.0.1:8080", "https://*.example.com:8443", "http://[::1]:9"]
        {
            assert_eq!(text.parse::<Grant>().unwrap().to_string(), text);
        }
    }
}
