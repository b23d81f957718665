// Reads a response through an incremental parser, as many items at a time as have come. What an item is, is for `sse`
// and `ndjson`.

import { readChunks } from "./reading.ts";

/** A parser that takes bytes in any pieces. */
export interface Incremental<T> {
  /** The items that the piece completes. */
  push(bytes: Uint8Array): T[];
  /** What is left once there are no more bytes. */
  finish(): T[];
}

export async function* readBatches<T>(response: Response, parser: Incremental<T>): AsyncGenerator<T[], void> {
  for await (const piece of readChunks(response)) {
    const batch = parser.push(piece);
    if (batch.length > 0) yield batch;
  }
  const last = parser.finish();
  if (last.length > 0) yield last;
}
