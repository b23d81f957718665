"""Anthropic's Messages API as a Caisson adapter: chat, whole and streamed, with tools, images, documents,
thinking and prompt caching. There are no embeddings, since Anthropic has none."""

from anthropic_adapter.adapter import Anthropic

__all__ = ["Anthropic"]
