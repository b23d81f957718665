//! A text that may be a secret: zeroised when dropped, hidden from `Debug`, with no way to be written anywhere.
//!
//! For values on their way to being a [`super::Secret`] or a key: nothing is known of them yet but that they must not get out. What a
//! parser, a socket's buffer or a command line held before is not in its hands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use zeroize::Zeroizing;

/// A text that may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text itself, to be kept as zeroised as it was.
    pub fn into_inner(self) -> Zeroizing<String> {
        self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = SecretText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<SecretText, E> {
                Ok(text.into())
            }

            fn visit_string<E>(self, text: String) -> Result<SecretText, E> {
                Ok(text.into())
            }
        }
        // Not as an owned string: that would make a copy of one that lies in the input.
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_a_string_and_debug_hides_it() {
        for json in [r#""sk-12345678""#, r#""sk-\u00312345678""#] {
            let text: SecretText = serde_json::from_str(json).unwrap();
            assert_eq!(text.expose(), "sk-12345678");
            assert_eq!(format!("{text:?}"), "SecretText(…)");
        }
        assert!(serde_json::from_str::<SecretText>("12345678").is_err());
    }
}
