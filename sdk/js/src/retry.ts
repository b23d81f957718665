// Sending again: when it may help, how long to wait, when to give up. Off unless asked for, since OpenAI's clients
// send again themselves and get the provider's `retry-after` from the host.

import type { Context } from "./context.ts";
import { transport } from "./transport.ts";

/** A provider that asks for a longer wait than this gets none: the client hears of it and may choose. */
const LONGEST_ASKED_MS = 60_000;

/** How often and how patiently to send again. */
export interface RetryOptions {
  /** How many more attempts after the first. */
  times: number;
  /** The upper end of the first wait; half a second. */
  baseMs?: number;
  /** The upper end of any wait that the provider doesn't ask for; eight seconds. */
  capMs?: number;
  /** Gives up rather than wait past this long after the first attempt began. */
  withinMs?: number;
}

/**
 * As often as the deployment's setting `max-retries` says (default 0), within the call's deadline.
 *
 * Sent again are requests that found nobody to answer them, and answers with 408, 409, 429 or 5xx, unless the
 * provider's `x-should-retry` says otherwise. Waits grow twofold from `baseMs` to `capMs`, each drawn evenly from
 * nothing to that ("full jitter"), so that many clients don't return at once. A `retry-after-ms` or `retry-after` of
 * up to a minute is obeyed instead.
 */
export function configuredRetry(context: Context): RetryOptions {
  return { times: context.wholeNumber("max-retries", 0), withinMs: context.timeoutMs };
}

/** The attempts of one request. */
export class Attempts {
  #policy: Required<RetryOptions>;
  #made = 0;
  #began = transport().elapsed();

  constructor(options: RetryOptions = { times: 0 }) {
    this.#policy = { baseMs: 500, capMs: 8_000, withinMs: Infinity, ...options };
  }

  /** Milliseconds to wait before the next attempt; undefined where there should be none. */
  nextWait(asked: number | undefined): number | undefined {
    const { times, baseMs, capMs, withinMs } = this.#policy;
    if (this.#made >= times || (asked !== undefined && asked > LONGEST_ASKED_MS)) return undefined;
    const wait = asked ?? Math.min(baseMs * 2 ** this.#made, capMs) * transport().fraction();
    if (transport().elapsed() - this.#began + wait >= withinMs) return undefined;
    this.#made += 1;
    return wait;
  }
}

/** Whether an answer is one that another attempt may better. */
export function mayHelp(status: number, headers: Headers): boolean {
  if (status < 400) return false;
  switch (headers.get("x-should-retry")) {
    case "true":
      return true;
    case "false":
      return false;
    default:
      return status === 408 || status === 409 || status === 429 || status >= 500;
  }
}

/** The wait in milliseconds that an answer asks for: `retry-after-ms`, else `retry-after` in seconds or as a date. */
export function askedWait(headers: Headers): number | undefined {
  const exact = plainNumber(headers.get("retry-after-ms"));
  if (exact !== undefined) return Math.ceil(exact);
  const after = headers.get("retry-after");
  const seconds = plainNumber(after);
  if (seconds !== undefined) return Math.ceil(seconds * 1000);
  const until = httpDate(after);
  if (until === undefined) return undefined;
  // By the provider's own clock where it tells: ours may differ.
  return Math.max(until - (httpDate(headers.get("date")) ?? transport().now()), 0);
}

function plainNumber(text: string | null): number | undefined {
  return text !== null && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** Any of RFC 9110's three forms, all of which begin with the name of a day. */
function httpDate(text: string | null): number | undefined {
  if (text === null || !/^\s*(Sun|Mon|Tue|Wed|Thu|Fri|Sat)/.test(text)) return undefined;
  // The form of `asctime` names no zone and means GMT.
  const ms = Date.parse(/GMT\s*$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}
