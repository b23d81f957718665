// A whole answer as the contract's. Fields without a name in the contract stay beside the answer as they came.

import {
  type ChatAnswerDraft,
  type Choice,
  type Draft,
  Fields,
  type FinishReason,
  type MessageDraft,
  RawJson,
  type Reasoning,
  type ToolCall,
} from "@caisson/adapter";

import { unreadable } from "../failures.ts";
import { Kept, KEPT_CONTENT } from "./kept.ts";
import { piecesOf } from "./received.ts";
import { givenCall } from "./tools.ts";
import { usageOf } from "./usage.ts";

/** Reads the body of a successful answer. */
export function chatAnswer(body: string): ChatAnswerDraft {
  const fields = objectOf(body);
  const choices = fields.take("choices")?.asElements();
  if (!choices || choices.length === 0) throw unreadable("it has no choices");
  const usage = fields.take("usage")?.asFields();
  fields.delete("object", "created");
  return {
    id: fields.takeString("id"),
    model: fields.takeString("model"),
    choices: choices.map(choice),
    usage: usage && usageOf(usage),
    extra: fields.toPairs(),
  };
}

/** The fields of a body or event that has to be a JSON object. */
export function objectOf(json: string): Fields {
  let fields: Fields | undefined;
  try {
    fields = Fields.parse(json);
  } catch (error) {
    throw unreadable(`it is not JSON: ${(error as Error).message}`);
  }
  if (!fields) throw unreadable("it is no JSON object");
  return fields;
}

/** Mistral's words are OpenAI's, but for a context that is full; others, `error` among them, go through. */
export function finishReason(word: string): FinishReason {
  switch (word) {
    case "stop":
      return { tag: "stop" };
    case "length":
    case "model_length":
      return { tag: "length" };
    case "tool_calls":
      return { tag: "tool-calls" };
    default:
      return { tag: "other", val: word };
  }
}

function choice(raw: RawJson, position: number): Draft<Choice> {
  const fields = raw.asFields();
  const given = fields?.take("message")?.asFields();
  if (!fields || !given) throw unreadable("a choice without a message");
  return {
    index: fields.takeNumber("index") ?? position,
    message: message(given),
    finishReason: finishReason(fields.takeString("finish_reason") ?? "stop"),
    extra: fields.toPairs(),
  };
}

function message(fields: Fields): MessageDraft {
  let text = "";
  const reasoning: Draft<Reasoning>[] = [];
  const kept = new Kept();
  for (const piece of piecesOf(fields.take("content"))) {
    kept.add(piece);
    if (piece.kind === "text") text += piece.text;
    if (piece.kind === "thinking") reasoning.push({ text: piece.text, signature: piece.signature });
  }
  const toolCalls = (fields.take("tool_calls")?.asElements() ?? []).map(toolCall);
  // An answer's `prefix` only repeats its default.
  fields.delete("role", "prefix");
  const list = kept.finish();
  if (list !== undefined) fields.append(KEPT_CONTENT, RawJson.trusted(list));
  return { content: text === "" ? { tag: "empty" } : text, reasoning, toolCalls, extra: fields.toPairs() };
}

function toolCall(raw: RawJson): Draft<ToolCall> {
  const call = givenCall(raw);
  if (!call) throw unreadable("a tool call without a function");
  const { id, kind, name, extra } = call;
  return { id, kind, name, arguments: call.arguments || "{}", extra: extra.toPairs() };
}
