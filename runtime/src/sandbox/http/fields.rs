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
const MAX_BYTES: usize = 32 << 10;
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
        if !self.is_mutable {
            return Ok(Err(HeaderError::Immutable));
        }
        let name = match settable(name) {
            Ok(name) => name,
            Err(error) => return Ok(Err(error)),
        };
        let Ok(value) = HeaderValue::try_from(value) else { return Ok(Err(HeaderError::InvalidSyntax)) };
        if name == CONTENT_LENGTH && (length(&value).is_none() || self.map.contains_key(&name)) {
            return Ok(Err(HeaderError::InvalidSyntax));
        }
        self.bytes += name.as_str().len() + value.len() + BYTES_PER_FIELD;
        if self.bytes > MAX_BYTES {
            wasmtime::bail!("it made a set of header fields larger than 32 KiB");
        }
        Arc::make_mut(&mut self.map).append(name, value);
        Ok(Ok(()))
    }

    fn remove(&mut self, name: &str) -> Result<(), HeaderError> {
        if !self.is_mutable {
            return Err(HeaderError::Immutable);
        }
        let name = settable(name)?;
        let taken: usize =
            self.map.get_all(&name).iter().map(|value| name.as_str().len() + value.len() + BYTES_PER_FIELD).sum();
        if taken > 0 {
            self.bytes = self.bytes.saturating_sub(taken);
            Arc::make_mut(&mut self.map).remove(&name);
        }
        Ok(())
    }
}

fn settable(name: &str) -> Result<HeaderName, HeaderError> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::InvalidSyntax)?;
    if CONNECTION_FIELDS.contains(&name) { Err(HeaderError::Forbidden) } else { Ok(name) }
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
        let fields = self.table.get_mut(&fields)?;
        if let Err(error) = fields.remove(&name) {
            return Ok(Err(error));
        }
        for value in values {
            if let Err(error) = fields.append(&name, value)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
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
        let bytes = original.map.iter().map(|(name, value)| name.as_str().len() + value.len() + BYTES_PER_FIELD).sum();
        let copy = Fields { map: Arc::clone(&original.map), bytes, is_mutable: true };
        Ok(self.table.push(copy)?)
    }

    fn drop(&mut self, fields: Resource<Fields>) -> wasmtime::Result<()> {
        self.table.delete(fields)?;
        Ok(())
    }
}
