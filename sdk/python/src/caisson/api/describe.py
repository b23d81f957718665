"""What an adapter says of itself: shown to the operator at upload, who grants or doesn't."""

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(slots=True)
class Bearer:
    """The credential is sent as `authorization: Bearer …`."""


@dataclass(slots=True)
class Header:
    """The credential is the value of this header."""

    name: str


@dataclass(slots=True)
class Query:
    """The credential is the value of this query parameter."""

    name: str


@dataclass(slots=True)
class SigningScheme:
    """The host signs the requests in a way that it knows by name, as in `aws-sigv4`."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    """What the scheme needs beside the secret (region, service, scopes …), plain text."""


Placement: TypeAlias = Bearer | Header | Query | SigningScheme


@dataclass(slots=True)
class CredentialSlot:
    """A secret that the adapter's requests need. The operator fills the slot, the host puts it on the
    requests that go to `host`; the adapter never sees it."""

    name: str
    """What the operator fills it by, as in `api-key`."""
    host: str
    """The grant it belongs to, as in `https://api.example.com`."""
    placement: Placement = field(default_factory=Bearer)
    description: str = ""
    required: bool = True


@dataclass(slots=True)
class Setting:
    """Something the operator may set for a deployment. Not for secrets."""

    name: str
    description: str = ""
    default_value: str | None = None
    required: bool = False


@dataclass(slots=True)
class ModelInfo:
    """A model that the adapter offers."""

    id: str
    """The provider's name for it; a `*` at the end admits every model that begins so, and is not listed."""
    capabilities: list[str] = field(default_factory=list)
    """chat, stream, embed, tools, images, audio, reasoning, json-schema …"""
    context_tokens: int | None = None
    output_tokens: int | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class AdapterInfo:
    """What `describe` gives."""

    name: str
    version: str
    description: str = ""
    homepage: str | None = None
    models: list[ModelInfo] = field(default_factory=list)
    """Models known by name; empty where the provider decides, and any is let through."""
    parameters: list[str] = field(default_factory=list)
    """OpenAI parameters it maps; empty means it looks at all of them."""
    hosts: list[str] = field(default_factory=list)
    """Egress it asks for: `scheme://host[:port]`, the host exact or `*.suffix`. The operator's `base-url`
    stands in for the first."""
    credentials: list[CredentialSlot] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    suites: list[str] = field(default_factory=list)
    """Conformance suites it claims."""
