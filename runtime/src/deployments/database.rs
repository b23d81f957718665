//! What is remembered between runs, in SQLite: revisions, which is active, sealed credentials, keys.
//!
//! Every write is one transaction in WAL mode with `synchronous=FULL`: when it returns, a `kill -9` or a power cut loses nothing
//! (invariant 9), and when it fails, nothing changed. Artifacts are files beside it and are on the disk before a row names them. It
//! compiles and serves nothing; [`super::schema`] has the tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};

use super::artifacts::Digest;
use super::checked::Checked;
use super::schema::{self, SCHEMA_VERSION};
use super::sealing::{Place, Sealing, SealingError};
use super::secret_key::GivenKeys;
use super::spec::Spec;
use crate::chat::AdapterInfo;
use crate::egress::Secret;

/// The database of one data folder.
pub(super) struct Database {
    connection: Mutex<Connection>,
    sealing: Sealing,
}

/// One revision as it is remembered.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) digest: Digest,
    /// What the adapter said of itself when it was uploaded.
    pub(super) info: AdapterInfo,
    pub(super) spec: Spec,
    pub(super) checked: Option<Checked>,
    /// Unix seconds.
    pub(super) created: u64,
}

/// A revision to be remembered, without the number that it will get.
pub(super) struct New<'n> {
    pub(super) digest: Digest,
    pub(super) info: &'n AdapterInfo,
    pub(super) spec: &'n Spec,
    pub(super) checked: Option<&'n Checked>,
    pub(super) created: u64,
}

/// A caller's key as it is remembered: never the key itself.
#[derive(Clone, Debug)]
pub(super) struct KeyRow {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) hash: String,
    pub(super) created: u64,
    pub(super) revoked: Option<u64>,
}

/// Why the database can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite says no.
    #[error("the database can't {0}: {hint}", hint = what_to_do(.1))]
    Sqlite(&'static str, #[source] rusqlite::Error),
    /// The file is no database any more.
    #[error(
        "the database {path} is damaged: put a copy of it back and remove {path}-wal and {path}-shm, or move all three away to begin with none",
        path = .0.display()
    )]
    Damaged(PathBuf),
    /// A later version of Caisson wrote it.
    #[error("the database was written by a newer version (schema {0}, this one knows {SCHEMA_VERSION})")]
    Newer(i64),
    /// A row isn't what we wrote.
    #[error("the database holds a broken row for {0}")]
    Broken(String),
    /// The credentials can't be sealed or opened.
    #[error(transparent)]
    Sealing(SealingError),
}

type Outcome<T> = Result<T, DatabaseError>;

pub(super) fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> DatabaseError {
    move |error| DatabaseError::Sqlite(doing, error)
}

fn what_to_do(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds it; try again when that is done"
        }
        Some(ErrorCode::DiskFull) => "the disk is full; make room and try again",
        Some(ErrorCode::SystemIoFailure) => {
            "the disk didn't take or give all of it; is it full, over a quota, or failing? Then try again"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "it is read-only; let this user write to the data folder and try again"
        }
        Some(ErrorCode::CannotOpen) => {
            "its file can't be opened; let this user read and write the data folder and try again"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "it is damaged; put a copy of it back",
        _ => "SQLite refuses; the log says why",
    }
}

impl DatabaseError {
    /// Whether trying again in a moment is worth it.
    pub fn is_busy(&self) -> bool {
        let Self::Sqlite(_, error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }
}

impl Database {
    /// Opens the database of `folder`; `given` is what the operator gave to seal credentials with.
    pub(super) fn open(path: &Path, folder: &Path, given: &GivenKeys) -> Outcome<Self> {
        let (connection, sealing) = schema::open(path, folder, given)?;
        Ok(Self { connection: Mutex::new(connection), sealing })
    }

