// A message's content as Mistral's chunks. Inline bytes stay base64 all the way: images and documents go as data URLs,
// audio as bare base64.

import { AdapterError, type Content, Fields, type Media, type Part, RawJson, type Reasoning } from "@caisson/adapter";

/** A chunk of ours, with the client's own fields under `...`; or one as somebody else wrote it. */
export type Chunk = OwnChunk | RawJson;

interface OwnChunk {
  type: "text" | "thinking" | "image_url" | "document_url" | "file" | "input_audio";
  "..."?: Fields;
  [field: string]: unknown;
}

/** A lone plain text goes as a string, which every model takes. */
export function wireContent(chunks: readonly Chunk[]): string | readonly Chunk[] {
  const [only, second] = chunks;
  if (only === undefined) return "";
  if (second !== undefined || only instanceof RawJson) return chunks;
  return only.type === "text" && !only["..."]?.size ? (only.text as string) : chunks;
}

/** `path` names the message, as in `messages[0]`. */
export function chunksOf(content: Content, path: string): Chunk[] {
  switch (content.tag) {
    case "empty":
      return [];
    case "text":
      return content.val === "" ? [] : [{ type: "text", text: content.val }];
    case "parts":
      return content.val.flatMap((part, position) => chunk(part, `${path}.content[${position}]`));
  }
}

/** Reasoning that another provider withheld says nothing here, and has no chunk. */
export function thinkingChunks({ text, signature, redacted }: Reasoning): Chunk[] {
  if (redacted) return [];
  return [{ type: "thinking", thinking: [{ type: "text", text }], signature }];
}

/** JSON that a client sent as it is to go out. */
export function verbatim(json: string, param: string): RawJson {
  try {
    return RawJson.parse(json);
  } catch (error) {
    throw AdapterError.invalidRequest(`this is not JSON: ${(error as Error).message}`, { param });
  }
}

function chunk(part: Part, path: string): Chunk[] {
  switch (part.tag) {
    case "text":
    case "refusal":
      return [{ type: "text", text: part.val.text, "...": Fields.ofPairs(part.val.extra, path) }];
    case "image":
      return [image(part.val, "image_url", path)];
    case "file":
      return [file(part.val, path)];
    case "audio":
      return [audio(part.val, path)];
    case "reasoning":
      return thinkingChunks(part.val);
    case "other":
      return [verbatim(part.val, path)];
  }
}

function image(media: Media, inner: string, path: string): Chunk {
  const { source, detail } = media;
  if (source.tag === "id") return uploaded(source.val, media, inner, path);
  const extra = Fields.ofPairs(media.extra, path);
  const left = extra.take(inner)?.asFields() ?? new Fields();
  const url = source.tag === "url" ? source.val : dataUrl(media, `${path}.image_url.url`);
  return { type: "image_url", image_url: { url, detail, "...": left }, "...": extra };
}

/** A file that is an image becomes an image; any other is a document. */
function file(media: Media, path: string): Chunk {
  const { source, mimeType, fileName } = media;
  if (source.tag === "id") return uploaded(source.val, media, "file", path);
  if (mimeType?.startsWith("image/")) return image(media, "file", path);
  const extra = Fields.ofPairs(media.extra, path);
  extra.delete("file");
  // OpenAI's own inline files are PDFs, whether they say so or not.
  const document_url =
    source.tag === "url" ? source.val : dataUrl({ ...media, mimeType: mimeType ?? "application/pdf" }, path);
  return { type: "document_url", document_url, document_name: fileName, "...": extra };
}

function uploaded(file_id: string, media: Media, inner: string, path: string): Chunk {
  const extra = Fields.ofPairs(media.extra, path);
  extra.delete(inner);
  return { type: "file", file_id, "...": extra };
}

function audio({ source, extra }: Media, path: string): Chunk {
  if (source.tag === "id") throw AdapterError.unsupported("audio by id, only inline or by URL", { param: path });
  const own = Fields.ofPairs(extra, path);
  own.delete("input_audio");
  return { type: "input_audio", input_audio: source.val, "...": own };
}

function dataUrl({ source, mimeType }: Media, param: string): string {
  if (mimeType === undefined) throw AdapterError.invalidRequest("an inline image must name its media type", { param });
  return `data:${mimeType};base64,${source.val}`;
}
