// The wire's shapes of a request: blocks, and fields beside them that nobody takes apart. No decisions here.

import { AdapterError, Fields, type Pairs, RawJson } from "@caisson/adapter";

/** A content block of ours, with the client's own fields under `...`; or one as somebody else wrote it. */
export type Block = OwnBlock | RawJson;

/** What `stringify` makes a block of. */
export interface OwnBlock {
  type: "text" | "image" | "document" | "thinking" | "redacted_thinking" | "tool_use" | "tool_result";
  /** Where this block keeps `cache_control` and its like; thinking has no such place. */
  "..."?: Fields;
  [field: string]: unknown;
}

/** A list of blocks as it goes over the wire: a lone plain text as a string. */
export function wireBlocks(blocks: readonly Block[]): string | readonly Block[] {
  const [only, second] = blocks;
  if (only === undefined || second !== undefined || only instanceof RawJson) return blocks;
  return only.type === "text" && !only["..."]?.size ? (only.text as string) : blocks;
}

/**
 * The contract's `extra` as fields, where OpenAI puts an object's substance into another one, named `inner`: what was
 * left in that one stands beside the rest, since Anthropic's objects are flat.
 */
export function flatExtras(pairs: Pairs, inner: string, path: string): Fields {
  const fields = Fields.ofPairs(pairs, path);
  const left = fields.take(inner)?.asFields();
  if (left) fields.extend(left);
  return fields;
}

/** JSON that a client sent as it is to go out. */
export function verbatim(json: string, param: string): RawJson {
  try {
    return RawJson.parse(json);
  } catch (error) {
    throw AdapterError.invalidRequest(`this is not JSON: ${(error as Error).message}`, { param });
  }
}
