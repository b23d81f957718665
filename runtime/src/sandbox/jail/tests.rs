//! What the compiling process can't do, tried in a process that confined itself the same way.

#![allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]

use std::fs::File;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;

use super::*;

const PROBE: &str = "CAISSON_TEST_CONFINED";

/// Runs in a process of its own, since what is confined stays so.
#[test]
#[cfg(target_os = "linux")]
fn a_confined_process_opens_reaches_and_starts_nothing() {
    if std::env::var_os(PROBE).is_none() {
        let probe = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "sandbox::jail::tests::a_confined_process_opens_reaches_and_starts_nothing",
                "--nocapture",
            ])
            .env(PROBE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&probe.stdout);
        assert!(said.contains("confined: nothing was possible"), "{said} {}", String::from_utf8_lossy(&probe.stderr));
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    Inside { world: World::Adapter, cpu_seconds: 60, memory_bytes: 1 << 30, hasty: false }.confine().unwrap();
    let tried = [
        ("connect", TcpStream::connect(address).is_ok()),
        ("listen", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("datagram", UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("read a file", File::open("/etc/passwd").is_ok()),
        ("write a file", File::create("/tmp/caisson-confined").is_ok()),
        ("list a folder", std::fs::read_dir("/").is_ok()),
        ("start a process", Command::new("/bin/true").status().is_ok()),
    ];
    let possible: Vec<&str> = tried.iter().filter(|(_, done)| *done).map(|(what, _)| *what).collect();
    // Threads still start: the compiler needs them.
    assert_eq!(std::thread::spawn(|| 7).join().unwrap(), 7);
    assert!(possible.is_empty(), "{possible:?}");
    println!("confined: nothing was possible");
}