    /// The keys of this data folder.
    pub(super) fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic in between leaves an open transaction, which SQLite rolls back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(
        &self,
        doing: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Outcome<T> {
        let run = || -> rusqlite::Result<T> {
            let mut connection = self.connection();
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = change(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(failed(doing))
    }

    /// A single remembered value.
    pub(super) fn meta(&self, name: &str) -> Outcome<Option<String>> {
        let found =
            self.connection().query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).optional();
        found.map_err(failed("be read"))
    }

    pub(super) fn set_meta(&self, name: &str, value: &str) -> Outcome<()> {
        self.write("remember a value", |transaction| {
            transaction
                .execute("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2", [name, value])
                .map(drop)
        })
    }

    /// Every deployment's name and active revision.
    pub(super) fn deployments(&self) -> Outcome<Vec<(String, Option<u32>)>> {
        let connection = self.connection();
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut query = connection.prepare_cached("SELECT name, active FROM deployments ORDER BY name")?;
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read().map_err(failed("be read"))
    }

    /// All revisions of a deployment, the newest first, with their secrets.
    pub(super) fn revisions(&self, name: &str) -> Outcome<Vec<Row>> {
        let connection = self.connection();
        type Raw = (u32, String, String, String, u64, Option<String>);
        /// Slots with their sealed values, by revision.
        type Secrets = BTreeMap<u32, Vec<(String, Vec<u8>)>>;
        let read = || -> rusqlite::Result<(Vec<Raw>, Secrets)> {
            let mut query = connection.prepare_cached(
                "SELECT number, digest, info, spec, created, checked FROM revisions WHERE name = ?1 ORDER BY number DESC",
            )?;
            let rows = query
                .query_map([name], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
                })?
                .collect::<Result<_, _>>()?;
            let mut query = connection.prepare_cached("SELECT number, slot, sealed FROM secrets WHERE name = ?1")?;
            let mut secrets = Secrets::new();
            for found in query.query_map([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
                let (number, slot, sealed) = found?;
                secrets.entry(number).or_default().push((slot, sealed));
            }
            Ok((rows, secrets))
        };
        let (rows, mut secrets) = read().map_err(failed("be read"))?;
        let broken = |number: u32| DatabaseError::Broken(format!("{name} revision {number}"));
        rows.into_iter()
            .map(|(number, digest, info, spec, created, checked)| {
                let info = serde_json::from_str(&info).map_err(|_| broken(number))?;
                let mut spec: Spec = serde_json::from_str(&spec).map_err(|_| broken(number))?;
                for (slot, sealed) in secrets.remove(&number).unwrap_or_default() {
                    if let Some(secret) =
                        self.opened(Place { deployment: name, revision: number, slot: &slot }, &sealed)
                    {
                        spec.secrets.insert(slot, secret);
                    }
                }
                let checked =
                    checked.map(|checked| serde_json::from_str(&checked)).transpose().map_err(|_| broken(number))?;
                let digest = digest.parse().map_err(|()| broken(number))?;
                Ok(Row { number, digest, info, spec, checked, created })
            })
            .collect()
    }

    /// What the check of a revision said.
    pub(super) fn checked(&self, name: &str, number: Option<u32>) -> Outcome<Option<Checked>> {
        let query = "SELECT checked FROM revisions WHERE name = ?1 AND number = ?2";
        let found = self.connection().query_row(query, params![name, number], |row| row.get::<_, Option<String>>(0));
        let found = found.optional().map_err(failed("be read"))?.flatten();
        found.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| DatabaseError::Broken(name.to_owned()))
    }

    /// A credential whose row was changed counts as not given: the operator is told so and can give it again.
    fn opened(&self, place: Place<'_>, sealed: &[u8]) -> Option<Secret> {
        let secret = self.sealing.unseal(place, sealed).and_then(|value| Secret::take(value).ok());
        if secret.is_none() {
            let Place { deployment, revision, slot } = place;
            tracing::error!(
                deployment,
                revision,
                slot,
                "a credential doesn't open: its row in the database was changed"
            );
        }
        secret
    }

    /// Remembers a new revision and, if `activate`, makes it the active one; gives its number.
    pub(super) fn insert(&self, name: &str, new: &New<'_>, activate: bool) -> Outcome<u32> {
        let New { digest, info, spec, checked, created } = new;
        let broken = |_| DatabaseError::Broken(name.to_owned());
        let (info, json) = (serde_json::to_string(info).map_err(broken)?, serde_json::to_string(spec).map_err(broken)?);
        let checked = checked.map(serde_json::to_string).transpose().map_err(broken)?;
        self.write("store the revision", |transaction| {
            // A number that was once given out never stands for another artifact, also after a removal.
            transaction.execute(
                "INSERT INTO deployments VALUES (?1, NULL, coalesce((SELECT last FROM removed WHERE name = ?1), 0))
                 ON CONFLICT DO NOTHING",
                [name],
            )?;
            transaction.execute("UPDATE deployments SET last = last + 1 WHERE name = ?1", [name])?;
            let number: u32 =
                transaction.query_row("SELECT last FROM deployments WHERE name = ?1", [name], |row| row.get(0))?;
            transaction.execute(
                "INSERT INTO revisions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![name, number, digest.to_string(), info, json, created, checked],
            )?;
            for (slot, secret) in &spec.secrets {
                let place = Place { deployment: name, revision: number, slot };
                let sealed = self.sealing.seal(place, secret.expose());
                let sealed = sealed.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                transaction
                    .execute("INSERT INTO secrets VALUES (?1, ?2, ?3, ?4)", params![name, number, slot, sealed])?;
            }
            if activate {
                transaction.execute("UPDATE deployments SET active = ?2 WHERE name = ?1", params![name, number])?;
            }
            Ok(number)
        })
    }

    /// Makes a revision the active one; whether there is such a revision.
    pub(super) fn activate(&self, name: &str, number: u32) -> Outcome<bool> {
        self.write("activate the revision", |transaction| {
            let known = "UPDATE deployments SET active = ?2 WHERE name = ?1
                         AND EXISTS (SELECT 1 FROM revisions WHERE name = ?1 AND number = ?2)";
            transaction.execute(known, params![name, number]).map(|count| count > 0)
        })
    }

    /// Forgets a deployment with all its revisions and secrets, but for the last number it gave out.
    pub(super) fn remove(&self, name: &str) -> Outcome<()> {
        self.write("remove the deployment", |transaction| {
            transaction.execute(
                "INSERT INTO removed SELECT name, last FROM deployments WHERE name = ?1
                 ON CONFLICT DO UPDATE SET last = excluded.last",
                [name],
            )?;
            transaction.execute("DELETE FROM deployments WHERE name = ?1", [name]).map(drop)
        })
    }

    /// Forgets all revisions of a deployment that are not the active one, with their secrets.
    pub(super) fn remove_inactive(&self, name: &str) -> Outcome<()> {
        self.write("remove revisions", |transaction| {
            let inactive = "DELETE FROM revisions WHERE name = ?1
                            AND number IS NOT (SELECT active FROM deployments WHERE name = ?1)";
            transaction.execute(inactive, [name]).map(drop)
        })
    }

    /// The digests that some revision names.
    pub(super) fn digests(&self) -> Outcome<Vec<Digest>> {
        let connection = self.connection();
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut query = connection.prepare_cached("SELECT DISTINCT digest FROM revisions")?;
            query.query_map([], |row| row.get(0))?.collect()
        };
        let digests = read().map_err(failed("be read"))?;
        digests.iter().map(|digest| digest.parse().map_err(|()| DatabaseError::Broken(digest.clone()))).collect()
    }

    pub(super) fn keys(&self) -> Outcome<Vec<KeyRow>> {
        let connection = self.connection();
        let read = || -> rusqlite::Result<Vec<KeyRow>> {
            let mut query =
                connection.prepare_cached("SELECT id, label, hash, created, revoked FROM keys ORDER BY rowid")?;
            let rows = query.query_map([], |row| {
                Ok(KeyRow {
                    id: row.get(0)?,
                    label: row.get(1)?,
                    hash: row.get(2)?,
                    created: row.get(3)?,
                    revoked: row.get(4)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(failed("be read"))
    }

    pub(super) fn insert_key(&self, key: &KeyRow) -> Outcome<()> {
        self.write("store the key", |transaction| {
            transaction
                .execute(
                    "INSERT INTO keys VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![key.id, key.label, key.hash, key.created, key.revoked],
                )
                .map(drop)
        })
    }

    /// Whether there was such a key to revoke.
    pub(super) fn revoke_key(&self, id: &str, now: u64) -> Outcome<bool> {
        self.write("revoke the key", |transaction| {
            transaction
                .execute("UPDATE keys SET revoked = coalesce(revoked, ?2) WHERE id = ?1", params![id, now])
                .map(|count| count > 0)
        })
    }
}
