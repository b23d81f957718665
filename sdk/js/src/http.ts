// Sending a request, again where its retry options say so. The answer is a standard `Response`; `reading`, `sse` and
// `ndjson` read it. `fetch` does the same without retries, and throws what the standard says.

import { AdapterError } from "./error.ts";
import { stringify } from "./json.ts";
import { errorFromResponse } from "./refusal.ts";
import { Attempts, askedWait, mayHelp, type RetryOptions } from "./retry.ts";
import { type Answer, type Call, Fault, type Timeouts, transport } from "./transport.ts";

/** How a request is sent. */
export interface SendOptions {
  /** In capitals; `POST` where there is a body, else `GET`. */
  method?: string;
  /** The host adds `host`, the credential and what concerns the connection. Undefined values are left out. */
  headers?: { readonly [name: string]: string | undefined };
  /** Sent as JSON, written by `stringify`. */
  json?: unknown;
  /** Sent as it is; a `content-type` belongs to it. */
  body?: string | Uint8Array;
  /** Query parameters to add, percent-encoded. */
  query?: { readonly [name: string]: string | undefined };
  /**
   * Milliseconds to wait for the connection, then for the answer's first byte, then for each next piece of it. The
   * host's own limits and the call's deadline hold besides.
   */
  timeoutMs?: number;
  /** The same for each stage. */
  timeouts?: Timeouts;
  /** Off where it is left out. */
  retry?: RetryOptions;
  /** Ends the exchange early; the body's too. */
  signal?: AbortSignal;
}

/**
 * Sends a request and waits for the answer's head, whatever its status. An error of kind `timeout` where time ran
 * out, `upstream` where nobody answered or the host refused (code `egress_denied`), `internal` where the request is
 * none that can be sent.
 */
export async function send(url: string | URL, options: SendOptions = {}): Promise<Response> {
  const call = prepare(url, options);
  const attempts = new Attempts(options.retry);
  for (;;) {
    let outcome: Response | Fault;
    try {
      outcome = responseOf(call, await transport().send(call));
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw AdapterError.from(thrown);
      outcome = thrown;
    }
    const again = outcome instanceof Fault ? outcome.kind === "unreachable" : mayHelp(outcome.status, outcome.headers);
    const asked = outcome instanceof Fault ? undefined : askedWait(outcome.headers);
    const wait = again ? attempts.nextWait(asked) : undefined;
    if (wait === undefined) {
      if (outcome instanceof Fault) throw outcome.toError(call.url.origin);
      return outcome;
    }
    // Closes the connection of a refused attempt before waiting for the next.
    if (!(outcome instanceof Fault)) await outcome.body?.cancel();
    await transport().sleep(wait);
  }
}

/**
 * Like `send`, but any status outside 2xx is an error made by `errorFromResponse`; a redirect too, as none is
 * followed.
 */
export async function sendOk(url: string | URL, options: SendOptions = {}): Promise<Response> {
  const response = await send(url, options);
  if (response.ok) return response;
  throw await errorFromResponse(response);
}

/** A name in a URL's path, percent-encoded so that it stays one segment and never climbs. */
export function pathSegment(name: string): string {
  const encoded = encodeURIComponent(name).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  // URLs drop segments of dots, even encoded ones.
  return /^\.{1,2}$/.test(encoded) ? encoded.replaceAll(".", "%252E") : encoded;
}

function prepare(url: string | URL, options: SendOptions): Call {
  const target = parseUrl(url);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined) target.searchParams.append(name, value);
  }
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers.push(checkedHeader(name, value));
  }
  let body = typeof options.body === "string" ? new TextEncoder().encode(options.body) : options.body;
  if (options.json !== undefined) {
    body = new TextEncoder().encode(stringify(options.json));
    if (!headers.some(([name]) => name === "content-type")) headers.push(["content-type", "application/json"]);
  }
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  if (body === undefined && /^(POST|PUT|PATCH)$/.test(method)) body = new Uint8Array();
  const { timeoutMs } = options;
  const timeouts = { connectMs: timeoutMs, firstByteMs: timeoutMs, betweenBytesMs: timeoutMs, ...options.timeouts };
  return { method, url: target, headers, body, timeouts, signal: options.signal };
}

/** What a transport takes: an absolute URL of http or https, without a user name. */
export function parseUrl(url: string | URL): URL {
  const bad = (what: string): AdapterError =>
    AdapterError.internal(`${JSON.stringify(String(url))} is no URL to send to: ${what}`);
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw bad("it is not absolute, or not valid");
  }
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") throw bad("only http and https are spoken");
  if (parsed.username !== "" || parsed.password !== "") throw bad("it names a user");
  return parsed;
}

/** What concerns the connection and the body's framing. */
const HOSTS_OWN = new Set([
  "connection",
  "content-length",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Whether a header is the host's to set. */
export function isHostsOwn(name: string): boolean {
  return HOSTS_OWN.has(name.toLowerCase());
}

/** A value often comes from a client, and a line break in it would be a header of its own. */
function checkedHeader(name: string, value: string): [string, string] {
  if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name)) throw AdapterError.internal(`${JSON.stringify(name)} is no header name`);
  if (isHostsOwn(name)) throw AdapterError.internal(`header ${name} is not for an adapter to set`);
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw AdapterError.internal(`the value of header ${name} has control characters`);
  }
  return [name.toLowerCase(), value];
}

/** Statuses whose answers have no body, by the standard. */
const BODILESS = new Set([101, 103, 204, 205, 304]);

/** The standard's view of an answer. Reading it late reads late from the provider: nothing runs ahead. */
export function responseOf(call: Call, answer: Answer): Response {
  const { body } = answer;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const piece = await body.read();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        } catch (thrown) {
          controller.error(networkError(call, thrown));
        }
      },
      cancel() {
        body.close();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = new Headers();
  for (const [name, value] of answer.headers) {
    try {
      headers.append(name, value);
    } catch {
      // A value that the standard forbids helps nobody.
    }
  }
  const bodiless = BODILESS.has(answer.status);
  if (bodiless) body.close();
  const response = new Response(bodiless ? null : stream, { status: answer.status, headers });
  Object.defineProperty(response, "url", { value: call.url.href });
  return response;
}

/** What `fetch` throws: the standard's `TypeError`, the contract's error as its cause. */
export function networkError(call: Call, thrown: unknown): unknown {
  if (!(thrown instanceof Fault)) return thrown;
  const cause = thrown.toError(call.url.origin);
  return new TypeError(`fetch failed: ${cause.message}`, { cause });
}
