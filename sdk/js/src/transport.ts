// The one seam between this kit and the world: outbound HTTP, time, chance, and the host's own functions. In the
// guest it is `guest/transport`, in a test the script of `testing`; without either a call says so.
//
// Knows no policy: whether to send again and what an error means to a client is decided above.

import { AdapterError } from "./error.ts";

/** A request as it leaves: checked, and complete but for what the host adds. */
export interface Call {
  method: string;
  url: URL;
  headers: readonly (readonly [string, string])[];
  /** Undefined for a request that has no body at all, such as a GET. */
  body: Uint8Array | undefined;
  timeouts: Timeouts;
  signal: AbortSignal | undefined;
}

/** How long each stage may take, in milliseconds; the host's own where undefined. */
export interface Timeouts {
  connectMs?: number | undefined;
  firstByteMs?: number | undefined;
  betweenBytesMs?: number | undefined;
}

/** The head of an answer, and its body still to be read. */
export interface Answer {
  status: number;
  headers: readonly (readonly [string, string])[];
  body: Body;
}

export interface Body {
  /** Waits for bytes and gives those that are there; undefined at the end. Throws a `Fault`. */
  read(): Promise<Uint8Array | undefined>;
  /** Closes the exchange. Nothing is read after it. */
  close(): void;
}

/** What the kit needs of its surroundings. */
export interface Transport {
  /** Sends one request and waits for the head of its answer. Throws a `Fault`. */
  send(call: Call): Promise<Answer>;
  sleep(ms: number): Promise<void>;
  /** Milliseconds since some fixed moment. */
  elapsed(): number;
  /** Milliseconds since 1970. */
  now(): number;
  /** Evenly spread over 0 to 1. */
  fraction(): number;
  originalBody(): Uint8Array;
  countTokens(encoding: string, text: string): number | undefined;
  /** Adds a line to the adapter's log. */
  log(line: string): void;
}

/** Faults, as far as anyone above treats them differently. */
export type FaultKind =
  /** The host refused: no grant. */
  | "denied"
  /** Nobody answered there, or hung up before answering. Worth another try. */
  | "unreachable"
  /** Somebody took too long. */
  | "timeout"
  /** The exchange went wrong in another way. */
  | "broken"
  /** The request itself can't be sent. */
  | "malformed";

/** Why there is no answer, or no more of it. */
export class Fault extends Error {
  readonly kind: FaultKind;

  /** `what` is to stand after "https://host: ". */
  constructor(kind: FaultKind, what: string) {
    super(what);
    this.kind = kind;
  }

  /** The contract's error for it. */
  toError(origin: string): AdapterError {
    switch (this.kind) {
      case "denied":
        return AdapterError.upstream(`egress denied: ${origin}: ${this.message}`, { code: "egress_denied" });
      case "timeout":
        return new AdapterError("timeout", `${origin}: ${this.message}`);
      case "unreachable":
        return AdapterError.upstream(`could not reach ${origin}: ${this.message}`);
      case "broken":
        return AdapterError.upstream(`${origin}: ${this.message}`);
      case "malformed":
        return AdapterError.internal(`the request to ${origin} can't be sent: ${this.message}`);
    }
  }
}

let current: () => Transport | undefined = () => undefined;

/** Sets where the transport is looked up from now on. */
export function provideTransport(lookUp: () => Transport | undefined): void {
  current = lookUp;
}

/** The transport in use, if any. */
export function transportIfAny(): Transport | undefined {
  return current();
}

/** The transport in use. */
export function transport(): Transport {
  const found = current();
  if (!found)
    throw AdapterError.internal("there is no network here: run this inside an Upstream of @caisson/adapter/testing");
  return found;
}
