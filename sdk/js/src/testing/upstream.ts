// A provider played from a script. Calls of the kit and of `fetch` inside `run`, and whatever they lead to, reach the
// script and not the network; other tests beside it have scripts of their own.

import { AsyncLocalStorage } from "node:async_hooks";

import type { Adapter } from "../adapter.ts";
import type { ChatRequest, ChatResponse, EmbedRequest, EmbedResponse, ErrorRecord, Event } from "../api.ts";
import { component } from "../component.ts";
import { AdapterError } from "../error.ts";
import { fetch } from "../fetch.ts";
import { type Answer, type Body, type Call, Fault, provideTransport, type Transport } from "../transport.ts";
import { type ContextDraft, context } from "./asks.ts";
import type { Reply } from "./reply.ts";

/** A request as the provider got it. The credential is not in it: the host would add that. */
export interface Sent {
  /** In capitals. */
  method: string;
  /** Absolute, with its query. */
  url: string;
  headers: Headers;
  /** Empty where there was none. */
  body: string;
  /** The body as JSON. Throws where it is none: the test that asks fails. */
  json(): unknown;
}

/** A stream that was opened, as far as it went. */
export interface Played {
  batches: Event[][];
  failure?: AdapterError;
}

/** A provider that answers with what it was told, one reply for each request, in order. */
export class Upstream {
  /** The requests so far. */
  readonly requests: Sent[] = [];
  /** The waits so far between attempts, in milliseconds; recorded, not slept, and the longest they could be. */
  readonly slept: number[] = [];
  /** The lines of the adapter's log. */
  readonly logged: string[] = [];
  readonly #replies: Reply[];
  #originalBody: Uint8Array = new Uint8Array();
  #countTokens: (encoding: string, text: string) => number | undefined = () => undefined;

  constructor(...replies: Reply[]) {
    this.#replies = replies;
  }

  /** The replies that nothing has asked for yet. */
  get repliesLeft(): number {
    return this.#replies.length;
  }

  /** Sets what `originalBody` returns. */
  originalBody(body: string | Uint8Array): this {
    this.#originalBody = typeof body === "string" ? new TextEncoder().encode(body) : body;
    return this;
  }

  /** Sets what `countTokens` answers; without this, undefined. */
  tokenCounter(counter: (encoding: string, text: string) => number | undefined): this {
    this.#countTokens = counter;
    return this;
  }

  /** Runs `test` with this upstream standing in for the network. */
  run<T>(test: () => T): T {
    return scripts.run(this.#transport(), test);
  }

  /** What the host would get of `complete`. Rejects with an `AdapterError`. */
  complete(adapter: Adapter, request: ChatRequest, about: ContextDraft = {}): Promise<ChatResponse> {
    return this.run(() => asError(component(adapter).complete(context(about), request)));
  }

  /** What the host would get of `stream`, in the batches it would get it in, and the error that it ended with. */
  play(adapter: Adapter, request: ChatRequest, about: ContextDraft = {}): Promise<Played> {
    return this.run(async () => {
      const events = await asError(component(adapter).openStream(context(about), request));
      const batches: Event[][] = [];
      try {
        for (;;) {
          const batch = await asError(events.next());
          if (batch === undefined) return { batches };
          batches.push(batch);
        }
      } catch (failure) {
        return { batches, failure: failure as AdapterError };
      }
    });
  }

  /** All events that the host would get of `stream`. Rejects with an `AdapterError`. */
  async stream(adapter: Adapter, request: ChatRequest, about: ContextDraft = {}): Promise<Event[]> {
    const { batches, failure } = await this.play(adapter, request, about);
    if (failure) throw failure;
    return batches.flat();
  }

  /** What the host would get of `embed`. Rejects with an `AdapterError`. */
  embed(adapter: Adapter, request: EmbedRequest, about: ContextDraft = {}): Promise<EmbedResponse> {
    return this.run(() => asError(component(adapter).embed(context(about), request)));
  }

  #transport(): Transport {
    return {
      send: (call) => this.#answer(call),
      sleep: async (ms) => {
        this.slept.push(ms);
      },
      elapsed: () => performance.now(),
      now: () => Date.now(),
      fraction: () => 1,
      originalBody: () => this.#originalBody,
      countTokens: (encoding, text) => this.#countTokens(encoding, text),
      log: (line) => {
        this.logged.push(line);
      },
    };
  }

  async #answer(call: Call): Promise<Answer> {
    const body = new TextDecoder().decode(call.body);
    const headers = new Headers(call.headers.map(([name, value]): [string, string] => [name, value]));
    this.requests.push({ method: call.method, url: call.url.href, headers, body, json: () => JSON.parse(body) });
    const reply = this.#replies.shift();
    if (!reply) throw new Fault("broken", "the script has no reply left for this request");
    if (reply.outcome instanceof Fault) throw reply.outcome;
    return { status: reply.outcome, headers: reply.headers, body: scriptedBody(reply) };
  }
}

const scripts = new AsyncLocalStorage<Transport>();
const native = globalThis.fetch;

provideTransport(() => scripts.getStore());
globalThis.fetch = (input, init) => (scripts.getStore() ? fetch : native)(input, init);

function scriptedBody(reply: Reply): Body {
  // The host never gives an empty piece.
  const pieces = reply.pieces.filter((piece) => piece.length > 0);
  let closed = false;
  return {
    async read() {
      const piece = closed ? undefined : pieces.shift();
      if (piece === undefined && !closed && reply.ending) throw reply.ending;
      return piece;
    },
    close() {
      closed = true;
    },
  };
}

/** What the exports throw for the bindings, as a test can read it. */
async function asError<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    const { kind, message, ...details } = thrown as ErrorRecord;
    throw new AdapterError(kind, message, details);
  }
}
