// A whole answer, as the SDK gives it, as the contract's. Blocks but texts, thinking and calls of functions are left out.

import type Anthropic from "@anthropic-ai/sdk";
import {
  AdapterError,
  type ChatAnswerDraft,
  type Draft,
  type FinishReason,
  type Reasoning,
  type ToolCall,
} from "@caisson/adapter";

import { Counts } from "./usage.ts";

export function chatAnswer(message: Anthropic.Message): ChatAnswerDraft {
  const { id, model, content, stop_reason } = message;
  // The SDK's types are a promise that it doesn't check.
  if (!Array.isArray(content)) throw AdapterError.upstream("the answer is no message: it has no list of content");
  const text = content.map((block) => (block.type === "text" ? block.text : "")).join("");
  const counts = new Counts();
  counts.update(message.usage);
  return {
    id,
    model,
    choices: [
      {
        message: {
          content: text === "" ? { tag: "empty" } : text,
          reasoning: content.flatMap(reasoning),
          toolCalls: content.flatMap(toolCall),
        },
        finishReason: finishReason(stop_reason),
      },
    ],
    usage: counts.toUsage(),
  };
}

function reasoning(block: Anthropic.ContentBlock): Draft<Reasoning>[] {
  if (block.type === "thinking") return [{ text: block.thinking, signature: block.signature || undefined }];
  return block.type === "redacted_thinking" ? [{ signature: block.data, redacted: true }] : [];
}

/** The call that a block is, if any. */
function toolCall(block: Anthropic.ContentBlock): Draft<ToolCall>[] {
  return block.type === "tool_use" ? [{ id: block.id, name: block.name, arguments: argumentsOf(block) }] : [];
}

/** The text of a call's arguments where no pieces of it came. */
export function argumentsOf({ input }: Anthropic.ToolUseBlock): string {
  return JSON.stringify(input ?? {});
}

export function finishReason(reason: string | null | undefined): FinishReason {
  switch (reason) {
    case undefined:
    case null:
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
