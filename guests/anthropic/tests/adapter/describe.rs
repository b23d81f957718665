//! What the adapter tells the host of itself.

use anthropic::Anthropic;
use caisson_sdk::Adapter;
use caisson_sdk::api::Placement;

#[test]
fn it_asks_for_one_host_and_one_key() {
    let info = Anthropic::describe();
    assert_eq!(info.name, "anthropic");
    assert_eq!(info.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(info.hosts, ["https://api.anthropic.com"]);
    let [slot] = info.credentials.as_slice() else { panic!("{info:?}") };
    assert_eq!((slot.name.as_str(), slot.host.as_str()), ("api-key", "https://api.anthropic.com"));
    assert_eq!(slot.placement, Placement::Header("x-api-key".to_owned()));
    assert!(slot.required);
    assert_eq!(info.suites, ["anthropic"]);
}

#[test]
fn every_setting_has_a_default_or_is_optional() {
    let info = Anthropic::describe();
    let settings: Vec<_> = info
        .settings
        .iter()
        .map(|setting| (setting.name.as_str(), setting.default_value.as_deref(), setting.required))
        .collect();
    assert_eq!(
        settings,
        [
            ("anthropic-version", Some("2023-06-01"), false),
            ("anthropic-beta", None, false),
            ("default-max-tokens", Some("4096"), false),
            ("max-retries", Some("0"), false),
        ]
    );
}

#[test]
fn it_admits_claude_models_that_it_does_not_know() {
    let models = Anthropic::describe().models;
    assert_eq!(models.last().map(|model| model.id.as_str()), Some("claude-*"));
    assert!(models.iter().all(|model| model.id.starts_with("claude-")));
}
