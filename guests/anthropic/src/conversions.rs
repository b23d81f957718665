//! The mapping between the contract and the Messages API: pure, no I/O, no settings.
//! `request` goes out, `answer` and `stream` come back; what they share lies beside them.

pub(crate) mod answer;
mod media;
pub(crate) mod request;
pub(crate) mod stream;
mod thinking;
mod tools;
mod turns;
mod usage;
mod verbatim;

use std::fmt;

use caisson_sdk::Result;
use caisson_sdk::api::Error;

use crate::client::fields::Fields;

/// Names a part of the request, as in `messages[0].content[1]`. Written out only where an error has to name it.
type Path<'a> = fmt::Arguments<'a>;

/// The contract's `extra` as fields of a wire object; `path` names the object.
fn extras<'a>(pairs: &'a [(String, String)], path: Path) -> Result<Fields<'a>> {
    Fields::of_pairs(pairs).map_err(|name| not_json(format!("{path}.{name}")))
}

fn not_json(path: String) -> Error {
    Error::invalid_request("this is not JSON").param(path)
}

/// The same where OpenAI puts an object's substance into another one, named `inner`: what
/// was left in that one stands beside the rest, since Anthropic's objects are flat.
fn flat_extras<'a>(pairs: &'a [(String, String)], inner: &str, path: Path) -> Result<Fields<'a>> {
    let mut fields = extras(pairs, path)?;
    if let Some(left) = fields.take::<Fields>(inner) {
        fields.extend(left);
    }
    Ok(fields)
}
