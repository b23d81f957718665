// Tools, the choice among them, and calls. Mistral's calls have ids of nine letters and digits, and it refuses any
// other; ids of other providers in a conversation are made to fit.

import { AdapterError, Fields, RawJson, type Tool, type ToolCall, type ToolChoice } from "@caisson/adapter";

import { verbatim } from "./parts.ts";

export function wireTool(tool: Tool, path: string): object {
  const extra = Fields.ofPairs(tool.extra, path);
  // Mistral's own tools, such as `web_search`, are all in their extra fields.
  if (tool.kind !== "function" && tool.kind !== "custom") {
    return { type: tool.kind, name: tool.name || undefined, description: tool.description, "...": extra };
  }
  if (tool.kind === "custom") throw AdapterError.unsupported("tools that take free text", { param: path });
  const left = extra.take("function")?.asFields() ?? new Fields();
  const { name, description, strict } = tool;
  const parameters =
    tool.parameters === undefined ? NO_PARAMETERS : verbatim(tool.parameters, `${path}.function.parameters`);
  return { type: "function", function: { name, description, parameters, strict, "...": left }, "...": extra };
}

/** What OpenAI lets a client leave out, and Mistral insists on. */
const NO_PARAMETERS = { type: "object", properties: {} };

export function wireChoice(choice: ToolChoice | undefined): string | object | undefined {
  switch (choice?.tag) {
    case undefined:
      return undefined;
    case "required":
      return "any";
    case "auto":
    case "none":
      return choice.tag;
    case "named":
      return { type: "function", function: { name: choice.val } };
    case "other":
      return verbatim(choice.val, "tool_choice");
  }
}

export function wireCall(call: ToolCall, path: string): object {
  if (call.kind !== "function") throw AdapterError.unsupported(`calls of kind ${call.kind}`, { param: path });
  const extra = Fields.ofPairs(call.extra, path);
  const left = extra.take("function")?.asFields() ?? new Fields();
  // OpenAI's clients leave these in a call that they parsed or folded from a stream.
  left.delete("parsed_arguments");
  extra.delete("index");
  const json = call.arguments.trim() === "" ? "{}" : call.arguments;
  const called = { name: call.name, arguments: json, "...": left };
  return { id: toolId(call.id), type: "function", function: called, "...": extra };
}

/** A call that a provider's message or delta holds. */
export interface GivenCall {
  /** Its place in the message, where that is said. */
  index: number | undefined;
  /** Empty where there is none. */
  id: string;
  kind: string | undefined;
  name: string;
  arguments: string;
  extra: Fields;
}

/** Undefined where it is no call. */
export function givenCall(raw: RawJson): GivenCall | undefined {
  const extra = raw.asFields();
  const called = extra?.take("function")?.asFields();
  if (!extra || !called) return undefined;
  const id = extra.takeString("id") ?? "";
  const given = called.take("arguments");
  return {
    index: extra.takeNumber("index"),
    // The schema's default for an id that is not there is this word.
    id: id === "null" ? "" : id,
    kind: extra.takeString("type"),
    name: called.takeString("name") ?? "",
    // Text as a rule, but the schema allows the object itself.
    arguments: given?.asString() ?? given?.text ?? "",
    extra,
  };
}

const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 9;

/** The same id for the same id, so that a call and its answer still belong together. */
export function toolId(id: string): string {
  if (/^[A-Za-z0-9]{9}$/.test(id)) return id;
  // FNV-1a of 64 bits: spread is all that is asked of it.
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(id)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  let made = "";
  for (let rest = hash; made.length < ID_LENGTH; rest /= 62n) made += SIGNS[Number(rest % 62n)];
  return made;
}
