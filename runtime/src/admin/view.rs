//! What the control plane shows: the JSON shapes of deployments, revisions and keys. No shape has a place for a secret.

use serde::Serialize;

use crate::chat::ModelInfo;
use crate::deployments::{CallerKey, Checked, Deployment, Listed, Made, Revision, Spec, Wants};

#[derive(Serialize)]
pub(super) struct ListView {
    pub(super) adapters: Vec<DeploymentView>,
}

/// A deployment in a list.
#[derive(Serialize)]
pub(super) struct DeploymentView {
    name: String,
    active: Option<u32>,
    digest: Option<String>,
    adapter: Option<AdapterView>,
    created: Option<u64>,
    check: Option<Checked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct AdapterView {
    name: String,
    version: String,
    description: String,
    homepage: Option<String>,
    parameters: Vec<String>,
    suites: Vec<String>,
}

#[derive(Serialize)]
struct ModelView {
    id: String,
    capabilities: Vec<String>,
    context_tokens: Option<u32>,
    output_tokens: Option<u32>,
}

/// A revision with all that is known of it: the answer of a push.
#[derive(Serialize)]
pub(super) struct MadeView {
    name: String,
    revision: u32,
    active: bool,
    digest: String,
    created: u64,
    adapter: AdapterView,
    models: Vec<ModelView>,
    config: Spec,
    wants: Wants,
    missing: Vec<String>,
    check: Option<Checked>,
}

/// A revision in a list.
#[derive(Serialize)]
pub(super) struct RevisionView {
    revision: u32,
    active: bool,
    digest: String,
    created: u64,
    config: Spec,
    check: Option<Checked>,
}

/// A new key: the one time that the key itself is shown.
#[derive(Serialize)]
pub(super) struct KeyView {
    #[serde(flatten)]
    pub(super) listed: CallerKey,
    pub(super) key: String,
}

impl DeploymentView {
    pub(super) fn of(deployment: &Deployment) -> Self {
        let active = deployment.active.as_deref();
        let adapter = |revision: &Revision| AdapterView::of(&revision.component.info);
        Self {
            name: deployment.name.clone(),
            active: active.map(|revision| revision.number),
            digest: active.map(|revision| revision.component.digest.to_string()),
            adapter: active.map(adapter),
            created: active.map(|revision| revision.created),
            check: deployment.checked.clone(),
            error: deployment.broken.clone(),
        }
    }
}

impl AdapterView {
    fn of(info: &crate::chat::AdapterInfo) -> Self {
        Self {
            name: info.name.clone(),
            version: info.version.clone(),
            description: info.description.clone(),
            homepage: info.homepage.clone(),
            parameters: info.parameters.clone(),
            suites: info.suites.clone(),
        }
    }
}

impl ModelView {
    fn of(model: &ModelInfo) -> Self {
        let ModelInfo { id, capabilities, context_tokens, output_tokens, extra: _ } = model.clone();
        Self { id, capabilities, context_tokens, output_tokens }
    }
}

impl MadeView {
    pub(super) fn of(made: Made) -> Self {
        Self {
            revision: made.number,
            active: made.active,
            digest: made.component.digest.to_string(),
            created: made.created,
            adapter: AdapterView::of(&made.component.info),
            models: made.component.info.models.iter().map(ModelView::of).collect(),
            missing: made.wants.missing(),
            wants: made.wants,
            check: made.checked,
            config: made.spec,
            name: made.name,
        }
    }
}

impl RevisionView {
    pub(super) fn of(listed: Listed) -> Self {
        Self {
            revision: listed.number,
            active: listed.active,
            digest: listed.digest.to_string(),
            created: listed.created,
            config: listed.spec,
            check: listed.checked,
        }
    }
}
