//! Opening the database: its tables, what older versions left, and the seal on its credentials.
//!
//! All that an opening changes is one transaction: a start that is interrupted finds either what was there or all of it done. What a
//! change of keys or the move from plain text leaves in free pages and in the log is wiped before anything is served, and a wipe that
//! was interrupted is made up for at the next start. It can't reach what the file system or the disk itself keeps of overwritten
//! blocks. Queries are [`super::database`]'s.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use zeroize::Zeroizing;

use super::database::{DatabaseError, failed};
use super::sealing::{Place, Seal, Sealing, SealingError, Unlocked, unlock};
use super::secret_key::GivenKeys;

/// The version of these tables, kept in SQLite's `user_version`.
pub(super) const SCHEMA_VERSION: i64 = 3;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS deployments (
        name TEXT PRIMARY KEY,
        active INTEGER,
        last INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS removed (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS revisions (
        name TEXT NOT NULL REFERENCES deployments ON DELETE CASCADE,
        number INTEGER NOT NULL,
        digest TEXT NOT NULL,
        info TEXT NOT NULL,
        spec TEXT NOT NULL,
        created INTEGER NOT NULL,
        checked TEXT,
        PRIMARY KEY (name, number)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS secrets (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        slot TEXT NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (name, number, slot),
        FOREIGN KEY (name, number) REFERENCES revisions ON DELETE CASCADE
    ) STRICT;
    CREATE TABLE IF NOT EXISTS keys (
        id TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE,
        created INTEGER NOT NULL,
        revoked INTEGER
    ) STRICT;
";

/// Version 1 kept credentials as plain text, in a table of this name.
const PLAIN_TEXT_VERSION: i64 = 1;
const SET_PLAIN_TEXT_ASIDE: &str = "ALTER TABLE secrets RENAME TO plain_secrets";

/// Up to version 2 uploads were not checked.
const UNCHECKED_VERSIONS: [i64; 2] = [1, 2];
const ADD_CHECKS: &str = "ALTER TABLE revisions ADD COLUMN checked TEXT";

const SALT_META: &str = "sealing-salt";
const CHECK_META: &str = "sealing-check";
/// There while something is to be wiped.
const WIPE_META: &str = "wipe";

/// How long a write waits for another process (a backup, a shell) that holds the database.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens the database of a data folder, makes it one of this version, and finds the keys to its credentials.
pub(super) fn open(path: &Path, folder: &Path, given: &GivenKeys) -> Result<(Connection, Sealing), DatabaseError> {
    let (mut connection, version) = connect(path).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DatabaseError::Damaged(path.to_owned()),
        _ => failed("be opened")(error),
    })?;
    if version > SCHEMA_VERSION {
        return Err(DatabaseError::Newer(version));
    }
    let setting_up = failed("be set up");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&setting_up)?;
    if version == PLAIN_TEXT_VERSION {
        transaction.execute_batch(SET_PLAIN_TEXT_ASIDE).map_err(&setting_up)?;
    }
    if UNCHECKED_VERSIONS.contains(&version) {
        transaction.execute_batch(ADD_CHECKS).map_err(&setting_up)?;
    }
    transaction.execute_batch(SCHEMA).map_err(&setting_up)?;
    let seal = remembered(&transaction).map_err(&setting_up)?;
    let Unlocked { sealing, key, seal, former } = unlock(folder, given, seal.as_ref())?;
    if version == PLAIN_TEXT_VERSION {
        seal_plain_text(&transaction, &sealing)?;
        tracing::info!("the database held credentials as plain text; they are sealed now");
    }
    if let Some(former) = former {
        seal_anew(&transaction, &former, &sealing)?;
        tracing::info!("the secret key is changed: all credentials are sealed with {}", key.origin());
    }
    remember(&transaction, seal).map_err(&setting_up)?;
    transaction.commit().map_err(&setting_up)?;
    wipe(&connection).map_err(failed("be wiped of what it held before"))?;
    key.retire_in(folder);
    if given.current.is_none() {
        tracing::info!(
            "credentials are sealed with {}, which protects copies of the database, not copies of the whole folder; to keep the key elsewhere give one as CAISSON_SECRET_KEY or --secret-key-file",
            key.origin()
        );
    }
    Ok((connection, sealing))
}

fn connect(path: &Path) -> rusqlite::Result<(Connection, i64)> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A revoked secret must not linger in a free page, and no temporary file may take a copy of one elsewhere.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let found: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if found != "ok" {
        let damaged = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(rusqlite::Error::SqliteFailure(damaged, Some(found)));
    }
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((connection, version))
}

