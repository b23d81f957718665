// Embeddings out and in: texts only, and vectors as numbers. An `output_dtype` other than floats comes back as the
// numbers that Mistral writes for it.

import { AdapterError, type EmbedRequest, type EmbedResponseDraft, Fields } from "@caisson/adapter";

import { unreadable } from "../failures.ts";
import { objectOf } from "./answer.ts";
import { usageOf } from "./usage.ts";

/** What `stringify` makes the body of `POST /v1/embeddings` of. */
export function embeddingsRequest({ model, input, dimensions, extra }: EmbedRequest): object {
  if (input.tag === "tokens") throw AdapterError.unsupported("token ids, only texts", { param: "input" });
  const rest = Fields.ofPairs(extra);
  if (dimensions !== undefined) rest.delete("output_dimension");
  return { model, input: input.val, output_dimension: dimensions, "...": rest };
}

/** Reads the body of a successful answer, which has a vector for each of so many inputs. */
export function embedAnswer(body: string, inputs: number): EmbedResponseDraft {
  const fields = objectOf(body);
  const data = fields.take("data")?.value();
  if (!Array.isArray(data)) throw unreadable("it has no list of embeddings");
  const placed = data.map((entry: unknown, position) => place(entry, position));
  placed.sort((one, other) => one.index - other.index);
  if (placed.length !== inputs) throw unreadable(`it has ${placed.length} vectors for ${inputs} inputs`);
  if (placed.some(({ index }, position) => index !== position)) throw unreadable("its vectors don't fit the inputs");
  const usage = fields.take("usage")?.asFields();
  fields.delete("object");
  return {
    model: fields.takeString("model"),
    vectors: placed.map(({ vector }) => vector),
    usage: usage && usageOf(usage),
    extra: fields.toPairs(),
  };
}

function place(entry: unknown, position: number): { index: number; vector: Float32Array } {
  const { index, embedding } = (entry ?? {}) as { index?: unknown; embedding?: unknown };
  if (!Array.isArray(embedding)) throw unreadable("an embedding that is no list of numbers");
  const vector = Float32Array.from(embedding as number[]);
  if (embedding.some((value) => typeof value !== "number") || !vector.every(Number.isFinite)) {
    throw unreadable("an embedding that is no list of numbers");
  }
  return { index: typeof index === "number" ? index : position, vector };
}
