// Messages as `system` and turns. OpenAI's list is flat: system messages anywhere, a message for each tool result.
// Anthropic wants one system prompt and turns of blocks that alternate, so neighbours of one speaker are joined, and
// tool results, which the user speaks, with them.

import {
  AdapterError,
  type Content,
  Fields,
  type Message,
  type Part,
  RawJson,
  type Reasoning,
  type ToolCall,
} from "@caisson/adapter";

import { type Block, flatExtras, type OwnBlock, verbatim, wireBlocks } from "./blocks.ts";
import { fileBlock, imageBlock } from "./media.ts";
import { KEPT_CONTENT } from "./verbatim.ts";

type Speaker = "user" | "assistant";

/** The conversation as Anthropic has it; neighbouring turns never share a speaker. */
export interface Conversation {
  system: Block[];
  turns: { speaker: Speaker; blocks: Block[] }[];
}

export function conversation(messages: readonly Message[]): Conversation {
  const made: Conversation = { system: [], turns: [] };
  for (const [position, message] of messages.entries()) {
    const path = `messages[${position}]`;
    const blocks = blocksOf(message, path);
    markCache(message, blocks, path);
    if (message.role === "system" || message.role === "developer") made.system.push(...blocks);
    else say(made, message.role === "assistant" ? "assistant" : "user", blocks);
  }
  if (made.turns.length === 0) {
    throw AdapterError.invalidRequest("at least one message with content is needed", { param: "messages" });
  }
  return made;
}

function say({ turns }: Conversation, speaker: Speaker, blocks: Block[]): void {
  const last = turns.at(-1);
  if (last?.speaker === speaker) last.blocks.push(...blocks);
  // Anthropic refuses a turn that says nothing.
  else if (blocks.length > 0) turns.push({ speaker, blocks: [...blocks] });
}

function blocksOf(message: Message, path: string): Block[] {
  switch (message.role) {
    case "assistant":
      return kept(message, path) ?? assistant(message, path);
    case "tool":
      return [toolResult(message, path)];
    default:
      return contentBlocks(message.content, path);
  }
}

/** The blocks of an earlier answer exactly as the provider wrote them. */
function kept(message: Message, path: string): Block[] | undefined {
  const list = message.extra.find(([name]) => name === KEPT_CONTENT)?.[1];
  if (list === undefined) return undefined;
  const param = `${path}.${KEPT_CONTENT}`;
  const blocks = verbatim(list, param).asElements();
  if (blocks) return blocks;
  throw AdapterError.invalidRequest("this must be the list of blocks of an earlier answer", { param });
}

function assistant(message: Message, path: string): Block[] {
  return [
    // Thinking must open the turn, or the provider refuses it.
    ...message.reasoning.flatMap(thinking),
    ...contentBlocks(message.content, path),
    ...text(message.refusal ?? ""),
    ...message.toolCalls.map((call, position) => toolUse(call, `${path}.tool_calls[${position}]`)),
  ];
}

function contentBlocks(content: Content, path: string): Block[] {
  switch (content.tag) {
    case "empty":
      return [];
    case "text":
      return text(content.val);
    case "parts":
      return content.val.flatMap((part, position) => partBlocks(part, `${path}.content[${position}]`));
  }
}

function partBlocks(part: Part, path: string): Block[] {
  switch (part.tag) {
    case "text":
    case "refusal":
      return text(part.val.text, () => Fields.ofPairs(part.val.extra, path));
    case "image":
      return [imageBlock(part.val, path)];
    case "file":
      return [fileBlock(part.val, path)];
    case "reasoning":
      return thinking(part.val);
    case "other":
      return [verbatim(part.val, path)];
    case "audio":
      throw AdapterError.unsupported("audio", { param: path });
  }
}

/** Anthropic refuses a text block that is empty. */
function text(said: string, extra = (): Fields => new Fields()): OwnBlock[] {
  return said === "" ? [] : [{ type: "text", text: said, "...": extra() }];
}

/** Only what carries its proof goes back: unsigned thinking is refused, and a model does not need another's. */
function thinking({ text, signature, redacted }: Reasoning): OwnBlock[] {
  if (signature === undefined) return [];
  if (redacted) return [{ type: "redacted_thinking", data: signature }];
  return [{ type: "thinking", thinking: text, signature }];
}

function toolUse(call: ToolCall, path: string): OwnBlock {
  const input = call.kind === "function" ? functionArguments(call.arguments, path) : { input: call.arguments };
  const extra = flatExtras(call.extra, call.kind, path);
  // OpenAI's clients leave these in a call that they folded from a stream; Anthropic refuses the turn for them.
  extra.delete("index", "parsed_arguments");
  return { type: "tool_use", id: toolId(call.id), name: call.name, input, "...": extra };
}

/** A function's arguments as they are, once they are seen to be an object. */
function functionArguments(text: string, path: string): RawJson {
  const param = `${path}.function.arguments`;
  let value: RawJson;
  try {
    value = RawJson.parse(text.trim() === "" ? "{}" : text);
  } catch (error) {
    throw AdapterError.invalidRequest(`the arguments are not JSON: ${(error as Error).message}`, { param });
  }
  if (!value.text.startsWith("{")) throw AdapterError.invalidRequest("the arguments must be a JSON object", { param });
  return value;
}

function toolResult(message: Message, path: string): OwnBlock {
  if (message.toolCallId === undefined) {
    const param = `${path}.tool_call_id`;
    throw AdapterError.invalidRequest("a tool's answer must name the call it answers", { param });
  }
  const extra = Fields.ofPairs(message.extra, path);
  extra.keep((name) => name === "is_error");
  const blocks = contentBlocks(message.content, path);
  const content = blocks.length > 0 ? wireBlocks(blocks) : undefined;
  return { type: "tool_result", tool_use_id: toolId(message.toolCallId), content, "...": extra };
}

/**
 * Anthropic takes letters, digits, `_` and `-`; ids of other providers hold more, and both ends of the pair are
 * changed alike.
 */
function toolId(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/gu, "_");
}

/** A `cache_control` beside the message marks its last block: a plain string has no other place for it. */
function markCache(message: Message, blocks: readonly Block[], path: string): void {
  const mark = message.extra.find(([name]) => name === "cache_control")?.[1];
  if (mark === undefined) return;
  const value = verbatim(mark, path);
  const last = blocks.at(-1);
  const extra = last === undefined || last instanceof RawJson ? undefined : last["..."];
  if (extra && !extra.has("cache_control")) extra.append("cache_control", value);
}
