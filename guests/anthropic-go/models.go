// The Claude models that this adapter knows by name. A list for people to read: any other claude-* is admitted too, and
// none is treated differently for being here.

package main

import "github.com/caisson/caisson/sdk/go/caisson"

// Identifier, context window, longest answer; the newest first.
var models = []caisson.ModelInfo{
	{ID: "claude-fable-5-1", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-opus-5-5", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-sonnet-5-5", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-haiku-5-5", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-fable-5", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-opus-5", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-sonnet-5", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-opus-4-8", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-opus-4-7", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-opus-4-6", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-sonnet-4-6", ContextTokens: 1_000_000, OutputTokens: 128_000},
	{ID: "claude-opus-4-5", ContextTokens: 200_000, OutputTokens: 64_000},
	{ID: "claude-haiku-4-5", ContextTokens: 200_000, OutputTokens: 64_000},
	{ID: "claude-*"},
}

func knownModels() []caisson.ModelInfo {
	for position := range models {
		models[position].Capabilities = []string{"chat", "stream", "tools", "images", "files", "reasoning", "json-schema"}
	}
	return models
}
