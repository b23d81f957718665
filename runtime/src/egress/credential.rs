//! A credential: a secret that the host puts on a granted request, and where it goes.
//!
//! The value lives here, in the scrubber's needles and, sealed, in the database: it is zeroised when dropped, `Debug` hides it, and no
//! accessor gives it away; it can only be put on a request whose target it was granted for. Two kinds of copies are out of our hands
//! and freed without being zeroised: the header or URL of a request under way with what hyper and rustls write of it, and the buffer
//! that a connection read an upload into, until it is used again.

use std::fmt;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::grant::{Grant, Target};
use super::request::CONNECTION_HEADERS;

/// The shortest secret we take. Answers are scrubbed of it, and a shorter one would turn up in ordinary text.
pub const MIN_SECRET_BYTES: usize = 8;

/// A secret value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// Where on a request a credential goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// `authorization: Bearer …` (RFC 6750).
    Bearer,
    /// This header, the value alone.
    Header(String),
    /// This query parameter.
    Query(String),
}

/// A secret bound to the one grant that it may be sent under.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The slot of the adapter's `describe` that it fills.
    pub slot: String,
    /// The only place it is ever sent to.
    pub host: Grant,
    /// Where on the request it goes.
    pub placement: Placement,
    /// The value.
    pub secret: Secret,
}

/// Why a value can't be a credential. Never holds the value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Shorter than [`MIN_SECRET_BYTES`].
    #[error(
        "the value is shorter than {MIN_SECRET_BYTES} bytes: answers are scrubbed of it, and so short a text would hit ordinary words"
    )]
    TooShort,
    /// Not visible ASCII, which is all that a header can carry safely.
    #[error(
        "the value has a character that no header can carry (only visible ASCII; is there a line break at its end?)"
    )]
    NotVisibleAscii,
}

/// Whether a credential can be put in a header or query parameter of that name. Headers that frame the message or belong to the
/// connection can't: a secret there would change what is sent.
pub(crate) fn is_placeable(name: &str) -> bool {
    const FRAMING: [HeaderName; 5] = [CONTENT_LENGTH, CONTENT_TYPE, ACCEPT_ENCODING, RANGE, IF_RANGE];
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return false };
    !FRAMING.contains(&name) && !CONNECTION_HEADERS.contains(&name)
}

/// What conformance cases have in a credential's place: `secret-of-SLOT`.
pub(crate) fn stand_in_for(slot: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() { c } else { '-' };
    format!("secret-of-{}", slot.chars().map(plain).collect::<String>())
}

impl Secret {
    /// Takes a value that an operator gave.
    pub fn new(value: impl Into<String>) -> Result<Self, SecretError> {
        Self::take(Zeroizing::new(value.into()))
    }

    /// Takes a value that is zeroised already, without another copy of it.
    pub fn take(value: Zeroizing<String>) -> Result<Self, SecretError> {
        if value.len() < MIN_SECRET_BYTES {
            return Err(SecretError::TooShort);
        }
        if !value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') || value.trim() != value.as_str() {
            return Err(SecretError::NotVisibleAscii);
        }
        Ok(Self(value))
    }

    /// The value itself: for the database, the scrubber and the request, which are all in `egress` and `deployments`.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Credential {
    /// The same, with what conformance cases have in its place.
    pub(super) fn stand_in(&self) -> Self {
        Self { secret: Secret(Zeroizing::new(stand_in_for(&self.slot))), ..self.clone() }
    }

    /// Puts the credential on a request for `target` if it was granted for it. Whatever the guest wrote in its place is
    /// overwritten: a guest can neither choose nor duplicate it.
    pub(super) fn put_on(&self, target: &Target, url: &mut Url, headers: &mut HeaderMap) {
        if !self.host.covers(target) {
            return;
        }
        match &self.placement {
            Placement::Bearer => {
                let value = Zeroizing::new(format!("Bearer {}", self.secret.expose()));
                insert_sensitive(headers, AUTHORIZATION, &value);
            }
            Placement::Header(name) => {
                if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                    insert_sensitive(headers, name, self.secret.expose());
                }
            }
            Placement::Query(name) => {
                // The guest's other parameters stay as it wrote them, byte for byte.
                let is_other = |piece: &&str| form_urlencoded::parse(piece.as_bytes()).all(|(key, _)| key != *name);
                let kept =
                    url.query().unwrap_or_default().split('&').filter(|piece| !piece.is_empty()).filter(is_other);
                let own =
                    form_urlencoded::Serializer::new(String::new()).append_pair(name, self.secret.expose()).finish();
                let own = Zeroizing::new(own);
                let query = Zeroizing::new(kept.chain([own.as_str()]).collect::<Vec<_>>().join("&"));
                url.set_query(Some(&query));
            }
        }
    }
}

fn insert_sensitive(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // `Secret::new` admits visible ASCII only, so this conversion can't fail.
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    fn applied(placement: Placement, target: &str, given: &str) -> (Url, HeaderMap) {
        let credential = Credential {
            slot: "api-key".into(),
            host: "https://api.example.com".parse().unwrap(),
            placement,
            secret: Secret::new("sk-12345678").unwrap(),
        };
        let mut url = Url::parse(given).unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-api-key", HeaderValue::from_static("from-guest"));
        headers.append("x-api-key", HeaderValue::from_static("twice"));
        credential.put_on(&Target::parse(target).unwrap(), &mut url, &mut headers);
        (url, headers)
    }

    #[test]
    fn a_header_credential_overwrites_what_the_guest_wrote() {
        let (_, headers) =
            applied(Placement::Header("x-api-key".into()), "https://api.example.com", "https://api.example.com/v1");
        let values: Vec<_> = headers.get_all("x-api-key").iter().collect();
        assert_eq!(values, ["sk-12345678"]);
        assert!(values[0].is_sensitive());
    }

    #[test]
    fn a_query_credential_replaces_the_guests_parameter_and_keeps_the_others() {
        let (url, _) = applied(
            Placement::Query("key".into()),
            "https://api.example.com",
            "https://api.example.com/v1?key=mine&alt=a%20b&flag&k%65y=b",
        );
        assert_eq!(url.query(), Some("alt=a%20b&flag&key=sk-12345678"));
    }

    #[test]
    fn a_credential_goes_to_no_other_host() {
        let (_, headers) = applied(Placement::Bearer, "https://evil.example.com", "https://evil.example.com/");
        assert!(!headers.contains_key(AUTHORIZATION));
    }

    #[test]
    fn short_or_unprintable_secrets_are_refused_and_debug_hides_the_rest() {
        assert_eq!(Secret::new("short").err(), Some(SecretError::TooShort));
        assert_eq!(Secret::new("sk-12345678\n").err(), Some(SecretError::NotVisibleAscii));
        assert_eq!(format!("{:?}", Secret::new("sk-12345678").unwrap()), "Secret(…)");
    }
}
