// A chat request as the body of `POST /v1/messages`. What has no counterpart is left out as guests/anthropic/README.md
// lists, or refused where leaving it out would change what the client gets back.

import { AdapterError, type ChatRequest, Fields, RawJson } from "@caisson/adapter";

import { verbatim, wireBlocks } from "./blocks.ts";
import { planThinking } from "./thinking.ts";
import { wireChoice, wireTool } from "./tools.ts";
import { conversation } from "./turns.ts";

/** Fields of OpenAI's that Anthropic would refuse as unknown. */
const OPENAI_ONLY = new Set([
  "audio",
  "function_call",
  "functions",
  "moderation",
  "prediction",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "safety_identifier",
  "store",
  "stream",
  "stream_options",
  "verbosity",
  "web_search_options",
]);

/** What `stringify` makes the body of. `defaultMax` caps the answer where the client does not. */
export function messagesRequest(request: ChatRequest, defaultMax: number, stream: boolean): object {
  if (request.n > 1) throw AdapterError.unsupported("more than one choice for a request", { param: "n" });
  const extra = Fields.ofPairs(request.extra);
  const { system, turns } = conversation(request.messages);
  const plan = planThinking(request, extra.get("thinking"), defaultMax);
  const output_config = outputConfig(request, extra.get("output_config"), plan.effort);
  const { temperature, topP } = request;
  const user_id = userId(request, extra);
  const body = {
    model: request.model,
    max_tokens: plan.maxTokens,
    system: system.length > 0 ? wireBlocks(system) : undefined,
    messages: turns.map(({ speaker, blocks }) => ({ role: speaker, content: wireBlocks(blocks) })),
    tools: nonEmpty(request.tools.map((tool, position) => wireTool(tool, `tools[${position}]`))),
    tool_choice: wireChoice(request),
    thinking: plan.thinking,
    output_config,
    stop_sequences: nonEmpty(request.stop),
    // OpenAI's scale ends at 2, Anthropic's at 1.
    temperature: plan.thinks || temperature === undefined ? undefined : Math.min(temperature, 1),
    top_p: plan.thinks && (topP ?? 1) < 0.95 ? undefined : topP,
    metadata: user_id === undefined ? undefined : { user_id },
    service_tier: serviceTier(extra.takeString("service_tier")),
    stream: stream || undefined,
  };
  // The names written above must not appear twice; what is withheld on purpose must not come in by this door.
  const withheld = ["output_config", "temperature", "top_p", ...(request.toolChoice ? ["tool_choice"] : [])];
  const written = new Set([
    ...withheld,
    ...Object.entries(body).flatMap(([name, value]) => (value === undefined ? [] : name)),
  ]);
  extra.keep((name) => !written.has(name) && !OPENAI_ONLY.has(name));
  return { ...body, "...": extra };
}

/** `effort` and `format`, beside what the client put there itself. */
function outputConfig(request: ChatRequest, own: RawJson | undefined, effort: string | undefined): object | undefined {
  const extra = own ? own.asFields() : new Fields();
  if (!extra) throw AdapterError.invalidRequest("this must be an object", { param: "output_config" });
  const format = outputFormat(request);
  const config = {
    effort: extra.has("effort") ? undefined : effort,
    format: extra.has("format") ? undefined : format,
    "...": extra,
  };
  return config.effort !== undefined || config.format !== undefined || extra.size > 0 ? config : undefined;
}

/**
 * A schema is enforced. OpenAI's bare JSON mode has no counterpart: the prompt asks for JSON there by OpenAI's own
 * rule, and Claude follows the prompt.
 */
function outputFormat({ responseFormat }: ChatRequest): object | undefined {
  if (responseFormat?.tag !== "json-schema" && responseFormat?.tag !== "other") return undefined;
  const param = "response_format.json_schema";
  const format = verbatim(responseFormat.val, param);
  if (responseFormat.tag === "other") return format;
  const schema = format.asFields()?.get("schema");
  if (schema) return { type: "json_schema", schema };
  throw AdapterError.invalidRequest("this is not a response format: it has no schema", { param });
}

/** Anthropic's `auto` uses what priority capacity there is; undefined stands for tiers that it has not got. */
function serviceTier(tier: string | undefined): string | undefined {
  if (tier === "auto" || tier === "priority") return "auto";
  return tier === "default" || tier === "standard_only" ? "standard_only" : undefined;
}

/** Anthropic's metadata holds nothing but this. */
function userId(request: ChatRequest, extra: Fields): string | undefined {
  const named = request.metadata.find(([name]) => name === "user_id")?.[1];
  return named ?? request.user ?? extra.get("safety_identifier")?.asString();
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