fn remembered(transaction: &Transaction<'_>) -> rusqlite::Result<Option<Seal>> {
    let meta = |name: &str| {
        transaction.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).optional()
    };
    Ok(meta(SALT_META)?.zip(meta(CHECK_META)?).map(|(salt, check)| Seal { salt, check }))
}

/// Writes down the version and the seal, if it's a new one. What it replaces, if anything, is then to be wiped.
fn remember(transaction: &Transaction<'_>, seal: Option<Seal>) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    let Some(Seal { salt, check }) = seal else { return Ok(()) };
    for (name, value) in [(SALT_META, &*salt), (CHECK_META, &*check), (WIPE_META, "due")] {
        transaction
            .execute("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2", params![name, value])?;
    }
    Ok(())
}

fn seal_plain_text(transaction: &Transaction<'_>, sealing: &Sealing) -> Result<(), DatabaseError> {
    let sealing_up = failed("seal the credentials");
    let mut query = transaction.prepare("SELECT name, number, slot, value FROM plain_secrets").map_err(&sealing_up)?;
    let mut rows = query.query([]).map_err(&sealing_up)?;
    while let Some(row) = rows.next().map_err(&sealing_up)? {
        let read = || -> rusqlite::Result<_> {
            Ok(((row.get(0)?, row.get(1)?, row.get(2)?), Zeroizing::new(row.get::<_, String>(3)?)))
        };
        let (place, secret) = read().map_err(&sealing_up)?;
        put(transaction, sealing, &place, &secret)?;
    }
    drop(rows);
    drop(query);
    transaction.execute_batch("DROP TABLE plain_secrets").map_err(&sealing_up)
}

fn seal_anew(transaction: &Transaction<'_>, former: &Sealing, sealing: &Sealing) -> Result<(), DatabaseError> {
    let sealing_up = failed("seal the credentials anew");
    let mut query = transaction.prepare("SELECT name, number, slot, sealed FROM secrets").map_err(&sealing_up)?;
    let rows = query.query_map([], |row| Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?)));
    let rows: Vec<(Key, Vec<u8>)> = rows.and_then(Iterator::collect).map_err(&sealing_up)?;
    for (key, sealed) in &rows {
        match former.unseal(place(key), sealed) {
            Some(secret) => put(transaction, sealing, key, &secret)?,
            // Not ours to lose, and of no use to anyone: whoever looks at the deployment is told that it's missing.
            None => tracing::error!(deployment = key.0, revision = key.1, slot = key.2, "a credential doesn't open"),
        }
    }
    Ok(())
}

/// Deployment, revision, slot.
type Key = (String, u32, String);

fn place((deployment, revision, slot): &Key) -> Place<'_> {
    Place { deployment, revision: *revision, slot }
}

fn put(transaction: &Transaction<'_>, sealing: &Sealing, key: &Key, secret: &str) -> Result<(), DatabaseError> {
    let sealed = sealing.seal(place(key), secret).map_err(DatabaseError::Sealing)?;
    let write = "INSERT INTO secrets VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET sealed = ?4";
    let written = transaction.execute(write, params![key.0, key.1, key.2, sealed]);
    written.map(drop).map_err(failed("seal the credentials"))
}

/// Rewrites the file and empties the log, if that is due: pages that were split or moved may hold what was deleted since.
fn wipe(connection: &Connection) -> rusqlite::Result<()> {
    let due = connection.query_row("SELECT 1 FROM meta WHERE name = ?1", [WIPE_META], |_| Ok(())).optional()?;
    if due.is_none() {
        return Ok(());
    }
    connection.execute_batch("VACUUM")?;
    connection.execute("DELETE FROM meta WHERE name = ?1", [WIPE_META])?;
    // The log is emptied last, when nothing in it is needed any more.
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))? == 0;
    if !emptied {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None));
    }
    Ok(())
}

