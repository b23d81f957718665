// A response's body, read within limits: whole, as JSON, its beginning, or in pieces as they come. The provider's bytes
// are hostile, so `response.json()` and its like, which read whatever comes, are for answers of known size.

import { AdapterError } from "./error.ts";

/** What `readText` and its like read at most, unless told otherwise: 32 MiB. */
const DEFAULT_LIMIT = 32 << 20;

/** The pieces of a body as they arrive. Leaving the loop closes the exchange. */
export async function* readChunks(response: Response): AsyncGenerator<Uint8Array, void> {
  if (!response.body) return;
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
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
    throw AdapterError.from(thrown);
  } finally {
    if (!over) await reader.cancel();
  }
}

/** The whole body. An error of kind `upstream` where it is over `limit` bytes. */
export async function readBytes(response: Response, limit = DEFAULT_LIMIT): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of readChunks(response)) {
    size += piece.length;
    if (size > limit) throw AdapterError.upstream(`the provider's answer is over ${limit} bytes`);
    pieces.push(piece);
  }
  return joined(pieces, size);
}

/** The whole body as UTF-8; what is no UTF-8 becomes U+FFFD. */
export async function readText(response: Response, limit = DEFAULT_LIMIT): Promise<string> {
  return new TextDecoder().decode(await readBytes(response, limit));
}

/** The whole body as JSON. An error of kind `upstream` where it isn't. */
export async function readJson(response: Response, limit = DEFAULT_LIMIT): Promise<unknown> {
  const text = await readText(response, limit);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw AdapterError.upstream(`the provider's answer is not the JSON expected: ${(error as Error).message}`, {
      status: response.ok ? undefined : response.status,
      body: text.slice(0, 4 << 10),
    });
  }
}

/** What there is of a body, up to `limit` bytes, even where it breaks off; the rest is not waited for. */
export async function readBeginning(response: Response, limit: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of readChunks(response)) {
      pieces.push(piece);
      size += piece.length;
      if (size >= limit) break;
    }
  } catch {
    // What came before the fault says more than the fault.
  }
  return new TextDecoder().decode(joined(pieces, size).subarray(0, limit));
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (pieces.length === 1 && pieces[0]) return pieces[0];
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
