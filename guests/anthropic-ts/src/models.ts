// The Claude models that this adapter knows by name. A list for people to read: any other `claude-*` is admitted too,
// and none is treated differently for being here.

import type { Draft, ModelInfo } from "@caisson/adapter";

/** Identifier, context window, longest answer; the newest first. */
const MODELS: readonly [string, number, number][] = [
  ["claude-fable-5-1", 1_000_000, 128_000],
  ["claude-opus-5-5", 1_000_000, 128_000],
  ["claude-sonnet-5-5", 1_000_000, 128_000],
  ["claude-haiku-5-5", 1_000_000, 128_000],
  ["claude-fable-5", 1_000_000, 128_000],
  ["claude-opus-5", 1_000_000, 128_000],
  ["claude-sonnet-5", 1_000_000, 128_000],
  ["claude-opus-4-8", 1_000_000, 128_000],
  ["claude-opus-4-7", 1_000_000, 128_000],
  ["claude-opus-4-6", 1_000_000, 128_000],
  ["claude-sonnet-4-6", 1_000_000, 128_000],
  ["claude-opus-4-5", 200_000, 64_000],
  ["claude-haiku-4-5", 200_000, 64_000],
];

const CAPABILITIES = ["chat", "stream", "tools", "images", "files", "reasoning", "json-schema"];

export function knownModels(): Draft<ModelInfo>[] {
  const named = MODELS.map(([id, contextTokens, outputTokens]) => ({
    id,
    capabilities: CAPABILITIES,
    contextTokens,
    outputTokens,
  }));
  return [...named, { id: "claude-*", capabilities: CAPABILITIES }];
}
