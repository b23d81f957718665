//! Machine code on disk, so that a restart maps it instead of compiling: ours alone, and proven so before it is used.
//!
//! A file is named by its component's digest and its world's engine's fingerprint (wasmtime version, settings, CPU features) and ends
//! with a MAC over both and the code, under a key derived from the operator's secret. Whatever doesn't verify is no machine code of ours
//! and is made anew: another wasmtime, another CPU, a torn write, a forged or swapped file. Nothing here is needed to survive.

use std::fs;
use std::io;
use std::path::PathBuf;

use ring::hmac;
use subtle::ConstantTimeEq;

use super::artifacts::{self, Digest};
use crate::sandbox::{Adapter, Authentic, Compiled, Sandboxes, World};

const CONTEXT: &[u8] = b"caisson compiled artifact, format 1";
const MAC_BYTES: usize = 32;

/// The folder of compiled artifacts.
pub(super) struct CompiledArtifacts {
    folder: PathBuf,
    key: hmac::Key,
    /// Of each world's engine.
    fingerprints: [(World, u64); World::ALL.len()],
}

impl CompiledArtifacts {
    /// Opens the folder, made if missing, and removes what an interrupted write left behind.
    pub(super) fn open(folder: PathBuf, key: hmac::Key, sandboxes: &Sandboxes) -> io::Result<Self> {
        artifacts::clean_folder(&folder)?;
        Ok(Self { folder, key, fingerprints: World::ALL.map(|world| (world, sandboxes.fingerprint(world))) })
    }

    /// The adapter of a component that was compiled before, mapped from disk; none if there is no code that is ours and fits.
    pub(super) fn load(&self, digest: Digest, sandboxes: &Sandboxes) -> Option<Adapter> {
        // A component is for one world, so there is one file at most.
        self.fingerprints.iter().find_map(|(world, fingerprint)| self.load_for(*world, *fingerprint, digest, sandboxes))
    }

    fn load_for(&self, world: World, fingerprint: u64, digest: Digest, sandboxes: &Sandboxes) -> Option<Adapter> {
        let path = self.path(digest, fingerprint);
        let authentic = match fs::read(&path) {
            Ok(bytes) => self.is_ours(digest, fingerprint, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%digest, %error, "a compiled artifact can't be read; it is compiled anew");
                return None;
            }
        };
        if !authentic {
            tracing::warn!(%digest, "a compiled artifact isn't what was written; it is compiled anew");
            return None;
        }
        match sandboxes.load_file(&Authentic::vouched_for(&path, world)) {
            Ok(adapter) => Some(adapter),
            Err(error) => {
                tracing::warn!(%digest, %error, "a compiled artifact can't be loaded; it is compiled anew");
                None
            }
        }
    }

    /// Keeps machine code for the next start. Only a convenience: a failure is logged, and costs the next start a compilation.
    pub(super) fn keep(&self, digest: Digest, compiled: &Compiled) {
        let worlds = self.fingerprints.iter();
        let Some((_, fingerprint)) = worlds.copied().find(|(world, _)| *world == compiled.world()) else { return };
        let mac = self.mac(digest, fingerprint, compiled.code());
        let path = self.path(digest, fingerprint);
        if let Err(error) = artifacts::place(&self.folder, &path, &[compiled.code(), mac.as_ref()]) {
            tracing::warn!(%digest, %error, "the compiled artifact can't be kept; the next start compiles it anew");
        }
    }

    /// Removes all but these, and what another engine compiled.
    pub(super) fn retain(&self, used: &[Digest]) -> io::Result<()> {
        let of_each_world = |digest: &Digest| self.fingerprints.map(|(_, fingerprint)| self.path(*digest, fingerprint));
        let kept: Vec<PathBuf> = used.iter().flat_map(of_each_world).collect();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if !kept.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn is_ours(&self, digest: Digest, fingerprint: u64, bytes: &[u8]) -> bool {
        let Some((code, mac)) = bytes.split_last_chunk::<MAC_BYTES>() else { return false };
        self.mac(digest, fingerprint, code).as_ref().ct_eq(mac).into()
    }

    fn mac(&self, digest: Digest, fingerprint: u64, code: &[u8]) -> hmac::Tag {
        let mut mac = hmac::Context::with_key(&self.key);
        mac.update(CONTEXT);
        mac.update(digest.to_string().as_bytes());
        mac.update(&fingerprint.to_le_bytes());
        mac.update(code);
        mac.sign()
    }

    fn path(&self, digest: Digest, fingerprint: u64) -> PathBuf {
        self.folder.join(format!("{}-{fingerprint:016x}.cwasm", digest.hex()))
    }
}
