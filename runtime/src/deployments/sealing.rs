//! Credentials at rest: sealed with keys derived from the operator's secret key, so that a copy of the database opens nothing.
//!
//! Each is sealed by ChaCha20-Poly1305 (RFC 8439) under a random nonce and bound to its deployment, revision and slot: a row that is
//! changed or put in another's place doesn't open. Keys come from the secret key and a random salt of this data folder by HKDF-SHA256
//! (RFC 5869), one for each use, and a check value tells a wrong key before anything is opened with it. HKDF slows no guessing: the
//! secret key must be random, which [`super::secret_key`] can only ask for. It guards nothing from whoever can read this process's
//! memory, and the derived keys stay there as long as it runs.

use std::path::Path;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Okm, Prk, Salt};
use ring::hmac::{self, HMAC_SHA256};
use zeroize::Zeroizing;

use super::keys::{bytes_of_hex, hex};
use super::secret_key::{GivenKeys, SecretKey, SecretKeyError};

const SALT_LEN: usize = 32;
/// What is authenticated to tell the right key from a wrong one.
const CHECKED: &[u8] = b"caisson secret key";

/// The keys of one data folder.
pub struct Sealing {
    credentials: LessSafeKey,
    artifacts: hmac::Key,
}

/// Where a sealed credential belongs; it opens nowhere else.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) deployment: &'p str,
    pub(super) revision: u32,
    pub(super) slot: &'p str,
}

/// What the database remembers of the secret key, in hex: nothing that a key could be had from.
#[derive(Clone)]
pub(super) struct Seal {
    pub(super) salt: String,
    pub(super) check: String,
}

/// The keys of a data folder, and what has to be written before they are used.
pub(super) struct Unlocked {
    pub(super) sealing: Sealing,
    /// What the keys are derived from.
    pub(super) key: SecretKey,
    /// To be remembered, if it isn't.
    pub(super) seal: Option<Seal>,
    /// What opens the credentials as they are, if they have to be sealed anew.
    pub(super) former: Option<Sealing>,
}

/// Why credentials can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// No key, or none that can be used.
    #[error(transparent)]
    Key(#[from] SecretKeyError),
    /// Another key than the one that sealed.
    #[error(
        "the credentials were sealed with another secret key than {0}: give the one that sealed them, or, to change it, that one too as CAISSON_OLD_SECRET_KEY or --old-secret-key-file"
    )]
    WrongKey(String),
    /// Something is sealed and there is no key.
    #[error(
        "the credentials are sealed with a secret key that isn't there: give it as CAISSON_SECRET_KEY or --secret-key-file"
    )]
    MissingKey,
    /// The algorithm refuses; no input that we make does that.
    #[error("a credential can't be sealed")]
    Refused,
}

impl From<ring::error::Unspecified> for SealingError {
    fn from(_: ring::error::Unspecified) -> Self {
        Self::Refused
    }
}

/// Finds the key for a data folder: the given one, else the folder's own, which is made if nothing is sealed yet.
pub(super) fn unlock(folder: &Path, given: &GivenKeys, seal: Option<&Seal>) -> Result<Unlocked, SealingError> {
    let (current, in_folder) = match &given.current {
        // The folder's own may then be anything: it is of use only if it opens what is there.
        Some(source) => (Some(source.read()?), SecretKey::in_folder(folder).ok().flatten()),
        None => (SecretKey::in_folder(folder)?, None),
    };
    let sealed_anew = |current: Option<SecretKey>, former| {
        let key = current.map_or_else(|| SecretKey::make_in(folder), Ok)?;
        let (sealing, seal) = Sealing::new(&key)?;
        Ok(Unlocked { sealing, key, seal: Some(seal), former })
    };
    let Some(seal) = seal else { return sealed_anew(current, None) };
    if let Some((sealing, key)) = current.as_ref().and_then(|key| Some((Sealing::open(key, seal)?, key.clone()))) {
        return Ok(Unlocked { sealing, key, seal: None, former: None });
    }
    // Read only now: once the key is changed, the old one may be gone.
    let old = given.old.as_ref().map(|source| source.read()).transpose()?;
    let former = old.iter().chain(&in_folder).find_map(|key| Sealing::open(key, seal));
    match (former, current) {
        (Some(former), current) => sealed_anew(current, Some(former)),
        (None, Some(wrong)) => Err(SealingError::WrongKey(wrong.origin().to_owned())),
        (None, None) => Err(SealingError::MissingKey),
    }
}

