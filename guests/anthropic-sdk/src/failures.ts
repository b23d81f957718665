// The provider's refusals, as the SDK throws them, as the contract's errors. Connections that failed are not its affair:
// the kit finds their cause.

import Anthropic from "@anthropic-ai/sdk";
import { errorFromAnswer } from "@caisson/adapter";

/** The status that an error in a stream would have had. */
const STATUS_OF_TYPE = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["api_error", 500],
  ["timeout_error", 504],
  ["overloaded_error", 529],
]);

/** The provider's refusal in the SDK's error; anything else as it was thrown. */
export function adapterError(thrown: unknown): unknown {
  if (!(thrown instanceof Anthropic.APIError)) return thrown;
  const isAnswer = thrown.status !== undefined || thrown.error !== undefined;
  if (!isAnswer) return thrown;
  // A gateway's refusal may be no JSON, or empty: then the SDK has words alone.
  const body = thrown.error === undefined ? thrown.message : JSON.stringify(thrown.error);
  const status = thrown.status ?? STATUS_OF_TYPE.get(thrown.type ?? "");
  const error = errorFromAnswer(status ?? 502, body, thrown.headers);
  error.status = status;
  return error;
}
