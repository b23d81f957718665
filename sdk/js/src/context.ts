// What surrounds a call: the contract's record, with readers. Parses no setting but numbers.

import type { ContextRecord, Pairs } from "./api.ts";
import { AdapterError } from "./error.ts";

/** What surrounds a call. Never holds a secret: the host puts credentials on the adapter's requests. */
export class Context implements ContextRecord {
  /** Unique per client request; also in the client's `x-request-id`. */
  readonly requestId: string;
  /** W3C trace context to hand on, if the client or host traces. */
  readonly traceparent: string | undefined;
  /** The operator's override of where the provider's API lives; see `baseUrlOr`. */
  readonly baseUrl: string | undefined;
  /** The deployment's settings, defaults included. */
  readonly settings: Pairs;
  /** Client headers that the deployment passes on; names in lower case. */
  readonly headers: Pairs;
  /** Milliseconds left until the host ends the call, stream included. */
  readonly timeoutMs: number;

  constructor(record: ContextRecord) {
    this.requestId = record.requestId;
    this.traceparent = record.traceparent;
    this.baseUrl = record.baseUrl;
    this.settings = record.settings;
    this.headers = record.headers;
    this.timeoutMs = record.timeoutMs;
  }

  /** The operator's override, else this; without a trailing slash either way. */
  baseUrlOr(fallback: string): string {
    return (this.baseUrl || fallback).replace(/\/+$/, "");
  }

  /** One of the deployment's settings; undefined where it is unset. */
  setting(name: string): string | undefined {
    return this.settings.find(([known]) => known === name)?.[1];
  }

  /** A setting that has to be a whole number; the fallback where it is unset or empty. */
  wholeNumber(name: string, fallback: number): number {
    const text = (this.setting(name) ?? "").trim();
    if (text === "") return fallback;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw AdapterError.internal(`setting ${name} is ${JSON.stringify(text)}, not a whole number`);
  }

  /** One of the client's headers, by a name in any case. */
  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.headers.find(([known]) => known.toLowerCase() === wanted)?.[1];
  }
}
