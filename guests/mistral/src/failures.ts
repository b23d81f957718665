// The provider's refusals as the contract's errors, from a status or out of a stream. The kit reads the plain shapes;
// here is what only Mistral does: lists of what is wrong with a request's fields, inside `detail` or `message`, as
// JSON or as JSON in a string, and guardrails that block.

import { AdapterError, errorFromAnswer, readText } from "@caisson/adapter";

/** A refused request's fields are echoed in the refusal, so it can be long. */
const READ_AT_MOST = 1 << 20;
/** Enough for any message of the provider's. */
const LONGEST = 4 << 10;
/** How many of the wrong fields are named. */
const NAMED_AT_MOST = 5;

/** Fields that Mistral names otherwise than the client did. */
const CLIENTS_NAMES = new Map([
  ["random_seed", "seed"],
  ["output_dimension", "dimensions"],
]);

/** The error of an answer with a status of 300 or above. */
export async function refusal(response: Response): Promise<AdapterError> {
  let body = "";
  try {
    body = await readText(response, READ_AT_MOST);
  } catch {
    // A refusal that is too long or breaks off still has its status.
  }
  return refine(errorFromAnswer(response.status, body, response.headers), body);
}

/** The error that an event of a stream brings; it has the status that the event names. */
export function streamError(data: string): AdapterError {
  const named = field(parsed(data), "raw_status_code");
  const status = typeof named === "number" && named >= 400 && named <= 599 ? Math.trunc(named) : undefined;
  const error = errorFromAnswer(status ?? 500, data);
  error.status = status;
  const type = field(parsed(data), "type");
  if (typeof type === "string" && type.startsWith("rate_limit")) error.kind = "rate-limited";
  return refine(error, data);
}

/** The error of an answer or event that makes no sense. */
export function unreadable(why: string): AdapterError {
  return AdapterError.upstream(`the provider's answer could not be read: ${why}`);
}

function refine(error: AdapterError, body: string): AdapterError {
  const value = parsed(body);
  const wrong = wrongFields(value);
  if (wrong.length > 0) {
    error.message = wordsFor(wrong).slice(0, LONGEST);
    error.param = wrong[0]?.path || error.param;
  }
  if (error.status === 403 && field(value, "guardrails") !== undefined) error.kind = "content-filtered";
  error.body = error.body?.slice(0, LONGEST);
  return error;
}

interface WrongField {
  path: string;
  why: string;
}

function wordsFor(wrong: readonly WrongField[]): string {
  const named = wrong.slice(0, NAMED_AT_MOST).map(({ path, why }) => (path === "" ? why : `${path}: ${why}`));
  const more = wrong.length - named.length;
  return more > 0 ? `${named.join("; ")}; and ${more} more` : named.join("; ");
}

/** The list of a 422, wherever it is. */
function wrongFields(value: unknown): WrongField[] {
  const said = field(value, "message");
  const message = typeof said === "string" && said.startsWith("{") ? parsed(said) : said;
  for (const list of [field(value, "detail"), field(message, "detail"), message]) {
    if (!Array.isArray(list)) continue;
    const wrong = list.flatMap((entry: unknown) => {
      const why = field(entry, "msg");
      return typeof why === "string" ? [{ path: pathOf(field(entry, "loc")), why }] : [];
    });
    if (wrong.length > 0) return wrong;
  }
  return [];
}

/** `["body","messages",0,"user","name"]` as the client would write it: `messages[0].name`. */
function pathOf(location: unknown): string {
  const steps: unknown[] = Array.isArray(location) ? location : [];
  let path = "";
  steps.forEach((step, position) => {
    if (typeof step === "number") path += `[${step}]`;
    // Other steps name a branch that the validator tried, such as a message's role.
    if (typeof step !== "string" || !/^[a-z_]\w*$/i.test(step)) return;
    if (position === 0 && step === "body") return;
    if (typeof steps[position - 1] === "number" && steps[position - 2] === "messages") return;
    path += path === "" ? (CLIENTS_NAMES.get(step) ?? step) : `.${step}`;
  });
  return path;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as { [name: string]: unknown })[name] ?? undefined;
}
