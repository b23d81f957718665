// Bytes that come in any pieces, cut into lines ended by LF, CR or CRLF. Holds at most one unfinished line, and that
// only up to the room it is given. What a line means is for `sse` and `ndjson`.

const LF = 10;
const CR = 13;

/** The state between two pieces. */
export class Lines {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The last piece ended in CR: an LF that comes now belongs to it. */
  #afterCr = false;
  #begun = false;
  #piece: Uint8Array = new Uint8Array();
  #at = 0;
  #nextLf = -1;
  #nextCr = -1;

  /** Takes the next piece, once `next` has given undefined for the one before. */
  push(piece: Uint8Array): void {
    this.#piece = piece;
    this.#at = 0;
    if (this.#afterCr && piece.length > 0) {
      this.#afterCr = false;
      if (piece[0] === LF) this.#at = 1;
    }
    this.#nextLf = piece.indexOf(LF, this.#at);
    this.#nextCr = piece.indexOf(CR, this.#at);
  }

  /**
   * The next line without its end; undefined once only an unfinished line is left, which is kept for the next piece;
   * "too long" where a line takes more than `room` bytes.
   */
  next(room: number): string | undefined | typeof TOO_LONG {
    const piece = this.#piece;
    const end = this.#end();
    const tail = piece.subarray(this.#at, end === -1 ? piece.length : end);
    if (tail.length > room - this.#heldBytes) return TOO_LONG;
    if (end === -1) {
      this.#at = piece.length;
      if (tail.length > 0) {
        // A copy, lest one short rest keeps a whole piece alive.
        this.#held.push(tail.slice());
        this.#heldBytes += tail.length;
      }
      return undefined;
    }
    this.#at = end + 1;
    if (piece[end] === CR) {
      if (this.#at === piece.length) this.#afterCr = true;
      else if (piece[this.#at] === LF) this.#at += 1;
    }
    return this.#take(tail);
  }

  /** The last line, where its end is missing. */
  finish(): string | undefined {
    return this.#heldBytes === 0 ? undefined : this.#take(new Uint8Array());
  }

  /** Where the line ends in the piece; looks at no byte twice, however many lines there are. */
  #end(): number {
    if (this.#nextLf !== -1 && this.#nextLf < this.#at) this.#nextLf = this.#piece.indexOf(LF, this.#at);
    if (this.#nextCr !== -1 && this.#nextCr < this.#at) this.#nextCr = this.#piece.indexOf(CR, this.#at);
    if (this.#nextLf === -1 || this.#nextCr === -1) return Math.max(this.#nextLf, this.#nextCr);
    return Math.min(this.#nextLf, this.#nextCr);
  }

  #take(tail: Uint8Array): string {
    let line = tail;
    if (this.#heldBytes > 0) {
      line = new Uint8Array(this.#heldBytes + tail.length);
      let at = 0;
      for (const piece of [...this.#held, tail]) {
        line.set(piece, at);
        at += piece.length;
      }
      this.#held = [];
      this.#heldBytes = 0;
    }
    // Only the very first line may begin with a byte order mark.
    const text = DECODER.decode(line);
    const first = !this.#begun;
    this.#begun = true;
    return first && text.startsWith("\u{FEFF}") ? text.slice(1) : text;
  }
}

/** A line is longer than the room for it. */
export const TOO_LONG = Symbol("too long");

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
