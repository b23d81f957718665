//! Commands whose output nobody reads any longer, as in `caisson list | head -1`.

use caisson_e2e::{Caisson, adapter};

/// What a shell tells of a process that SIGPIPE ended, which is how other tools end then.
const NOBODY_READS: i32 = 141;

#[tokio::test]
async fn a_command_whose_output_nobody_reads_ends_without_a_word() {
    let desk = tempfile::tempdir().unwrap();
    let place = |name: &str| desk.path().join(name).to_str().unwrap().to_owned();
    let echo = place("echo.wasm");
    std::fs::write(&echo, adapter("echo")).unwrap();
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    let parrot = place("parrot");
    let commands: [&[&str]; 6] = [
        &["list"],
        &["list", "--json"],
        &["show", "echo"],
        &["check", &echo],
        &["check", &echo, "--json"],
        &["new", "--lang", "c", &parrot],
    ];
    for command in commands {
        let ran = caisson.run(command).unread().ran().await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(NOBODY_READS), ""), "{command:?}");
    }
}
