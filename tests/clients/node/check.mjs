// What both scripts share: the environment, expectations, and running checks one after the other.
// It knows no client library.

import { isDeepStrictEqual, inspect } from "node:util";

const list = (name) => (process.env[name] ?? "").split(",").filter(Boolean);

export const environment = {
  baseUrl: process.env.CAISSON_BASE_URL,
  apiKey: process.env.CAISSON_API_KEY || "unused",
  models: list("CAISSON_MODELS"),
  textModels: list("CAISSON_TEXT_MODELS"),
  limitedModels: list("CAISSON_LIMITED_MODELS"),
  embedModels: list("CAISSON_EMBED_MODELS"),
  noEmbedModels: list("CAISSON_NO_EMBED_MODELS"),
  listedModels: list("CAISSON_LISTED_MODELS"),
  thinkingModels: list("CAISSON_THINKING_MODELS"),
  statusModels: process.env.CAISSON_STATUS_MODELS,
  faultModel: process.env.CAISSON_FAULT_MODEL,
  streamFaultModel: process.env.CAISSON_STREAM_FAULT_MODEL,
  checkAuth: process.env.CAISSON_CHECK_AUTH === "1",
};

export class Unexpected extends Error {}

const shown = (value) => inspect(value, { depth: 8, breakLength: Infinity });

export function expect(what, got, wanted) {
  if (!isDeepStrictEqual(got, wanted)) {
    throw new Unexpected(`${what}: expected ${shown(wanted)}, got ${shown(got)}`);
  }
}

export function expectWithin(what, text, wanted) {
  if (typeof text !== "string" || !text.includes(wanted)) {
    throw new Unexpected(`${what}: expected a text that contains ${shown(wanted)}, got ${shown(text)}`);
  }
}

export function expectSomeText(what, got) {
  if (typeof got !== "string" || got === "") {
    throw new Unexpected(`${what}: expected some text, got ${shown(got)}`);
  }
}

export function expectAboveZero(what, got) {
  if (!Number.isInteger(got) || got <= 0) {
    throw new Unexpected(`${what}: expected a whole number above zero, got ${shown(got)}`);
  }
}

/** The error of exactly this class that the call throws. */
export async function expectFault(what, fault, call) {
  let got;
  try {
    got = await call();
  } catch (error) {
    if (error?.constructor !== fault) {
      throw new Unexpected(`${what}: expected ${fault.name}, got ${shown(error)}`);
    }
    return error;
  }
  throw new Unexpected(`${what}: expected ${fault.name}, got an answer: ${shown(got)}`);
}

/** OpenAI's error object has four fields, null or not; more may stand beside them. */
export function expectErrorObject(what, body) {
  const missing = ["code", "message", "param", "type"].filter((name) => !(name in (body ?? {})));
  expect(`${what}: missing fields of the error`, missing, []);
  expectSomeText(`${what}: message`, body.message);
  expectSomeText(`${what}: type`, body.type);
}

export const toolResult = "14 degrees and drizzle";

/** Runs `[name, call]` pairs in order; one line for each, exit status 1 if any failed. */
export async function runAll(checks) {
  for (const [name, call] of checks) {
    try {
      await call();
      console.log(`ok ${name}`);
    } catch (error) {
      process.exitCode = 1;
      if (error instanceof Unexpected) {
        console.log(`FAILED ${name}: ${error.message}`);
      } else {
        console.log(`FAILED ${name}: expected no exception, got ${error}`);
        console.error(error);
      }
    }
  }
}
