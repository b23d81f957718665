//! Images, audio clips and files on their way out: bytes as `inlineData`, addresses and ids as
//! `fileData`. Nothing is downloaded here; Gemini fetches a URL itself, or refuses it.

use std::borrow::Cow;

use caisson_sdk::Result;
use caisson_sdk::api::{Error, Media, Source};

use crate::client::wire::{Blob, FileData, KnownPart, Part};

/// `param` is the field's path, for the error where the bytes have no type.
pub(super) fn part<'a>(media: &'a Media, param: &str) -> Result<Part<'a>> {
    let known = match &media.source {
        Source::Base64(data) => inline(mime_type(media, None), data, param)?,
        Source::Url(url) => match url.strip_prefix("data:") {
            Some(rest) => data_url(rest, param)?,
            None => file(mime_type(media, Some(url)), url),
        },
        Source::Id(id) => file(mime_type(media, Some(id)), id),
    };
    Ok(Part::Known(known))
}

/// The part of a `data:` URL, given without that prefix.
pub(super) fn data_url<'a>(rest: &'a str, param: &str) -> Result<KnownPart<'a>> {
    let (head, data) = rest
        .split_once(',')
        .ok_or_else(|| Error::invalid_request("a data URL without a comma").param(param))?;
    let mime_type = head.strip_suffix(";base64").ok_or_else(|| {
        Error::invalid_request("Gemini takes data URLs in base64 only").param(param)
    })?;
    let mime_type = Some(mime_type).filter(|mime_type| !mime_type.is_empty());
    inline(mime_type.map(Cow::Borrowed), data, param)
}

fn inline<'a>(mime: Option<Cow<'a, str>>, data: &'a str, param: &str) -> Result<KnownPart<'a>> {
    let mime_type = mime.ok_or_else(|| {
        Error::invalid_request("Gemini must be told the MIME type of inline data").param(param)
    })?;
    Ok(KnownPart {
        inline_data: Some(Blob {
            mime_type,
            data: Cow::Borrowed(data),
        }),
        ..KnownPart::default()
    })
}

fn file<'a>(mime_type: Option<Cow<'a, str>>, file_uri: &'a str) -> KnownPart<'a> {
    KnownPart {
        file_data: Some(FileData {
            mime_type,
            file_uri,
        }),
        ..KnownPart::default()
    }
}

/// What the client said, else what the file's name or the address ends in says.
fn mime_type<'a>(media: &'a Media, address: Option<&str>) -> Option<Cow<'a, str>> {
    if let Some(mime_type) = media.mime_type.as_deref().filter(|known| !known.is_empty()) {
        return Some(Cow::Borrowed(mime_type));
    }
    let by_name = media.file_name.as_deref().and_then(guess);
    by_name
        .or_else(|| address.and_then(guess))
        .map(Cow::Borrowed)
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
        let media = Media {
            source,
            mime_type: mime_type.map(str::to_owned),
            ..Media::default()
        };
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
        check(
            Source::Id("files/abc".into()),
            None,
            &json!({"fileData": {"fileUri": "files/abc"}}),
        );
    }

    #[test]
    fn inline_bytes_of_unknown_type_are_refused_with_their_path() {
        for source in [
            Source::Base64("aGk=".into()),
            Source::Url("data:,plain".into()),
            Source::Url("data:;base64,aGk=".into()),
            Source::Url("data:image/png".into()),
        ] {
            let media = Media {
                source,
                ..Media::default()
            };
            let error = part(&media, "messages[0].content[1]").unwrap_err();
            assert_eq!(error.param.as_deref(), Some("messages[0].content[1]"));
        }
    }

    #[test]
    fn a_files_name_tells_its_type() {
        let media = Media {
            source: Source::Base64("aGk=".into()),
            file_name: Some("paper.pdf".into()),
            ..Media::default()
        };
        let part = serde_json::to_value(part(&media, "p").unwrap()).unwrap();
        assert_eq!(part["inlineData"]["mimeType"], "application/pdf");
    }
}
