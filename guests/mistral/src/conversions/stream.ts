// A stream's chunks as the contract's events, one call for each server-sent event. It keeps what only several chunks
// together tell: which call a fragment belongs to, which choices have ended, and the provider's own list of content
// where OpenAI's shape loses something of it.

import { event, type EventDraft, type Fields, type Pairs, type RawJson } from "@caisson/adapter";

import { streamError, unreadable } from "../failures.ts";
import { finishReason, objectOf } from "./answer.ts";
import { Kept, KEPT_CONTENT } from "./kept.ts";
import { piecesOf } from "./received.ts";
import { type GivenCall, givenCall } from "./tools.ts";
import { usageOf } from "./usage.ts";

/** As many as a request may ask for. */
const MOST_CHOICES = 128;

interface OpenChoice {
  /** The calls so far, each in its place. */
  calls: { index: number | undefined; id: string }[];
  kept: Kept;
  isFinished: boolean;
}

/** Reads one stream. */
export class Decoder {
  /** Whether `[DONE]` came, after which nothing does. */
  isDone = false;
  readonly #choices = new Map<number, OpenChoice>();
  /** Names of the fields beside the choices that the client has got. */
  readonly #told = new Set<string>();
  #hasStarted = false;

  /** Whether the answer is complete, `[DONE]` or not. */
  get isWhole(): boolean {
    const choices = [...this.#choices.values()];
    return this.isDone || (choices.length > 0 && choices.every(({ isFinished }) => isFinished));
  }

  /** Adds the chunk's meaning to `events`. */
  decode(data: string, events: EventDraft[]): void {
    if (this.isDone) return;
    if (data.trim() === "[DONE]") {
      this.isDone = true;
      return;
    }
    const fields = objectOf(data);
    const choices = fields.take("choices")?.asElements();
    if (!choices && ["error", "message", "detail"].some((name) => fields.has(name))) throw streamError(data);
    const usage = fields.take("usage")?.asFields();
    this.#head(fields, events);
    for (const choice of choices ?? []) this.#choice(choice, events);
    if (usage?.size) events.push(event.usage(usageOf(usage)));
  }

  #head(fields: Fields, events: EventDraft[]): void {
    const id = fields.takeString("id");
    const model = fields.takeString("model");
    // `p` is padding, so that the length of a chunk does not tell the length of its text.
    fields.delete("object", "created", "p");
    const extra: Pairs = fields.toPairs().filter(([name]) => !this.#told.has(name));
    for (const [name] of extra) this.#told.add(name);
    if (!this.#hasStarted) events.push(event.start({ id, model, extra }));
    else pushOther(extra, 0, events);
    this.#hasStarted = true;
  }

  #choice(raw: RawJson, events: EventDraft[]): void {
    const fields = raw.asFields();
    if (!fields) throw unreadable("a choice that is no object");
    const index = fields.takeNumber("index") ?? 0;
    if (!Number.isInteger(index) || index < 0 || index >= MOST_CHOICES) throw unreadable(`a choice ${index}`);
    const open = this.#opened(index);
    const delta = fields.take("delta")?.asFields();
    if (delta) this.#delta(delta, index, open, events);
    const reason = fields.takeString("finish_reason");
    if (reason === undefined || open.isFinished) return;
    open.isFinished = true;
    const list = open.kept.finish();
    if (list !== undefined) events.push(event.other([[KEPT_CONTENT, list]], index));
    events.push(event.finish(finishReason(reason), index));
  }

  #opened(index: number): OpenChoice {
    const known = this.#choices.get(index);
    if (known) return known;
    const opened = { calls: [], kept: new Kept(), isFinished: false };
    this.#choices.set(index, opened);
    return opened;
  }

  #delta(delta: Fields, choice: number, open: OpenChoice, events: EventDraft[]): void {
    for (const piece of piecesOf(delta.take("content"))) {
      open.kept.add(piece);
      if (piece.kind === "text" && piece.text !== "") events.push(event.text(piece.text, choice));
      if (piece.kind === "thinking" && (piece.text !== "" || piece.signature !== undefined)) {
        events.push(event.reasoning({ choice, text: piece.text, signature: piece.signature }));
      }
    }
    for (const raw of delta.take("tool_calls")?.asElements() ?? []) {
      const call = givenCall(raw);
      if (!call) throw unreadable("a tool call without a function");
      events.push(toolEvent(call, choice, open));
    }
    delta.delete("role", "prefix");
    pushOther(delta.toPairs(), choice, events);
  }
}

/** A call comes whole as a rule. One that comes in pieces has neither id nor name in the later ones. */
function toolEvent(call: GivenCall, choice: number, { calls }: OpenChoice): EventDraft {
  const known = placeOf(call, calls);
  if (known !== -1) return event.tool({ choice, index: known, arguments: call.arguments });
  calls.push({ index: call.index, id: call.id });
  return event.tool({
    choice,
    index: calls.length - 1,
    id: call.id || undefined,
    kind: call.kind,
    name: call.name,
    arguments: call.arguments,
    extra: call.extra.toPairs(),
  });
}

/** Where the call is among those known, or -1. Several calls may all say index 0, its default; their ids differ. */
function placeOf({ index, id, name }: GivenCall, calls: OpenChoice["calls"]): number {
  if (id !== "") return calls.findLastIndex((call) => call.id === id);
  if (index !== undefined) return calls.findLastIndex((call) => call.index === index);
  return name === "" ? calls.length - 1 : -1;
}

function pushOther(extra: Pairs, choice: number, events: EventDraft[]): void {
  if (extra.length > 0) events.push(event.other(extra, choice));
}
