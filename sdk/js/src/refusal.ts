// What a provider's refusal says: its status, message, code and param, its `retry-after`, and the beginning of its
// body. Knows HTTP and the error shapes that many providers share; what only one provider does belongs into its
// adapter, which may change the result before throwing it.

import type { ErrorKind } from "./api.ts";
import { AdapterError, kindOfStatus } from "./error.ts";
import { readBeginning } from "./reading.ts";
import { askedWait } from "./retry.ts";

/** How much of a refusal's body is read. */
const READ_AT_MOST = 64 << 10;
/** How much of it goes into `AdapterError.body`. */
const BODY_AT_MOST = 16 << 10;
/** How much of it goes into the message. */
const MESSAGE_AT_MOST = 4 << 10;

const KIND_OF_CODE: Record<string, ErrorKind> = {
  insufficient_quota: "quota-exceeded",
  quota_exceeded: "quota-exceeded",
  billing_hard_limit_reached: "quota-exceeded",
  context_length_exceeded: "context-length",
  content_filter: "content-filtered",
  content_policy_violation: "content-filtered",
  model_not_found: "not-found",
  invalid_api_key: "authentication",
  rate_limit_exceeded: "rate-limited",
};

/** The error that a refused request comes to. Reads the beginning of the body and closes the exchange. */
export async function errorFromResponse(response: Response): Promise<AdapterError> {
  const body = await readBeginning(response, READ_AT_MOST);
  return errorFromAnswer(response.status, body, response.headers);
}

/** The same for an answer that is already read, as an SDK's error holds it. */
export function errorFromAnswer(status: number, body: string, headers?: Headers): AdapterError {
  const said = read(status, body);
  const known = said.code !== undefined && Object.hasOwn(KIND_OF_CODE, said.code) ? KIND_OF_CODE[said.code] : undefined;
  const tooLong: ErrorKind | undefined = said.message?.includes("maximum context length")
    ? "context-length"
    : undefined;
  const { code, param } = said;
  return new AdapterError(known ?? tooLong ?? kindOfStatus(status), message(status, said.message), {
    status,
    code,
    param,
    retryAfterMs: headers && askedWait(headers),
    body: body.trim() === "" ? undefined : body.slice(0, BODY_AT_MOST),
  });
}

function message(status: number, said: string | undefined): string {
  if (said) return said.slice(0, MESSAGE_AT_MOST);
  if (status >= 300 && status < 400) {
    return `the provider answered with a redirect (status ${status}), and none is followed`;
  }
  return `the provider answered with status ${status}`;
}

interface Said {
  message?: string | undefined;
  code?: string | undefined;
  param?: string | undefined;
}

function read(status: number, body: string): Said {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { message: plainText(status, body) };
  }
  return readJson(status, value);
}

/** The shapes in use: `{"error":{…}}`, `{"error":"…"}`, the same in a list, and flat objects. */
function readJson(status: number, parsed: unknown): Said {
  const value = Array.isArray(parsed) ? (parsed[0] as unknown) : parsed;
  const inner = field(value, "error") ?? value;
  if (typeof inner === "string") return { message: inner, code: textOf(field(value, "code"), status) };
  const firstOf = (...names: string[]): string | undefined => {
    for (const name of names) {
      const text = textOf(field(inner, name), status);
      if (text !== undefined) return text;
    }
    return undefined;
  };
  const inList = (list: string, name: string): string | undefined => {
    const found = field(inner, list);
    return Array.isArray(found) ? textOf(field(found[0], name), status) : undefined;
  };
  return {
    message:
      firstOf("message", "detail", "error_description", "error_message", "msg") ??
      inList("errors", "message") ??
      inList("detail", "msg"),
    code: firstOf("code", "type", "status"),
    param: firstOf("param"),
  };
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as { [name: string]: unknown })[name] ?? undefined;
}

/** A string as it is; a number as text, unless it only repeats the status. */
function textOf(value: unknown, status: number): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" && value !== status ? String(value) : undefined;
}

/** A short plain text is a message; a page of HTML from some proxy is not. */
function plainText(status: number, body: string): string | undefined {
  const text = body.trim();
  if (text === "" || text.startsWith("<")) return undefined;
  return `the provider answered with status ${status}: ${(text.split(/[\r\n]/, 1)[0] ?? "").slice(0, 500)}`;
}
