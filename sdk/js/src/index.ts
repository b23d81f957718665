// The kit's public names. Testing has its own entry, and so has building.

export type { Adapter, EventBatch, EventStream } from "./adapter.ts";
export { defineAdapter } from "./adapter.ts";
export type * from "./api.ts";
export { Context } from "./context.ts";
export { AdapterError, type ErrorDetails, kindOfStatus } from "./error.ts";
export { event } from "./events.ts";
export { countTokens, originalBody } from "./host.ts";
export { pathSegment, send, sendOk, type SendOptions } from "./http.ts";
export { Fields, RawJson, stringify } from "./json.ts";
export * as log from "./log.ts";
export { decodeNdjson, ndjsonBatches, NdjsonParser, readNdjson } from "./ndjson.ts";
export { readBytes, readChunks, readJson, readText } from "./reading.ts";
export { errorFromAnswer, errorFromResponse } from "./refusal.ts";
export { messageText } from "./requests.ts";
export { configuredRetry, type RetryOptions } from "./retry.ts";
export { decodeSse, readSse, sseBatches, type SseEvent, SseParser } from "./sse.ts";
