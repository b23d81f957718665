// The contract's requests as the SDK's parameters, and the SDK's answers and errors as the contract's. Pure.

import Anthropic from "@anthropic-ai/sdk";
import {
  AdapterError,
  type ChatRequest,
  type Draft,
  errorFromAnswer,
  type FinishReason,
  type Message,
  messageText,
  type ToolCall,
  type Usage,
} from "@caisson/adapter";

/** For requests that set no cap: Anthropic wants one. */
const DEFAULT_MAX_TOKENS = 4096;

export function messageParams(request: ChatRequest): Anthropic.MessageCreateParams {
  const { model, messages, maxTokens, temperature, topP, stop, tools } = request;
  const system = messages.filter(isSystem).map(messageText).join("\n\n");
  const params: Anthropic.MessageCreateParams = {
    model,
    max_tokens: maxTokens ?? DEFAULT_MAX_TOKENS,
    messages: messages.flatMap((message, position) => (isSystem(message) ? [] : [turn(message, position)])),
  };
  if (system !== "") params.system = system;
  // OpenAI's scale ends at 2, Anthropic's at 1.
  if (temperature !== undefined) params.temperature = Math.min(temperature, 1);
  if (topP !== undefined) params.top_p = topP;
  if (stop.length > 0) params.stop_sequences = stop;
  if (tools.length > 0) {
    params.tools = tools.map(({ name, description, parameters }, position) => ({
      name,
      ...(description === undefined ? {} : { description }),
      input_schema: { type: "object", ...object(parameters ?? "{}", `tools[${position}].function.parameters`) },
    }));
  }
  return params;
}

function isSystem({ role }: Message): boolean {
  return role === "system" || role === "developer";
}

function turn(message: Message, position: number): Anthropic.MessageParam {
  const path = `messages[${position}]`;
  const odd = message.content.tag === "parts" ? message.content.val.findIndex(({ tag }) => tag !== "text") : -1;
  if (odd !== -1) throw AdapterError.unsupported("parts but texts", { param: `${path}.content[${odd}]` });
  const text = messageText(message);
  if (message.role === "tool") {
    const tool_use_id = message.toolCallId ?? "";
    return { role: "user", content: [{ type: "tool_result", tool_use_id, content: text }] };
  }
  if (message.role === "user") return { role: "user", content: text };
  const calls = message.toolCalls.map(({ id, name, arguments: input }, index): Anthropic.ToolUseBlockParam => ({
    type: "tool_use",
    id,
    name,
    input: object(input || "{}", `${path}.tool_calls[${index}].function.arguments`),
  }));
  return { role: "assistant", content: text === "" ? calls : [{ type: "text", text }, ...calls] };
}

function object(json: string, param: string): object {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw AdapterError.invalidRequest("this is not a JSON object", { param });
}

/** The call that a block is, if any. */
export function toolCall(block: Anthropic.ContentBlock): Draft<ToolCall>[] {
  if (block.type !== "tool_use") return [];
  return [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input ?? {}) }];
}

export function usage({ input_tokens, output_tokens }: Anthropic.MessageDeltaUsage | Anthropic.Usage): Draft<Usage> {
  return { input: input_tokens ?? 0, output: output_tokens ?? 0 };
}

export function finishReason(reason: string | null): FinishReason {
  switch (reason) {
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
      return { tag: "other", val: reason };
  }
}

/** The provider's refusal in the SDK's error; anything else goes on to the kit, which finds the cause. */
export function adapterError(thrown: unknown): unknown {
  if (!(thrown instanceof Anthropic.APIError)) return thrown;
  const isAnswer = thrown.status !== undefined || thrown.error !== undefined;
  if (!isAnswer) return thrown;
  // A gateway's refusal may be no JSON, or empty: then the SDK has words alone.
  const body = thrown.error === undefined ? thrown.message : JSON.stringify(thrown.error);
  const error = errorFromAnswer(thrown.status ?? 502, body, thrown.headers);
  if (thrown.status === undefined) error.status = undefined;
  return error;
}
