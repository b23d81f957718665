//! What an operator grants a revision, and how it meets what the adapter wants.
//!
//! A [`Spec`] is immutable and belongs to one revision; a [`Change`] makes the next one from it. [`Wants`] is an adapter's
//! `describe` under a spec: what it asks for, what it has, what is missing. Nothing is granted unasked: without a change's word a
//! wanted host or credential stays wanted. Nothing here touches disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Component;
use crate::chat::{self, AdapterInfo};
use crate::egress::{
    Credential, Grant, GrantError, Placement, Secret, SecretError, SecretText, is_placeable, quotable,
};
use crate::sandbox::Limits;

/// The setting that points an adapter at another upstream. Every adapter has it.
pub const BASE_URL: &str = "base-url";

/// Headers of a client that are ours or its own secret, and never passed on.
const NEVER_PASSED: [&str; 6] =
    ["authorization", "cookie", "host", "proxy-authorization", "content-length", "transfer-encoding"];

/// What one revision may do and is told. Secrets are held apart from what is written as JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Spec {
    /// Permissions for egress.
    pub grants: Vec<Grant>,
    /// Whether granted names may resolve to private addresses.
    pub allow_private: bool,
    /// Whether its component may be for the world `adapter-async`, on WASI 0.3, which is experimental.
    pub allow_async: bool,
    /// Caps of one request: the chosen ones, and the defaults of the adapter's language for the rest.
    pub limits: Limits,
    /// The caps that an operator named, for this revision or one before it. None is a spec that was written before they were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chosen_limits: Option<LimitsChange>,
    /// Values of settings, by name.
    pub settings: BTreeMap<String, String>,
    /// Client headers passed on to the adapter, in lower case.
    pub pass_headers: Vec<String>,
    /// Where each given credential goes; its value is in `secrets` under the same slot.
    pub(super) bindings: BTreeMap<String, Binding>,
    #[serde(skip)]
    pub(super) secrets: BTreeMap<String, Secret>,
}

/// The place a credential was granted for. Kept with the revision: a later version of the adapter that asks for another place
/// doesn't get the credential by inheritance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Binding {
    host: Grant,
    placement: Placement,
}

/// What a push or a `PUT` changes. A field that is absent stays as it was.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Change {
    /// Replaces all grants.
    pub grants: Option<Vec<String>>,
    /// Adds the hosts that the adapter asks for.
    pub grant_requested: bool,
    /// See [`Spec::allow_private`].
    pub allow_private: Option<bool>,
    /// See [`Spec::allow_async`].
    pub allow_async: Option<bool>,
    /// Adds or replaces credentials, by slot; `null` takes one away.
    pub credentials: BTreeMap<String, Option<SecretText>>,
    /// Replaces the named caps.
    pub limits: Option<LimitsChange>,
    /// Adds or replaces settings; `null` takes one away.
    pub settings: BTreeMap<String, Option<String>>,
    /// Replaces the headers that are passed on.
    pub pass_headers: Option<Vec<String>>,
    /// Serves the revision also if its check failed.
    pub force: bool,
}

/// The caps that a change names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the field of `Limits` by the same name")]
pub struct LimitsChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_requests: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_bytes_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_bytes_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_ms: Option<u64>,
}

