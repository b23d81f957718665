// Mistral over HTTP: its endpoints, and the settings that concern a request. The key is not here: the host adds it.
// What the bodies mean is in `conversions`, what a refusal means in `failures`.

import { AdapterError, configuredRetry, type Context, send } from "@caisson/adapter";

import { refusal } from "./failures.ts";

/** Where the API lives; what Mistral's own SDK takes as its server URL. */
export const HOST = "https://api.mistral.ai";

/** Sends a request; a refusal is an error with what the provider said. */
export async function post(context: Context, path: "chat/completions" | "embeddings", body: object): Promise<Response> {
  const response = await send(`${context.baseUrlOr(HOST)}/v1/${path}`, {
    headers: { traceparent: context.traceparent },
    timeoutMs: context.timeoutMs,
    retry: configuredRetry(context),
    json: body,
  });
  if (response.status >= 300) throw await refusal(response);
  return response;
}

/** Whether the operator wants the safety prompt on every request. */
export function safePrompt(context: Context): boolean {
  const text = (context.setting("safe-prompt") ?? "").trim();
  if (text === "true") return true;
  if (text === "false" || text === "") return false;
  throw AdapterError.internal(`setting safe-prompt is ${JSON.stringify(text)}, neither true nor false`);
}
