"""Images and files of a message → image and document blocks. Bytes stay base64 text all the way, but for
plain-text documents, which Anthropic takes as text. Audio has no block."""

import base64

from caisson import AdapterError, Base64Source, File, IdSource, Image, Media, UrlSource
from caisson.json import Json

from anthropic_adapter.conversions.fields import beside, flat_extra

_PDF = "application/pdf"


def image(media: Image, path: str) -> dict[str, Json]:
    """`path` names the part in the request, as in `messages[0].content[1]`."""
    return _image_within("image_url", media, path)


def file(media: File, path: str) -> dict[str, Json]:
    """A document block; a file that is an image becomes an image block."""
    mime_type = media.mime_type or ""
    if mime_type.startswith("image/"):
        return _image_within("file", media, path)
    extra = flat_extra(media.extra, "file", path)
    block: dict[str, Json] = {"type": "document", "source": _document(media, mime_type, path)}
    if media.file_name is not None and "title" not in extra:
        block["title"] = media.file_name
    return beside(block, extra)


def _image_within(inner: str, media: Media, path: str) -> dict[str, Json]:
    extra = flat_extra(media.extra, inner, path)
    source = _elsewhere(media)
    if source is None and isinstance(media.source, Base64Source):
        if media.mime_type is None:
            place = f"{path}.image_url.url"
            raise AdapterError.invalid_request("an inline image must name its media type", param=place)
        # Many clients write `image/jpg`, which is no media type and is refused.
        mime_type = "image/jpeg" if media.mime_type == "image/jpg" else media.mime_type
        source = {"type": "base64", "media_type": mime_type, "data": media.source.data}
    return beside({"type": "image", "source": source}, extra)


def _document(media: File, mime_type: str, path: str) -> dict[str, Json]:
    if (source := _elsewhere(media)) is not None:
        return source
    data = media.source.data if isinstance(media.source, Base64Source) else ""
    # OpenAI's own inline files are PDFs, whether they say so or not.
    if mime_type in ("", _PDF, "application/octet-stream"):
        return {"type": "base64", "media_type": _PDF, "data": data}
    if mime_type.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": _decoded(data, path)}
    what = f"files of type {mime_type}, only PDF, plain text and images"
    raise AdapterError.unsupported(what, param=f"{path}.file")


def _elsewhere(media: Media) -> dict[str, Json] | None:
    """The source of media that are not inline."""
    match media.source:
        case UrlSource(url):
            return {"type": "url", "url": url}
        case IdSource(identifier):
            return {"type": "file", "file_id": identifier}
    return None


def _decoded(data: str, path: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except ValueError:
        place = f"{path}.file.file_data"
        raise AdapterError.invalid_request("a text document must be UTF-8 in base64", param=place) from None
