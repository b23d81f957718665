//! Images, audio clips and files on their way out: bytes as `inlineData`, addresses and ids as
//! `fileData`. Nothing is downloaded here; Gemini fetches a URL itself, or refuses it.

use std::borrow::Cow;

use caisson_sdk::Result;
use caisson_sdk::api::{Error, Media, Source};

use crate::client::wire::{Blob, FileData, Part};

/// `param` is the field's path, for the error where the bytes have no type.
pub(super) fn part<'a>(media: &'a Media, param: &str) -> Result<Part<'a>> {
    match &media.source {
        Source::Base64(data) => inline(mime_type(media, None), Cow::Borrowed(data), param),
        Source::Url(url) if url.starts_with("data:") => data_url(Cow::Borrowed(url), param),
        Source::Url(url) => Ok(file(mime_type(media, Some(url)), url)),
        Source::Id(id) => Ok(file(mime_type(media, Some(id)), id)),
    }
}

/// The part of a `data:` URL in base64, unsigned.
pub(super) fn data_url<'a>(url: Cow<'a, str>, param: &str) -> Result<Part<'a>> {
    let refused = || Error::invalid_request("not a data URL in base64").param(param);
    match url {
        Cow::Borrowed(url) => {
            let (mime_type, data) = split_data_url(url).ok_or_else(refused)?;
            inline(non_empty(mime_type).map(Cow::Borrowed), data.into(), param)
        }
        Cow::Owned(url) => {
            let (mime_type, data) = split_data_url(&url).ok_or_else(refused)?;
            let mime_type = non_empty(mime_type).map(|known| Cow::Owned(known.to_owned()));
            inline(mime_type, Cow::Owned(data.to_owned()), param)
        }
    }
}

fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    Some((head.strip_suffix(";base64")?, data))
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn inline<'a>(mime_type: Option<Cow<'a, str>>, data: Cow<'a, str>, param: &str) -> Result<Part<'a>> {
    let mime_type = mime_type
        .ok_or_else(|| Error::invalid_request("Gemini must be told the MIME type of inline data").param(param))?;
    Ok(Part::Inline { inline_data: Blob { mime_type, data }, thought_signature: None })
}

fn file<'a>(mime_type: Option<Cow<'a, str>>, file_uri: &'a str) -> Part<'a> {
    Part::File { file_data: FileData { mime_type, file_uri } }
}

/// What the client said, else what the file's name or the address ends in says.
fn mime_type<'a>(media: &'a Media, address: Option<&str>) -> Option<Cow<'a, str>> {
    if let Some(mime_type) = media.mime_type.as_deref().and_then(non_empty) {
        return Some(Cow::Borrowed(mime_type));
    }
    let by_name = media.file_name.as_deref().and_then(guess);
    by_name.or_else(|| address.and_then(guess)).map(Cow::Borrowed)
}

/// By extension: only the types that Gemini's documentation lists.
fn guess(name: &str) -> Option<&'static str> {
    let path = name.split(['?', '#']).next()?;
    let file = path.rsplit('/').next()?;
    let (_, extension) = file.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "gif" => "image/gif",
        "wav" => "audio/wav",
        "mp3" => "audio/mp3",
        "aif" | "aiff" => "audio/aiff",
        "aac" => "audio/aac",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        "m4a" => "audio/m4a",
        "mp4" => "video/mp4",
        "mpeg" | "mpg" => "video/mpeg",
        "mov" => "video/mov",
        "avi" => "video/avi",
        "flv" => "video/x-flv",
        "webm" => "video/webm",
        "wmv" => "video/wmv",
        "3gp" | "3gpp" => "video/3gpp",
        "pdf" => "application/pdf",
        "json" => "application/json",
        "txt" => "text/plain",
        "md" => "text/md",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "xml" => "text/xml",
        "rtf" => "text/rtf",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    fn check(source: Source, mime_type: Option<&str>, expected: &serde_json::Value) {
        let media = Media { source, mime_type: mime_type.map(str::to_owned), ..Media::default() };
        let part = part(&media, "messages[0].content[0]").unwrap();
        assert_eq!(&serde_json::to_value(part).unwrap(), expected);
    }

    #[test]
    fn bytes_go_inline_and_addresses_as_file_data() {
        check(
            Source::Base64("aGk=".into()),
            Some("image/png"),
            &json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}}),
        );
        check(
            Source::Url("data:image/webp;base64,aGk=".into()),
            None,
            &json!({"inlineData": {"mimeType": "image/webp", "data": "aGk="}}),
        );
        check(
            Source::Url("https://example.com/a.b/Cat.JPG?size=1.png#x".into()),
            None,
            &json!({"fileData": {
                "mimeType": "image/jpeg",
                "fileUri": "https://example.com/a.b/Cat.JPG?size=1.png#x",
            }}),
        );
        check(Source::Id("files/abc".into()), None, &json!({"fileData": {"fileUri": "files/abc"}}));
    }

    #[test]
    fn inline_bytes_of_unknown_type_are_refused_with_their_path() {
        for source in [
            Source::Base64("aGk=".into()),
            Source::Url("data:,plain".into()),
            Source::Url("data:;base64,aGk=".into()),
            Source::Url("data:image/png".into()),
        ] {
            let media = Media { source, ..Media::default() };
            let error = part(&media, "messages[0].content[1]").unwrap_err();
            assert_eq!(error.param.as_deref(), Some("messages[0].content[1]"));
        }
    }

    #[test]
    fn a_files_name_tells_its_type() {
        let media =
            Media { source: Source::Base64("aGk=".into()), file_name: Some("paper.pdf".into()), ..Media::default() };
        let part = serde_json::to_value(part(&media, "p").unwrap()).unwrap();
        assert_eq!(part["inlineData"]["mimeType"], "application/pdf");
    }
}