impl Sealing {
    /// Keys under a new salt, and what to remember of them.
    fn new(key: &SecretKey) -> Result<(Self, Seal), SealingError> {
        let salt = random::<SALT_LEN>()?;
        let derived = Derived::of(key, &salt)?;
        let check = hmac::sign(&derived.check, CHECKED);
        Ok((derived.sealing, Seal { salt: hex(&salt), check: hex(check.as_ref()) }))
    }

    /// The keys under a remembered salt, if `key` is the one that they were derived from.
    fn open(key: &SecretKey, seal: &Seal) -> Option<Self> {
        let derived = Derived::of(key, &bytes_of_hex(&seal.salt)?).ok()?;
        hmac::verify(&derived.check, CHECKED, &bytes_of_hex(&seal.check)?).ok()?;
        Some(derived.sealing)
    }

    /// The key that authenticates compiled artifacts (HMAC-SHA256). It changes with the secret key.
    pub fn artifact_key(&self) -> &hmac::Key {
        &self.artifacts
    }

    /// Nonce, ciphertext and tag.
    pub(super) fn seal(&self, place: Place<'_>, secret: &str) -> Result<Vec<u8>, SealingError> {
        // 96 random bits: a repetition becomes likely after some 2^48 credentials.
        let nonce = random::<NONCE_LEN>()?;
        // Encrypted where it lies, in a buffer that never moves: no copy of the plain text stays behind.
        let mut sealed = Vec::with_capacity(NONCE_LEN + secret.len() + CHACHA20_POLY1305.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(secret.as_bytes());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag =
            self.credentials.seal_in_place_separate_tag(nonce, Aad::from(place.bytes()), &mut sealed[NONCE_LEN..])?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// The secret that was sealed for this place; none if it wasn't, or was changed since.
    pub(super) fn unseal(&self, place: Place<'_>, sealed: &[u8]) -> Option<Zeroizing<String>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.credentials.open_in_place(nonce, Aad::from(place.bytes()), &mut buffer).ok()?;
        Some(Zeroizing::new(str::from_utf8(plain).ok()?.to_owned()))
    }
}

impl Place<'_> {
    /// Different for every place: a deployment's name has no NUL, and a number has four bytes.
    fn bytes(self) -> Vec<u8> {
        let number = self.revision.to_be_bytes();
        [b"caisson credential\0", self.deployment.as_bytes(), b"\0", &number, self.slot.as_bytes()].concat()
    }
}

/// What is derived from a secret key and a salt.
struct Derived {
    sealing: Sealing,
    check: hmac::Key,
}

impl Derived {
    fn of(key: &SecretKey, salt: &[u8]) -> Result<Self, SealingError> {
        let root = Salt::new(HKDF_SHA256, salt).extract(key.expose());
        let credentials = UnboundKey::from(derive(&root, &[b"caisson credentials 1"], &CHACHA20_POLY1305)?);
        let artifacts = derive(&root, &[b"caisson artifacts 1"], HMAC_SHA256)?.into();
        let check = derive(&root, &[b"caisson check 1"], HMAC_SHA256)?.into();
        Ok(Self { sealing: Sealing { credentials: LessSafeKey::new(credentials), artifacts }, check })
    }
}

fn derive<'r, K: KeyType>(root: &'r Prk, usage: &'r [&'r [u8]], kind: K) -> Result<Okm<'r, K>, SealingError> {
    Ok(root.expand(usage, kind)?)
}

