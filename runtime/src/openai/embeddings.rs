//! Embeddings on OpenAI's wire: the request read, the list of vectors written.
//!
//! Adapters see floats only; base64 (little-endian 32-bit floats, as OpenAI's own clients ask for) is written here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::json::{self, BadRequest, Object, Path, Value};
use super::request::model;
use super::usage::{self, Estimate, estimated, totalled};
use super::write::{MalformedAnswer, ObjectWriter, write_array, write_value};
use crate::chat::{EmbedInput, EmbedRequest, EmbedResponse, Usage};

/// How a client wants its vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Arrays of numbers, which OpenAI gives where a client doesn't say.
    Float,
    /// The bytes of little-endian 32-bit floats in base64.
    Base64,
}

/// A client's embeddings request.
#[derive(Debug)]
pub(crate) struct ParsedEmbed {
    /// The model's name as the client wrote it, with the deployment's prefix or an alias.
    pub(crate) model: String,
    /// How the client wants its vectors.
    pub(crate) encoding: Encoding,
    /// How many vectors it is to get.
    pub(crate) inputs: usize,
    /// The request for the adapter; its `model` is still the client's.
    pub(crate) request: EmbedRequest,
}

/// Reads the body of `POST /v1/embeddings`.
pub(crate) fn parse_embeddings(body: &[u8]) -> Result<ParsedEmbed, BadRequest> {
    let path = Path::ROOT;
    let mut body = json::document(json::utf8(body)?, &path)?;
    let model = model(&mut body)?;
    let input = input(&mut body)?;
    let inputs = match &input {
        EmbedInput::Texts(texts) => texts.len(),
        EmbedInput::Tokens(tokens) => tokens.len(),
    };
    let encoding = body.typed("encoding_format", encoding)?.unwrap_or(Encoding::Float);
    let request = EmbedRequest {
        model: model.clone(),
        input,
        dimensions: body.u32("dimensions")?,
        user: body.string("user")?,
        extra: body.into_extra(),
    };
    Ok(ParsedEmbed { model, encoding, inputs, request })
}

fn encoding(value: Value<'_>, path: &Path<'_>) -> Result<Encoding, BadRequest> {
    match &*value.string(path)? {
        "float" => Ok(Encoding::Float),
        "base64" => Ok(Encoding::Base64),
        _ => Err(BadRequest::at(path, "must be `float` or `base64`")),
    }
}

/// The input, of which OpenAI has four forms: a string, strings, token ids, arrays of token ids.
fn input(body: &mut Object<'_, '_>) -> Result<EmbedInput, BadRequest> {
    let value = body.require("input")?;
    let path = body.path().field("input");
    if value.is_string() {
        return Ok(EmbedInput::Texts(vec![text(value, &path)?]));
    }
    if !value.is_array() {
        return Err(value.mistyped(&path, "a string or an array"));
    }
    match value.first_item() {
        None => Err(BadRequest::at(&path, "is empty")),
        Some(first) if first.is_string() => Ok(EmbedInput::Texts(each(value, &path, text)?)),
        Some(first) if first.is_array() => Ok(EmbedInput::Tokens(each(value, &path, tokens)?)),
        Some(_) => Ok(EmbedInput::Tokens(vec![tokens(value, &path)?])),
    }
}

fn text(value: Value<'_>, path: &Path<'_>) -> Result<String, BadRequest> {
    let text = value.string(path)?;
    if text.is_empty() { Err(BadRequest::at(path, "is empty")) } else { Ok(text.into_owned()) }
}

fn tokens(value: Value<'_>, path: &Path<'_>) -> Result<Vec<u32>, BadRequest> {
    let tokens = each(value, path, |item, path| item.u32(path))?;
    if tokens.is_empty() { Err(BadRequest::at(path, "is empty")) } else { Ok(tokens) }
}

fn each<T>(
    value: Value<'_>,
    path: &Path<'_>,
    read: impl Fn(Value<'_>, &Path<'_>) -> Result<T, BadRequest>,
) -> Result<Vec<T>, BadRequest> {
    let mut items = Vec::new();
    value.items(path, |item, path| {
        items.push(read(item, path)?);
        Ok(())
    })?;
    Ok(items)
}

/// Embeddings, ready to send.
#[derive(Debug)]
pub(crate) struct EmbedAnswer {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// The tokens that the adapter or, if `estimated`, the host counted.
    pub(crate) usage: Usage,
    /// Whether the usage is the host's.
    pub(crate) estimated: bool,
}

/// What the client of an embeddings request is to get.
#[derive(Debug, Clone)]
pub(crate) struct EmbedContext {
    /// The model as the client named it, for adapters that don't say which one answered.
    pub(crate) model: String,
    /// How the client wants its vectors.
    pub(crate) encoding: Encoding,
    /// How many vectors it is to get.
    pub(crate) inputs: usize,
}

/// Writes the answer to `POST /v1/embeddings`.
pub(crate) fn embeddings(
    context: &EmbedContext,
    response: EmbedResponse,
    estimate: &dyn Estimate,
) -> Result<EmbedAnswer, MalformedAnswer> {
    let path = Path::ROOT;
    let vectors = &response.vectors;
    if vectors.len() != context.inputs {
        let problem = format_args!("holds {} vectors for {} inputs", vectors.len(), context.inputs);
        return Err(MalformedAnswer::at(&path.field("data"), problem));
    }
    let (usage, estimated) = match response.usage {
        Some(usage) => (totalled(usage), false),
        None => (estimated(estimate.input(), 0), true),
    };
    let model = response.model.as_deref().filter(|model| !model.is_empty()).unwrap_or(&context.model);

    let mut body = Vec::new();
    let mut object = ObjectWriter::open(&mut body);
    object.value("object", "list");
    let data = path.field("data");
    let mut items = vectors.iter().enumerate();
    write_array(object.field("data"), &mut items, |out, (index, vector)| {
        if !vector.iter().all(|number| number.is_finite()) {
            let path = data.item(index);
            return Err(MalformedAnswer::at(&path.field("embedding"), "holds a number that is not finite"));
        }
        let mut object = ObjectWriter::open(out);
        object.value("object", "embedding");
        object.value("index", index);
        match context.encoding {
            Encoding::Float => object.value("embedding", vector),
            Encoding::Base64 => write_base64(object.field("embedding"), vector),
        }
        object.close();
        Ok(())
    })?;
    object.value("model", model);
    usage::write_input_only(object.field("usage"), &usage, estimated, &path.field("usage"))?;
    object.extra(&response.extra, &path)?;
    object.close();
    Ok(EmbedAnswer { body, usage, estimated })
}

fn write_base64(out: &mut Vec<u8>, vector: &[f32]) {
    let bytes = vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    write_value(out, STANDARD.encode(bytes));
}

#[cfg(test)]
mod tests;