/// Why a change makes no spec. Each names the field and what would do.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A grant isn't one.
    #[error("grants: {0}")]
    Grant(#[from] GrantError),
    /// The adapter asks for what is no grant.
    #[error("the adapter asks for a host that is no grant: {0}")]
    WantedHost(#[source] GrantError),
    /// A slot that `describe` doesn't name.
    #[error("the adapter has no credential slot `{slot}`; it has: {known}")]
    UnknownSlot {
        /// The name given.
        slot: String,
        /// The names it has.
        known: String,
    },
    /// A value that can't be a credential.
    #[error("credential `{slot}`: {source}")]
    Secret {
        /// The slot.
        slot: String,
        /// What is wrong with the value.
        source: SecretError,
    },
    /// A slot whose placement this version can't do.
    #[error("credential `{slot}`: the adapter wants it signed by `{scheme}`, which this version doesn't know")]
    Scheme {
        /// The slot.
        slot: String,
        /// The scheme's name.
        scheme: String,
    },
    /// A slot that would put its value where no header or parameter can be.
    #[error("credential `{slot}`: `{name}` can't be the name of a header or query parameter")]
    PlacementName {
        /// The slot.
        slot: String,
        /// The name.
        name: String,
    },
    /// A setting that `describe` doesn't name.
    #[error("the adapter has no setting `{name}`; it has: {known}")]
    UnknownSetting {
        /// The name given.
        name: String,
        /// The names it has.
        known: String,
    },
    /// A base URL that isn't one.
    #[error("setting `{BASE_URL}`: `{}` is no http:// or https:// URL without user, query and fragment", quotable(.0))]
    BaseUrl(String),
    /// Caps that could never work.
    #[error("limits: {0}")]
    Limits(String),
    /// A header that is never passed on.
    #[error("pass-headers: `{0}` is not passed on to adapters")]
    PassHeader(String),
}

/// What an adapter asks for, beside what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wants {
    /// Egress.
    pub hosts: Vec<WantedHost>,
    /// Secrets.
    pub credentials: Vec<WantedCredential>,
    /// Values.
    pub settings: Vec<WantedSetting>,
}

/// A host the adapter wants to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WantedHost {
    /// As a grant.
    pub grant: Grant,
    /// Whether it's granted.
    pub granted: bool,
}

/// A credential the adapter needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WantedCredential {
    /// The slot's name.
    pub slot: String,
    /// What it is, in the adapter's words.
    pub description: String,
    /// Where the host sends it, and nowhere else.
    pub host: Grant,
    /// Where on the request.
    pub placement: Placement,
    /// Whether the adapter can't work without.
    pub required: bool,
    /// Whether it is given, for this place.
    pub given: bool,
    /// Whether it was given for another place, and so doesn't count any more.
    pub lapsed: bool,
}

/// A setting the adapter has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WantedSetting {
    /// Its name.
    pub name: String,
    /// What it does, in the adapter's words.
    pub description: String,
    /// The value it has when none is given.
    #[serde(rename = "default")]
    pub default_value: Option<String>,
    /// Whether the adapter can't work without.
    pub required: bool,
    /// The value given.
    pub value: Option<String>,
}

impl Change {
    /// The next spec after `spec` for an adapter that describes itself as `info`, with the limits of `defaults` where none was chosen.
    pub(super) fn apply(self, mut spec: Spec, info: &AdapterInfo, defaults: &Limits) -> Result<Spec, ChangeError> {
        for (name, value) in self.settings {
            check_setting(&name, value.as_deref(), info)?;
            match value {
                Some(value) => spec.settings.insert(name, value),
                None => spec.settings.remove(&name),
            };
        }
        if let Some(grants) = self.grants {
            spec.grants = grants.iter().map(|grant| grant.parse()).collect::<Result<_, _>>()?;
        }
        if self.grant_requested {
            let base = spec.settings.get(BASE_URL).and_then(|url| base_origin(url));
            for grant in spec.wanted_hosts(info)? {
                // Consent to an address is the operator's own word, not the adapter's: by --allow-host, or in the base URL.
                let own_word = !grant.names_an_address() || Some(&grant) == base.as_ref();
                if own_word && !spec.grants.contains(&grant) {
                    spec.grants.push(grant);
                }
            }
        }
        spec.allow_private = self.allow_private.unwrap_or(spec.allow_private);
        spec.allow_async = self.allow_async.unwrap_or(spec.allow_async);
        let chosen = self.limits.unwrap_or_default().or(spec.chosen_limits());
        spec.limits = chosen.over(defaults);
        spec.chosen_limits = Some(chosen);
        spec.limits.check().map_err(ChangeError::Limits)?;
        if let Some(headers) = self.pass_headers {
            spec.pass_headers = headers.iter().map(|name| passable(name)).collect::<Result<_, _>>()?;
        }
        for (slot, value) in self.credentials {
            spec.bindings.remove(&slot);
            spec.secrets.remove(&slot);
            let Some(value) = value else { continue };
            let wanted = info.credentials.iter().find(|wanted| wanted.name == slot);
            let wanted = wanted.ok_or_else(|| ChangeError::UnknownSlot {
                slot: slot.clone(),
                known: listed(info.credentials.iter().map(|slot| slot.name.as_str())),
            })?;
            let binding = spec.binding(wanted, info)?;
            let secret = Secret::take(value.into_inner())
                .map_err(|source| ChangeError::Secret { slot: slot.clone(), source })?;
            spec.bindings.insert(slot.clone(), binding);
            spec.secrets.insert(slot, secret);
        }
        Ok(spec)
    }
}

