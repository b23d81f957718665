"""An internal job service as a Caisson adapter: forms in, frames and lines out, nothing like OpenAI's API. It shows
how to map whatever a company already has; the service itself is made up, its wire is in the README."""

from intranet_adapter.adapter import Intranet

__all__ = ["Intranet"]
