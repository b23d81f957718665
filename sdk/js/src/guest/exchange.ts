// One exchange over wasi:http.
//
// Order matters here. A resource traps when dropped before its children: a pollable goes before what it was taken
// from, and a response's handles in the order stream, body, response.

import { handle } from "wasi:http/outgoing-handler@0.2.12";
import {
  Fields,
  type FutureIncomingResponse,
  type IncomingBody,
  type IncomingResponse,
  type Method,
  OutgoingBody,
  OutgoingRequest,
  RequestOptions,
} from "wasi:http/types@0.2.12";
import type { InputStream, OutputStream } from "wasi:io/streams@0.2.12";

import { type Answer, type Body, type Call, Fault, type Timeouts } from "../transport.ts";
import { bodyFault, fault, payloadOf } from "./faults.ts";
import { nanoseconds, ready } from "./waiting.ts";

/** The most that one read takes. */
const READ_AT_MOST = 65_536n;

/** Sends one request and waits for the head of its answer. */
export async function send(call: Call): Promise<Answer> {
  const request = outgoingRequest(call);
  const upload = call.body === undefined ? undefined : new Upload(request, call.body);
  // What fits the host's buffer is there before the request starts, and the rest follows it.
  upload?.writeWhatFits();
  let future: FutureIncomingResponse;
  try {
    future = handle(request, requestOptions(call.timeouts));
  } catch (thrown) {
    upload?.abandon();
    throw fault(payloadOf(thrown));
  }
  try {
    return answerOf(await responseTo(future, upload, call.signal), call.signal);
  } finally {
    upload?.abandon();
    future[Symbol.dispose]();
  }
}

function outgoingRequest(call: Call): OutgoingRequest {
  const encoder = new TextEncoder();
  const all = call.headers.map(([name, value]): [string, Uint8Array] => [name, encoder.encode(value)]);
  if (call.body) all.push(["content-length", encoder.encode(String(call.body.length))]);
  const headers = malformed("a header can't be sent", () => Fields.fromList(all));
  const request = new OutgoingRequest(headers);
  const { url } = call;
  malformed(`not a method: ${call.method}`, () => request.setMethod(method(call.method)));
  malformed("the scheme can't be sent", () => request.setScheme({ tag: url.protocol === "https:" ? "HTTPS" : "HTTP" }));
  malformed(`not a host: ${url.host}`, () => request.setAuthority(url.host));
  malformed("not a path", () => request.setPathWithQuery(`${url.pathname}${url.search}`));
  return request;
}

function malformed<T>(what: string, step: () => T): T {
  try {
    return step();
  } catch {
    throw new Fault("malformed", what);
  }
}

function method(name: string): Method {
  const tag = name.toLowerCase();
  switch (tag) {
    case "get":
    case "head":
    case "post":
    case "put":
    case "delete":
    case "options":
    case "patch":
      return { tag };
    default:
      return { tag: "other", val: name };
  }
}

/** A host that can't keep one of these says so by refusing it; its own timeouts hold then. */
function requestOptions(timeouts: Timeouts): RequestOptions | undefined {
  if (Object.values(timeouts).every((ms) => ms === undefined)) return undefined;
  const options = new RequestOptions();
  const set = (ms: number | undefined, setter: (duration: bigint) => void): void => {
    if (ms === undefined) return;
    try {
      setter(nanoseconds(ms));
    } catch {
      // Refused.
    }
  };
  set(timeouts.connectMs, (duration) => options.setConnectTimeout(duration));
  set(timeouts.firstByteMs, (duration) => options.setFirstByteTimeout(duration));
  set(timeouts.betweenBytesMs, (duration) => options.setBetweenBytesTimeout(duration));
  return options;
}

/**
 * A request body being written. Write errors are not reported: the host closes the body when the request fails, and
 * the reason is in the response.
 */
class Upload {
  #body: OutgoingBody | undefined;
  #stream: OutputStream | undefined;
  #left: Uint8Array;

