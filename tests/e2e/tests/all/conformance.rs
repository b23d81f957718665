//! What an author sees of the conformance kit (cases that pass, fail or have mistakes, recorded ones), and an operator of the check that
//! each upload goes through.

use std::path::{Path, PathBuf};

use caisson_e2e::{ANTHROPIC, Caisson, CommandLine, adapter, guest, root, say};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with an adapter in it, and a folder of cases.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn with(adapter: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cases")).unwrap();
        std::fs::write(folder.path().join("adapter.wasm"), adapter).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A case of the Anthropic suite, with something changed in it.
    fn changed_case(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(root().join("tests/conformance/anthropic/plain.toml")).unwrap();
        assert!(text.contains(from), "the case has no `{from}`");
        std::fs::write(self.path("cases/plain.toml"), text.replacen(from, to, 1)).unwrap();
    }

    fn check(&self) -> CommandLine {
        let (file, cases) = (self.path("adapter.wasm"), self.path("cases"));
        CommandLine::new(&["check", text(&file), "--cases", text(&cases)])
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn results(checked: &Value) -> Vec<(&str, &str, &str)> {
    let cases = checked["cases"].as_array().unwrap();
    cases
        .iter()
        .map(|case| (case["suite"].as_str().unwrap(), case["case"].as_str().unwrap(), case["result"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn every_adapter_passes_the_generic_suite_and_those_that_it_names() {
    for (name, suites) in [
        ("anthropic", &["generic", "anthropic"][..]),
        ("openai", &["generic"]),
        ("gemini", &["generic"]),
        ("echo", &["generic"]),
    ] {
        let desk = Desk::with(&adapter(name));
        let checked = CommandLine::new(&["check", text(&desk.path("adapter.wasm"))]).json().await;
        let results = results(&checked);
        assert!(results.iter().all(|(.., result)| *result != "failed"), "{name}: {checked}");
        for suite in suites {
            assert!(
                results.iter().any(|(of, _, result)| of == suite && *result == "passed"),
                "{name}, {suite}: {checked}"
            );
        }
    }
}

#[tokio::test]
async fn a_case_that_fails_shows_what_was_expected_beside_what_came() {
    let desk = Desk::with(&adapter("anthropic"));
    desk.changed_case(
        "\"content\": \"Grüß Gott, harbour!\", \"refusal\"",
        "\"content\": \"Grüß Gott, harbor!\", \"refusal\"",
    );
    let ran = desk.check().ran().await;
    assert!(!ran.success && ran.stderr.contains("1 of"), "{}", ran.stderr);
    assert!(ran.stdout.contains("cases/plain failed"), "{}", ran.stdout);
    let shown: Vec<&str> = ran.stdout.lines().skip_while(|line| !line.contains("choices[0].message.content")).collect();
    // Cut to what differs: how the text begins is not repeated in full.
    let sides: Vec<&str> = shown[1].split_whitespace().collect();
    assert_eq!(
        (sides[0], sides.contains(&"harbor!\""), sides.contains(&"harbour!\"")),
        ("expected", true, true),
        "{}",
        ran.stdout
    );
    assert!(!shown[1].contains("Grüß"), "{}", ran.stdout);
}

#[tokio::test]
async fn what_the_upstream_is_asked_is_compared_as_well_and_the_credential_gets_there() {
    for (from, to, place) in [
        ("\"max_tokens\": 100,\n  \"system\"", "\"max_tokens\": 101,\n  \"system\"", "request 1, body.max_tokens"),
        ("secret-of-api-key", "another-secret", "request 1, header x-api-key"),
        ("path = \"/v1/messages\"", "path = \"/v1/message\"", "request 1, path"),
        ("\"authorization\" = false", "\"authorization\" = true", "request 1, header authorization"),
    ] {
        let desk = Desk::with(&adapter("anthropic"));
        desk.changed_case(from, to);
        let ran = desk.check().ran().await;
        assert!(!ran.success && ran.stdout.contains(place), "{place}: {}", ran.stdout);
    }
}

#[tokio::test]
async fn a_mistake_in_a_case_is_told_with_its_line_and_what_was_expected() {
    for (from, to, line, said) in [
        ("[exchange.reply]\n", "[exchange.reply]\nstatsu = 200\n", 33, "unknown field `statsu`, expected one of"),
        (
            "{\"role\": \"system\", \"content\": \"Be brief.\"},",
            "{\"role\": \"system\", \"content\": \"Be brief.\"}",
            10,
            "JSON was expected",
        ),
        ("method = \"POST\"", "method = 3", 17, "expected a string"),
        ("shows = ", "shows = 7 # ", 1, "expected a string"),
    ] {
        let desk = Desk::with(&adapter("anthropic"));
        desk.changed_case(from, to);
        let said_of_it = desk.check().refused().await;
        let place = format!("plain.toml:{line}: ");
        assert!(said_of_it.contains(&place) && said_of_it.contains(said), "{said_of_it}");
    }
}

#[tokio::test]
async fn an_upload_that_fails_its_check_is_kept_and_not_served_until_somebody_insists() {
    let caisson = Caisson::start().await;
    caisson.push("it", adapter("echo")).unless_it_fails().await;
    let made = caisson.push("it", guest("trap")).unless_it_fails().await;
    assert_eq!((made.revision(), made.is_active()), (2, false));
    let check = &made.0["check"];
    assert!(check["failed"].as_u64().unwrap() > 0 && check["suite"].is_string(), "{check}");
    assert!(check["failures"][0]["reason"].as_str().unwrap().contains("adapter_trap"), "{check}");
    assert!(caisson.chat(say("it/echo", "ahoy")).await.content().contains("ahoy"));

    // What came of it is there as long as the revision.
    let caisson = caisson.restarted().await;
    let printed = caisson.run(&["show", "it"]).printed().await;
    assert!(
        printed.contains("* 1") && printed.contains("check passed") && printed.contains("check failed"),
        "{printed}"
    );
    let said = caisson.run(&["activate", "it", "2"]).refused().await;
    assert!(said.contains("failed its check") && said.contains("--force"), "{said}");
    caisson.run(&["activate", "it", "2", "--force"]).printed().await;
    caisson.chat(say("it/x", "x")).await.expect_error(502, "adapter_trap");
    assert!(caisson.run(&["list"]).printed().await.contains("served though its check failed"));
}

#[tokio::test]
async fn a_push_from_the_command_line_says_what_failed_and_fails_itself() {
    let caisson = Caisson::start().await;
    let desk = Desk::with(&guest("trap"));
    let file = desk.path("adapter.wasm");
    let ran = caisson.run(&["push", text(&file), "--name", "it"]).ran().await;
    assert!(!ran.success && ran.stderr.contains("--force serves it"), "{}", ran.stderr);
    assert!(ran.stdout.contains("stored, not active") && ran.stdout.contains("adapter_trap"), "{}", ran.stdout);
    caisson.chat(say("it/x", "x")).await.expect_error(404, "model_not_found");
    // A change of what it is granted doesn't get it served either.
    assert_eq!(caisson.run(&["set", "it", "--fuel", "1000000"]).json().await["active"], false);
    let made = caisson.run(&["push", text(&file), "--name", "it", "--force"]).json().await;
    assert_eq!((&made["active"], made["check"]["failed"].as_u64().unwrap() > 0), (&json!(true), true));
}

#[tokio::test]
async fn the_check_of_a_guest_that_computes_without_end_is_over_at_the_first_case() {
    let caisson = Caisson::start().await;
    let made = caisson.push("it", guest("spin")).limit("timeout-ms", 300).unless_it_fails().await;
    let check = &made.0["check"];
    assert_eq!((made.is_active(), &check["failed"]), (false, &json!(1)), "{check}");
    let played: u64 = ["passed", "failed", "skipped"].iter().map(|result| check[result].as_u64().unwrap()).sum();
    assert!(played < 5, "{check}");
}

#[tokio::test]
async fn no_credential_and_no_setting_of_the_operators_reaches_an_upload_under_check() {
    let caisson = Caisson::start().await;
    // Anything but the fake's reply is an error to this adapter, so its check passes without a single connection made.
    let fake = ANTHROPIC.fake().await;
    let made = caisson.push("it", adapter("anthropic")).upstream(&fake).unless_it_fails().await;
    assert_eq!((made.is_active(), &made.0["check"]["failed"]), (true, &json!(0)), "{}", made.0);
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn a_recorded_exchange_is_a_case_that_passes_and_holds_no_secret() {
    let fake = ANTHROPIC.fake().await;
    for stream in [false, true] {
        let desk = Desk::with(&adapter("anthropic"));
        let (request, case) = (desk.path("request.json"), desk.path("cases/recorded.toml"));
        let body = json!({
            "model": "claude-sonnet-4-5",
            "stream": stream,
            "stream_options": {"include_usage": true},
            "messages": [{"role": "user", "content": "Grüße 🧭"}],
        });
        std::fs::write(&request, body.to_string()).unwrap();
        let file = desk.path("adapter.wasm");
        let base = format!("base-url={}", fake.base_url());
        let command = CommandLine::new(&[
            "record",
            text(&file),
            "--request",
            text(&request),
            "-o",
            text(&case),
            "--set",
            &base,
            "--grant-requested",
            "--credential",
            "api-key=env:RECORDED_KEY",
        ]);
        let printed = command.env("RECORDED_KEY", fake.key()).printed().await;
        assert!(printed.contains("is written, and passes"), "{printed}");

        let written = std::fs::read_to_string(&case).unwrap();
        assert!(!written.contains(fake.key()), "{written}");
        assert!(written.contains("\"x-api-key\" = \"secret-of-api-key\"") && written.contains("Grüße"), "{written}");
        // A stream came in pieces, and is written in pieces.
        assert_eq!(written.contains("body = [\n"), stream, "{written}");
        let checked = desk.check().json().await;
        assert!(results(&checked).contains(&("cases", "recorded", "passed")), "{checked}");

        // It is a test: what the provider said otherwise would be seen.
        std::fs::write(&case, written.replacen("\"finish_reason\"", "\"finish_raisin\"", 1)).unwrap();
        assert!(!desk.check().ran().await.success);
    }
}

#[tokio::test]
async fn what_gives_no_answer_of_the_adapters_is_not_recorded() {
    let desk = Desk::with(&adapter("anthropic"));
    let (request, case) = (desk.path("request.json"), desk.path("cases/recorded.toml"));
    std::fs::write(&request, say("claude-sonnet-4-5", "x").to_string()).unwrap();
    let file = desk.path("adapter.wasm");
    // Nothing is granted.
    let command = CommandLine::new(&["record", text(&file), "--request", text(&request), "-o", text(&case)]);
    let said = command.refused().await;
    assert!(said.contains("there is nothing to record") && said.contains("--allow-host"), "{said}");
    assert!(!case.exists());
}