impl From<SealingError> for DatabaseError {
    fn from(error: SealingError) -> Self {
        Self::Sealing(error)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use std::fs;

    use super::super::secret_key::{KeySource, SecretKey};
    use super::*;

    const SECRETS: usize = 50;

    fn given(current: Option<char>, old: Option<char>) -> GivenKeys {
        let source = |letter: char| KeySource::Text(SecretKey::new(letter.to_string().repeat(32), "it").unwrap());
        GivenKeys { current: current.map(source), old: old.map(source) }
    }

    fn open(folder: &Path, given: &GivenKeys) -> Result<(Connection, Sealing), DatabaseError> {
        super::open(&folder.join("caisson.db"), folder, given)
    }

    fn secret(number: usize) -> String {
        format!("sk-plain-{number:03}-0123456789")
    }

    /// Writes what version 1 would have, and leaves it as a process that was killed does: the log beside the file.
    fn write_version_1(folder: &Path) {
        let written = tempfile::tempdir().unwrap();
        let connection = Connection::open(written.path().join("caisson.db")).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection
            .execute_batch(
                "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
                 CREATE TABLE deployments (name TEXT PRIMARY KEY, active INTEGER, last INTEGER NOT NULL) STRICT;
                 CREATE TABLE revisions (name TEXT NOT NULL REFERENCES deployments ON DELETE CASCADE, number INTEGER NOT NULL,
                     digest TEXT NOT NULL, info TEXT NOT NULL, spec TEXT NOT NULL, created INTEGER NOT NULL,
                     PRIMARY KEY (name, number)) STRICT;
                 CREATE TABLE secrets (name TEXT NOT NULL, number INTEGER NOT NULL, slot TEXT NOT NULL, value TEXT NOT NULL,
                     PRIMARY KEY (name, number, slot),
                     FOREIGN KEY (name, number) REFERENCES revisions ON DELETE CASCADE) STRICT;
                 CREATE TABLE keys (id TEXT PRIMARY KEY, label TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
                     created INTEGER NOT NULL, revoked INTEGER) STRICT;
                 PRAGMA user_version = 1;
                 INSERT INTO deployments VALUES ('openai', 1, 50);",
            )
            .unwrap();
        for number in 0..SECRETS {
            let revision = "INSERT INTO revisions VALUES ('openai', ?1, '', '', '', 0)";
            connection.execute(revision, [number]).unwrap();
            let value = params![number, secret(number)];
            connection.execute("INSERT INTO secrets VALUES ('openai', ?1, 'api-key', ?2)", value).unwrap();
            if number == SECRETS / 2 {
                // Half in the file, half in the log.
                connection.query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
            }
        }
        for name in ["caisson.db", "caisson.db-wal"] {
            fs::copy(written.path().join(name), folder.join(name)).unwrap();
        }
    }

    /// The files that hold this text.
    fn holding(folder: &Path, text: &[u8]) -> Vec<String> {
        let holds = |path: &Path| fs::read(path).unwrap().windows(text.len()).any(|window| window == text);
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| holds(path)).map(|path| path.display().to_string()).collect()
    }

    fn unsealed(connection: &Connection, sealing: &Sealing, revision: u32) -> Option<String> {
        let sealed: Vec<u8> =
            connection.query_row("SELECT sealed FROM secrets WHERE number = ?1", [revision], |row| row.get(0)).unwrap();
        let place = Place { deployment: "openai", revision, slot: "api-key" };
        sealing.unseal(place, &sealed).map(|secret| secret.to_string())
    }

    #[test]
    fn plain_text_of_version_1_is_sealed_and_gone_from_every_file() {
        let folder = tempfile::tempdir().unwrap();
        write_version_1(folder.path());
        assert!(holding(folder.path(), b"sk-plain-").len() == 2, "the test writes no plain text");
        let (connection, sealing) = open(folder.path(), &given(Some('a'), None)).unwrap();
        for number in 0..SECRETS {
            assert_eq!(unsealed(&connection, &sealing, number as u32), Some(secret(number)));
        }
        // While it is open, and once it's closed.
        assert_eq!(holding(folder.path(), b"sk-plain-"), [""; 0]);
        drop(connection);
        assert_eq!(holding(folder.path(), b"sk-plain-"), [""; 0]);
        let (connection, sealing) = open(folder.path(), &given(Some('a'), None)).unwrap();
        assert_eq!(unsealed(&connection, &sealing, 1), Some(secret(1)));
    }

    #[test]
    fn revisions_of_versions_that_checked_none_are_unchecked() {
        for version in UNCHECKED_VERSIONS {
            let folder = tempfile::tempdir().unwrap();
            write_version_1(folder.path());
            if version == 2 {
                drop(open(folder.path(), &given(Some('a'), None)).unwrap());
                let connection = Connection::open(folder.path().join("caisson.db")).unwrap();
                connection
                    .execute_batch("ALTER TABLE revisions DROP COLUMN checked; PRAGMA user_version = 2;")
                    .unwrap();
            }
            let (connection, _) = open(folder.path(), &given(Some('a'), None)).unwrap();
            let read = "SELECT count(*), count(checked) FROM revisions";
            let counted: (usize, usize) = connection.query_row(read, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            assert_eq!(counted, (SECRETS, 0), "version {version}");
        }
    }

    #[test]
    fn a_move_from_version_1_without_a_usable_key_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        write_version_1(folder.path());
        let missing = GivenKeys { current: Some(KeySource::File(folder.path().join("missing"))), old: None };
        assert!(matches!(open(folder.path(), &missing), Err(DatabaseError::Sealing(SealingError::Key(_)))));
        let (connection, sealing) = open(folder.path(), &given(Some('a'), None)).unwrap();
        assert_eq!(unsealed(&connection, &sealing, 1), Some(secret(1)));
    }

