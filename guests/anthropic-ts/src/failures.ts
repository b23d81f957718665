// The provider's refusals as the contract's errors, from a status or out of a stream. The type that the provider names
// decides; the status is for answers that name none, as a proxy in between gives.

import { AdapterError, type ErrorKind, errorFromResponse, RawJson } from "@caisson/adapter";

/** Enough for any message of the provider's; a proxy's page of HTML is cut. */
const LONGEST = 4 << 10;

/** For each type of error the kind, and the status that it comes with. */
const TYPES = new Map<string, readonly [ErrorKind, number]>([
  ["invalid_request_error", ["invalid-request", 400]],
  ["authentication_error", ["authentication", 401]],
  ["billing_error", ["quota-exceeded", 402]],
  ["permission_error", ["permission", 403]],
  ["not_found_error", ["not-found", 404]],
  ["conflict_error", ["conflict", 409]],
  ["request_too_large", ["too-large", 413]],
  ["rate_limit_error", ["rate-limited", 429]],
  ["api_error", ["upstream", 500]],
  ["timeout_error", ["timeout", 504]],
  ["overloaded_error", ["upstream", 529]],
]);

interface Failure {
  type: string;
  message: string;
  requestId: string | undefined;
}

/** The error of an answer with a status of 300 or above. */
export async function refusal(response: Response): Promise<AdapterError> {
  const requestId = response.headers.get("request-id") ?? undefined;
  const error = await errorFromResponse(response);
  const failure = error.body === undefined ? undefined : failureIn(error.body);
  if (failure) {
    error.kind = kindOf(failure) ?? error.kind;
    error.message = words(failure, failure.requestId ?? requestId);
    error.code = failure.type;
  }
  error.body = error.body?.slice(0, LONGEST);
  return error;
}

/** The error that an `error` event of a stream brings, with the status it would have had. */
export function streamError(data: string): AdapterError {
  const failure = failureIn(data);
  if (!failure) return unreadable("an error that names no type");
  return new AdapterError(kindOf(failure) ?? "upstream", words(failure, failure.requestId), {
    status: TYPES.get(failure.type)?.[1],
    code: failure.type,
    body: data.slice(0, LONGEST),
  });
}

/** The error of a stream's event that makes no sense. */
export function unreadable(why: string): AdapterError {
  return AdapterError.upstream(`an event of the stream could not be read: ${why}`);
}

/** The `{"error":{"type","message"},"request_id"}` in a body or an event. */
function failureIn(text: string): Failure | undefined {
  try {
    const body = RawJson.parse(text).asFields();
    const detail = body?.take("error")?.asFields();
    const type = detail?.takeString("type");
    if (body === undefined || detail === undefined || type === undefined) return undefined;
    return { type, message: detail.takeString("message") ?? "", requestId: body.takeString("request_id") };
  } catch {
    return undefined;
  }
}

function kindOf({ type, message }: Failure): ErrorKind | undefined {
  return type === "invalid_request_error" ? kindOfInvalid(message) : TYPES.get(type)?.[0];
}

/** One type covers what the contract keeps apart; only the message tells. */
function kindOfInvalid(message: string): ErrorKind {
  if (message.includes("prompt is too long") || message.includes("exceed context limit")) return "context-length";
  if (message.includes("credit balance is too low") || message.includes("API usage limits")) return "quota-exceeded";
  return "invalid-request";
}

/** The provider's words, with the id that its support asks for. */
function words({ type, message }: Failure, requestId: string | undefined): string {
  const said = (message || type).slice(0, LONGEST);
  return requestId ? `${said} (request ${requestId.slice(0, LONGEST)})` : said;
}
