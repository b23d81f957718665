//! The operator's secret key: where it comes from, and what can be one.
//!
//! It is given as text or as a file; where none is given, one is made in the data folder, so that `caisson serve` needs no
//! configuration. A key in the data folder protects copies of the database alone: whoever has the whole folder has both. What is
//! derived from it is [`super::sealing`]'s.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The fewest bytes of a secret key: 128 random bits in hex.
const MIN_SECRET_KEY_BYTES: usize = 32;
/// Far more than any key has: a file with more is another file.
const MAX_SECRET_KEY_BYTES: usize = 4096;

/// The key's file in a data folder.
const FILE: &str = "secret.key";

/// A secret key. Zeroised when dropped; `Debug` hides it.
#[derive(Clone)]
pub struct SecretKey {
    bytes: Zeroizing<Vec<u8>>,
    /// Where it comes from, for errors.
    origin: String,
}

/// Where a key is to be had.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Given as text, as by an environment variable.
    Text(SecretKey),
    /// In a file.
    File(PathBuf),
}

/// The keys that an operator gives.
#[derive(Clone, Debug, Default)]
pub struct GivenKeys {
    /// The one to seal with.
    pub current: Option<KeySource>,
    /// The one that sealed until now, to change it.
    pub old: Option<KeySource>,
}

/// Why there is no secret key. Never holds one.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// The file can't be read.
    #[error("can't read the secret key file {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// Few enough bytes to be guessed.
    #[error(
        "{0} has fewer than {MIN_SECRET_KEY_BYTES} characters: take a random one, as `openssl rand -hex 32` makes, or give none, and one is made in the data folder"
    )]
    TooShort(String),
    /// So many bytes that it can't be one.
    #[error("{0} has more than {MAX_SECRET_KEY_BYTES} characters: is that the right file?")]
    TooLong(String),
    /// The file in the data folder can't be made.
    #[error("can't make the secret key file {}", .0.display())]
    Make(PathBuf, #[source] io::Error),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] getrandom::Error),
}

impl KeySource {
    pub(super) fn read(&self) -> Result<SecretKey, SecretKeyError> {
        match self {
            Self::Text(key) => Ok(key.clone()),
            Self::File(path) => SecretKey::read(path),
        }
    }
}

impl SecretKey {
    /// Takes a key that an operator gave; `origin` says where, as an error's subject. White space at its end doesn't count.
    pub fn new(bytes: impl Into<Vec<u8>>, origin: &str) -> Result<Self, SecretKeyError> {
        let mut bytes = Zeroizing::new(bytes.into());
        let length = bytes.trim_ascii_end().len();
        // What `truncate` cuts off stays in the buffer, and that is white space.
        bytes.truncate(length);
        match bytes.len() {
            ..MIN_SECRET_KEY_BYTES => Err(SecretKeyError::TooShort(origin.to_owned())),
            MIN_SECRET_KEY_BYTES..=MAX_SECRET_KEY_BYTES => Ok(Self { bytes, origin: origin.to_owned() }),
            _ => Err(SecretKeyError::TooLong(origin.to_owned())),
        }
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, SecretKeyError> {
        let failed = |error| SecretKeyError::Read(path.to_owned(), error);
        let file = File::open(path).map_err(failed)?;
        warn_if_others_can_read(path, &file);
        // Of its full size from the start: growing would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET_KEY_BYTES + 2));
        file.take(MAX_SECRET_KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        Self::new(std::mem::take(&mut *bytes), &format!("the secret key file {}", path.display()))
    }

    /// The data folder's own key, if there is one.
    pub(super) fn in_folder(folder: &Path) -> Result<Option<Self>, SecretKeyError> {
        let path = folder.join(FILE);
        if path.try_exists().unwrap_or(true) { Self::read(&path).map(Some) } else { Ok(None) }
    }

    /// Makes the data folder's own key, on the disk before it is used: what it seals is worthless without it.
    pub(super) fn make_in(folder: &Path) -> Result<Self, SecretKeyError> {
        let path = folder.join(FILE);
        let mut random = Zeroizing::new([0u8; 32]);
        getrandom::fill(random.as_mut_slice()).map_err(SecretKeyError::Random)?;
        let mut text = Zeroizing::new(super::keys::hex(random.as_slice()));
        text.push('\n');
        write_privately(folder, &path, text.as_bytes()).map_err(|error| SecretKeyError::Make(path.clone(), error))?;
        Self::read(&path)
    }

    /// Removes the data folder's own key where another is used: it opens nothing any more but old copies of the database.
    pub(super) fn retire_in(&self, folder: &Path) {
        let Ok(Some(own)) = Self::in_folder(folder) else { return };
        if *own.bytes == *self.bytes {
            return;
        }
        let path = folder.join(FILE);
        match fs::remove_file(&path) {
            Ok(()) => {
                tracing::info!(file = %path.display(), "removed the data folder's own secret key: it is not used any more")
            }
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "this secret key is not used any more and can't be removed");
            }
        }
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.bytes
    }
}

/// Writes a file that only its owner can read; it appears under its name when all of it is on the disk.
fn write_privately(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("key.part");
    match fs::remove_file(&aside) {
        // Of a start that was interrupted.
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    File::open(folder)?.sync_all()
}

/// Warns and goes on: the usual ways to hand a file to a container make it readable by all in there.
fn warn_if_others_can_read(path: &Path, file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        const OTHERS_READ: u32 = 0o004;
        if file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & OTHERS_READ != 0) {
            tracing::warn!(file = %path.display(), "every user of this machine can read the secret key: `chmod 600` it");
        }
    }
    #[cfg(not(unix))]
    let _ = (path, file);
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.origin)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_to_4096_bytes_and_white_space_at_its_end_does_not_count() {
        let made = |text: String| SecretKey::new(text.into_bytes(), "it");
        assert_eq!(made("k".repeat(32) + "\r\n").unwrap().expose(), "k".repeat(32).as_bytes());
        assert!(made("k".repeat(4096)).is_ok());
        for short in ["", "\n", &("k".repeat(31) + "\n\n\n\n")] {
            assert!(matches!(made(short.into()), Err(SecretKeyError::TooShort(_))), "{short:?}");
        }
        assert!(matches!(made("k".repeat(4097)), Err(SecretKeyError::TooLong(_))));
    }

    #[test]
    fn debug_shows_where_a_key_is_from_and_not_the_key() {
        let key = SecretKey::new("k".repeat(32), "CAISSON_SECRET_KEY").unwrap();
        assert_eq!(format!("{:?}", KeySource::Text(key)), "Text(SecretKey(CAISSON_SECRET_KEY))");
    }

    #[cfg(unix)]
    #[test]
    fn a_folders_own_key_is_random_stays_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // Left by a start that was interrupted.
        fs::write(folder.path().join("secret.key.part"), "half").unwrap();
        assert!(SecretKey::in_folder(folder.path()).unwrap().is_none());
        let made = SecretKey::make_in(folder.path()).unwrap();
        let found = SecretKey::in_folder(folder.path()).unwrap().unwrap();
        assert_eq!(made.expose(), found.expose());
        assert_ne!(made.expose(), SecretKey::make_in(other.path()).unwrap().expose());
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!folder.path().join("secret.key.part").exists());
    }

    #[test]
    fn a_file_that_never_ends_is_not_read_to_its_end() {
        let path = Path::new("/dev/zero");
        if path.exists() {
            assert!(matches!(SecretKey::read(path), Err(SecretKeyError::TooLong(_))));
        }
    }
}
