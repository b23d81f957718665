//! Grants, targets and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use caisson::egress::{Grant, Target};
use caisson::fuzzing::{as_grant, is_public};

/// The first line is a grant, each further line a target. A grant and a target read back as they print, and nothing changes by it;
/// an address of somebody's own network isn't public in any of its IPv6 spellings.
pub fn address(bytes: &[u8]) {
    addresses(bytes);
    let text = String::from_utf8_lossy(bytes);
    let (grant, targets) = text.split_once('\n').unwrap_or((&text, ""));
    let grant = grant.parse::<Grant>();
    if let Ok(grant) = &grant {
        let printed = grant.to_string();
        let again: Grant = printed.parse().expect("a grant reads back");
        assert_eq!(*grant, again, "{printed}");
    }
    for text in targets.lines().take(16) {
        let Ok(target) = Target::parse(text) else { continue };
        let printed = as_grant(&target);
        assert_eq!(Target::parse(&printed).expect("a target reads back"), target, "{printed}");
        let own: Grant = printed.parse().expect("a target is a grant of itself");
        assert!(own.covers(&target), "{printed} doesn't cover itself");
        if let Ok(grant) = &grant {
            covers_only(grant, &printed, &target);
        }
    }
}

/// Read in their plainest forms, a grant that covers a target has its scheme, its port, and its host or a suffix of it.
fn covers_only(grant: &Grant, printed: &str, target: &Target) {
    let granted = grant.to_string();
    let expected = match granted.split_once("://*.") {
        None => granted == printed,
        Some((scheme, suffix)) => {
            printed.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")).is_some_and(|rest| {
                let below = rest.strip_suffix(suffix);
                let is_name = rest.split(':').next().is_some_and(|host| host.parse::<Ipv4Addr>().is_err());
                is_name && below.is_some_and(|below| below.len() > 1 && below.ends_with('.'))
            })
        }
    };
    assert_eq!(grant.covers(target), expected, "{granted} and {printed}");
}

fn addresses(bytes: &[u8]) {
    let Some(first) = bytes.first_chunk::<16>() else { return };
    let v6 = Ipv6Addr::from(*first);
    if is_public(v6.into()) {
        let [high, ..] = v6.octets();
        let translated = v6.octets().starts_with(&[0, 0x64, 0xff, 0x9b]);
        let embedded = v6.octets().starts_with(&[0; 8]);
        assert!(high >> 5 == 1 || translated || embedded, "{v6} is outside of 2000::/3");
    }
    let [a, b, c, d, ..] = v6.octets();
    let v4 = Ipv4Addr::new(a, b, c, d);
    // By the standard library's own lists, as far as they are stable.
    let own = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || v4.is_multicast();
    if own || v4.is_broadcast() || v4.is_documentation() {
        assert!(!is_public(v4.into()), "{v4} is public");
    }
    if is_public(v4.into()) {
        return;
    }
    for embedding in embeddings(v4) {
        assert!(!is_public(embedding), "{embedding} reaches {v4}");
    }
}

/// Every way to write an IPv4 address as an IPv6 address that some network or system turns back.
fn embeddings(v4: Ipv4Addr) -> [IpAddr; 6] {
    let [a, b, c, d] = v4.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    [
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
    ]
    .map(IpAddr::V6)
}
