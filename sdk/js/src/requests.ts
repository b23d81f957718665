// Readers of what a client asked. Plain property access does for the rest.

import type { Message } from "./api.ts";

/** A message's text, all text parts joined with nothing between. */
export function messageText(message: Message): string {
  switch (message.content.tag) {
    case "empty":
      return "";
    case "text":
      return message.content.val;
    case "parts":
      return message.content.val.map((part) => (part.tag === "text" ? part.val.text : "")).join("");
  }
}
