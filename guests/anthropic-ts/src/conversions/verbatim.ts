// The provider's own list of blocks, kept beside the message wherever OpenAI's shape cannot hold it: server tools,
// citations, thinking between tool calls. A client that sends the message back sends the list back, and the provider
// sees what it wrote.
//
// It decides only *whether* a list must be kept. Lists that OpenAI's shape can hold (thinking, then one text, then
// tool calls) are not kept a second time.

import { Fields, RawJson, stringify } from "@caisson/adapter";

import type { AnswerBlock } from "./received.ts";

/** The message field that holds the list. */
export const KEPT_CONTENT = "anthropic_content";

/** Past this much a stream's blocks are no longer kept: a caller streams long answers so as not to hold them. */
const KEPT_LENGTH = 4 << 20;

/** Where a block stands in a message rebuilt from OpenAI's fields. */
const RANKS: { readonly [type: string]: number } = { thinking: 0, redacted_thinking: 0, text: 1, tool_use: 2 };

/** Watches the order of blocks for one that OpenAI's shape cannot hold. */
export class Shape {
  #last = 0;
  /** Whether something of the answer is only in the list. */
  isLossy = false;

  /** Undefined for a block that could not be read. */
  see(block: AnswerBlock | undefined): void {
    const rank = block && Object.hasOwn(RANKS, block.type) ? RANKS[block.type] : undefined;
    if (block === undefined || rank === undefined) {
      this.isLossy = true;
      return;
    }
    const secondText = rank === RANKS.text && this.#last === rank;
    if (rank < this.#last || secondText || block.cites) this.isLossy = true;
    this.#last = rank;
  }
}

/** What a delta adds to its block. */
export interface Addition {
  text?: string | undefined;
  thinking?: string | undefined;
  signature?: string | undefined;
  input?: string | undefined;
  citation?: RawJson | undefined;
}

interface Recorded {
  index: number;
  start: RawJson;
  text: string;
  thinking: string;
  signature: string;
  input: string;
  citations: RawJson[];
}

/** A stream's blocks, put together again as a whole answer would hold them. */
export class Recorder {
  readonly #shape = new Shape();
  #blocks: Recorded[] = [];
  #length = 0;

  start(index: number, start: RawJson, block: AnswerBlock | undefined): void {
    this.#shape.see(block);
    if (!this.#hasRoom(start.text.length)) return;
    this.#blocks.push({ index, start, text: "", thinking: "", signature: "", input: "", citations: [] });
  }

  add(index: number, { text = "", thinking = "", signature = "", input = "", citation }: Addition): void {
    if (citation) this.#shape.isLossy = true;
    const length = text.length + thinking.length + signature.length + input.length + (citation?.text.length ?? 0);
    if (!this.#hasRoom(length)) return;
    const block = this.#blocks.findLast((block) => block.index === index);
    if (!block) return;
    block.text += text;
    block.thinking += thinking;
    block.signature += signature;
    block.input += input;
    if (citation) block.citations.push(citation);
  }

  /** The list as JSON, if it says more than the events did. */
  finish(): string | undefined {
    if (!this.#shape.isLossy || this.#length > KEPT_LENGTH) return undefined;
    try {
      return stringify(this.#blocks.map(whole));
    } catch {
      // Arguments that broke off are no JSON; the events have told what there was.
      return undefined;
    }
  }

  #hasRoom(length: number): boolean {
    this.#length += length;
    if (this.#length > KEPT_LENGTH) this.#blocks = [];
    return this.#length <= KEPT_LENGTH;
  }
}

function whole({ start, input, citations, ...pieces }: Recorded): Fields {
  const block = start.asFields() ?? new Fields();
  for (const name of ["text", "thinking", "signature"] as const) {
    if (pieces[name] !== "") block.set(name, RawJson.of((block.get(name)?.asString() ?? "") + pieces[name]));
  }
  if (input !== "") block.set("input", RawJson.parse(input));
  if (citations.length > 0) {
    const begun = block.get("citations")?.asElements() ?? [];
    block.set("citations", RawJson.of([...begun, ...citations]));
  }
  return block;
}
