//! Components on disk, named by the digest of their bytes.
//!
//! A file appears under its name only when all its bytes are on the disk (written aside, synced, renamed, folder synced), so a
//! `kill -9` at any moment leaves a whole artifact or none. Reading checks the digest again. It knows no revisions.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// The sha256 of an artifact's bytes; prints as `sha256:…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// The folder of artifacts.
pub(super) struct Artifacts {
    folder: PathBuf,
}

/// Why an artifact can't be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The disk says no.
    #[error("can't {0} the artifact {1}: {hint}", hint = what_to_do(.2))]
    Io(&'static str, Digest, #[source] io::Error),
    /// The folder itself can't be used.
    #[error("can't use the folder {}", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// The bytes on disk aren't those that were stored.
    #[error("the artifact {0} was changed on disk; push the component again")]
    Corrupt(Digest),
}

fn what_to_do(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full; make room and try again",
        io::ErrorKind::QuotaExceeded => "the disk quota is used up; raise it or make room, and try again",
        io::ErrorKind::FileTooLarge => {
            "it is larger than this process may write; raise the limit (`ulimit -f`) and try again"
        }
        io::ErrorKind::ReadOnlyFilesystem => "the disk is mounted read-only; mount it for writing and try again",
        io::ErrorKind::PermissionDenied => "this user may not use the folder `artifacts`; let it and try again",
        io::ErrorKind::NotFound => {
            "it or the folder `artifacts` is not there; put it back, or push the component again"
        }
        io::ErrorKind::NotADirectory => {
            "`artifacts` in the data folder is no folder; put the folder back and try again"
        }
        _ => "the disk refuses, the log says why; try again once it is mended",
    }
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub(super) fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Artifacts {
    /// Opens the folder, made if missing, and removes what an interrupted upload left behind.
    pub(super) fn open(folder: PathBuf) -> Result<Self, ArtifactError> {
        clean_folder(&folder).map_err(|error| ArtifactError::Folder(folder.clone(), error))?;
        Ok(Self { folder })
    }

    /// Stores bytes durably; when this returns they survive a power cut.
    pub(super) fn put(&self, digest: Digest, bytes: &[u8]) -> Result<(), ArtifactError> {
        let failed = |error| ArtifactError::Io("store", digest, error);
        let path = self.path(digest);
        if path.exists() && self.read(digest).is_ok() {
            return Ok(());
        }
        place(&self.folder, &path, &[bytes]).map_err(failed)
    }

    /// The bytes of an artifact, proven to be those that were stored.
    pub(super) fn read(&self, digest: Digest) -> Result<Vec<u8>, ArtifactError> {
        let bytes = fs::read(self.path(digest)).map_err(|error| ArtifactError::Io("read", digest, error))?;
        if Digest::of(&bytes) == digest { Ok(bytes) } else { Err(ArtifactError::Corrupt(digest)) }
    }

    /// Removes all but these.
    pub(super) fn retain(&self, used: &[Digest]) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let digest = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .and_then(|stem| format!("sha256:{stem}").parse::<Digest>().ok());
            if digest.is_some_and(|digest| !used.contains(&digest)) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{}.wasm", digest.hex()))
    }
}

/// Makes a folder if it is missing, and removes what an interrupted [`place`] left in it.
pub(super) fn clean_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "part") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Writes a whole file or none: aside, synced, renamed into `folder`, folder synced.
pub(super) fn place(folder: &Path, path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    // The name is unique per writer: two uploads of one component may run at a time.
    let mut random = [0u8; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let part = folder.join(format!("{:016x}.part", u64::from_le_bytes(random)));
    let write = || -> io::Result<()> {
        let mut file = File::create_new(&part)?;
        for piece in pieces {
            file.write_all(piece)?;
        }
        file.sync_all()?;
        fs::rename(&part, path)?;
        File::open(folder)?.sync_all()
    };
    write().inspect_err(|_| {
        // The file is worthless now; if it can't be removed either, the next start removes it.
        let _ = fs::remove_file(&part);
    })
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl FromStr for Digest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.is_ascii()).ok_or(())?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| ())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ())?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_read_back_and_changes_on_disk_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = Artifacts::open(folder.path().join("artifacts")).unwrap();
        let digest = Digest::of(b"component");
        artifacts.put(digest, b"component").unwrap();
        assert_eq!(artifacts.read(digest).unwrap(), b"component");
        fs::write(artifacts.path(digest), b"changed").unwrap();
        assert!(matches!(artifacts.read(digest), Err(ArtifactError::Corrupt(_))));
        artifacts.put(digest, b"component").unwrap();
        assert_eq!(artifacts.read(digest).unwrap(), b"component");
    }

    #[test]
    fn leftovers_of_an_interrupted_upload_are_removed_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("0123.part"), b"half").unwrap();
        Artifacts::open(folder.path().to_owned()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_unused_artifacts_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = Artifacts::open(folder.path().to_owned()).unwrap();
        let (kept, dropped) = (Digest::of(b"a"), Digest::of(b"b"));
        artifacts.put(kept, b"a").unwrap();
        artifacts.put(dropped, b"b").unwrap();
        artifacts.retain(&[kept]).unwrap();
        assert!(artifacts.read(kept).is_ok());
        assert!(artifacts.read(dropped).is_err());
    }

    #[test]
    fn a_digest_reads_back_as_it_prints() {
        let digest = Digest::of(b"x");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("sha256:zz".parse::<Digest>().is_err());
    }
}
