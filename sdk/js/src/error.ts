// From failures to the contract's error: constructors, and the mapping from whatever was thrown. What a provider's
// refusal says is read in `refusal`.

import type { ErrorKind, ErrorRecord } from "./api.ts";

/** What an `AdapterError` may carry beside kind and message. */
export interface ErrorDetails {
  /** The HTTP status that the provider answered with. */
  status?: number | undefined;
  /** The request's field at fault, as a path: `messages[2].content`. */
  param?: string | undefined;
  /** The provider's own code. */
  code?: string | undefined;
  /** Milliseconds after which another try makes sense. */
  retryAfterMs?: number | undefined;
  /** The beginning of the provider's answer. */
  body?: string | undefined;
  cause?: unknown;
}

/** Why there is no answer. Thrown by the kit and by adapters; becomes the client's HTTP status and error object. */
export class AdapterError extends Error implements ErrorRecord {
  kind: ErrorKind;
  status: number | undefined;
  param: string | undefined;
  code: string | undefined;
  retryAfterMs: number | undefined;
  body: string | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "AdapterError";
    this.kind = kind;
    this.status = details.status;
    this.param = details.param;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
    this.body = details.body;
  }

  /** The adapter itself is wrong, or its settings are. */
  static internal(message: string, details?: ErrorDetails): AdapterError {
    return new AdapterError("internal", message, details);
  }

  /** The client asked for something that can't be; add `param` where a field is at fault. */
  static invalidRequest(message: string, details?: ErrorDetails): AdapterError {
    return new AdapterError("invalid-request", message, details);
  }

  /** The adapter lacks this. `what` is a plural, as in "embeddings". */
  static unsupported(what: string, details?: ErrorDetails): AdapterError {
    return new AdapterError("unsupported", `this adapter does not support ${what}`, details);
  }

  /** The provider failed or could not be reached. */
  static upstream(message: string, details?: ErrorDetails): AdapterError {
    return new AdapterError("upstream", message, details);
  }

  /**
   * The error behind anything that was thrown: itself, or the nearest among its causes, as where an SDK wraps what
   * `fetch` threw. A time that ran out (`AbortSignal.timeout`) is `timeout`; all else is the adapter's own mistake.
   */
  static from(thrown: unknown): AdapterError {
    let cause = thrown;
    for (let depth = 0; depth < 8 && cause instanceof Error; depth += 1) {
      if (cause instanceof AdapterError) return cause;
      if (cause.name === "TimeoutError") {
        return new AdapterError("timeout", `the adapter's own time ran out: ${cause.message}`, { cause: thrown });
      }
      cause = cause.cause;
    }
    const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return AdapterError.internal(`the adapter failed: ${what}`, { cause: thrown });
  }
}

/** What a provider's HTTP status means where nothing else is known. */
export function kindOfStatus(status: number): ErrorKind {
  switch (status) {
    case 401:
      return "authentication";
    case 402:
      return "quota-exceeded";
    case 403:
      return "permission";
    case 404:
    case 410:
      return "not-found";
    case 408:
    case 504:
      return "timeout";
    case 409:
      return "conflict";
    case 413:
      return "too-large";
    case 429:
      return "rate-limited";
    default:
      return status >= 400 && status < 500 ? "invalid-request" : "upstream";
  }
}
