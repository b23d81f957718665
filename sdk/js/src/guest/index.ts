// What runs first in a guest: puts the transport under the kit, and the kit's `fetch` where everybody looks for one.
// Only a component can load this; `build` makes it the entry.

import { fetch } from "../fetch.ts";
import { provideTransport } from "../transport.ts";
import { wasi } from "./transport.ts";

export { component } from "../component.ts";

provideTransport(() => wasi);

Object.defineProperty(globalThis, "fetch", { value: fetch, writable: true, configurable: true, enumerable: true });

// The engine has no way to iterate over a stream, which bodies are in Node and in browsers by now.
if (!(Symbol.asyncIterator in ReadableStream.prototype)) {
  Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
    value: values,
    writable: true,
    configurable: true,
  });
}

// The engine's own returns where it should throw.
AbortSignal.prototype.throwIfAborted = function (this: AbortSignal): void {
  if (this.aborted) throw this.reason;
};

async function* values<T>(this: ReadableStream<T>): AsyncGenerator<T, void> {
  const reader = this.getReader();
  let over = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      over = done;
      if (done) return;
      yield value;
    }
  } catch (thrown) {
    over = true;
    throw thrown;
  } finally {
    if (!over) await reader.cancel();
    reader.releaseLock();
  }
}
