// JSON that a client sent, as the SDK wants it: taken apart. Numbers keep no more digits than a double holds, since the
// SDK writes them itself.

import { AdapterError } from "@caisson/adapter";

export interface Json {
  [name: string]: unknown;
}

/** `param` names the place for the error. */
export function parsed(json: string, param: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw AdapterError.invalidRequest("this is not JSON", { param });
  }
}

export function jsonObject(json: string, param: string): Json {
  const value = parsed(json, param);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw AdapterError.invalidRequest("this is not a JSON object", { param });
}
