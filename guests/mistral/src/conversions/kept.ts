// The provider's own list of chunks, kept beside the message wherever OpenAI's shape cannot hold it: references,
// thinking after text. A client that sends the message back sends the list back, and the provider sees what it wrote.
// Lists that OpenAI's shape can hold (thinking, then text) are not kept a second time.

import { RawJson, stringify } from "@caisson/adapter";

import type { Piece } from "./received.ts";

/** The message field that holds the list. */
export const KEPT_CONTENT = "mistral_content";

/** Past this much an answer's chunks are no longer kept: a caller streams long answers so as not to hold them. */
const KEPT_LENGTH = 4 << 20;

type Held = { kind: "text" | "thinking"; text: string; signature: string | undefined } | RawJson;

/** Puts an answer's pieces together again, as one message would hold them. */
export class Kept {
  #held: Held[] = [];
  #length = 0;
  #hasText = false;
  #isLossy = false;

  add(piece: Piece): void {
    if (!piece.isWhole || (piece.kind === "thinking" && this.#hasText)) this.#isLossy = true;
    if (piece.kind === "text" && piece.text !== "") this.#hasText = true;
    this.#length += piece.raw.text.length;
    if (this.#length > KEPT_LENGTH) this.#held = [];
    else this.#hold(piece);
  }

  /** The list as JSON, if it says more than OpenAI's fields do. */
  finish(): string | undefined {
    if (!this.#isLossy || this.#length > KEPT_LENGTH) return undefined;
    return stringify(this.#held.map(chunk));
  }

  #hold(piece: Piece): void {
    if (!piece.isWhole) {
      this.#held.push(piece.raw);
      return;
    }
    if (piece.kind === "text" && piece.text === "") return;
    const signature = piece.kind === "thinking" ? piece.signature : undefined;
    const last = this.#held.at(-1);
    if (last && !(last instanceof RawJson) && last.kind === piece.kind && last.signature === undefined) {
      last.text += piece.text;
      last.signature = signature;
    } else {
      this.#held.push({ kind: piece.kind, text: piece.text, signature });
    }
  }
}

function chunk(held: Held): object {
  if (held instanceof RawJson) return held;
  const text = { type: "text", text: held.text };
  return held.kind === "text" ? text : { type: "thinking", thinking: [text], signature: held.signature };
}
