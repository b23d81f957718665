"""The little of URLs that a client needs: take one apart, encode what goes into one. Resolves nothing and
normalises nothing: what the adapter wrote is what is sent."""

import re
from collections.abc import Mapping
from urllib.parse import quote

_UNRESERVED = "-._~"
# All that may stand in a path or query, `%` for what is encoded already.
_STANDING = "!#$%&'()*+,/:;=?@[]-._~"
_AUTHORITY = re.compile(r"[!-\[\]-~]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def take_apart(url: str) -> tuple[bool, str, str]:
    """Whether an absolute URL is https, its authority, its path with query. ValueError says what is wrong."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError("it has no scheme")
    if scheme.lower() not in ("http", "https"):
        raise ValueError("its scheme is neither http nor https")
    rest = rest.partition("#")[0]
    end = next((position for position, each in enumerate(rest) if each in "/?"), len(rest))
    authority, path = rest[:end], rest[end:]
    if not authority:
        raise ValueError("it has no host")
    # `https://granted.example@other.example` is made to be misread.
    if "@" in authority:
        raise ValueError("it has a user name in it")
    if not _AUTHORITY.fullmatch(authority):
        raise ValueError("its host has characters that no host has")
    if _CONTROL.search(path):
        raise ValueError("its path has control characters")
    slash = "" if path.startswith("/") else "/"
    return scheme.lower() == "https", authority, slash + quote(path, safe=_STANDING, errors="replace")


def with_query(path_with_query: str, params: Mapping[str, str]) -> str:
    """Adds query parameters to a path that may have some."""
    for name, value in params.items():
        joint = "&" if "?" in path_with_query else "?"
        path_with_query += f"{joint}{_encode(name)}={_encode(value)}"
    return path_with_query


def path_segment(text: str) -> str:
    """A string as one segment of a URL's path: everything but letters, digits and `-._~` is percent-encoded,
    so that a model's name can't leave its place."""
    # A dot segment is resolved away even where its dots are encoded, so there is no way to send one.
    return _encode(text.replace(".", "%2E") if text in (".", "..") else text)


def _encode(text: str) -> str:
    return quote(text, safe=_UNRESERVED, errors="replace")
