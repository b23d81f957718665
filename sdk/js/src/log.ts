// Lines in the adapter's log. Never log what a client wrote unless the operator asked for it. There are no levels to
// filter by: the host limits and keeps what arrives. `console.log` and its like arrive there too.

import { transportIfAny } from "./transport.ts";

/** Something that helps to follow a request. */
export function info(message: string): void {
  line("info", message);
}

/** Something odd that the adapter got over. */
export function warn(message: string): void {
  line("warn", message);
}

/** Something that made the request fail. */
export function error(message: string): void {
  line("error", message);
}

/** One call is one line, so that text from a provider can't pass for lines of its own. */
function line(level: string, message: string): void {
  const escaped = message.replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  transportIfAny()?.log(`${level}: ${escaped}`);
}
