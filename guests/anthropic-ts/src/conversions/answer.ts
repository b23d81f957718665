// A whole answer of the Messages API as the contract's. Fields without a name in the contract stay beside the answer
// as they came.

import {
  AdapterError,
  type ChatAnswerDraft,
  type Draft,
  Fields,
  type FinishReason,
  type MessageDraft,
  type Pairs,
  RawJson,
  type Reasoning,
  stringify,
  type ToolCall,
} from "@caisson/adapter";

import { answerBlock } from "./received.ts";
import { Counts } from "./usage.ts";
import { KEPT_CONTENT, Shape } from "./verbatim.ts";

/** Reads the body of a successful answer. */
export function chatAnswer(body: string): ChatAnswerDraft {
  let fields: Fields | undefined;
  try {
    fields = Fields.parse(body);
  } catch (error) {
    throw AdapterError.upstream(`the answer is not a message in JSON: ${(error as Error).message}`);
  }
  const blocks = fields?.take("content")?.asElements();
  if (!fields || !blocks) throw AdapterError.upstream("the answer is no message: it has no list of content");
  const usage = fields.take("usage")?.asFields();
  const counts = new Counts();
  if (usage) counts.update(usage);
  const ending = takeEnding(fields);
  const head = takeHead(fields);
  return {
    ...head,
    choices: [
      { index: 0, message: message(blocks), finishReason: finishReason(ending.reason), extra: endingExtra(ending) },
    ],
    serviceTier: counts.serviceTier,
    usage: usage && counts.toUsage(),
    extra: fields.toPairs(),
  };
}

function message(blocks: readonly RawJson[]): MessageDraft {
  let text = "";
  const reasoning: Draft<Reasoning>[] = [];
  const toolCalls: Draft<ToolCall>[] = [];
  const shape = new Shape();
  for (const raw of blocks) {
    const block = answerBlock(raw);
    shape.see(block);
    switch (block?.type) {
      case "text":
        text += block.text ?? "";
        break;
      case "thinking":
        reasoning.push({ text: block.thinking, signature: block.signature || undefined });
        break;
      case "redacted_thinking":
        reasoning.push({ signature: block.data, redacted: true });
        break;
      case "tool_use":
        toolCalls.push({
          id: block.id,
          name: block.name ?? "",
          arguments: block.input?.text ?? "{}",
          extra: block.caller,
        });
        break;
    }
  }
  const extra: Pairs = shape.isLossy ? [[KEPT_CONTENT, stringify(blocks)]] : [];
  return { role: "assistant", content: text === "" ? { tag: "empty" } : text, reasoning, toolCalls, extra };
}

/** Takes what a message says of itself before its content out, and what says only which kind of object this is. */
export function takeHead(fields: Fields): { id: string | undefined; model: string | undefined } {
  fields.delete("type", "role");
  return { id: fields.takeString("id"), model: fields.takeString("model") };
}

/** Why a message ended. */
export interface Ending {
  /** The provider's word; undefined where it gave none. */
  reason: string | undefined;
  extra: Pairs;
}

/** Takes the fields that speak of it out of a message or a `message_delta`. */
export function takeEnding(fields: Fields): Ending {
  const reason = fields.takeString("stop_reason");
  const extra: Pairs = [];
  for (const name of ["stop_sequence", "stop_details"]) {
    const value = fields.take(name);
    if (value) extra.push([name, value.text]);
  }
  return { reason, extra };
}

export function finishReason(reason: string | undefined): FinishReason {
  switch (reason) {
    case undefined:
    case "end_turn":
    case "stop_sequence":
      return { tag: "stop" };
    case "max_tokens":
    case "model_context_window_exceeded":
      return { tag: "length" };
    case "tool_use":
      return { tag: "tool-calls" };
    case "refusal":
      return { tag: "content-filter" };
    default:
      // `pause_turn`, and whatever comes: the answer is not over, so not `stop`.
      return { tag: "other", val: reason };
  }
}

/** What OpenAI's word for the reason does not say. */
export function endingExtra({ reason, extra }: Ending): Pairs {
  const hidden = reason === "stop_sequence" || reason === "refusal" || reason === "model_context_window_exceeded";
  return hidden ? [...extra, ["stop_reason", JSON.stringify(reason)]] : extra;
}
