//! Deployments: what has been uploaded, what is granted to it, what is being served.
//!
//! A change goes forward: compile and describe the component (no lock, no disk), store the artifact, then under one lock make the
//! next spec, write the revision in one transaction, and swap the snapshot. What is acknowledged is durable (invariant 9), and what
//! isn't changes nothing that is being served. This module and its children are the only ones that touch disk.

mod artifacts;
mod checked;
mod compiled;
mod database;
mod examine;
mod keys;
mod schema;
mod sealing;
mod secret_key;
mod snapshot;
mod spec;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::Mutex;

use crate::egress::Network;
use crate::sandbox::{CompileError, Language, Sandboxes, World};
use artifacts::Artifacts;
use compiled::CompiledArtifacts;
use database::{Database, KeyRow, New, Row};
use keys::ValidKeys;

pub use artifacts::{ArtifactError, Digest};
pub use checked::{Checked, Checker, FailedCase};
pub use database::DatabaseError;
use examine::compile;
pub use examine::examine;
pub use keys::{AdminKey, Caller, CallerKey};
pub use sealing::{Sealing, SealingError};
pub use secret_key::{GivenKeys, KeySource, SecretKey, SecretKeyError};
pub use snapshot::{Component, NotFound, Published, Revision, Snapshot};
pub use spec::{BASE_URL, Change, ChangeError, LimitsChange, Spec, WantedCredential, WantedHost, WantedSetting, Wants};

/// The longest deployment name; what is in names and labels stays short.
const MAX_NAME_BYTES: usize = 63;
/// An admin key that an operator makes up: shorter ones can be guessed.
const MIN_ADMIN_KEY_BYTES: usize = 16;
const ADMIN_KEY_META: &str = "admin-key-sha256";

/// All deployments of one data folder.
pub struct Deployments {
    sandboxes: Sandboxes,
    network: Network,
    checker: Arc<dyn Checker>,
    artifacts: Artifacts,
    compiled: CompiledArtifacts,
    database: Database,
    published: Published,
    keys: RwLock<Arc<ValidKeys>>,
    /// Held while one change is written and published; never while a guest runs.
    writing: Mutex<()>,
    _lock: File,
}

/// How far an upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its structure is checked; then it waits for its turn at the compiler.
    Checking,
    /// It is being compiled, in a process of its own.
    Compiling,
    /// It is asked what it is.
    Describing,
    /// The cases that every adapter must pass are played against it.
    Playing,
    /// It is written to disk.
    Storing,
}

/// Told of each stage as it begins.
pub type Progress<'p> = &'p (dyn Fn(Stage) + Send + Sync);

/// What a push or another change made.
pub struct Made {
    /// The deployment.
    pub name: String,
    /// The new revision's number.
    pub number: u32,
    /// Its artifact.
    pub component: Arc<Component>,
    /// Its spec.
    pub spec: Spec,
    /// What the adapter asks for under it.
    pub wants: Wants,
    /// What its check said, if there was one.
    pub checked: Option<Checked>,
    /// Whether it is being served now.
    pub active: bool,
    /// When it was made, in Unix seconds.
    pub created: u64,
}

/// A revision as it is listed.
pub struct Listed {
    /// Its number.
    pub number: u32,
    /// Its artifact.
    pub digest: Digest,
    /// Its spec.
    pub spec: Spec,
    /// What its check said, if there was one.
    pub checked: Option<Checked>,
    /// When it was made, in Unix seconds.
    pub created: u64,
    /// Whether it is being served.
    pub active: bool,
}

/// A deployment as it is listed.
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// The revision being served.
    pub active: Option<Arc<Revision>>,
    /// What its check said, if there was one.
    pub checked: Option<Checked>,
    /// Why the active revision could not be loaded, if so.
    pub broken: Option<String>,
}

