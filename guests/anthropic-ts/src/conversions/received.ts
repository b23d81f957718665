// What the Messages API sends back, read one block at a time. Every field is optional, so that a block of a kind
// invented later is still read; one whose fields are not of the types known is none.

import { type Fields, type Pairs, RawJson } from "@caisson/adapter";

/** A content block of any kind, whole or as a stream opens it. */
export interface AnswerBlock {
  type: string;
  text: string | undefined;
  thinking: string | undefined;
  signature: string | undefined;
  data: string | undefined;
  id: string | undefined;
  name: string | undefined;
  input: RawJson | undefined;
  /** Whether citations stand beside the text; an empty list says nothing. */
  cites: boolean;
  /** The field that a call has beside OpenAI's where not the model itself made it. */
  caller: Pairs;
}

/** Undefined where it is no block, or one whose texts are no texts. */
export function answerBlock(raw: RawJson): AnswerBlock | undefined {
  const fields = raw.asFields();
  if (!fields) return undefined;
  const texts: { [name: string]: string | undefined } = {};
  for (const name of ["type", "text", "thinking", "signature", "data", "id", "name"]) {
    const value = fields.take(name);
    const text = value?.asString();
    if (value && text === undefined) return undefined;
    texts[name] = text;
  }
  const { type, text, thinking, signature, data, id, name } = texts;
  if (type === undefined) return undefined;
  const citations = fields.take("citations");
  const cites = citations !== undefined && citations.asElements()?.length !== 0;
  const input = fields.take("input");
  return { type, text, thinking, signature, data, id, name, input, cites, caller: indirectCaller(fields) };
}

/** Who called the tool, unless it was the model itself, which goes without saying. */
function indirectCaller(fields: Fields): Pairs {
  const caller = fields.take("caller");
  const type = caller?.asFields()?.takeString("type");
  return caller && type !== undefined && type !== "direct" ? [["caller", caller.text]] : [];
}
