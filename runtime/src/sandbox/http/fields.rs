//! Header fields, as a guest makes and reads them: held to a size, checked as they come in.

use std::sync::Arc;

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING, UPGRADE,
};
use wasmtime::component::Resource;

use super::types::{HeaderError, HostFields};
use crate::sandbox::state::State;

/// Bytes of one set of fields that a guest makes. A guest may hold a thousand sets.
pub(in crate::sandbox) const MAX_BYTES: usize = 32 << 10;
/// What a guest is told that makes a larger one.
pub(in crate::sandbox) const TOO_LARGE: &str = "it made a set of header fields larger than 32 KiB";
/// What a field costs the host beside its name and value.
const BYTES_PER_FIELD: usize = 64;

/// Fields that no guest sets or sees: they describe a connection, which is the host's.
const CONNECTION_FIELDS: [HeaderName; 9] = [
    CONNECTION,
    HOST,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The guest's error, or what it trapped with.
type Outcome<T> = wasmtime::Result<Result<T, HeaderError>>;

/// One set of fields. Those of a request or an answer are shared with it, and stay as they are.
pub struct Fields {
    map: Arc<HeaderMap>,
    bytes: usize,
    is_mutable: bool,
}

impl Fields {
    fn new() -> Self {
        Self { map: Arc::default(), bytes: 0, is_mutable: true }
    }

    /// What an upstream answered with.
    pub(super) fn received(mut map: HeaderMap) -> Arc<HeaderMap> {
        for name in &CONNECTION_FIELDS {
            map.remove(name);
        }
        Arc::new(map)
    }

    /// To be read only.
    pub(super) fn shown(map: &Arc<HeaderMap>) -> Self {
        Self { map: Arc::clone(map), bytes: 0, is_mutable: false }
    }

    pub(super) fn into_map(self) -> Arc<HeaderMap> {
        self.map
    }

    fn append(&mut self, name: &str, value: Vec<u8>) -> Outcome<()> {
        let (name, value) = match self.settable(name).and_then(|name| Ok((read(&name, value)?, name))) {
            Ok((value, name)) => (name, value),
            Err(error) => return Ok(Err(error)),
        };
        if name == CONTENT_LENGTH && self.map.contains_key(&name) {
            return Ok(Err(HeaderError::InvalidSyntax));
        }
        self.add(name, value)?;
        Ok(Ok(()))
    }

    /// Puts these values in place of those that there are, or leaves all as it was.
    fn set(&mut self, name: &str, values: Vec<Vec<u8>>) -> Outcome<()> {
        let read = self.settable(name).and_then(|name| {
            let values = values.into_iter().map(|value| read(&name, value)).collect::<Result<Vec<_>, _>>()?;
            if name == CONTENT_LENGTH && values.len() > 1 {
                Err(HeaderError::InvalidSyntax)
            } else {
                Ok((name, values))
            }
        });
        let (name, values) = match read {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        self.take_out(&name);
        for value in values {
            self.add(name.clone(), value)?;
        }
        Ok(Ok(()))
    }

    fn remove(&mut self, name: &str) -> Result<(), HeaderError> {
        let name = self.settable(name)?;
        self.take_out(&name);
        Ok(())
    }

    fn add(&mut self, name: HeaderName, value: HeaderValue) -> wasmtime::Result<()> {
        self.bytes += cost(&name, &value);
        if self.bytes > MAX_BYTES {
            wasmtime::bail!(TOO_LARGE);
        }
        Arc::make_mut(&mut self.map).append(name, value);
        Ok(())
    }

    fn take_out(&mut self, name: &HeaderName) {
        let taken: usize = self.map.get_all(name).iter().map(|value| cost(name, value)).sum();
        if taken > 0 {
            self.bytes = self.bytes.saturating_sub(taken);
            Arc::make_mut(&mut self.map).remove(name);
        }
    }

    fn settable(&self, name: &str) -> Result<HeaderName, HeaderError> {
        if !self.is_mutable {
            return Err(HeaderError::Immutable);
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::InvalidSyntax)?;
        if CONNECTION_FIELDS.contains(&name) { Err(HeaderError::Forbidden) } else { Ok(name) }
    }
}

fn read(name: &HeaderName, value: Vec<u8>) -> Result<HeaderValue, HeaderError> {
    let value = HeaderValue::try_from(value).map_err(|_| HeaderError::InvalidSyntax)?;
    if *name == CONTENT_LENGTH && length(&value).is_none() { Err(HeaderError::InvalidSyntax) } else { Ok(value) }
}

fn cost(name: &HeaderName, value: &HeaderValue) -> usize {
    name.as_str().len() + value.len() + BYTES_PER_FIELD
}

/// A content-length's number: digits, once (RFC 9110 §8.6).
pub(super) fn length(value: &HeaderValue) -> Option<u64> {
    let digits = value.to_str().ok()?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

impl HostFields for State {
    fn new(&mut self) -> wasmtime::Result<Resource<Fields>> {
        Ok(self.table.push(Fields::new())?)
    }

    fn from_list(&mut self, entries: Vec<(String, Vec<u8>)>) -> Outcome<Resource<Fields>> {
        let mut fields = Fields::new();
        for (name, value) in entries {
            if let Err(error) = fields.append(&name, value)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(self.table.push(fields)?))
    }

    fn get(&mut self, fields: Resource<Fields>, name: String) -> wasmtime::Result<Vec<Vec<u8>>> {
        let values = self.table.get(&fields)?.map.get_all(name.as_str()).iter();
        Ok(values.map(|value| value.as_bytes().to_vec()).collect())
    }

    fn has(&mut self, fields: Resource<Fields>, name: String) -> wasmtime::Result<bool> {
        Ok(self.table.get(&fields)?.map.contains_key(name.as_str()))
    }

    fn set(&mut self, fields: Resource<Fields>, name: String, values: Vec<Vec<u8>>) -> Outcome<()> {
        self.table.get_mut(&fields)?.set(&name, values)
    }

    fn delete(&mut self, fields: Resource<Fields>, name: String) -> Outcome<()> {
        Ok(self.table.get_mut(&fields)?.remove(&name))
    }

    fn append(&mut self, fields: Resource<Fields>, name: String, value: Vec<u8>) -> Outcome<()> {
        self.table.get_mut(&fields)?.append(&name, value)
    }

    fn entries(&mut self, fields: Resource<Fields>) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let fields = self.table.get(&fields)?.map.iter();
        Ok(fields.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect())
    }

    fn clone(&mut self, fields: Resource<Fields>) -> wasmtime::Result<Resource<Fields>> {
        let original = self.table.get(&fields)?;
        let bytes = original.map.iter().map(|(name, value)| cost(name, value)).sum();
        let copy = Fields { map: Arc::clone(&original.map), bytes, is_mutable: true };
        Ok(self.table.push(copy)?)
    }

    fn drop(&mut self, fields: Resource<Fields>) -> wasmtime::Result<()> {
        self.table.delete(fields)?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::*;

    fn error(outcome: Outcome<()>) -> Option<HeaderError> {
        outcome.unwrap().err()
    }

    #[test]
    fn a_guest_sets_no_field_of_the_connection_and_none_that_is_malformed() {
        let mut fields = Fields::new();
        for name in &CONNECTION_FIELDS {
            assert!(
                matches!(error(fields.append(name.as_str(), b"x".to_vec())), Some(HeaderError::Forbidden)),
                "{name}"
            );
        }
        assert!(matches!(error(fields.append("Transfer-Encoding", b"x".to_vec())), Some(HeaderError::Forbidden)));
        for (name, value) in [("with space", "x"), ("", "x"), ("x", "line\r\nbreak")] {
            assert!(matches!(error(fields.append(name, value.into())), Some(HeaderError::InvalidSyntax)), "{name:?}");
        }
        assert!(fields.map.is_empty());
    }

    #[test]
    fn one_content_length_in_digits_is_all_there_may_be() {
        for value in ["", "+1", "-1", "1, 1", "1x", "99999999999999999999999"] {
            let refused = error(Fields::new().append("content-length", value.into()));
            assert!(matches!(refused, Some(HeaderError::InvalidSyntax)), "{value:?}");
        }
        let mut fields = Fields::new();
        assert!(error(fields.append("content-length", b"1".to_vec())).is_none());
        assert!(matches!(error(fields.append("content-length", b"1".to_vec())), Some(HeaderError::InvalidSyntax)));
    }

    #[test]
    fn a_set_is_held_to_its_size_and_removing_gives_room_back() {
        let mut fields = Fields::new();
        for _ in 0..1000 {
            fields.append("x-big", vec![b'x'; MAX_BYTES / 2]).unwrap().unwrap();
            fields.remove("x-big").unwrap();
        }
        fields.append("x-big", vec![b'x'; MAX_BYTES / 2]).unwrap().unwrap();
        assert!(fields.append("x-big", vec![b'x'; MAX_BYTES / 2]).is_err());
        let many = (0..).find(|_| fields.append("x", Vec::new()).is_err()).unwrap();
        assert!(many < MAX_BYTES / BYTES_PER_FIELD, "{many}");
    }

    #[test]
    fn setting_what_is_malformed_leaves_what_there_was() {
        let mut fields = Fields::new();
        fields.append("x", b"1".to_vec()).unwrap().unwrap();
        assert!(error(fields.set("x", vec![b"2".to_vec(), b"3".to_vec()])).is_none());
        assert!(error(fields.set("x", vec![b"4".to_vec(), b"\n".to_vec()])).is_some());
        assert_eq!(fields.map.get_all("x").iter().collect::<Vec<_>>(), ["2", "3"]);
    }

    #[test]
    fn what_a_request_or_an_answer_has_is_read_only_and_a_copy_is_not() {
        let mut map = HeaderMap::new();
        map.insert(CONNECTION, HeaderValue::from_static("close"));
        map.insert("x-kept", HeaderValue::from_static("1"));
        let received = Fields::received(map);
        let mut shown = Fields::shown(&received);
        assert_eq!(shown.map.len(), 1);
        assert!(matches!(error(shown.append("x", Vec::new())), Some(HeaderError::Immutable)));
        assert!(matches!(shown.remove("x-kept"), Err(HeaderError::Immutable)));
        assert_eq!(received.len(), 1);
    }
}
