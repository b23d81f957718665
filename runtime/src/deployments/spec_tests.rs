//! Tests of what an adapter gets, and above all of what it doesn't get, from a change.

#![allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]

use super::*;
use crate::sandbox::Language;

fn slot(host: &str) -> chat::CredentialSlot {
    chat::CredentialSlot {
        name: "api-key".into(),
        host: host.into(),
        placement: chat::Placement::Bearer,
        description: String::new(),
        required: true,
    }
}

fn adapter(host: &str) -> AdapterInfo {
    AdapterInfo {
        name: "a".into(),
        version: "1".into(),
        description: String::new(),
        homepage: None,
        models: vec![],
        parameters: vec![],
        hosts: vec![host.into()],
        credentials: vec![slot(host)],
        settings: vec![chat::Setting {
            name: "depth".into(),
            description: String::new(),
            default_value: Some("3".into()),
            required: false,
        }],
        suites: vec![],
    }
}

fn change(json: &str) -> Change {
    serde_json::from_str(json).unwrap()
}

fn make(json: &str, spec: Spec, info: &AdapterInfo) -> Result<Spec, ChangeError> {
    change(json).apply(spec, info, &Limits::default())
}

fn hosts_of(spec: &Spec, info: &AdapterInfo) -> Vec<String> {
    spec.credentials(info).iter().map(|credential| credential.host.to_string()).collect()
}

#[test]
fn nothing_is_granted_unasked() {
    let info = adapter("https://api.example.com");
    let spec = make("{}", Spec::default(), &info).unwrap();
    assert!(spec.grants.is_empty());
    let missing = spec.wants(&info).unwrap().missing();
    assert_eq!(missing.len(), 2, "{missing:?}");
    assert!(missing[0].contains("--allow-host https://api.example.com"), "{missing:?}");
    assert!(missing[1].contains("--credential api-key=env:VAR"), "{missing:?}");
}

