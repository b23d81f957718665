// Server-sent events, read as they arrive (WHATWG HTML §9.2.6), with two differences: an event whose closing blank
// line is missing at the end of the stream counts, and nothing reconnects, so `retry` is ignored.
//
// Bytes may be split anywhere. A stream is not trusted: one event may take `limit` bytes.

import type { EventDraft } from "./api.ts";
import { AdapterError } from "./error.ts";
import { type Incremental, readBatches } from "./batches.ts";
import { Lines, TOO_LONG } from "./lines.ts";

/** What one event may take, lines being read included: 16 MiB, room for an inline image. */
const DEFAULT_LIMIT = 16 << 20;

/** One event. */
export interface SseEvent {
  /** Its `event` field; undefined where it has none, which the standard calls `message`. */
  event?: string | undefined;
  /** Its `data` lines, joined with line feeds. */
  data: string;
  /** Its own `id` field; a later event does not inherit it. */
  id?: string | undefined;
}

/** Makes events of bytes. Pure: reads and waits for nothing. */
export class SseParser implements Incremental<SseEvent> {
  #lines = new Lines();
  #event: string | undefined;
  #id: string | undefined;
  #data: string[] = [];
  #held = 0;
  #limit: number;
  #failed = false;

  /** A parser of which one event may take `limit` bytes. */
  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  /** All events that these bytes complete. Where one is over the limit, those before it are given first. */
  push(bytes: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    if (!this.#failed) this.#lines.push(bytes);
    while (!this.#failed) {
      const line = this.#lines.next(Math.max(this.#limit - this.#held, 0));
      if (line === undefined) return events;
      if (line === TOO_LONG) this.#failed = true;
      else this.#line(line, events);
    }
    if (events.length === 0) throw this.#tooLong();
    return events;
  }

  /** The last event, where the stream ended without its blank line. */
  finish(): SseEvent[] {
    if (this.#failed) throw this.#tooLong();
    const events: SseEvent[] = [];
    const last = this.#lines.finish();
    if (last !== undefined) this.#line(last, events);
    this.#dispatch(events);
    return events;
  }

  #line(line: string, events: SseEvent[]): void {
    if (line === "") {
      this.#dispatch(events);
      return;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    let value = colon === -1 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    // Comments begin with the colon; other fields have no meaning here.
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value === "" ? undefined : value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else return;
    this.#held += field === "data" ? value.length + 1 : value.length;
  }

  #dispatch(events: SseEvent[]): void {
    if (this.#data.length > 0) {
      const made: SseEvent = { data: this.#data.join("\n") };
      if (this.#event !== undefined) made.event = this.#event;
      if (this.#id !== undefined) made.id = this.#id;
      events.push(made);
    }
    this.#data = [];
    this.#event = undefined;
    this.#id = undefined;
    this.#held = 0;
  }

  #tooLong(): AdapterError {
    return AdapterError.upstream(`an event of the provider's stream is over ${this.#limit} bytes`);
  }
}

/** The events of a response, in batches: each waits for at least one and gives all that have come. */
export function sseBatches(response: Response, limit = DEFAULT_LIMIT): AsyncGenerator<SseEvent[], void> {
  return readBatches(response, new SseParser(limit));
}

/** The events of a response, one by one. */
export async function* readSse(response: Response, limit = DEFAULT_LIMIT): AsyncGenerator<SseEvent, void> {
  for await (const batch of sseBatches(response, limit)) yield* batch;
}

/**
 * What `decode` makes of each event, what came together in one batch. Ends with the response, or with the `[DONE]`
 * with which OpenAI, and who follows it, ends a stream.
 */
export async function* decodeSse(
  response: Response,
  decode: (event: SseEvent) => EventDraft | readonly EventDraft[] | undefined,
): AsyncGenerator<EventDraft[], void> {
  for await (const batch of sseBatches(response)) {
    const end = batch.findIndex((event) => event.data.trim() === "[DONE]");
    yield* decodedBatch(end === -1 ? batch : batch.slice(0, end), decode);
    if (end !== -1) return;
  }
}

/** Events before one that can't be decoded come first, and its error after them. */
export function* decodedBatch<T>(
  batch: readonly T[],
  decode: (item: T) => EventDraft | readonly EventDraft[] | undefined,
): Generator<EventDraft[], void> {
  const made: EventDraft[] = [];
  try {
    for (const item of batch) {
      const events = decode(item);
      if (events !== undefined) made.push(...(Array.isArray(events) ? events : [events as EventDraft]));
    }
  } catch (thrown) {
    if (made.length > 0) yield made;
    throw thrown;
  }
  if (made.length > 0) yield made;
}
