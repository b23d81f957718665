// A stream's events as the contract's, one call for each server-sent event. It keeps what only the end of the stream
// can tell: token counts, the reason it ended, and the provider's blocks where OpenAI's shape loses something of them.

import { event, type EventDraft, Fields, type Pairs, RawJson } from "@caisson/adapter";

import { streamError, unreadable } from "../failures.ts";
import { type Ending, endingExtra, finishReason, takeEnding, takeHead } from "./answer.ts";
import { answerBlock } from "./received.ts";
import { Counts } from "./usage.ts";
import { KEPT_CONTENT, Recorder } from "./verbatim.ts";

/** A tool call whose arguments are still coming. */
interface OpenCall {
  block: number;
  index: number;
  /** What the block started with, until arguments arrive. */
  input: string | undefined;
}

/** Reads one stream. */
export class Decoder {
  /** Whether `message_stop` came, after which nothing does. */
  isStopped = false;
  readonly #counts = new Counts();
  #counted = false;
  #ending: Ending = { reason: undefined, extra: [] };
  readonly #recorder = new Recorder();
  #calls = 0;
  #openCall: OpenCall | undefined;

  /** Adds the event's meaning to `events`; unknown events mean nothing, and what follows the stop doesn't either. */
  decode(data: string, events: EventDraft[]): void {
    if (this.isStopped) return;
    const parsed = parse(data);
    switch (parsed.type) {
      case "content_block_delta":
        return this.#blockDelta(parsed, data, events);
      case "content_block_start":
        return this.#blockStart(indexOf(parsed), fieldsOf(data), events);
      case "content_block_stop":
        return this.#blockStop(indexOf(parsed), events);
      case "message_start":
        return this.#messageStart(fieldsOf(data), events);
      case "message_delta":
        return this.#messageDelta(fieldsOf(data), events);
      case "message_stop":
        return this.#messageStop(events);
      case "error":
        throw streamError(data);
    }
  }

  #messageStart(data: Fields, events: EventDraft[]): void {
    const message = data.take("message")?.asFields() ?? new Fields();
    this.#count(message.take("usage"));
    message.delete("content");
    const head = takeHead(message);
    events.push(event.start({ ...head, serviceTier: this.#counts.serviceTier, extra: message.toPairs() }));
  }

  #blockStart(index: number, data: Fields, events: EventDraft[]): void {
    const raw = data.take("content_block");
    if (!raw) return;
    const block = answerBlock(raw);
    this.#recorder.start(index, raw, block);
    switch (block?.type) {
      case "text":
        return pushText(block.text, events);
      case "thinking":
        return pushReasoning(block.thinking, block.signature, events);
      case "redacted_thinking":
        events.push(event.reasoning({ signature: block.data, redacted: true }));
        return;
      case "tool_use": {
        this.#closeCall(events);
        const call = { block: index, index: this.#calls, input: block.input?.text ?? "{}" };
        this.#calls += 1;
        events.push(event.tool({ index: call.index, id: block.id, name: block.name, extra: block.caller }));
        this.#openCall = call;
      }
    }
  }

  #blockDelta(parsed: Parsed, data: string, events: EventDraft[]): void {
    const { delta } = parsed;
    const index = indexOf(parsed);
    if (delta === undefined || delta === null) return;
    if (typeof delta !== "object") throw unreadable("a delta that is no object");
    const text = (name: string): string | undefined => textOf(delta as { [name: string]: unknown }, name);
    const type = text("type");
    const addition = {
      text: text("text"),
      thinking: text("thinking"),
      signature: text("signature"),
      input: text("partial_json"),
      citation: "citation" in delta ? fieldsOf(data).take("delta")?.asFields()?.take("citation") : undefined,
    };
    this.#recorder.add(index, addition);
    switch (type) {
      case "text_delta":
        return pushText(addition.text, events);
      case "thinking_delta":
        return pushReasoning(addition.thinking, undefined, events);
      case "signature_delta":
        return pushReasoning(undefined, addition.signature, events);
      case "input_json_delta":
        return this.#pushArguments(index, addition.input, events);
    }
  }

  /** Server tools have arguments too; those belong to no call of the client's. */
  #pushArguments(block: number, piece: string | undefined, events: EventDraft[]): void {
    if (this.#openCall?.block !== block || !piece) return;
    this.#openCall.input = undefined;
    events.push(event.tool({ index: this.#openCall.index, arguments: piece }));
  }

  #blockStop(block: number, events: EventDraft[]): void {
    if (this.#openCall?.block === block) this.#closeCall(events);
  }

  /** A call without argument deltas has what its block started with: as a rule `{}`. */
  #closeCall(events: EventDraft[]): void {
    const call = this.#openCall;
    this.#openCall = undefined;
    if (call?.input !== undefined) events.push(event.tool({ index: call.index, arguments: call.input }));
  }

  #messageDelta(data: Fields, events: EventDraft[]): void {
    this.#count(data.take("usage"));
    const delta = data.take("delta");
    if (!delta) return;
    const fields = delta.asFields();
    if (!fields) throw unreadable("a delta that is no object");
    const ending = takeEnding(fields);
    if (ending.reason !== undefined) this.#ending = ending;
    pushOther(fields.toPairs(), events);
  }

  #messageStop(events: EventDraft[]): void {
    this.isStopped = true;
    this.#closeCall(events);
    const list = this.#recorder.finish();
    const kept: Pairs = list === undefined ? [] : [[KEPT_CONTENT, list]];
    pushOther([...endingExtra(this.#ending), ...kept], events);
    events.push(event.finish(finishReason(this.#ending.reason)));
    if (this.#counted) events.push(event.usage(this.#counts.toUsage()));
  }

  #count(usage: RawJson | undefined): void {
    const fields = usage?.asFields();
    if (!fields) return;
    this.#counted = true;
    this.#counts.update(fields);
  }
}

interface Parsed {
  type: string;
  index?: unknown;
  delta?: unknown;
}

/** The event with its type. What has no readable type is broken, not new. */
function parse(data: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw unreadable((error as Error).message);
  }
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string") {
    throw unreadable("it has no type");
  }
  return value as Parsed;
}

/** The same text with the fields' own; the usual event needs none of them. */
function fieldsOf(data: string): Fields {
  return Fields.parse(data) ?? new Fields();
}

function indexOf({ index = 0 }: Parsed): number {
  if (typeof index === "number") return index;
  throw unreadable("an index that is no number");
}

function textOf(object: { [name: string]: unknown }, name: string): string | undefined {
  const value = object[name] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw unreadable(`${name} is no text`);
}

function pushText(text: string | undefined, events: EventDraft[]): void {
  if (text) events.push(event.text(text));
}

/** Where a request has the text left out (`display: omitted`) only the signature comes. */
function pushReasoning(text: string | undefined, signature: string | undefined, events: EventDraft[]): void {
  if (text || signature) events.push(event.reasoning({ text, signature: signature || undefined }));
}

function pushOther(extra: Pairs, events: EventDraft[]): void {
  if (extra.length > 0) events.push(event.other(extra));
}
