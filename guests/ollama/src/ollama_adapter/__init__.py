"""Ollama's own API as a Caisson adapter: chat, whole and streamed, with tools, images, thinking and structured
outputs, and embeddings. Models are neither pulled nor managed here: the operator does that on the server."""

from ollama_adapter.adapter import Ollama

__all__ = ["Ollama"]
