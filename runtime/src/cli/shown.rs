//! How the control plane's answers are printed for people.

use serde_json::Value;

use super::Output;
use crate::telemetry::misleads;

/// A revision: who it is, what it wants, what it still lacks.
pub(super) fn made(made: &Value, output: Output) -> anyhow::Result<()> {
    if output.json {
        return json(made);
    }
    let state = if made["active"] == true { "active" } else { "stored, not active" };
    println!("{}: revision {} is {state}", text(&made["name"]), made["revision"]);
    println!(
        "  adapter     {} {} — {}",
        text(&made["adapter"]["name"]),
        text(&made["adapter"]["version"]),
        text(&made["adapter"]["description"])
    );
    println!("  artifact    {}", text(&made["digest"]));
    for host in items(&made["wants"]["hosts"]) {
        println!(
            "  host        {}  {}",
            text(&host["grant"]),
            if host["granted"] == true { "granted" } else { "not granted" }
        );
    }
    for slot in items(&made["wants"]["credentials"]) {
        let state = match (slot["given"] == true, slot["required"] == true) {
            (true, _) => "given",
            (false, true) => "missing",
            (false, false) => "not given (optional)",
        };
        println!("  credential  {} for {}  {state}", text(&slot["slot"]), text(&slot["host"]));
    }
    for setting in items(&made["wants"]["settings"]) {
        let value = setting["value"].as_str().or(setting["default"].as_str()).map(printable);
        println!(
            "  setting     {} = {}  {}",
            text(&setting["name"]),
            value.unwrap_or_else(|| "(none)".to_owned()),
            text(&setting["description"])
        );
    }
    let models: Vec<String> = items(&made["models"]).map(|model| text(&model["id"])).collect();
    println!(
        "  models      {}",
        if models.is_empty() { "any the provider knows".to_owned() } else { models.join(", ") }
    );
    check(&made["check"]);
    let missing: Vec<&str> = items(&made["missing"]).filter_map(Value::as_str).collect();
    if !missing.is_empty() {
        println!("still missing:");
        missing.iter().for_each(|line| println!("  - {}", printable(line)));
    }
    if made["active"] != true {
        let force = if has_failed(made) { " --force" } else { "" };
        println!(
            "what was served before still is; `caisson activate {} {}{force}` serves this one all the same",
            text(&made["name"]),
            made["revision"]
        );
    }
    Ok(())
}

/// Whether a revision failed its check.
pub(super) fn has_failed(made: &Value) -> bool {
    made["check"]["failed"].as_u64().is_some_and(|failed| failed > 0)
}

/// What a revision's check said.
fn check(check: &Value) {
    let Some(suite) = check["suite"].as_str() else { return };
    println!(
        "  check       {} passed, {} failed, {} skipped  (generic suite {})",
        check["passed"],
        check["failed"],
        check["skipped"],
        printable(suite)
    );
    for failure in items(&check["failures"]) {
        println!("    failed    {}: {}", text(&failure["case"]), text(&failure["reason"]));
    }
}

/// Deployments, a line each.
pub(super) fn deployments(list: &Value, output: Output) -> anyhow::Result<()> {
    if output.json {
        return json(list);
    }
    if items(&list["adapters"]).next().is_none() {
        println!("nothing is deployed yet; `caisson push FILE --name NAME` deploys an adapter");
    }
    for deployment in items(&list["adapters"]) {
        let adapter = &deployment["adapter"];
        let state = match (deployment["active"].as_u64(), deployment["error"].as_str()) {
            (Some(revision), _) => {
                let failed = if has_failed(deployment) { "  (served though its check failed)" } else { "" };
                format!("revision {revision}  {} {}{failed}", text(&adapter["name"]), text(&adapter["version"]))
            }
            (None, Some(error)) => format!("can't be loaded: {error}"),
            (None, None) => "no active revision".to_owned(),
        };
        println!("{:<20}  {state}", text(&deployment["name"]));
    }
    Ok(())
}

/// Revisions, a line each.
pub(super) fn revisions(list: &Value) {
    println!("revisions:");
    for revision in items(&list["revisions"]) {
        let mark = if revision["active"] == true { "*" } else { " " };
        let state = match (&revision["check"], has_failed(revision)) {
            (Value::Null, _) => "not checked",
            (_, true) => "check failed",
            (_, false) => "check passed",
        };
        println!("  {mark} {:<4}  {}  {state}", revision["revision"].to_string(), text(&revision["digest"]));
    }
}

/// Callers' keys, a line each.
pub(super) fn keys(list: &Value, output: Output) -> anyhow::Result<()> {
    if output.json {
        return json(list);
    }
    if items(&list["keys"]).next().is_none() {
        println!("no caller key exists; the data plane serves this machine only");
    }
    for key in items(&list["keys"]) {
        let state = if key["revoked"].is_null() { "valid" } else { "revoked" };
        println!("{}  {state:<8} {}", text(&key["id"]), text(&key["label"]));
    }
    Ok(())
}

/// JSON, indented.
pub(super) fn json(value: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// A string for a terminal. Much of it is an adapter's own word, which must not move the cursor or set colours.
fn text(value: &Value) -> String {
    printable(value.as_str().unwrap_or_default())
}

/// The text with what would mislead its reader escaped.
pub(super) fn printable(text: &str) -> String {
    let escaped = |c: char| if misleads(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}
