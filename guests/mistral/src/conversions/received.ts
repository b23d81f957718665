// What a message or delta of Mistral's says: a string, or a list of chunks of which text and thinking have a place in
// OpenAI's shape. Every other chunk, such as a reference, is handed on as it is.

import { Fields, RawJson } from "@caisson/adapter";

import { unreadable } from "../failures.ts";

/** A stretch of an answer. */
export type Piece =
  | { kind: "text"; text: string; raw: RawJson; isWhole: boolean }
  | { kind: "thinking"; text: string; signature: string | undefined; raw: RawJson; isWhole: boolean }
  | { kind: "other"; raw: RawJson; isWhole: false };

/** The pieces of a `content`; `isWhole` tells whether a piece's texts say all that its chunk does. */
export function piecesOf(content: RawJson | undefined): Piece[] {
  if (content === undefined) return [];
  const text = content.asString();
  if (text !== undefined) return [{ kind: "text", text, raw: content, isWhole: true }];
  const chunks = content.asElements();
  if (!chunks) throw unreadable("a content that is neither text nor a list");
  return chunks.map(piece);
}

function piece(raw: RawJson): Piece {
  const fields = raw.asFields();
  const type = fields?.takeString("type");
  if (fields && type === "text") {
    const text = fields.takeString("text");
    if (text !== undefined) return { kind: "text", text, raw, isWhole: fields.size === 0 };
  }
  if (fields && type === "thinking") return thinking(fields, raw);
  return { kind: "other", raw, isWhole: false };
}

/** Thinking is itself a list of chunks; what is no text there, such as a tool's reference, is only in the chunk. */
function thinking(fields: Fields, raw: RawJson): Piece {
  const given = fields.take("thinking");
  // Read one level deep, however deep a provider nests it.
  const inner = (given?.asElements() ?? []).map((raw) => raw.asFields());
  const signature = fields.takeString("signature") || undefined;
  fields.delete("closed");
  let text = given?.asString() ?? "";
  let isWhole = fields.size === 0;
  for (const chunk of inner) {
    const said = chunk?.takeString("type") === "text" ? chunk.takeString("text") : undefined;
    text += said ?? "";
    isWhole &&= said !== undefined && chunk?.size === 0;
  }
  return { kind: "thinking", text, signature, raw, isWhole };
}
