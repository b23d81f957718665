// A chat request as the SDK's parameters. What would change the answer and has no counterpart here is refused; OpenAI's
// fields that are mere hints are left out, and the API's own go through.

import type Anthropic from "@anthropic-ai/sdk";
import { AdapterError, type ChatRequest, type Pairs, type Tool } from "@caisson/adapter";

import { type Json, jsonObject, parsed } from "./json.ts";
import { conversation } from "./turns.ts";

/** For requests that set no cap: Anthropic wants one. */
const DEFAULT_MAX_TOKENS = 4096;

/** Fields of OpenAI's that Anthropic would refuse as unknown. */
const OPENAI_ONLY = new Set([
  "audio",
  "function_call",
  "functions",
  "max_tokens",
  "moderation",
  "prediction",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "stream_options",
  "verbosity",
  "web_search_options",
]);

export function messageParams(request: ChatRequest): Anthropic.MessageCreateParams {
  if (request.n > 1) throw AdapterError.unsupported("more than one choice for a request", { param: "n" });
  if (request.reasoningEffort !== undefined && request.reasoningEffort !== "none") {
    throw AdapterError.unsupported("an effort; the API's own `thinking` goes through", { param: "reasoning_effort" });
  }
  const { temperature, topP, stop, tools, user } = request;
  const extra = apiFields(request.extra);
  const { system, turns } = conversation(request.messages);
  const params: Anthropic.MessageCreateParams = {
    ...extra,
    model: request.model,
    // Thinking counts towards the cap.
    max_tokens: request.maxTokens ?? DEFAULT_MAX_TOKENS + budget(extra["thinking"]),
    messages: turns,
  };
  if (system.length > 0) params.system = system;
  // OpenAI's scale ends at 2, Anthropic's at 1.
  if (temperature !== undefined) params.temperature = Math.min(temperature, 1);
  if (topP !== undefined) params.top_p = topP;
  if (stop.length > 0) params.stop_sequences = stop;
  if (user !== undefined) params.metadata = { user_id: user };
  if (tools.length > 0) {
    params.tools = tools.map(tool);
    const choice = toolChoice(request);
    if (choice) params.tool_choice = choice;
  }
  if (request.reasoningEffort === "none") params.thinking ??= { type: "disabled" };
  const format = outputFormat(request);
  if (format) params.output_config = { ...params.output_config, format };
  return params;
}

function apiFields(extra: Pairs): Json {
  return Object.fromEntries(
    extra.filter(([name]) => !OPENAI_ONLY.has(name)).map(([name, json]) => [name, parsed(json, name)]),
  );
}

function budget(thinking: unknown): number {
  const tokens =
    typeof thinking === "object" && thinking !== null && "budget_tokens" in thinking ? thinking : undefined;
  return typeof tokens?.budget_tokens === "number" ? tokens.budget_tokens : 0;
}

function tool({ kind, name, description, parameters, strict, extra }: Tool, position: number): Anthropic.Tool {
  const path = `tools[${position}]`;
  if (kind !== "function") throw AdapterError.unsupported("tools that are no functions", { param: path });
  return {
    ...(Object.fromEntries(extra.map(([field, json]) => [field, parsed(json, `${path}.${field}`)])) as Json),
    name,
    ...(description === undefined ? {} : { description }),
    ...(strict === true ? { strict } : {}),
    input_schema: { type: "object", ...jsonObject(parameters ?? "{}", `${path}.function.parameters`) },
  };
}

/** Undefined where Anthropic's default is meant: `auto`, calls side by side. */
function toolChoice({ toolChoice: choice, parallelToolCalls }: ChatRequest): Anthropic.ToolChoice | undefined {
  const once = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  switch (choice?.tag) {
    case undefined:
      return parallelToolCalls === false ? { type: "auto", ...once } : undefined;
    case "auto":
      return { type: "auto", ...once };
    case "none":
      return { type: "none" };
    case "required":
      return { type: "any", ...once };
    case "named":
      return { type: "tool", name: choice.val, ...once };
    case "other":
      throw AdapterError.unsupported("a choice of another kind", { param: "tool_choice" });
  }
}

/** A schema is enforced; the bare JSON mode is the prompt's affair, which asks for JSON by OpenAI's own rule. */
function outputFormat({ responseFormat }: ChatRequest): Anthropic.JSONOutputFormat | undefined {
  if (responseFormat?.tag === "other") throw AdapterError.unsupported("this format", { param: "response_format" });
  if (responseFormat?.tag !== "json-schema") return undefined;
  const param = "response_format.json_schema";
  const { schema } = jsonObject(responseFormat.val, param);
  if (typeof schema === "object" && schema !== null) return { type: "json_schema", schema: schema as Json };
  throw AdapterError.invalidRequest("this is not a response format: it has no schema", { param });
}
