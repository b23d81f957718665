// What the host offers beside HTTP. Both may be called at any time, also between two steps of a stream.

import { transport } from "./transport.ts";

/** The client's request body as it came. Copied at each call. */
export function originalBody(): Uint8Array {
  return transport().originalBody();
}

/** Tokens of the text in an encoding (`o200k_base` …) or for a model's name; undefined where that is unknown. */
export function countTokens(encoding: string, text: string): number | undefined {
  return transport().countTokens(encoding, text);
}
