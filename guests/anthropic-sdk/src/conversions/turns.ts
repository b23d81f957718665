// Messages as the SDK's system prompt and turns. OpenAI's list is flat: system messages anywhere, a message for each
// tool result. Anthropic wants turns that alternate, so neighbours of one speaker are joined, and tool results, which
// the user speaks, with them.

import type Anthropic from "@anthropic-ai/sdk";
import {
  AdapterError,
  type Content,
  type Media,
  type Message,
  type Pairs,
  type Part,
  type Reasoning,
  type ToolCall,
} from "@caisson/adapter";

import { jsonObject, parsed } from "./json.ts";

type Block = Anthropic.ContentBlockParam;

/** The conversation as Anthropic has it. */
export interface Conversation {
  system: Anthropic.TextBlockParam[];
  turns: { role: "user" | "assistant"; content: Block[] }[];
}

export function conversation(messages: readonly Message[]): Conversation {
  const made: Conversation = { system: [], turns: [] };
  for (const [position, message] of messages.entries()) {
    const path = `messages[${position}]`;
    const blocks = blocksOf(message, path);
    if (message.role === "system" || message.role === "developer") {
      made.system.push(...blocks.filter((block) => block.type === "text"));
    } else say(made, message.role === "assistant" ? "assistant" : "user", blocks);
  }
  return made;
}

function say({ turns }: Conversation, role: "user" | "assistant", content: Block[]): void {
  const last = turns.at(-1);
  if (last?.role === role) last.content.push(...content);
  // Anthropic refuses a turn that says nothing.
  else if (content.length > 0) turns.push({ role, content });
}

function blocksOf(message: Message, path: string): Block[] {
  const said = contentBlocks(message.content, path);
  if (message.role === "tool") return [toolResult(message, said)];
  return [
    // Thinking must open the turn, or the provider refuses it.
    ...message.reasoning.flatMap(thinking),
    ...said,
    ...text(message.refusal ?? ""),
    ...message.toolCalls.map((call, position) => toolUse(call, `${path}.tool_calls[${position}]`)),
  ];
}

function contentBlocks(content: Content, path: string): Block[] {
  if (content.tag === "empty") return [];
  if (content.tag === "text") return text(content.val);
  return content.val.flatMap((part, position) => partBlocks(part, `${path}.content[${position}]`));
}

function partBlocks(part: Part, path: string): Block[] {
  switch (part.tag) {
    case "text":
    case "refusal":
      return text(part.val.text, cacheMark(part.val.extra, path));
    case "image":
      return [{ type: "image", source: imageSource(part.val, path), ...cacheMark(part.val.extra, path) }];
    case "reasoning":
      return thinking(part.val);
    default:
      throw AdapterError.unsupported("parts but texts and images", { param: path });
  }
}

/** Anthropic refuses a text block that is empty. */
function text(said: string, mark: Marked = {}): Anthropic.TextBlockParam[] {
  return said === "" ? [] : [{ type: "text", text: said, ...mark }];
}

interface Marked {
  cache_control?: Anthropic.CacheControlEphemeral;
}

function cacheMark(extra: Pairs, path: string): Marked {
  const mark = extra.find(([name]) => name === "cache_control")?.[1];
  if (mark === undefined) return {};
  return { cache_control: parsed(mark, `${path}.cache_control`) as Anthropic.CacheControlEphemeral };
}

function imageSource({ source, mimeType }: Media, path: string): Anthropic.ImageBlockParam["source"] {
  if (source.tag === "url") return { type: "url", url: source.val };
  if (source.tag === "id") throw AdapterError.unsupported("uploaded images", { param: path });
  // The API itself says which types it takes.
  const media_type = mimeType as Anthropic.Base64ImageSource["media_type"] | undefined;
  if (media_type !== undefined) return { type: "base64", media_type, data: source.val };
  throw AdapterError.invalidRequest("an inline image must name its media type", { param: `${path}.image_url.url` });
}

/** Only what carries its proof goes back: unsigned thinking is refused. */
function thinking({ text, signature, redacted }: Reasoning): Block[] {
  if (signature === undefined) return [];
  if (redacted) return [{ type: "redacted_thinking", data: signature }];
  return [{ type: "thinking", thinking: text, signature }];
}

function toolUse({ id, name, arguments: input }: ToolCall, path: string): Block {
  return {
    type: "tool_use",
    id: toolId(id),
    name,
    input: jsonObject(input.trim() || "{}", `${path}.function.arguments`),
  };
}

function toolResult({ toolCallId }: Message, said: Block[]): Block {
  const content = said as Anthropic.TextBlockParam[];
  return { type: "tool_result", tool_use_id: toolId(toolCallId ?? ""), ...(content.length > 0 ? { content } : {}) };
}

/** Anthropic takes letters, digits, `_` and `-`; ids of other providers hold more, and both ends change alike. */
function toolId(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/gu, "_");
}