impl LimitsChange {
    /// Every one.
    fn all(limits: &Limits) -> Self {
        Self {
            fuel: Some(limits.fuel),
            memory_bytes: Some(limits.memory_bytes),
            timeout_ms: Some(limits.timeout_ms),
            egress_requests: Some(limits.egress_requests),
            egress_bytes_out: Some(limits.egress_bytes_out),
            egress_bytes_in: Some(limits.egress_bytes_in),
            log_bytes: Some(limits.log_bytes),
            answer_bytes: Some(limits.answer_bytes),
            concurrency: Some(limits.concurrency),
            queue: Some(limits.queue),
            queue_ms: Some(limits.queue_ms),
        }
    }

    /// What differs.
    fn between(limits: &Limits, defaults: &Limits) -> Self {
        fn changed<T: Copy + PartialEq>(value: T, default: T) -> Option<T> {
            (value != default).then_some(value)
        }
        Self {
            fuel: changed(limits.fuel, defaults.fuel),
            memory_bytes: changed(limits.memory_bytes, defaults.memory_bytes),
            timeout_ms: changed(limits.timeout_ms, defaults.timeout_ms),
            egress_requests: changed(limits.egress_requests, defaults.egress_requests),
            egress_bytes_out: changed(limits.egress_bytes_out, defaults.egress_bytes_out),
            egress_bytes_in: changed(limits.egress_bytes_in, defaults.egress_bytes_in),
            log_bytes: changed(limits.log_bytes, defaults.log_bytes),
            answer_bytes: changed(limits.answer_bytes, defaults.answer_bytes),
            concurrency: changed(limits.concurrency, defaults.concurrency),
            queue: changed(limits.queue, defaults.queue),
            queue_ms: changed(limits.queue_ms, defaults.queue_ms),
        }
    }

    /// These, and those of `other` that aren't named here.
    fn or(self, other: Self) -> Self {
        Self {
            fuel: self.fuel.or(other.fuel),
            memory_bytes: self.memory_bytes.or(other.memory_bytes),
            timeout_ms: self.timeout_ms.or(other.timeout_ms),
            egress_requests: self.egress_requests.or(other.egress_requests),
            egress_bytes_out: self.egress_bytes_out.or(other.egress_bytes_out),
            egress_bytes_in: self.egress_bytes_in.or(other.egress_bytes_in),
            log_bytes: self.log_bytes.or(other.log_bytes),
            answer_bytes: self.answer_bytes.or(other.answer_bytes),
            concurrency: self.concurrency.or(other.concurrency),
            queue: self.queue.or(other.queue),
            queue_ms: self.queue_ms.or(other.queue_ms),
        }
    }

    /// These, and the limits given for those that aren't named.
    fn over(&self, limits: &Limits) -> Limits {
        Limits {
            fuel: self.fuel.unwrap_or(limits.fuel),
            memory_bytes: self.memory_bytes.unwrap_or(limits.memory_bytes),
            timeout_ms: self.timeout_ms.unwrap_or(limits.timeout_ms),
            egress_requests: self.egress_requests.unwrap_or(limits.egress_requests),
            egress_bytes_out: self.egress_bytes_out.unwrap_or(limits.egress_bytes_out),
            egress_bytes_in: self.egress_bytes_in.unwrap_or(limits.egress_bytes_in),
            log_bytes: self.log_bytes.unwrap_or(limits.log_bytes),
            answer_bytes: self.answer_bytes.unwrap_or(limits.answer_bytes),
            concurrency: self.concurrency.unwrap_or(limits.concurrency),
            queue: self.queue.unwrap_or(limits.queue),
            queue_ms: self.queue_ms.unwrap_or(limits.queue_ms),
        }
    }
}

