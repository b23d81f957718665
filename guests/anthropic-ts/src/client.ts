// Anthropic over HTTP: one endpoint, its headers. The key is not here: the host adds it. What the bodies mean is in
// `conversions`, what a refusal means in `failures`.

import { configuredRetry, type Context, send } from "@caisson/adapter";

import { refusal } from "./failures.ts";

/** Where the API lives; what Anthropic's own SDK takes as its base URL. */
export const HOST = "https://api.anthropic.com";
/** The version of the API that the conversions follow. */
export const VERSION = "2023-06-01";
/** Anthropic wants a cap on every answer; this is for requests without one. */
export const DEFAULT_MAX_TOKENS = 4096;

/** Sends a request; a refusal is an error with what the provider said. */
export async function post(context: Context, body: object): Promise<Response> {
  const response = await send(`${context.baseUrlOr(HOST)}/v1/messages`, {
    headers: {
      "anthropic-version": context.setting("anthropic-version") ?? VERSION,
      "anthropic-beta": betaFeatures(context),
      traceparent: context.traceparent,
    },
    timeoutMs: context.timeoutMs,
    retry: configuredRetry(context),
    json: body,
  });
  if (response.status >= 300) throw await refusal(response);
  return response;
}

/** The deployment's features, and the client's where the deployment lets them pass. */
function betaFeatures(context: Context): string | undefined {
  const both = [context.setting("anthropic-beta"), context.header("anthropic-beta")];
  return both.filter(Boolean).join(",") || undefined;
}
