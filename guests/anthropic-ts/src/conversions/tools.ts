// Tools and the choice among them. A function becomes a tool with an input schema; Anthropic's own tools
// (`web_search_20250305`, `bash_20250124` …) go through under their type. OpenAI's free-text tools have no counterpart
// and are refused.

import { AdapterError, type ChatRequest, Fields, RawJson, type Tool } from "@caisson/adapter";

import { flatExtras, verbatim } from "./blocks.ts";

export function wireTool(tool: Tool, path: string): object {
  const extra = flatExtras(tool.extra, tool.kind, path);
  const description = extra.has("description") ? undefined : tool.description;
  const strict = (tool.strict && !extra.has("strict")) || undefined;
  if (tool.kind === "function") {
    return { name: tool.name, description, input_schema: inputSchema(tool.parameters, path), strict, "...": extra };
  }
  if (tool.kind === "custom" && !extra.has("input_schema")) {
    throw AdapterError.unsupported("tools that take free text", { param: path });
  }
  const type = extra.has("type") ? undefined : tool.kind;
  const name = extra.has("name") || tool.name === "" ? undefined : tool.name;
  return { type, name, description, strict, "...": extra };
}

/** The schema as it came, but with the `type` that Anthropic insists on and OpenAI does not. */
function inputSchema(parameters: string | undefined, path: string): RawJson {
  const invalid = (why: string): AdapterError =>
    AdapterError.invalidRequest(`the parameters are not a JSON Schema object: ${why}`, {
      param: `${path}.function.parameters`,
    });
  let schema: RawJson;
  try {
    schema = RawJson.parse(parameters ?? "{}");
  } catch (error) {
    throw invalid((error as Error).message);
  }
  const fields = schema.asFields();
  if (!fields) throw invalid("no object");
  const type = fields.get("type");
  if (type && type.text !== "null") return schema;
  fields.delete("type");
  return RawJson.of(new Fields([["type", RawJson.of("object")], ...fields]));
}

/** Undefined where Anthropic's default is meant: `auto`, calls side by side. */
export function wireChoice(request: ChatRequest): object | undefined {
  const { toolChoice, tools } = request;
  const disable_parallel_tool_use = request.parallelToolCalls === false || undefined;
  // Without tools there is nothing to choose, and saying so is refused.
  const says = toolChoice !== undefined && toolChoice.tag !== "auto" && toolChoice.tag !== "none";
  if (tools.length === 0 && !says) return undefined;
  switch (toolChoice?.tag) {
    case undefined:
      return disable_parallel_tool_use && { type: "auto", disable_parallel_tool_use };
    case "auto":
      return { type: "auto", disable_parallel_tool_use };
    case "none":
      return { type: "none" };
    case "required":
      return { type: "any", disable_parallel_tool_use };
    case "named":
      return { type: "tool", name: toolChoice.val, disable_parallel_tool_use };
    case "other":
      return verbatim(toolChoice.val, "tool_choice");
  }
}

/** Whether the model must call a tool: Anthropic refuses to think before a forced call. */
export function isForced({ toolChoice }: ChatRequest): boolean {
  return toolChoice?.tag === "required" || toolChoice?.tag === "named";
}
