//! Dials this machine, private networks and a cloud's metadata service in every spelling of their addresses, on the port in its
//! settings, and answers with what it reached.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, get_each, report};

const HOSTS: [&str; 36] = [
    "127.0.0.1",
    "127.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::127.0.0.1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "224.0.0.1",
    "255.255.255.255",
];

/// The adapter.
pub struct DialInside;

impl Adapter for DialInside {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("dial-inside", "1.0.0").setting(Setting::new("port", "where something listens").required())
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let port = context.setting("port").unwrap_or("80");
        report(get_each(HOSTS.iter().map(|host| format!("http://{host}:{port}/"))))
    }
}

caisson_sdk::export!(OrBehave<DialInside>);
