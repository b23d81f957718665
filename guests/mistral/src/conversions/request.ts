// A chat request as the body of `POST /v1/chat/completions`. Mistral refuses fields that it does not know, so OpenAI's
// own that have no counterpart stay behind; fields that neither names go through, for whatever Mistral adds.

import { AdapterError, type ChatRequest, Fields, RawJson } from "@caisson/adapter";

import { verbatim } from "./parts.ts";
import { wireChoice, wireTool } from "./tools.ts";
import { wireMessage } from "./turns.ts";

/** Fields of OpenAI's that Mistral would refuse as unknown. */
const OPENAI_ONLY = new Set([
  "audio",
  "function_call",
  "functions",
  "max_completion_tokens",
  "modalities",
  "moderation",
  "prompt_cache_options",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "stream",
  "stream_options",
  "user",
  "verbosity",
  "web_search_options",
]);

/** OpenAI's scale ends at 2. */
const HIGHEST_TEMPERATURE = 1.5;

/** What `stringify` makes the body of. */
export function completionsRequest(request: ChatRequest, how: { safePrompt: boolean; stream: boolean }): object {
  const { temperature, seed } = request;
  const body = {
    model: request.model,
    messages: request.messages.map((message, position) => wireMessage(message, `messages[${position}]`)),
    tools: nonEmpty(request.tools.map((tool, position) => wireTool(tool, `tools[${position}]`))),
    tool_choice: wireChoice(request.toolChoice),
    parallel_tool_calls: request.parallelToolCalls,
    response_format: responseFormat(request),
    max_tokens: request.maxTokens,
    temperature: temperature === undefined ? undefined : Math.min(temperature, HIGHEST_TEMPERATURE),
    top_p: request.topP,
    n: request.n > 1 ? request.n : undefined,
    stop: nonEmpty(request.stop),
    // Any number will do for a seed, but Mistral's begin at zero.
    random_seed: seed !== undefined && seed < 0n ? -seed : seed,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    reasoning_effort: effort(request.reasoningEffort),
    metadata: labels(request),
    safe_prompt: how.safePrompt || undefined,
    stream: how.stream || undefined,
  };
  // The names written above must not appear twice.
  const written = new Set(Object.entries(body).flatMap(([name, value]) => (value === undefined ? [] : name)));
  const extra = Fields.ofPairs(request.extra);
  extra.keep((name) => !written.has(name) && !OPENAI_ONLY.has(name));
  return { ...body, "...": extra };
}

function responseFormat({ responseFormat }: ChatRequest): object | undefined {
  switch (responseFormat?.tag) {
    case undefined:
      return undefined;
    case "text":
      return { type: "text" };
    case "json-object":
      return { type: "json_object" };
    case "other":
      return verbatim(responseFormat.val, "response_format");
    case "json-schema": {
      const param = "response_format.json_schema";
      const json_schema = verbatim(responseFormat.val, param);
      if (json_schema.asFields()?.has("schema")) return { type: "json_schema", json_schema };
      throw AdapterError.invalidRequest("this is not a response format: it has no schema", { param });
    }
  }
}

/** Mistral's models think or they don't; a word that is neither's goes through. */
function effort(word: string | undefined): string | undefined {
  switch (word) {
    case "minimal":
      return "none";
    case "low":
    case "medium":
    case "xhigh":
      return "high";
    default:
      return word;
  }
}

function labels({ metadata }: ChatRequest): Fields | undefined {
  if (metadata.length === 0) return undefined;
  return new Fields(metadata.map(([name, label]): [string, RawJson] => [name, RawJson.of(label)]));
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
