// JSON lines, read as they arrive. Empty lines are passed over, and a last line without its end counts. What is in a
// line is not looked at.
//
// Bytes may be split anywhere. A stream is not trusted: one line may take `limit` bytes.

import type { EventDraft } from "./api.ts";
import { type Incremental, readBatches } from "./batches.ts";
import { AdapterError } from "./error.ts";
import { Lines, TOO_LONG } from "./lines.ts";
import { decodedBatch } from "./sse.ts";

/** What one line may take: 16 MiB. */
const DEFAULT_LIMIT = 16 << 20;

/** Makes lines of bytes. Pure: reads and waits for nothing. */
export class NdjsonParser implements Incremental<string> {
  #lines = new Lines();
  #limit: number;
  #failed = false;

  /** A parser of which one line may take `limit` bytes. */
  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  /** All lines that these bytes complete. Where one is over the limit, those before it are given first. */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    if (!this.#failed) this.#lines.push(bytes);
    while (!this.#failed) {
      const line = this.#lines.next(this.#limit);
      if (line === undefined) return lines;
      if (line === TOO_LONG) this.#failed = true;
      else if (trimmed(line) !== "") lines.push(trimmed(line));
    }
    if (lines.length === 0) throw this.#tooLong();
    return lines;
  }

  /** The last line, where its end is missing. */
  finish(): string[] {
    if (this.#failed) throw this.#tooLong();
    const last = trimmed(this.#lines.finish() ?? "");
    return last === "" ? [] : [last];
  }

  #tooLong(): AdapterError {
    return AdapterError.upstream(`a line of the provider's stream is over ${this.#limit} bytes`);
  }
}

/** Without JSON's own white space; JavaScript's `trim` takes more than that. */
function trimmed(line: string): string {
  return line.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
}

/** The lines of a response, in batches: each waits for at least one and gives all that have come. */
export function ndjsonBatches(response: Response, limit = DEFAULT_LIMIT): AsyncGenerator<string[], void> {
  return readBatches(response, new NdjsonParser(limit));
}

/** The lines of a response, one by one. */
export async function* readNdjson(response: Response, limit = DEFAULT_LIMIT): AsyncGenerator<string, void> {
  for await (const batch of ndjsonBatches(response, limit)) yield* batch;
}

/** What `decode` makes of each line, what came together in one batch. */
export async function* decodeNdjson(
  response: Response,
  decode: (line: string) => EventDraft | readonly EventDraft[] | undefined,
): AsyncGenerator<EventDraft[], void> {
  for await (const batch of ndjsonBatches(response)) yield* decodedBatch(batch, decode);
}