#[test]
fn grant_requested_grants_just_what_was_listed() {
    let info = adapter("https://api.example.com");
    let spec =
        make(r#"{"grant-requested":true,"credentials":{"api-key":"sk-12345678"}}"#, Spec::default(), &info).unwrap();
    assert_eq!(spec.grants, ["https://api.example.com".parse().unwrap()]);
    assert!(spec.wants(&info).unwrap().missing().is_empty());
}

#[test]
fn a_base_url_stands_in_for_the_first_host_and_takes_its_credential_along() {
    let info = adapter("https://api.example.com");
    let json = r#"{"grant-requested":true,"settings":{"base-url":"http://127.0.0.1:9/v1/"},"credentials":{"api-key":"sk-12345678"}}"#;
    let spec = make(json, Spec::default(), &info).unwrap();
    assert_eq!(spec.grants, ["http://127.0.0.1:9".parse().unwrap()]);
    assert_eq!(hosts_of(&spec, &info), ["http://127.0.0.1:9"]);
    assert_eq!(spec.base_url().as_deref(), Some("http://127.0.0.1:9/v1"));
}

#[test]
fn a_new_version_that_asks_for_another_host_does_not_inherit_the_credential() {
    let honest = adapter("https://api.example.com");
    let spec = make(r#"{"credentials":{"api-key":"sk-12345678"}}"#, Spec::default(), &honest).unwrap();
    assert_eq!(hosts_of(&spec, &honest), ["https://api.example.com"]);
    let greedy = adapter("https://evil.example.net");
    let spec = make(r#"{"grant-requested":true}"#, spec, &greedy).unwrap();
    assert!(hosts_of(&spec, &greedy).is_empty());
    assert!(spec.wants(&greedy).unwrap().missing().iter().any(|text| text.contains("credential api-key")));
}

#[test]
fn a_changed_base_url_does_not_carry_the_credential_to_the_new_host_by_itself() {
    let info = adapter("https://api.example.com");
    let spec = make(r#"{"credentials":{"api-key":"sk-12345678"}}"#, Spec::default(), &info).unwrap();
    let spec = make(r#"{"settings":{"base-url":"https://other.example.com"}}"#, spec, &info).unwrap();
    assert!(hosts_of(&spec, &info).is_empty());
}

#[test]
fn defaults_fill_in_for_settings_not_given() {
    let info = adapter("https://api.example.com");
    assert_eq!(Spec::default().effective_settings(&info), [("depth".to_owned(), "3".to_owned())]);
    let spec = make(r#"{"settings":{"depth":"5"}}"#, Spec::default(), &info).unwrap();
    assert_eq!(spec.effective_settings(&info), [("depth".to_owned(), "5".to_owned())]);
}

#[test]
fn a_spec_as_json_holds_no_secret() {
    let info = adapter("https://api.example.com");
    let spec = make(r#"{"credentials":{"api-key":"sk-12345678"}}"#, Spec::default(), &info).unwrap();
    assert!(!serde_json::to_string(&spec).unwrap().contains("sk-12345678"));
    assert!(!format!("{spec:?}").contains("sk-12345678"));
}

#[test]
fn what_makes_no_spec_is_refused_with_its_field() {
    for (json, expected) in [
        (r#"{"grants":["api.example.com"]}"#, "must begin with https://"),
        (r#"{"credentials":{"key":"sk-12345678"}}"#, "no credential slot `key`; it has: api-key"),
        (r#"{"credentials":{"api-key":"short"}}"#, "credential `api-key`"),
        (r#"{"settings":{"dept":"1"}}"#, "no setting `dept`; it has: depth, base-url"),
        (r#"{"settings":{"base-url":"ftp://x"}}"#, "base-url"),
        (r#"{"limits":{"fuel":0}}"#, "limits"),
        (r#"{"pass-headers":["Authorization"]}"#, "`authorization` is not passed on"),
    ] {
        let error = make(json, Spec::default(), &adapter("https://api.example.com")).unwrap_err().to_string();
        assert!(error.contains(expected), "{json}: {error}");
    }
}

#[test]
fn what_is_requested_may_not_be_an_address_that_the_operator_did_not_write() {
    for host in ["http://127.0.0.1:8787", "http://169.254.169.254", "http://localhost:8787"] {
        let spec = make(r#"{"grant-requested":true}"#, Spec::default(), &adapter(host)).unwrap();
        assert!(spec.grants.is_empty(), "{host}");
        // What doesn't help isn't advised.
        let missing = spec.wants(&adapter(host)).unwrap().missing();
        assert_eq!(missing[0], format!("host {host}: grant it with --allow-host {host}"));
    }
}

#[test]
fn a_slot_may_not_put_its_value_where_a_message_is_framed() {
    for name in ["host", "Content-Length", "transfer-encoding", "range", "a b"] {
        let mut info = adapter("https://api.example.com");
        info.credentials[0].placement = chat::Placement::Header(name.into());
        let error = make(r#"{"credentials":{"api-key":"sk-12345678"}}"#, Spec::default(), &info).unwrap_err();
        assert!(matches!(error, ChangeError::PlacementName { .. }), "{name}: {error}");
    }
}

#[test]
fn an_optional_credential_that_was_given_for_another_place_is_missing() {
    let mut info = adapter("https://api.example.com");
    info.credentials[0].required = false;
    let spec = change(r#"{"grant-requested":true,"credentials":{"api-key":"sk-12345678"}}"#);
    let spec = spec.apply(Spec::default(), &info, &Limits::default()).unwrap();
    assert!(spec.wants(&info).unwrap().missing().is_empty());
    let moved = change(r#"{"grant-requested":true,"settings":{"base-url":"https://other.example.com"}}"#);
    let missing = moved.apply(spec, &info, &Limits::default()).unwrap().wants(&info).unwrap().missing();
    assert!(missing.len() == 1 && missing[0].contains("credential api-key"), "{missing:?}");
}

#[test]
fn limits_that_nobody_chose_are_those_of_the_language() {
    let (info, interpreted) = (adapter("https://api.example.com"), Language::Interpreted.limits());
    let chosen = make(r#"{"limits":{"fuel":7}}"#, Spec::default(), &info).unwrap();
    let pushed = change("{}").apply(chosen, &info, &interpreted).unwrap();
    assert_eq!(pushed.limits, Limits { fuel: 7, ..interpreted });
    let back = make("{}", pushed, &info).unwrap();
    assert_eq!(back.limits, Limits { fuel: 7, ..Limits::default() });
}

#[test]
fn a_default_that_was_named_stays_when_the_language_changes() {
    let (info, interpreted) = (adapter("https://api.example.com"), Language::Interpreted.limits());
    let fuel = Limits::default().fuel;
    let named = make(&format!(r#"{{"limits":{{"fuel":{fuel}}}}}"#), Spec::default(), &info).unwrap();
    let kept: Spec = serde_json::from_str(&serde_json::to_string(&named).unwrap()).unwrap();
    assert_eq!(change("{}").apply(kept, &info, &interpreted).unwrap().limits.fuel, fuel);
}

#[test]
fn what_differs_in_a_spec_of_before_counts_as_chosen() {
    let (info, interpreted) = (adapter("https://api.example.com"), Language::Interpreted.limits());
    let before: Spec = serde_json::from_str(r#"{"limits":{"timeout-ms":9}}"#).unwrap();
    let next = change("{}").apply(before, &info, &interpreted).unwrap();
    assert_eq!(next.limits, Limits { timeout_ms: 9, ..interpreted });
}