fn random<const N: usize>() -> Result<[u8; N], SealingError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(SecretKeyError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::super::secret_key::KeySource;
    use super::*;

    const PLACE: Place<'_> = Place { deployment: "openai", revision: 3, slot: "api-key" };

    fn key(letter: char) -> SecretKey {
        SecretKey::new(letter.to_string().repeat(32).into_bytes(), "the test's").unwrap()
    }

    fn given(current: Option<char>, old: Option<char>) -> GivenKeys {
        let source = |letter| KeySource::Text(key(letter));
        GivenKeys { current: current.map(source), old: old.map(source) }
    }

    #[test]
    fn a_sealed_credential_opens_in_its_own_place_and_in_no_other() {
        let (sealing, _) = Sealing::new(&key('a')).unwrap();
        let sealed = sealing.seal(PLACE, "sk-12345678").unwrap();
        assert_eq!(sealing.unseal(PLACE, &sealed).as_deref().map(String::as_str), Some("sk-12345678"));
        for other in [
            Place { deployment: "openai-2", ..PLACE },
            Place { revision: 4, ..PLACE },
            Place { slot: "api-key-2", ..PLACE },
        ] {
            assert!(sealing.unseal(other, &sealed).is_none());
        }
    }

    #[test]
    fn a_changed_or_cut_row_does_not_open() {
        let (sealing, _) = Sealing::new(&key('a')).unwrap();
        let sealed = sealing.seal(PLACE, "sk-12345678").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealing.unseal(PLACE, &changed).is_none(), "byte {at}");
            assert!(sealing.unseal(PLACE, &sealed[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_secret_is_never_sealed_twice_alike() {
        let (sealing, _) = Sealing::new(&key('a')).unwrap();
        assert_ne!(sealing.seal(PLACE, "sk-12345678").unwrap(), sealing.seal(PLACE, "sk-12345678").unwrap());
    }

    #[test]
    fn keys_come_back_from_the_same_secret_only_and_differ_between_folders() {
        let (first, seal) = Sealing::new(&key('a')).unwrap();
        let sealed = first.seal(PLACE, "sk-12345678").unwrap();
        let again = Sealing::open(&key('a'), &seal).unwrap();
        assert!(again.unseal(PLACE, &sealed).is_some());
        assert_eq!(hmac::sign(first.artifact_key(), b"x").as_ref(), hmac::sign(again.artifact_key(), b"x").as_ref());
        assert!(Sealing::open(&key('b'), &seal).is_none());
        let (elsewhere, _) = Sealing::new(&key('a')).unwrap();
        assert!(elsewhere.unseal(PLACE, &sealed).is_none());
    }

    #[test]
    fn a_folder_opens_with_its_key_and_changes_it_only_with_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let unlock = |given: GivenKeys, seal: &Seal| unlock(folder.path(), &given, Some(seal));
        let (_, seal) = Sealing::new(&key('a')).unwrap();
        assert!(unlock(given(Some('a'), None), &seal).unwrap().former.is_none());
        // Already changed: the old one is not asked for.
        assert!(unlock(given(Some('a'), Some('b')), &seal).unwrap().former.is_none());
        assert!(unlock(given(Some('b'), Some('a')), &seal).unwrap().former.is_some());
        assert!(matches!(unlock(given(Some('b'), None), &seal), Err(SealingError::WrongKey(_))));
        assert!(matches!(unlock(given(Some('b'), Some('c')), &seal), Err(SealingError::WrongKey(_))));
        assert!(matches!(unlock(given(None, None), &seal), Err(SealingError::MissingKey)));
        assert!(SecretKey::in_folder(folder.path()).unwrap().is_none(), "a key was made where one is missing");
        // Back to a key of the folder's own.
        assert!(unlock(given(None, Some('a')), &seal).unwrap().former.is_some());
        assert!(SecretKey::in_folder(folder.path()).unwrap().is_some());
    }
}
