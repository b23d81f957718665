// An adapter that does what the client's message says, for the tests of the kit inside a component.

import {
  countTokens,
  defineAdapter,
  event,
  messageText,
  originalBody,
  readSse,
  readText,
  send,
} from "@caisson/adapter";

const scope = { countTokens, event, originalBody, readSse, readText, send };
const script = (kind: string, code: string): unknown =>
  new Function(...Object.keys(scope), `return (async ${kind} {${code}})()`)(...Object.values(scope));

export default defineAdapter({
  describe: () => ({ name: "probe", version: "0.1.0" }),
  complete: (_, { messages }) => script("() =>", messageText(messages[0]!)) as Promise<string>,
  stream: (_, { messages }) => script("function* ()", messageText(messages[0]!)) as AsyncGenerator<string>,
  embed: (_, { input }) => ({ vectors: input.val.map(() => [0.5, -1]), usage: { input: 1 } }),
});
