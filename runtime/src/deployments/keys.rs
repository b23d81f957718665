//! Keys: who may call, and who may administer.
//!
//! A key is 256 random bits, shown once and stored as its sha256. Looking a hash up says nothing about a key through timing, since
//! whoever times it can't choose the hash; the one admin key is compared in constant time all the same. Keys are never logged.

use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::database::KeyRow;

/// A caller's key as it is listed: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallerKey {
    /// What to revoke it by.
    pub id: String,
    /// The operator's note on whose it is.
    pub label: String,
    /// Unix seconds.
    pub created: u64,
    /// Unix seconds, once revoked.
    pub revoked: Option<u64>,
}

/// The hash of an admin key, ready to compare.
#[derive(Clone)]
pub struct AdminKey([u8; 32]);

/// The callers' keys that are valid, in memory: checking one touches no disk.
#[derive(Clone, Debug, Default)]
pub(super) struct ValidKeys {
    ids_by_hash: HashMap<[u8; 32], String>,
    any: bool,
}

/// What a request's key is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A valid key, by id.
    Known(String),
    /// No key was ever made: callers on this machine need none.
    NoKeysYet,
    /// No key, an unknown one, or a revoked one.
    Refused,
}

/// A new key with this prefix (`ck-` for callers, `cak-` for administrators).
pub(super) fn generate(prefix: &str) -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{prefix}-{}", hex(&bytes)))
}

/// What is stored of a key.
pub(super) fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that [`hex`] wrote; none if it didn't.
pub(super) fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

impl AdminKey {
    pub(super) fn new(key: &str) -> Self {
        Self(hash(key))
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        Some(Self(bytes_of_hex(text)?.try_into().ok()?))
    }

    /// Whether `presented` is the key, in constant time.
    pub fn is(&self, presented: &str) -> bool {
        self.0.ct_eq(&hash(presented)).into()
    }
}

impl ValidKeys {
    pub(super) fn of(rows: &[KeyRow]) -> Self {
        let valid = rows.iter().filter(|row| row.revoked.is_none());
        let ids_by_hash = valid.filter_map(|row| Some((AdminKey::from_hex(&row.hash)?.0, row.id.clone()))).collect();
        // Revoking the last key must not open the door to everyone on this machine again.
        Self { ids_by_hash, any: !rows.is_empty() }
    }

    pub(super) fn caller(&self, presented: Option<&str>) -> Caller {
        if !self.any {
            return Caller::NoKeysYet;
        }
        match presented.and_then(|key| self.ids_by_hash.get(&hash(key))) {
            Some(id) => Caller::Known(id.clone()),
            None => Caller::Refused,
        }
    }
}

impl From<KeyRow> for CallerKey {
    fn from(row: KeyRow) -> Self {
        Self { id: row.id, label: row.label, created: row.created, revoked: row.revoked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, revoked: Option<u64>) -> KeyRow {
        KeyRow { id: key.into(), label: String::new(), hash: hex(&hash(key)), created: 0, revoked }
    }

    #[test]
    fn without_any_key_nobody_is_known_or_refused() {
        assert_eq!(ValidKeys::of(&[]).caller(Some("ck-x")), Caller::NoKeysYet);
    }

    #[test]
    fn a_valid_key_is_known_and_others_are_refused() {
        let keys = ValidKeys::of(&[row("ck-good", None), row("ck-revoked", Some(1))]);
        assert_eq!(keys.caller(Some("ck-good")), Caller::Known("ck-good".into()));
        for bad in [None, Some("ck-revoked"), Some("ck-other"), Some("")] {
            assert_eq!(keys.caller(bad), Caller::Refused, "{bad:?}");
        }
    }

    #[test]
    fn revoking_the_last_key_leaves_the_door_shut() {
        assert_eq!(ValidKeys::of(&[row("ck-revoked", Some(1))]).caller(None), Caller::Refused);
    }

    #[test]
    fn the_admin_key_survives_storage_and_is_told_from_others() {
        let stored = AdminKey::from_hex(&hex(&hash("cak-secret")));
        assert!(stored.as_ref().is_some_and(|key| key.is("cak-secret")));
        assert!(stored.is_some_and(|key| !key.is("cak-secreT")));
    }
}
