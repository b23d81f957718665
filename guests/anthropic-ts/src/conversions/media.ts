// Images and files of a message as image and document blocks. Bytes stay base64 text all the way, but for plain-text
// documents, which Anthropic takes as text. Audio has no block.

import { AdapterError, type Media } from "@caisson/adapter";

import { flatExtras, type OwnBlock } from "./blocks.ts";

/** `path` names the part in the request, as in `messages[0].content[1]`. */
export function imageBlock(media: Media, path: string, inner = "image_url"): OwnBlock {
  return { type: "image", source: imageSource(media, path), "...": flatExtras(media.extra, inner, path) };
}

/** A document block; a file that is an image becomes an image block. */
export function fileBlock(media: Media, path: string): OwnBlock {
  if (media.mimeType?.startsWith("image/")) return imageBlock(media, path, "file");
  const extra = flatExtras(media.extra, "file", path);
  const title = extra.has("title") ? undefined : media.fileName;
  return { type: "document", source: documentSource(media, path), title, "...": extra };
}

function imageSource({ source, mimeType }: Media, path: string): object {
  switch (source.tag) {
    case "url":
      return { type: "url", url: source.val };
    case "id":
      return { type: "file", file_id: source.val };
    case "base64": {
      if (mimeType === undefined) {
        const param = `${path}.image_url.url`;
        throw AdapterError.invalidRequest("an inline image must name its media type", { param });
      }
      // Many clients write `image/jpg`, which is no media type and is refused.
      const media_type = mimeType === "image/jpg" ? "image/jpeg" : mimeType;
      return { type: "base64", media_type, data: source.val };
    }
  }
}

function documentSource({ source, mimeType }: Media, path: string): object {
  if (source.tag === "url") return { type: "url", url: source.val };
  if (source.tag === "id") return { type: "file", file_id: source.val };
  // OpenAI's own inline files are PDFs, whether they say so or not.
  if (mimeType === undefined || mimeType === "application/pdf" || mimeType === "application/octet-stream") {
    return { type: "base64", media_type: "application/pdf", data: source.val };
  }
  if (mimeType.startsWith("text/")) {
    return { type: "text", media_type: "text/plain", data: decoded(source.val, path) };
  }
  const what = `files of type ${mimeType}, only PDF, plain text and images`;
  throw AdapterError.unsupported(what, { param: `${path}.file` });
}

function decoded(data: string, path: string): string {
  try {
    const bytes = Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const param = `${path}.file.file_data`;
    throw AdapterError.invalidRequest("a text document must be UTF-8 in base64", { param });
  }
}
