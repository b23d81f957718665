// Token counts. Mistral's cached tokens have had three places; the rest is OpenAI's.

import type { Draft, Fields, Usage } from "@caisson/adapter";

export function usageOf(fields: Fields): Draft<Usage> {
  const input = count(fields, "prompt_tokens") ?? 0;
  const output = count(fields, "completion_tokens") ?? 0;
  const total = count(fields, "total_tokens") ?? 0;
  const details = fields.get("prompt_tokens_details") ?? fields.get("prompt_token_details");
  const inDetails = details?.asFields();
  const cachedInput = count(fields, "num_cached_tokens") ?? (inDetails && count(inDetails, "cached_tokens"));
  fields.delete("prompt_token_details");
  return { input, output, total, cachedInput, extra: fields.toPairs() };
}

function count(fields: Fields, name: string): number | undefined {
  const value = fields.takeNumber(name);
  return value !== undefined && Number.isInteger(value) && value >= 0 ? value : undefined;
}
