//! What is being served at one moment: an immutable table from names to revisions.
//!
//! A request takes the snapshot once and keeps its revision to the end, so an activation in between changes nothing for it. No
//! lock is held while a guest runs (invariant 7).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::artifacts::Digest;
use super::spec::Spec;
use crate::chat::{AdapterInfo, ModelInfo};
use crate::egress::{Egress, Network};
use crate::sandbox::{Adapter, Language, Limits};

/// How many names a message lists.
const MAX_NAMED: usize = 20;

/// A compiled component and what it says it is. Shared by all revisions with the same artifact.
pub struct Component {
    /// The artifact's name.
    pub digest: Digest,
    /// Ready to be entered.
    pub adapter: Adapter,
    /// Its `describe`.
    pub info: AdapterInfo,
    /// What it was made from.
    pub language: Language,
}

/// One revision, ready to serve.
pub struct Revision {
    /// The deployment's name.
    pub deployment: Arc<str>,
    /// Counts up from 1 in each deployment.
    pub number: u32,
    /// When it was made, in Unix seconds.
    pub created: u64,
    /// What runs.
    pub component: Arc<Component>,
    /// Its way out.
    pub egress: Arc<Egress>,
    /// Its caps.
    pub limits: Limits,
    /// Its settings, defaults filled in.
    pub settings: Vec<(String, String)>,
    /// Where the provider's API lives, if not where the adapter thinks.
    pub base_url: Option<String>,
    /// Client headers passed on, in lower case.
    pub pass_headers: Vec<String>,
}

/// All that is being served.
#[derive(Clone, Default)]
pub struct Snapshot {
    pub(super) revisions: BTreeMap<Arc<str>, Arc<Revision>>,
    /// Deployments whose active revision can't be loaded, and why.
    pub(super) broken: BTreeMap<String, String>,
    pub(super) aliases: Arc<BTreeMap<String, String>>,
}

/// The snapshot in force. Clones share it.
#[derive(Clone, Default)]
pub struct Published(Arc<RwLock<Arc<Snapshot>>>);

/// A model name that nothing serves.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// No deployment of that name, no alias.
    #[error("the model `{model}` does not exist; {available}")]
    Deployment {
        /// As the client sent it.
        model: String,
        /// What does exist, in a sentence.
        available: String,
    },
    /// The deployment exists and can't be loaded. Why is for its operator.
    #[error("the deployment `{deployment}` can't be served: `caisson list` tells its operator why")]
    Broken {
        /// The deployment.
        deployment: String,
    },
    /// The deployment doesn't serve that model.
    #[error("the deployment `{deployment}` has no model `{model}`; it has {available}")]
    Model {
        /// The deployment.
        deployment: String,
        /// The model, without its prefix.
        model: String,
        /// Those it has.
        available: String,
    },
}

impl Published {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(snapshot))))
    }

    /// What is being served now.
    pub fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Snapshot::clone(&current);
        change(&mut next);
        *current = Arc::new(next);
    }
}

impl Snapshot {
    /// One revision, and nothing else.
    pub(crate) fn of(revision: Revision) -> Self {
        let revisions = BTreeMap::from([(Arc::clone(&revision.deployment), Arc::new(revision))]);
        Self { revisions, ..Self::default() }
    }

    /// The revision that serves `name` (`deployment/model`, or an alias) and the model's name without its prefix.
    pub fn resolve(&self, name: &str) -> Result<(Arc<Revision>, String), NotFound> {
        let full = self.aliases.get(name).map_or(name, String::as_str);
        let named = full.split_once('/');
        let found = named.and_then(|(deployment, model)| Some((self.revisions.get(deployment)?, model)));
        let Some((revision, model)) = found.filter(|(_, model)| !model.is_empty()) else {
            return Err(match named.filter(|(deployment, _)| self.broken.contains_key(*deployment)) {
                Some((deployment, _)) => NotFound::Broken { deployment: deployment.to_owned() },
                None => NotFound::Deployment { model: name.to_owned(), available: self.available() },
            });
        };
        if revision.serves(model) {
            return Ok((Arc::clone(revision), model.to_owned()));
        }
        let models = revision.component.info.models.iter().map(|model| model.id.as_str());
        let models: Vec<&str> = models.take(MAX_NAMED).collect();
        Err(NotFound::Model {
            deployment: revision.deployment.to_string(),
            model: model.to_owned(),
            available: models.join(", "),
        })
    }

    /// The active revision of a deployment.
    pub fn active(&self, deployment: &str) -> Option<&Arc<Revision>> {
        self.revisions.get(deployment)
    }

    /// Every model known by name, with the revision that serves it; aliases are not among them.
    pub fn models(&self) -> impl Iterator<Item = (&Arc<Revision>, &ModelInfo)> {
        self.revisions.values().flat_map(|revision| revision.listed_models().map(move |model| (revision, model)))
    }

    /// Aliases and what they stand for.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter().map(|(alias, name)| (alias.as_str(), name.as_str()))
    }

    fn available(&self) -> String {
        if self.revisions.is_empty() {
            return "no adapter is deployed yet (`caisson push` deploys one)".into();
        }
        let names = self.revisions.values().map(|revision| match revision.listed_models().next() {
            Some(model) => format!("{}/{}", revision.deployment, model.id),
            None => format!("{}/MODEL", revision.deployment),
        });
        let names: Vec<String> = names.chain(self.aliases.keys().cloned()).take(MAX_NAMED).collect();
        format!("names are `deployment/model`, as in: {}", names.join(", "))
    }
}

impl Revision {
    /// What `spec` makes of a component, with a way out of its own.
    pub(crate) fn new(
        deployment: &str,
        number: u32,
        created: u64,
        spec: &Spec,
        component: &Arc<Component>,
        network: &Network,
    ) -> Self {
        let info = &component.info;
        let egress = Egress::new(network, spec.grants.clone(), spec.allow_private, spec.credentials(info));
        Self {
            deployment: deployment.into(),
            number,
            created,
            component: Arc::clone(component),
            egress: Arc::new(egress),
            limits: spec.limits.clone(),
            settings: spec.effective_settings(info),
            base_url: spec.base_url(),
            pass_headers: spec.pass_headers.clone(),
        }
    }

    /// Whether the adapter's list admits a model: by its name, by a pattern, or because the list is empty.
    fn serves(&self, model: &str) -> bool {
        let models = &self.component.info.models;
        models.is_empty()
            || models.iter().any(|known| match known.id.strip_suffix('*') {
                Some(prefix) => model.starts_with(prefix),
                None => known.id == model,
            })
    }

    fn listed_models(&self) -> impl Iterator<Item = &ModelInfo> {
        self.component.info.models.iter().filter(|model| !model.id.ends_with('*'))
    }
}
