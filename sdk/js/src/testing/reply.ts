// One scripted reply: an answer with its body in pieces, or a fault.

import { Fault } from "../transport.ts";

/** What the upstream does with one request. */
export class Reply {
  /** The status, or why there is none. */
  readonly outcome: number | Fault;
  readonly headers: [string, string][] = [];
  pieces: Uint8Array[];
  /** How the body ends, where not well. */
  ending: Fault | undefined;

  private constructor(outcome: number | Fault, body: string | Uint8Array = "") {
    this.outcome = outcome;
    this.pieces = [typeof body === "string" ? new TextEncoder().encode(body) : body];
  }

  /** Answers with this status and body. */
  static of(status: number, contentType: string, body: string | Uint8Array): Reply {
    return new Reply(status, body).header("content-type", contentType);
  }

  /** Answers with JSON: text as it is, anything else as `JSON.stringify` writes it. */
  static json(status: number, body: unknown): Reply {
    return Reply.of(status, "application/json", typeof body === "string" ? body : JSON.stringify(body));
  }

  /** Answers with plain text. */
  static text(status: number, body: string): Reply {
    return Reply.of(status, "text/plain", body);
  }

  /** Answers 200 with server-sent events. */
  static sse(body: string | Uint8Array): Reply {
    return Reply.of(200, "text/event-stream", body);
  }

  /** Answers 200 with lines of JSON. */
  static ndjson(body: string | Uint8Array): Reply {
    return Reply.of(200, "application/x-ndjson", body);
  }

  /** Doesn't answer: nobody listens there. */
  static connectionRefused(): Reply {
    return new Reply(new Fault("unreachable", "connection refused"));
  }

  /** Doesn't answer: the host has no grant for it. */
  static denied(): Reply {
    return new Reply(new Fault("denied", "not granted to this deployment"));
  }

  /** Doesn't answer in time. */
  static timeout(): Reply {
    return new Reply(new Fault("timeout", "the answer took too long"));
  }

  /** Adds a header to the answer. */
  header(name: string, value: string): this {
    this.headers.push([name.toLowerCase(), value]);
    return this;
  }

  /** Sends the body in these pieces, whatever it was. */
  chunks(pieces: readonly (string | Uint8Array)[]): this {
    this.pieces = pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
    return this;
  }

  /** Sends the body in pieces of this many bytes. */
  chunkSize(bytes: number): this {
    const whole = new Uint8Array(Buffer.concat(this.pieces));
    this.pieces = [];
    for (let at = 0; at < whole.length; at += bytes) this.pieces.push(whole.subarray(at, at + bytes));
    return this;
  }

  /** Sends each byte of the body alone. */
  splitAtEveryByte(): this {
    return this.chunkSize(1);
  }

  /** Breaks the connection after the body sent so far. */
  breaksOff(): this {
    this.ending = new Fault("broken", "the answer broke off");
    return this;
  }
}