/// Why a change was not made. What was being served still is.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A name that can't be one.
    #[error(
        "`{0}` is no name for a deployment: use up to {MAX_NAME_BYTES} of a-z, 0-9 and `-`, beginning with a letter or digit"
    )]
    Name(String),
    /// There is no such deployment.
    #[error("there is no deployment `{0}`")]
    Unknown(String),
    /// There is no such revision.
    #[error("`{0}` has no revision {1}")]
    UnknownRevision(String, u32),
    /// Its check failed, and nobody insisted.
    #[error(
        "revision {1} of `{0}` failed its check ({2}); `caisson show` lists what failed, and --force serves it all the same"
    )]
    Unfit(String, u32, String),
    /// An admin key that could be guessed.
    #[error(
        "the admin key has fewer than {MIN_ADMIN_KEY_BYTES} characters: take a longer one, or none, and one is made"
    )]
    ShortAdminKey,
    /// All slots are in use.
    #[error("all sandboxes are in use; try again in a moment")]
    Busy,
    /// There is no such key.
    #[error("there is no key `{0}`")]
    UnknownKey(String),
    /// The bytes are no adapter.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// `describe` trapped or reached a limit.
    #[error("the adapter's `describe` failed: {0}")]
    Describe(String),
    /// The change makes no spec.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The disk says no.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The database says no.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The data folder can't be used.
    #[error("can't use the data folder {}", .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// Another process serves from the same folder.
    #[error("another caisson serves from {}: stop it, or give this one its own --data-dir", .0.display())]
    Locked(PathBuf),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] getrandom::Error),
}

impl Deployments {
    /// Opens a data folder and loads what was active in it.
    pub async fn open(
        folder: &Path,
        sandboxes: Sandboxes,
        aliases: BTreeMap<String, String>,
        network: Network,
        checker: Arc<dyn Checker>,
        keys: &GivenKeys,
    ) -> Result<Self, DeployError> {
        let lock = lock(folder)?;
        let artifacts = Artifacts::open(folder.join("artifacts"))?;
        let database = Database::open(&folder.join("caisson.db"), folder, keys)?;
        let keys = ValidKeys::of(&database.keys()?);
        let compiled = folder.join("compiled");
        let compiled = CompiledArtifacts::open(compiled.clone(), database.sealing().artifact_key().clone(), &sandboxes)
            .map_err(|error| DeployError::Folder(compiled, error))?;
        let mut this = Self {
            sandboxes,
            network,
            checker,
            artifacts,
            compiled,
            database,
            published: Published::new(Snapshot { aliases: Arc::new(aliases), ..Snapshot::default() }),
            keys: RwLock::new(Arc::new(keys)),
            writing: Mutex::new(()),
            _lock: lock,
        };
        // An upload that was interrupted between its artifact and its row left the artifact behind.
        let used = this.database.digests()?;
        this.retain(&used).map_err(|error| DeployError::Folder(folder.to_owned(), error))?;
        this.load().await?;
        Ok(this)
    }