impl Spec {
    /// Nothing granted, under these caps.
    pub(crate) fn limited(limits: Limits) -> Self {
        Self { chosen_limits: Some(LimitsChange::all(&limits)), limits, ..Self::default() }
    }

    /// The next spec after this one, for this component.
    pub(crate) fn changed(self, change: Change, component: &Component) -> Result<Self, ChangeError> {
        change.apply(self, &component.info, &component.language.limits())
    }

    /// The caps that the next spec after this one has.
    pub(super) fn limits_after(&self, change: &Change, component: &Component) -> Limits {
        let named = change.limits.clone().unwrap_or_default();
        named.or(self.chosen_limits()).over(&component.language.limits())
    }

    fn chosen_limits(&self) -> LimitsChange {
        let unknown = || LimitsChange::between(&self.limits, &Limits::default());
        self.chosen_limits.clone().unwrap_or_else(unknown)
    }

    /// The base URL, without its trailing slash.
    pub(super) fn base_url(&self) -> Option<String> {
        self.settings.get(BASE_URL).map(|url| url.trim_end_matches('/').to_owned())
    }

    /// The settings as the adapter sees them: given values, then the defaults of those not given.
    pub(super) fn effective_settings(&self, info: &AdapterInfo) -> Vec<(String, String)> {
        let given = self
            .settings
            .iter()
            .filter(|(name, _)| *name != BASE_URL)
            .map(|(name, value)| (name.clone(), value.clone()));
        let defaults = info.settings.iter().filter(|setting| !self.settings.contains_key(&setting.name));
        given
            .chain(defaults.filter_map(|setting| Some((setting.name.clone(), setting.default_value.clone()?))))
            .collect()
    }

    /// The credentials that an adapter gets: those given for the very place that it asks for now.
    pub(super) fn credentials(&self, info: &AdapterInfo) -> Vec<Credential> {
        let mut credentials = Vec::new();
        for wanted in &info.credentials {
            let (Some(binding), Some(secret)) = (self.bindings.get(&wanted.name), self.secrets.get(&wanted.name))
            else {
                continue;
            };
            if self.binding(wanted, info).is_ok_and(|asked| asked == *binding) {
                let Binding { host, placement } = binding.clone();
                credentials.push(Credential { slot: wanted.name.clone(), host, placement, secret: secret.clone() });
            }
        }
        credentials
    }

    /// What the adapter asks for under this spec.
    pub(super) fn wants(&self, info: &AdapterInfo) -> Result<Wants, ChangeError> {
        let given = self.credentials(info);
        let hosts = self.wanted_hosts(info)?.into_iter();
        let hosts = hosts.map(|grant| WantedHost { granted: self.grants.contains(&grant), grant }).collect();
        let mut credentials = Vec::new();
        for slot in &info.credentials {
            let Binding { host, placement } = self.binding(slot, info)?;
            let given = given.iter().any(|credential| credential.slot == slot.name);
            credentials.push(WantedCredential {
                slot: slot.name.clone(),
                description: slot.description.clone(),
                host,
                placement,
                required: slot.required,
                given,
                lapsed: !given && self.bindings.contains_key(&slot.name),
            });
        }
        let settings = info.settings.iter().map(|setting| WantedSetting {
            name: setting.name.clone(),
            description: setting.description.clone(),
            default_value: setting.default_value.clone(),
            required: setting.required,
            value: self.settings.get(&setting.name).cloned(),
        });
        Ok(Wants { hosts, credentials, settings: settings.collect() })
    }

