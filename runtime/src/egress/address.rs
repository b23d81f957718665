//! Which addresses a name may resolve to.
//!
//! The threat is server-side request forgery: a granted public name that resolves to the operator's own network, to this machine
//! or to a cloud's metadata service, in any of the spellings that IPv6 offers for an IPv4 address. Classification follows the IANA
//! special-purpose registries (RFC 6890 and its updates). It resolves nothing and dials nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Routed on the public internet.
    Public,
    /// Loopback, RFC 1918, unique-local or carrier-grade NAT: somebody's own network. `--allow-private` opens these.
    Private,
    /// Link-local (cloud metadata lives there), multicast, unspecified, reserved, documentation: never a provider.
    /// Only a grant that spells out the address opens one.
    Special,
}

/// The reach of `address`, seen through every embedding of IPv4 in IPv6.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => match (embedded_v4(v6), v6.segments()) {
            // A translator of one's own network (RFC 8215) is private, wherever it leads: how it embeds addresses is its own choice.
            (Some(v4), [0x0064, 0xff9b, 1, ..]) if reach_v4(v4) == Reach::Public => Reach::Private,
            // A translator or tunnel in between makes the outer address public whatever is inside; judge by what is reached.
            (Some(v4), _) => reach_v4(v4),
            (None, _) => reach_v6(v6),
        },
    }
}

/// Whether a name may resolve to `address` without anybody's consent.
#[cfg(feature = "fuzzing")]
pub(crate) fn is_public(address: IpAddr) -> bool {
    reach(address) == Reach::Public
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (10 | 127, _, _) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Reach::Private,
        (0, _, _)
        | (169, 254, _)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18 | 19, _)
        | (198, 51, 100)
        | (203, 0, 113)
        | (224..=255, _, _) => Reach::Special,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Private,
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // Alibaba's and AWS's metadata services sit in unique-local space above; these blocks hold no host at all.
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Reach::Special,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Special,
    }
}

/// The IPv4 address inside a mapped (`::ffff:0:0/96`), compatible (`::/96`), translated (`::ffff:0:0:0/96`), NAT64 (`64:ff9b::/96`,
/// `64:ff9b:1::/48`) or 6to4 (`2002::/16`) address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let (high, low) = match segments {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => return None,
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => (high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => (high, low),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        [0x0064, 0xff9b, 1, _, _, _, high, low] => (high, low),
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Reach, addresses: &[&str]) {
        for text in addresses {
            let address: IpAddr = text.parse().expect("a literal in the test");
            assert_eq!(reach(address), expected, "{text}");
        }
    }

    #[test]
    fn public_addresses_are_public_in_every_spelling() {
        check(
            Reach::Public,
            &["1.1.1.1", "104.18.7.192", "172.32.0.1", "2606:4700::6810:7c0", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"],
        );
    }

    #[test]
    fn private_networks_are_private_in_every_spelling() {
        check(
            Reach::Private,
            &[
                "10.0.0.1",
                "127.0.0.1",
                "127.255.1.2",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.1",
                "::1",
                "fc00::1",
                "fd00:ec2::254",
                "::ffff:10.0.0.1",
                "::ffff:127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b:1::10.0.0.1",
                "64:ff9b:1::1.1.1.1",
                "2002:7f00:1::1",
                "::ffff:0:10.0.0.1",
                "::10.0.0.1",
            ],
        );
    }

    #[test]
    fn special_addresses_are_never_a_provider() {
        check(
            Reach::Special,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "169.254.169.254",
                "192.0.0.192",
                "192.0.2.1",
                "198.18.0.1",
                "198.51.100.1",
                "203.0.113.9",
                "224.0.0.1",
                "255.255.255.255",
                "240.0.0.1",
                "::",
                "fe80::1",
                "fec0::1",
                "ff02::1",
                "100::1",
                "2001:db8::1",
                "2001::1",
                "::ffff:169.254.169.254",
                "2002:a9fe:a9fe::1",
                "64:ff9b::a9fe:a9fe",
                "5f00::1",
                "3fff::1",
            ],
        );
    }
}
