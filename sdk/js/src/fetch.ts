// The standard's `fetch` over the transport. The engine's own traps where a request fails before its whole body is
// written, and calls every failure "NetworkError"; this one rejects, with the reason as its cause.
//
// Follows no redirect, since the host doesn't; keeps no cookies and no cache.

import { AdapterError } from "./error.ts";
import { isHostsOwn, networkError, parseUrl, responseOf } from "./http.ts";
import { type Call, transport } from "./transport.ts";

/** `fetch`, as `globalThis.fetch` of a guest and of a test. */
export async function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const { signal } = request;
  signal.throwIfAborted();
  const call: Call = {
    method: request.method.toUpperCase(),
    url: target(request.url),
    // Libraries set `content-length` and its like themselves; browsers drop those silently, and so does this.
    headers: [...request.headers].filter(([name]) => !isHostsOwn(name)),
    body: await bodyOf(request, init),
    timeouts: {},
    signal,
  };
  let answer;
  try {
    answer = await transport().send(call);
  } catch (thrown) {
    signal.throwIfAborted();
    throw networkError(call, thrown);
  }
  if (request.redirect === "error" && answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
    answer.body.close();
    throw new TypeError("fetch failed: the provider answered with a redirect");
  }
  return responseOf(call, answer);
}

function target(url: string): URL {
  try {
    return parseUrl(url);
  } catch (cause) {
    throw new TypeError(`fetch failed: ${(cause as AdapterError).message}`, { cause });
  }
}

async function bodyOf(request: Request, init: RequestInit | undefined): Promise<Uint8Array | undefined> {
  // A text needs no round trip through the request's stream.
  if (typeof init?.body === "string") return new TextEncoder().encode(init.body);
  const bytes = new Uint8Array(await request.arrayBuffer());
  return bytes.length > 0 || /^(POST|PUT|PATCH)$/.test(request.method) ? bytes : undefined;
}