    /// The hosts of `describe`; a base URL stands in for the first.
    fn wanted_hosts(&self, info: &AdapterInfo) -> Result<Vec<Grant>, ChangeError> {
        let mut hosts = Vec::new();
        for host in &info.hosts {
            let grant = self.relocated(host.parse().map_err(ChangeError::WantedHost)?, info);
            if !hosts.contains(&grant) {
                hosts.push(grant);
            }
        }
        Ok(hosts)
    }

    fn binding(&self, slot: &chat::CredentialSlot, info: &AdapterInfo) -> Result<Binding, ChangeError> {
        let named = |name: &str| match is_placeable(name) {
            true => Ok(name.to_owned()),
            false => Err(ChangeError::PlacementName { slot: slot.name.clone(), name: name.to_owned() }),
        };
        let placement = match &slot.placement {
            chat::Placement::Bearer => Placement::Bearer,
            chat::Placement::Header(name) => Placement::Header(named(name)?),
            chat::Placement::Query(name) => Placement::Query(named(name)?),
            chat::Placement::Scheme(scheme) => {
                return Err(ChangeError::Scheme { slot: slot.name.clone(), scheme: scheme.name.clone() });
            }
        };
        let host = self.relocated(slot.host.parse().map_err(ChangeError::WantedHost)?, info);
        Ok(Binding { host, placement })
    }

    /// A base URL stands in for the first of the adapter's hosts, wherever that one is named.
    fn relocated(&self, grant: Grant, info: &AdapterInfo) -> Grant {
        let first: Option<Grant> = info.hosts.first().and_then(|host| host.parse().ok());
        let base = self.settings.get(BASE_URL).and_then(|url| base_origin(url));
        match base {
            Some(base) if first.as_ref() == Some(&grant) => base,
            _ => grant,
        }
    }
}

impl Wants {
    /// What stands between the adapter and its work, as sentences that say what to do.
    pub fn missing(&self) -> Vec<String> {
        let hosts = self.hosts.iter().filter(|host| !host.granted);
        let hosts = hosts.map(|WantedHost { grant, .. }| match grant.names_an_address() {
            // Only the operator's own word grants an address: see `Change::apply`.
            true => format!("host {grant}: grant it with --allow-host {grant}"),
            false => format!(
                "host {grant}: grant it with --allow-host {grant}, or all that are asked for with --grant-requested"
            ),
        });
        let credentials = self.credentials.iter().filter(|slot| !slot.given && (slot.required || slot.lapsed));
        let credentials = credentials.map(|slot| {
            format!(
                "credential {0} for {1}: give it with --credential {0}=env:VAR or {0}=file:PATH",
                slot.slot, slot.host
            )
        });
        let settings = self
            .settings
            .iter()
            .filter(|setting| setting.required && setting.default_value.is_none() && setting.value.is_none());
        let settings = settings.map(|setting| format!("setting {0}: give it with --set {0}=VALUE", setting.name));
        hosts.chain(credentials).chain(settings).collect()
    }
}

fn base_origin(url: &str) -> Option<Grant> {
    let url = url::Url::parse(url).ok()?;
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    url[..url::Position::BeforePath].parse().ok()
}

fn check_setting(name: &str, value: Option<&str>, info: &AdapterInfo) -> Result<(), ChangeError> {
    if name == BASE_URL {
        return match value {
            Some(url) if base_origin(url).is_none() => Err(ChangeError::BaseUrl(url.to_owned())),
            _ => Ok(()),
        };
    }
    if value.is_none() || info.settings.iter().any(|setting| setting.name == name) {
        return Ok(());
    }
    let known = listed(info.settings.iter().map(|setting| setting.name.as_str()).chain([BASE_URL]));
    Err(ChangeError::UnknownSetting { name: name.to_owned(), known })
}

fn passable(name: &str) -> Result<String, ChangeError> {
    let name = name.to_ascii_lowercase();
    let valid = http::HeaderName::from_bytes(name.as_bytes()).is_ok();
    if valid && !NEVER_PASSED.contains(&name.as_str()) { Ok(name) } else { Err(ChangeError::PassHeader(name)) }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

#[cfg(test)]
#[path = "spec_tests.rs"]
mod tests;
