// Messages as Mistral has them. It refuses fields that OpenAI's clients send along: a speaker's name but for a tool's,
// `refusal`, `annotations`. Order is the client's affair: what Mistral does not take, it says itself.

import { AdapterError, Fields, type Message } from "@caisson/adapter";

import { KEPT_CONTENT } from "./kept.ts";
import { type Chunk, chunksOf, thinkingChunks, verbatim, wireContent } from "./parts.ts";
import { toolId, wireCall } from "./tools.ts";

/** Fields of an OpenAI client's message, mostly an earlier answer's, that Mistral would refuse. */
const OPENAI_ONLY = new Set(["annotations", "audio", "function_call", "parsed", "reasoning", "reasoning_details"]);

/** `path` names the message in the request, as in `messages[0]`. */
export function wireMessage(message: Message, path: string): object {
  const extra = Fields.ofPairs(message.extra, path);
  extra.keep((name) => !OPENAI_ONLY.has(name));
  const content = (): string | readonly Chunk[] => wireContent(chunksOf(message.content, path));
  switch (message.role) {
    case "system":
    case "developer":
      return { role: "system", content: content(), "...": extra };
    case "user":
      return { role: "user", content: content(), "...": extra };
    case "assistant":
      return assistant(message, extra, path);
    case "tool": {
      if (message.toolCallId === undefined) {
        const param = `${path}.tool_call_id`;
        throw AdapterError.invalidRequest("a tool's answer must name the call it answers", { param });
      }
      const { name, toolCallId } = message;
      return { role: "tool", content: content(), tool_call_id: toolId(toolCallId), name, "...": extra };
    }
  }
}

function assistant(message: Message, extra: Fields, path: string): object {
  const kept = extra.take(KEPT_CONTENT);
  const calls = message.toolCalls.map((call, position) => wireCall(call, `${path}.tool_calls[${position}]`));
  return {
    role: "assistant",
    content: kept ? verbatim(kept.text, `${path}.${KEPT_CONTENT}`) : spoken(message, path),
    tool_calls: calls.length > 0 ? calls : undefined,
    "...": extra,
  };
}

/** Thinking goes back before the text, as it came: without it the model answers worse. */
function spoken(message: Message, path: string): string | readonly Chunk[] {
  const refusal: Chunk[] = message.refusal ? [{ type: "text", text: message.refusal }] : [];
  return wireContent([...message.reasoning.flatMap(thinkingChunks), ...chunksOf(message.content, path), ...refusal]);
}
