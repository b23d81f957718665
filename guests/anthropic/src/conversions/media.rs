//! Images and files of a message → image and document blocks. Bytes stay base64 text
//! all the way, but for plain-text documents, which Anthropic takes as text. Audio has
//! no block.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use caisson_sdk::Result;
use caisson_sdk::api::{Error, Media, Source as MediaSource};

use super::{Path, flat_extras};
use crate::client::request::{Block, Source};

/// `path` names the part in the request, as in `messages[0].content[1]`.
pub(super) fn image<'a>(media: &'a Media, path: Path) -> Result<Block<'a>> {
    image_within("image_url", media, path)
}

fn image_within<'a>(inner: &str, media: &'a Media, path: Path) -> Result<Block<'a>> {
    let source = match &media.source {
        MediaSource::Url(url) => Source::Url { url },
        MediaSource::Id(file_id) => Source::File { file_id },
        MediaSource::Base64(data) => {
            let Some(media_type) = media.mime_type.as_deref() else {
                return Err(Error::invalid_request("an inline image must name its media type")
                    .param(format!("{path}.image_url.url")));
            };
            // Many clients write `image/jpg`, which is no media type and is refused.
            let media_type = if media_type == "image/jpg" { "image/jpeg" } else { media_type };
            Source::Base64 { media_type, data }
        }
    };
    Ok(Block::Image { source, extra: flat_extras(&media.extra, inner, path)? })
}

/// A document block; a file that is an image becomes an image block.
pub(super) fn file<'a>(media: &'a Media, path: Path) -> Result<Block<'a>> {
    let mime_type = media.mime_type.as_deref();
    if mime_type.is_some_and(|mime_type| mime_type.starts_with("image/")) {
        return image_within("file", media, path);
    }
    let extra = flat_extras(&media.extra, "file", path)?;
    let source = match (&media.source, mime_type) {
        (MediaSource::Url(url), _) => Source::Url { url },
        (MediaSource::Id(file_id), _) => Source::File { file_id },
        // OpenAI's own inline files are PDFs, whether they say so or not.
        (MediaSource::Base64(data), None | Some("application/pdf" | "application/octet-stream")) => {
            Source::Base64 { media_type: "application/pdf", data }
        }
        (MediaSource::Base64(data), Some(text)) if text.starts_with("text/") => {
            Source::Text { media_type: "text/plain", data: decoded(data, path)? }
        }
        (MediaSource::Base64(_), Some(other)) => {
            return Err(Error::unsupported(format!("files of type {other}, only PDF, plain text and images"))
                .param(format!("{path}.file")));
        }
    };
    let title = media.file_name.as_deref().filter(|_| !extra.contains("title"));
    Ok(Block::Document { source, title, extra })
}

fn decoded(data: &str, path: Path) -> Result<String> {
    let bytes = BASE64_STANDARD.decode(data).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        Error::invalid_request("a text document must be UTF-8 in base64").param(format!("{path}.file.file_data"))
    })
}
