// Token counts. Anthropic counts apart what came from the cache and what went into it; OpenAI's prompt tokens are all of
// it, so the three are added up. Counts of server tools and the like are left out.

import type Anthropic from "@anthropic-ai/sdk";
import type { Draft, Usage } from "@caisson/adapter";

/** Counts so far. A stream reports them twice, the second time with running totals; null leaves what was known. */
export class Counts {
  #counted = false;
  #input = 0;
  #output = 0;
  #cacheRead: number | undefined;
  #cacheWrite: number | undefined;
  #thinking: number | undefined;

  update(usage: Anthropic.Usage | Anthropic.MessageDeltaUsage | undefined): void {
    this.#counted ||= usage !== undefined;
    this.#input = usage?.input_tokens ?? this.#input;
    this.#output = usage?.output_tokens ?? this.#output;
    this.#cacheRead = usage?.cache_read_input_tokens ?? this.#cacheRead;
    this.#cacheWrite = usage?.cache_creation_input_tokens ?? this.#cacheWrite;
    this.#thinking = usage?.output_tokens_details?.thinking_tokens ?? this.#thinking;
  }

  /** Undefined where the provider counted nothing: the host estimates then. */
  toUsage(): Draft<Usage> | undefined {
    if (!this.#counted) return undefined;
    return {
      input: this.#input + (this.#cacheRead ?? 0) + (this.#cacheWrite ?? 0),
      output: this.#output,
      cachedInput: this.#cacheRead,
      cacheWriteInput: this.#cacheWrite,
      reasoningOutput: this.#thinking,
    };
  }
}