    #[test]
    fn a_changed_key_opens_what_the_old_one_sealed_and_the_old_one_opens_nothing_any_more() {
        let folder = tempfile::tempdir().unwrap();
        write_version_1(folder.path());
        let (connection, _) = open(folder.path(), &given(Some('a'), None)).unwrap();
        let read = "SELECT sealed FROM secrets WHERE number = 1";
        let before: Vec<u8> = connection.query_row(read, [], |row| row.get(0)).unwrap();
        drop(connection);
        assert!(matches!(
            open(folder.path(), &given(Some('b'), None)),
            Err(DatabaseError::Sealing(SealingError::WrongKey(_)))
        ));
        let (connection, sealing) = open(folder.path(), &given(Some('b'), Some('a'))).unwrap();
        assert_eq!(unsealed(&connection, &sealing, 1), Some(secret(1)));
        assert_eq!(holding(folder.path(), &before), [""; 0]);
        drop((connection, sealing));
        assert!(open(folder.path(), &given(Some('a'), None)).is_err());
        assert!(open(folder.path(), &given(Some('b'), None)).is_ok());
    }

    #[test]
    fn a_key_that_is_given_takes_the_place_of_the_folders_own() {
        let folder = tempfile::tempdir().unwrap();
        write_version_1(folder.path());
        drop(open(folder.path(), &given(None, None)).unwrap());
        let own = folder.path().join("secret.key");
        assert!(own.exists());
        let (connection, sealing) = open(folder.path(), &given(Some('a'), None)).unwrap();
        assert_eq!(unsealed(&connection, &sealing, 1), Some(secret(1)));
        assert!(!own.exists());
        drop((connection, sealing));
        // And no new one is made where the given one is missing.
        assert!(matches!(
            open(folder.path(), &given(None, None)),
            Err(DatabaseError::Sealing(SealingError::MissingKey))
        ));
        assert!(!own.exists());
    }

    #[test]
    fn a_wipe_that_was_interrupted_is_made_up_for() {
        let folder = tempfile::tempdir().unwrap();
        let (connection, _) = open(folder.path(), &given(Some('a'), None)).unwrap();
        connection.execute("INSERT INTO meta VALUES ('wipe', 'due')", []).unwrap();
        connection.execute("INSERT INTO removed VALUES ('sk-left-in-the-log', 1)", []).unwrap();
        connection.execute("DELETE FROM removed", []).unwrap();
        assert!(!holding(folder.path(), b"sk-left-in-the-log").is_empty());
        // Not closed: that would empty the log.
        let (second, _) = open(folder.path(), &given(Some('a'), None)).unwrap();
        assert_eq!(holding(folder.path(), b"sk-left-in-the-log"), [""; 0]);
        let due = "SELECT count(*) FROM meta WHERE name = 'wipe'";
        assert_eq!(second.query_row(due, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
        drop(connection);
    }

    #[test]
    fn a_damaged_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        write_version_1(folder.path());
        drop(open(folder.path(), &given(Some('a'), None)).unwrap());
        let path = folder.path().join("caisson.db");
        let whole = fs::read(&path).unwrap();
        for (what, damaged) in [
            ("another file", b"not a database, but long enough to be looked at as one".to_vec()),
            ("a page overwritten", [&whole[..4096], &[0xA5; 4096], &whole[8192..]].concat()),
            ("cut short", whole[..whole.len() - 4096].to_vec()),
        ] {
            fs::write(&path, damaged).unwrap();
            let error = open(folder.path(), &given(Some('a'), None)).err();
            assert!(matches!(error, Some(DatabaseError::Damaged(_))), "{what}: {error:?}");
        }
    }

    #[test]
    fn a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path(), &given(Some('a'), None)).unwrap());
        let connection = Connection::open(folder.path().join("caisson.db")).unwrap();
        connection.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
        let error = open(folder.path(), &given(Some('a'), None)).err();
        assert!(matches!(error, Some(DatabaseError::Newer(version)) if version == SCHEMA_VERSION + 1), "{error:?}");
    }
}