    /// What is being served now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.published.now()
    }

    /// What is being served, from now on.
    pub fn published(&self) -> Published {
        self.published.clone()
    }

    /// Makes a revision of `name` from an uploaded component and a change to what its last revision was granted. It is served at
    /// once, unless it lacks something it needs and would replace one that is being served, or fails its check and nobody insists.
    /// Dropping the future before the revision is written leaves nothing behind but, at most, an artifact that the next start removes.
    pub async fn push(
        &self,
        name: &str,
        bytes: Bytes,
        change: Change,
        progress: Progress<'_>,
    ) -> Result<Made, DeployError> {
        check_name(name)?;
        let (component, compiled) = match self.loaded(Digest::of(&bytes)) {
            Some(component) => (component, None),
            None => {
                // Asked before any of it is compiled or run.
                let last = self.last_revision(name)?.is_some_and(|row| row.spec.allow_async);
                let allow_async = change.allow_async.unwrap_or(last);
                let (component, compiled) = examine(&self.sandboxes, bytes.clone(), allow_async, progress).await?;
                (Arc::new(component), Some(compiled))
            }
        };
        progress(Stage::Playing);
        let last = self.last_revision(name)?.map(|row| row.spec).unwrap_or_default();
        let limits = last.limits_after(&change, &component);
        let checked = self.checker.check(&component, limits).await.ok_or(DeployError::Busy)?;
        progress(Stage::Storing);
        let _writing = self.writing.lock().await;
        // Under the lock: a removal deletes what no row names, and no row names this one yet.
        tokio::task::block_in_place(|| self.artifacts.put(component.digest, &bytes))?;
        let last = self.last_revision(name)?.map(|row| row.spec);
        let fit = checked.is_passed() || change.force;
        let made = self.make(name, component, last.unwrap_or_default(), change, Some(checked), fit)?;
        if let Some(compiled) = compiled {
            tokio::task::block_in_place(|| self.compiled.keep(made.component.digest, &compiled));
        }
        Ok(made)
    }

    /// Makes a revision of `name` with the component of its last one and other grants, credentials, limits or settings.
    pub async fn change(&self, name: &str, change: Change) -> Result<Made, DeployError> {
        loop {
            let seen = self.last_revision(name)?.ok_or_else(|| DeployError::Unknown(name.to_owned()))?;
            // Compiled before the lock is taken: it may take long.
            let component = self.component(&seen).await?;
            let _writing = self.writing.lock().await;
            let last = self.last_revision(name)?.ok_or_else(|| DeployError::Unknown(name.to_owned()))?;
            if last.digest == seen.digest {
                let served = self.snapshot().active(name).is_some_and(|active| active.number == last.number);
                let fit = served || change.force || last.checked.as_ref().is_none_or(Checked::is_passed);
                return self.make(name, component, last.spec, change, last.checked, fit);
            }
        }
    }

    /// Serves revision `number` of `name` from now on, also one that failed its check where that is forced. Requests that are running
    /// finish with the one they began with.
    pub async fn activate(&self, name: &str, number: u32, force: bool) -> Result<Made, DeployError> {
        let rows = self.revisions_of(name)?;
        let row = rows
            .into_iter()
            .find(|row| row.number == number)
            .ok_or_else(|| DeployError::UnknownRevision(name.to_owned(), number))?;
        if let Some(Checked { passed, failed, skipped, .. }) =
            row.checked.as_ref().filter(|checked| !checked.is_passed() && !force)
        {
            let cases = format!("{failed} of {} cases", passed + failed + skipped);
            return Err(DeployError::Unfit(name.to_owned(), number, cases));
        }
        let component = self.component(&row).await?;
        let wants = row.spec.wants(&component.info)?;
        let _writing = self.writing.lock().await;
        if !self.blocking(|this| this.database.activate(name, number))? {
            // Removed while it was being compiled.
            return Err(DeployError::UnknownRevision(name.to_owned(), number));
        }
        self.publish(self.revision(name, row.number, row.created, &row.spec, &component));
        let (name, checked) = (name.to_owned(), row.checked);
        Ok(Made { name, number, component, spec: row.spec, wants, checked, active: true, created: row.created })
    }

    /// Forgets a deployment: its revisions, its secrets, and artifacts that no other uses.
    pub async fn remove(&self, name: &str) -> Result<(), DeployError> {
        let _writing = self.writing.lock().await;
        self.revisions_of(name)?;
        self.blocking(|this| this.database.remove(name))?;
        self.published.update(|snapshot| {
            snapshot.revisions.remove(name);
            snapshot.broken.remove(name);
        });
        self.remove_unused_artifacts()
    }

    /// Forgets the revisions of a deployment that aren't being served, and artifacts that no other uses.
    pub async fn remove_inactive(&self, name: &str) -> Result<(), DeployError> {
        let _writing = self.writing.lock().await;
        self.blocking(|this| this.database.remove_inactive(name))?;
        self.remove_unused_artifacts()
    }

    /// The caller holds `writing`.
    fn remove_unused_artifacts(&self) -> Result<(), DeployError> {
        let used = self.blocking(|this| this.database.digests())?;
        if let Err(error) = tokio::task::block_in_place(|| self.retain(&used)) {
            // The files are only space; the next removal tries again.
            tracing::warn!(%error, "unused artifacts were not removed");
        }
        Ok(())
    }

    /// All deployments, by name.
    pub fn list(&self) -> Result<Vec<Deployment>, DeployError> {
        let snapshot = self.snapshot();
        let listed = |(name, active): (String, Option<u32>)| {
            let row = self.blocking(|this| this.database.checked(&name, active))?;
            let (active, broken) = (snapshot.active(&name).cloned(), snapshot.broken.get(&name).cloned());
            Ok(Deployment { active, broken, checked: row, name })
        };
        self.blocking(|this| this.database.deployments())?.into_iter().map(listed).collect()
    }

    /// One deployment with its newest revision and what that one wants.
    pub async fn show(&self, name: &str) -> Result<Made, DeployError> {
        let last = self.last_revision(name)?.ok_or_else(|| DeployError::Unknown(name.to_owned()))?;
        let row = match self.snapshot().active(name) {
            Some(active) => {
                self.revisions_of(name)?.into_iter().find(|row| row.number == active.number).unwrap_or(last)
            }
            None => last,
        };
        let component = self.component(&row).await?;
        let wants = row.spec.wants(&component.info)?;
        let active = self.snapshot().active(name).is_some_and(|active| active.number == row.number);
        Ok(Made {
            name: name.to_owned(),
            number: row.number,
            component,
            spec: row.spec,
            wants,
            checked: row.checked,
            active,
            created: row.created,
        })
    }

    /// All revisions of a deployment, the newest first.
    pub fn revisions(&self, name: &str) -> Result<Vec<Listed>, DeployError> {
        let active = self.snapshot().active(name).map(|revision| revision.number);
        let listed = |row: Row| Listed {
            active: active == Some(row.number),
            number: row.number,
            digest: row.digest,
            spec: row.spec,
            checked: row.checked,
            created: row.created,
        };
        Ok(self.revisions_of(name)?.into_iter().map(listed).collect())
    }

    /// What a presented key is worth.
    pub fn caller(&self, presented: Option<&str>) -> Caller {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).caller(presented)
    }

    /// Makes a caller's key. The key itself is given once, here.
    pub fn create_key(&self, label: &str) -> Result<(CallerKey, String), DeployError> {
        let key = keys::generate("ck").map_err(DeployError::Random)?;
        let hash = keys::hex(&keys::hash(&key));
        let row =
            KeyRow { id: format!("key_{}", &hash[..12]), label: label.to_owned(), hash, created: now(), revoked: None };
        self.blocking(|this| this.database.insert_key(&row))?;
        self.reload_keys()?;
        Ok((row.into(), key))
    }

    /// All callers' keys, the oldest first.
    pub fn keys(&self) -> Result<Vec<CallerKey>, DeployError> {
        Ok(self.blocking(|this| this.database.keys())?.into_iter().map(CallerKey::from).collect())
    }

    /// Makes a caller's key worthless from now on.
    pub fn revoke_key(&self, id: &str) -> Result<(), DeployError> {
        if !self.blocking(|this| this.database.revoke_key(id, now()))? {
            return Err(DeployError::UnknownKey(id.to_owned()));
        }
        self.reload_keys()
    }

    /// The admin key: the given one, else the remembered one, else a new one, which is given back to be shown once.
    pub fn admin_key(&self, given: Option<&str>) -> Result<(AdminKey, Option<String>), DeployError> {
        // A variable that is set to nothing is what a deployment script makes of one that isn't set.
        if let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) {
            if given.len() < MIN_ADMIN_KEY_BYTES {
                return Err(DeployError::ShortAdminKey);
            }
            return Ok((AdminKey::new(given), None));
        }
        if let Some(key) = self.database.meta(ADMIN_KEY_META)?.and_then(|hash| AdminKey::from_hex(&hash)) {
            return Ok((key, None));
        }
        let key = keys::generate("cak").map_err(DeployError::Random)?;
        self.database.set_meta(ADMIN_KEY_META, &keys::hex(&keys::hash(&key)))?;
        Ok((AdminKey::new(&key), Some(key)))
    }

    fn retain(&self, used: &[Digest]) -> std::io::Result<()> {
        self.artifacts.retain(used)?;
        self.compiled.retain(used)
    }

    async fn load(&mut self) -> Result<(), DeployError> {
        for (name, active) in self.database.deployments()? {
            let Some(active) = active else { continue };
            match self.load_one(&name, active).await {
                Ok(revision) => self.publish(revision),
                Err(error) => {
                    tracing::error!(deployment = name, revision = active, %error, "the active revision can't be loaded; the others are served");
                    self.published.update(|snapshot| drop(snapshot.broken.insert(name, error.to_string())));
                }
            }
        }
        Ok(())
    }

    async fn load_one(&self, name: &str, active: u32) -> Result<Revision, DeployError> {
        let rows = self.revisions_of(name)?;
        let row = rows
            .into_iter()
            .find(|row| row.number == active)
            .ok_or_else(|| DeployError::UnknownRevision(name.to_owned(), active))?;
        let component = self.component(&row).await?;
        Ok(self.revision(name, row.number, row.created, &row.spec, &component))
    }

    /// Writes and publishes the revision that `change` makes of `spec`. The caller holds `writing`.
    /// It is served if it is `fit` to be, and lacks nothing that matters.
    fn make(
        &self,
        name: &str,
        component: Arc<Component>,
        spec: Spec,
        change: Change,
        checked: Option<Checked>,
        fit: bool,
    ) -> Result<Made, DeployError> {
        let spec = spec.changed(change, &component)?;
        if component.adapter.world() == World::AdapterAsync && !spec.allow_async {
            return Err(CompileError::Off.into());
        }
        let wants = spec.wants(&component.info)?;
        let active = fit && (wants.missing().is_empty() || self.snapshot().active(name).is_none());
        let created = now();
        let new =
            New { digest: component.digest, info: &component.info, spec: &spec, checked: checked.as_ref(), created };
        let number = self.blocking(|this| this.database.insert(name, &new, active))?;
        if active {
            self.publish(self.revision(name, number, created, &spec, &component));
        }
        tracing::info!(deployment = name, revision = number, digest = %component.digest, active, "revision made");
        Ok(Made { name: name.to_owned(), number, component, spec, wants, checked, active, created })
    }

    fn revision(&self, name: &str, number: u32, created: u64, spec: &Spec, component: &Arc<Component>) -> Revision {
        Revision::new(name, number, created, spec, component, &self.network)
    }

    fn publish(&self, revision: Revision) {
        self.published.update(|snapshot| {
            snapshot.broken.remove(&*revision.deployment);
            snapshot.revisions.insert(Arc::clone(&revision.deployment), Arc::new(revision));
        });
    }

    /// A revision's component: in memory if some active revision has it, else mapped from its machine code, else compiled anew. What
    /// the adapter says of itself is what it said when it was uploaded.
    async fn component(&self, row: &Row) -> Result<Arc<Component>, DeployError> {
        if let Some(component) = self.loaded(row.digest) {
            return Ok(component);
        }
        // Read also where its machine code is there: a component that changed on disk is to be reported, not served from a copy.
        let bytes = tokio::task::block_in_place(|| self.artifacts.read(row.digest))?;
        let language = Language::of(&bytes);
        let mapped = tokio::task::block_in_place(|| self.compiled.load(row.digest, &self.sandboxes));
        let adapter = match mapped {
            Some(adapter) => adapter,
            None => {
                let compiled =
                    compile(&self.sandboxes, row.digest, bytes.into(), row.spec.allow_async, &|_| {}).await?;
                tokio::task::block_in_place(|| self.compiled.keep(row.digest, &compiled));
                self.sandboxes.load(&compiled)?
            }
        };
        Ok(Arc::new(Component { digest: row.digest, adapter, info: row.info.clone(), language }))
    }

    fn loaded(&self, digest: Digest) -> Option<Arc<Component>> {
        let snapshot = self.snapshot();
        let found = snapshot.revisions.values().find(|revision| revision.component.digest == digest);
        found.map(|revision| Arc::clone(&revision.component))
    }

    fn last_revision(&self, name: &str) -> Result<Option<Row>, DeployError> {
        Ok(self.blocking(|this| this.database.revisions(name))?.into_iter().next())
    }

    fn revisions_of(&self, name: &str) -> Result<Vec<Row>, DeployError> {
        let rows = self.blocking(|this| this.database.revisions(name))?;
        if rows.is_empty() { Err(DeployError::Unknown(name.to_owned())) } else { Ok(rows) }
    }

    fn reload_keys(&self) -> Result<(), DeployError> {
        let keys = self.blocking(|this| this.database.keys())?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ValidKeys::of(&keys));
        Ok(())
    }

    /// Disk work on an executor thread: others take over its tasks meanwhile.
    fn blocking<T>(&self, work: impl FnOnce(&Self) -> Result<T, DatabaseError>) -> Result<T, DeployError> {
        Ok(tokio::task::block_in_place(|| work(self))?)
    }
}

fn check_name(name: &str) -> Result<(), DeployError> {
    let bytes = name.as_bytes();
    let valid = (1..=MAX_NAME_BYTES).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
        && bytes[0] != b'-';
    if valid { Ok(()) } else { Err(DeployError::Name(name.to_owned())) }
}

fn lock(folder: &Path) -> Result<File, DeployError> {
    let failed = |error| DeployError::Folder(folder.to_owned(), error);
    fs::create_dir_all(folder).map_err(failed)?;
    #[cfg(unix)]
    {
        // Secrets are in there.
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    let lock = File::create(folder.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(DeployError::Locked(folder.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for good in ["a", "openai", "my-adapter-2", "0"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a/b", "a b", "é", "a.b", "..", &"a".repeat(64)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
