//! The parts of a message's content: text, images, audio, files, refusals, reasoning.
//!
//! A part of a type without a name in the vocabulary goes along whole, as the client sent it. Bytes in a `data:` URL are split into
//! MIME type and base64 text, which stays undecoded: whether it is good base64 is the provider's to say.

use super::super::json::{BadRequest, Object, Path, Value};
use crate::chat::{Media, Part, Reasoning, Source, TextPart};

/// Reads one part.
pub(super) fn part(value: Value<'_>, path: &Path<'_>) -> Result<Part, BadRequest> {
    let mut part = value.object(path)?;
    let kind = part.require("type")?.string(&path.field("type"))?;
    match &*kind {
        "text" => Ok(Part::Text(text(part, "text")?)),
        "refusal" => Ok(Part::Refusal(text(part, "refusal")?)),
        "image_url" => Ok(Part::Image(nested(part, "image_url", image)?)),
        "input_audio" => Ok(Part::Audio(nested(part, "input_audio", audio)?)),
        "file" => Ok(Part::File(nested(part, "file", file)?)),
        _ => Ok(match thinking(value, path) {
            Some(reasoning) => Part::Reasoning(reasoning),
            None => Part::Other(value.text().to_owned()),
        }),
    }
}

/// A `thinking` or `redacted_thinking` block; none if it is another thing or has a field that the vocabulary has no name for.
pub(super) fn thinking(value: Value<'_>, path: &Path<'_>) -> Option<Reasoning> {
    let mut block = value.object(path).ok()?;
    let reasoning = match block.require_string("type").ok()?.as_str() {
        "thinking" => Reasoning {
            text: block.require_string("thinking").ok()?,
            signature: block.string("signature").ok()?.filter(|signature| !signature.is_empty()),
            redacted: false,
        },
        "redacted_thinking" => {
            Reasoning { text: String::new(), signature: Some(block.require_string("data").ok()?), redacted: true }
        }
        _ => return None,
    };
    block.is_spent().then_some(reasoning)
}

fn text(mut part: Object<'_, '_>, name: &str) -> Result<TextPart, BadRequest> {
    Ok(TextPart { text: part.require_string(name)?, extra: part.into_extra() })
}

/// A part whose substance is in an object named like its type.
fn nested(
    mut part: Object<'_, '_>,
    name: &str,
    read: fn(&mut Object<'_, '_>) -> Result<Media, BadRequest>,
) -> Result<Media, BadRequest> {
    let value = part.require(name)?;
    let path = part.path().field(name);
    let mut inner = value.object(&path)?;
    let mut media = read(&mut inner)?;
    part.leave(name, inner.into_rest());
    media.extra = part.into_extra();
    Ok(media)
}

fn image(image: &mut Object<'_, '_>) -> Result<Media, BadRequest> {
    let url = image.require("url")?.string(&image.path().field("url"))?;
    let (mime_type, source) = match data_url(&url) {
        Some((mime_type, data)) => (mime_type, Source::Base64(data.to_owned())),
        None => (None, Source::Url(url.into_owned())),
    };
    Ok(Media { detail: image.string("detail")?, ..media(source, mime_type) })
}

fn audio(audio: &mut Object<'_, '_>) -> Result<Media, BadRequest> {
    let data = audio.require_string("data")?;
    let mime_type = match audio.require_string("format")?.as_str() {
        "mp3" => "audio/mpeg".to_owned(),
        format => format!("audio/{format}"),
    };
    Ok(media(Source::Base64(data), Some(mime_type)))
}

fn file(file: &mut Object<'_, '_>) -> Result<Media, BadRequest> {
    let file_name = file.string("filename")?;
    if let Some(id) = file.string("file_id")? {
        return Ok(Media { file_name, ..media(Source::Id(id), None) });
    }
    let Some(data) = file.take("file_data") else {
        return Err(BadRequest::at(file.path(), "needs a `file_id` or `file_data`"));
    };
    let data = data.string(&file.path().field("file_data"))?;
    let (mime_type, data) = data_url(&data).unwrap_or((None, &data));
    Ok(Media { file_name, ..media(Source::Base64(data.to_owned()), mime_type) })
}

fn media(source: Source, mime_type: Option<String>) -> Media {
    Media { source, mime_type, file_name: None, detail: None, extra: Vec::new() }
}

/// The MIME type and base64 text of a `data:` URL (RFC 2397); none for any other URL, and for data that isn't base64.
fn data_url(url: &str) -> Option<(Option<String>, &str)> {
    let rest = without_prefix(url, "data:")?;
    let (head, data) = rest.split_once(',')?;
    let split = head.len().checked_sub(";base64".len())?;
    let (mime_type, encoding) = head.split_at_checked(split)?;
    if !encoding.eq_ignore_ascii_case(";base64") {
        return None;
    }
    Some(((!mime_type.is_empty()).then(|| mime_type.to_owned()), data))
}

fn without_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}
