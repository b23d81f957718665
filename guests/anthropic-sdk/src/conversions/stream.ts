// A stream's events, as the SDK gives them, as the contract's. The finish and the counts wait for the last event: until
// then the stream may still fail.

import type Anthropic from "@anthropic-ai/sdk";
import { event, type EventDraft } from "@caisson/adapter";

import { argumentsOf, finishReason } from "./answer.ts";
import { Counts } from "./usage.ts";

/** Reads one stream. */
export class Decoder {
  /** Whether `message_stop` came, after which nothing does. */
  isStopped = false;
  readonly #counts = new Counts();
  /** Each block that is a call: its place among the calls, and its arguments until pieces of them come. */
  readonly #calls = new Map<number, { index: number; input: string }>();
  #reason: string | null = null;

  decode(each: Anthropic.RawMessageStreamEvent): EventDraft[] {
    switch (each.type) {
      case "message_start":
        this.#counts.update(each.message.usage);
        return [event.start({ id: each.message.id, model: each.message.model })];
      case "content_block_start":
        return this.#start(each.index, each.content_block);
      case "content_block_delta":
        return this.#delta(each.index, each.delta);
      case "content_block_stop":
        return this.#argumentsLeft(each.index);
      case "message_delta":
        this.#reason = each.delta.stop_reason ?? this.#reason;
        this.#counts.update(each.usage);
        return [];
      case "message_stop": {
        this.isStopped = true;
        const usage = this.#counts.toUsage();
        return [event.finish(finishReason(this.#reason)), ...(usage ? [event.usage(usage)] : [])];
      }
      default:
        return [];
    }
  }

  #start(at: number, block: Anthropic.ContentBlock): EventDraft[] {
    switch (block.type) {
      case "text":
        return block.text ? [event.text(block.text)] : [];
      case "redacted_thinking":
        return [event.reasoning({ signature: block.data, redacted: true })];
      case "tool_use": {
        const index = this.#calls.size;
        this.#calls.set(at, { index, input: argumentsOf(block) });
        return [event.tool({ index, id: block.id, name: block.name })];
      }
      default:
        return [];
    }
  }

  #delta(at: number, delta: Anthropic.RawContentBlockDelta): EventDraft[] {
    switch (delta.type) {
      case "text_delta":
        return [event.text(delta.text)];
      case "thinking_delta":
        return delta.thinking ? [event.reasoning({ text: delta.thinking })] : [];
      case "signature_delta":
        return [event.reasoning({ signature: delta.signature })];
      case "input_json_delta": {
        // Server tools have arguments too; those belong to no call of the client's.
        const call = this.#calls.get(at);
        if (!call || !delta.partial_json) return [];
        call.input = "";
        return [event.tool({ index: call.index, arguments: delta.partial_json })];
      }
      default:
        return [];
    }
  }

  /** A call without pieces of arguments has what its block started with: as a rule `{}`. */
  #argumentsLeft(at: number): EventDraft[] {
    const call = this.#calls.get(at);
    return call?.input ? [event.tool({ index: call.index, arguments: call.input })] : [];
  }
}