  constructor(request: OutgoingRequest, bytes: Uint8Array) {
    this.#body = request.body();
    this.#stream = this.#body.write();
    this.#left = bytes;
  }

  /** The stream, while there is something left to write. */
  get open(): OutputStream | undefined {
    return this.#stream;
  }

  /** Writes without waiting, and finishes the body with the last byte. */
  writeWhatFits(): void {
    try {
      while (this.#stream && this.#left.length > 0) {
        const room = Math.min(Number(this.#stream.checkWrite()), this.#left.length);
        if (room === 0) return;
        this.#stream.write(this.#left.subarray(0, room));
        this.#left = this.#left.subarray(room);
      }
      this.#stream?.flush();
      this.#close();
      if (this.#body) OutgoingBody.finish(this.#body, undefined);
      this.#body = undefined;
    } catch {
      this.abandon();
    }
  }

  abandon(): void {
    this.#left = new Uint8Array();
    this.#close();
    this.#body?.[Symbol.dispose]();
    this.#body = undefined;
  }

  #close(): void {
    this.#stream?.[Symbol.dispose]();
    this.#stream = undefined;
  }
}

async function responseTo(
  future: FutureIncomingResponse,
  upload: Upload | undefined,
  signal: AbortSignal | undefined,
): Promise<IncomingResponse> {
  for (;;) {
    const outcome = future.get();
    if (outcome !== undefined) {
      if (outcome.tag === "err") throw new Fault("broken", "the response was already taken");
      if (outcome.val.tag === "err") throw fault(outcome.val.val);
      const response = outcome.val.val;
      // A refusal before the last byte, such as 413: nobody wants the rest.
      if (upload?.open && response.status() < 300) await finish(upload, signal);
      return response;
    }
    signal?.throwIfAborted();
    const waits = [future.subscribe()];
    if (upload?.open) waits.push(upload.open.subscribe());
    await ready(waits, signal);
    upload?.writeWhatFits();
  }
}

async function finish(upload: Upload, signal: AbortSignal | undefined): Promise<void> {
  while (upload.open && !signal?.aborted) {
    await ready([upload.open.subscribe()], signal);
    upload.writeWhatFits();
  }
}

function answerOf(response: IncomingResponse, signal: AbortSignal | undefined): Answer {
  const status = response.status();
  const fields = response.headers();
  const decoder = new TextDecoder();
  const headers = fields
    .entries()
    .map(([name, value]): [string, string] => [name.toLowerCase(), decoder.decode(value)]);
  fields[Symbol.dispose]();
  const body = response.consume();
  return { status, headers, body: new ResponseBody(body.stream(), body, response, signal) };
}

class ResponseBody implements Body {
  #handles: { stream: InputStream; body: IncomingBody; response: IncomingResponse } | undefined;
  #signal: AbortSignal | undefined;

  constructor(stream: InputStream, body: IncomingBody, response: IncomingResponse, signal: AbortSignal | undefined) {
    this.#handles = { stream, body, response };
    this.#signal = signal;
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#handles) {
      if (this.#signal?.aborted) {
        this.close();
        this.#signal.throwIfAborted();
      }
      const { stream } = this.#handles;
      try {
        const bytes = stream.read(READ_AT_MOST);
        if (bytes.length > 0) return bytes;
      } catch (thrown) {
        const error = payloadOf(thrown) as { tag: string; val: unknown };
        const over = error.tag === "closed" ? undefined : bodyFault(error.val);
        this.close();
        if (over) throw over;
        return undefined;
      }
      await ready([stream.subscribe()], this.#signal);
    }
    return undefined;
  }

  close(): void {
    const handles = this.#handles;
    this.#handles = undefined;
    if (!handles) return;
    handles.stream[Symbol.dispose]();
    handles.body[Symbol.dispose]();
    handles.response[Symbol.dispose]();
  }
}
