// Tests an adapter in Node, without Wasm and without a network, against recorded exchanges. The host's own part
// (grants, credentials, the OpenAI wire, checks of the answer) is not imitated.

export { chatRequest, context, type ContextDraft, embedRequest, user } from "./asks.ts";
export { Reply } from "./reply.ts";
export { type Played, type Sent, Upstream } from "./upstream.ts";
