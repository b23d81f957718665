//! Guests that look for what others left, leave something themselves, or write it into the log or their description.

use serde_json::Value;

use crate::attack::{Attack, attack};
use crate::beside::Beside;

/// From one request to the next.
pub(super) fn state() -> Vec<Attack> {
    vec![
        attack("residue", "residue", "marks all memory there is, and looks for marks that others left")
            .often(4, 8)
            .limit("fuel", 20_000_000_000)
            .answers("memory zeroed", |reply, _| {
                let report: Value = serde_json::from_str(&reply.content()).unwrap();
                assert_eq!(report["found"], 0, "{report}");
                assert!(report["grown"].as_u64().unwrap() > 32 << 20, "{report}");
            }),
        attack("counter", "counter", "counts its calls where the next one would find them")
            .often(4, 8)
            .answers("a fresh sandbox", |reply, _| assert_eq!(reply.content(), "1")),
    ]
}

/// Into the log.
pub(super) fn logs() -> Vec<Attack> {
    vec![
        attack("forge-log", "forge_log", "writes lines that would pass for the host's own")
            .answers("lines escaped", |reply, _| assert_eq!(reply.content(), "logged"))
            .logs(|log| {
                for line in log.lines().filter(|line| line.contains("FORGED")) {
                    assert!(line.contains("caisson::guest") && line.contains("request_id"), "{line}");
                }
                for invisible in
                    ['\u{1b}', '\u{9b}', '\u{7}', '\u{8}', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{202e}']
                {
                    let line = log.lines().find(|line| line.contains("caisson::guest") && line.contains(invisible));
                    assert_eq!(line, None, "{invisible:?}");
                }
            }),
        attack("line-flood", "line_flood", "logs a million lines of a byte each")
            .limit("fuel", 5_000_000_000)
            .answers("log limits", |reply, _| assert_eq!(reply.content(), "logged"))
            .logs(|log| {
                let lines = log.lines().filter(|line| line.contains("caisson::guest")).count();
                assert!(lines <= 4 * 1_100, "{lines} lines of four guests");
            }),
    ]
}

/// Into what they say of themselves.
pub(super) fn descriptions() -> Vec<Attack> {
    vec![
        attack("fickle-describe", "fickle_describe", "describes itself anew, and dials what it asks for then")
            .terms(|push, _: &Beside| push.grant_requested())
            .fails(502, "egress_denied"),
        attack("metadata-host", "metadata_host", "asks to be granted this machine, among innocent hosts")
            .terms(|push, _: &Beside| push.grant_requested())
            .fails(502, "egress_denied"),
        attack("many-models", "many_models", "says that it has ten thousand models").refused("describe_failed"),
        attack("greedy-host", "greedy_host", "asks for every host there is").refused("invalid_configuration"),
        attack("disguised-host", "disguised_host", "asks for a host that reads like another")
            .refused("invalid_configuration"),
        attack("framing-slot", "framing_slot", "wants its key in the header that frames the body")
            .refused("invalid_configuration"),
        attack("host-slot", "host_slot", "wants its key in the host header").refused("invalid_configuration"),
        attack("disguised-name", "disguised_name", "has names that would steer a terminal")
            .answers("names are data", |reply, _| assert_eq!(reply.content(), "behaved")),
    ]
}
