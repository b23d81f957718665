// Token counts. Anthropic counts apart what came from the cache and what went into it; OpenAI's prompt tokens are all
// of it, so the three are added up.

import type { Draft, Fields, Usage } from "@caisson/adapter";

const MOST_U32 = 0xffff_ffff;

/** Counts so far. A stream reports them twice, the second time with running totals. */
export class Counts {
  #input = 0;
  #output = 0;
  #cacheRead: number | undefined;
  #cacheWrite: number | undefined;
  #thinking: number | undefined;
  #serviceTier: string | undefined;
  readonly #extra = new Map<string, string>();

  /** Takes a `usage` object in. Fields that are absent or null leave what was known. */
  update(usage: Fields): void {
    this.#input = count(usage, "input_tokens") ?? this.#input;
    this.#output = count(usage, "output_tokens") ?? this.#output;
    this.#cacheRead = count(usage, "cache_read_input_tokens") ?? this.#cacheRead;
    this.#cacheWrite = count(usage, "cache_creation_input_tokens") ?? this.#cacheWrite;
    const details = usage.take("output_tokens_details")?.asFields();
    this.#thinking = (details && count(details, "thinking_tokens")) ?? this.#thinking;
    this.#serviceTier = usage.takeString("service_tier") ?? this.#serviceTier;
    for (const [name, value] of usage.toPairs()) this.#extra.set(name, value);
  }

  /** The tier in OpenAI's word, where it has one. */
  get serviceTier(): string | undefined {
    return this.#serviceTier === "standard" ? "default" : this.#serviceTier;
  }

  toUsage(): Draft<Usage> {
    const input = Math.min(this.#input + (this.#cacheRead ?? 0) + (this.#cacheWrite ?? 0), MOST_U32);
    return {
      input,
      output: this.#output,
      total: Math.min(input + this.#output, MOST_U32),
      cachedInput: this.#cacheRead,
      cacheWriteInput: this.#cacheWrite,
      reasoningOutput: this.#thinking,
      extra: [...this.#extra].sort(([a], [b]) => (a < b ? -1 : 1)),
    };
  }
}

function count(fields: Fields, name: string): number | undefined {
  const value = fields.takeNumber(name);
  return value !== undefined && Number.isInteger(value) && value >= 0 ? Math.min(value, MOST_U32) : undefined;
}
