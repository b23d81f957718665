//! What the adapter says of itself.

use caisson_sdk::prelude::*;
use openai::OpenAi;

#[test]
fn both_credentials_are_optional_and_go_to_openai() {
    let info = OpenAi::describe();
    assert_eq!(info.hosts, ["https://api.openai.com"]);
    let slots: Vec<_> =
        info.credentials.iter().map(|slot| (slot.name.as_str(), slot.host.as_str(), slot.required)).collect();
    assert_eq!(
        slots,
        [("api-key", "https://api.openai.com", false), ("azure-api-key", "https://api.openai.com", false)]
    );
    assert!(matches!(info.credentials[0].placement, Placement::Bearer));
    assert!(matches!(&info.credentials[1].placement, Placement::Header(name) if name == "api-key"));
}

#[test]
fn the_provider_decides_which_models_exist() {
    assert!(OpenAi::describe().models.is_empty());
}

#[test]
fn every_setting_is_optional() {
    let info = OpenAi::describe();
    let names: Vec<_> = info.settings.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(names, ["api-version", "organization", "project", "embedding-encoding", "max-retries"]);
    assert!(info.settings.iter().all(|setting| !setting.required));
}
