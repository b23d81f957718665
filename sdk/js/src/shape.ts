// Shapes: each turns what an author wrote into a value that the contract can carry, with defaults for what is left
// out, or says where it is wrong. A value that fits no shape would otherwise trap the guest with a misleading message.
// Which record has which fields is in `records`.

import type { Pairs } from "./api.ts";
import { AdapterError } from "./error.ts";
import { stringify } from "./json.ts";

/** Reads a value; `path` names it in errors. */
export type Shape<T> = (value: unknown, path: string) => T;

const MOST_U32 = 0xffff_ffff;

/** A string; without a default it must be there. */
export function text(missing?: string): Shape<string> {
  return (value, path) => {
    if (typeof value === "string") return value;
    if (value === undefined || value === null) return missing ?? wrong(value, path, "a string");
    return wrong(value, path, "a string");
  };
}

/** A count: fractions are cut, and what is out of range becomes the nearest that isn't. */
export const count: Shape<number> = (value, path) => {
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number" || Number.isNaN(value)) return wrong(value, path, "a number");
  return Math.min(Math.max(Math.trunc(value), 0), MOST_U32);
};

/** An HTTP status, where there is a usable one. */
export const status: Shape<number | undefined> = (value) =>
  typeof value === "number" && Number.isInteger(value) && value >= 100 && value <= 999 ? value : undefined;

export const decimal: Shape<number> = (value, path) =>
  typeof value === "number" ? value : wrong(value, path, "a number");

/** A flag: false where it is left out. */
export const flag: Shape<boolean> = (value, path) => {
  if (value === undefined || value === null) return false;
  return typeof value === "boolean" ? value : wrong(value, path, "true or false");
};

/** A value that may be left out; null counts as that. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : shape(value, path));
}

/** A list: empty where it is left out. */
export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value, path) => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) return wrong(value, path, "a list");
    return value.map((element, position) => shape(element, `${path}[${position}]`));
  };
}

/** Bytes. */
export const bytes: Shape<Uint8Array> = (value, path) =>
  value instanceof Uint8Array ? value : Uint8Array.from(numbers(value, path));

/** A vector. As a `Float32Array` it is handed over in one piece, which takes a hundredth of the time. */
export const vector: Shape<Float32Array> = (value, path) => {
  if (value instanceof Float32Array) return value;
  const made = Float32Array.from(numbers(value, path));
  const bad = made.findIndex((component) => Number.isNaN(component));
  return bad === -1 ? made : wrong((value as ArrayLike<unknown>)[bad], `${path}[${bad}]`, "a number");
};

/** Names and values; an object's values become JSON text, or plain text where `plain`. */
export function pairs(plain = false): Shape<Pairs> {
  return (value, path) => {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) {
      return value.map((pair: unknown, position): [string, string] => {
        const [name, held] = Array.isArray(pair) ? (pair as unknown[]) : [];
        if (typeof name === "string" && typeof held === "string") return [name, held];
        return wrong(pair, `${path}[${position}]`, "a pair of two strings");
      });
    }
    if (typeof value !== "object") return wrong(value, path, "an object or a list of pairs");
    return Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]): [string, string] => [name, plain ? String(field) : stringify(field)]);
  };
}

/** One of some words; `missing` stands for one left out. */
export function word<T extends string>(words: Record<T, true>, missing?: T): Shape<T> {
  return (value, path) => {
    if ((value === undefined || value === null) && missing !== undefined) return missing;
    if (typeof value === "string" && Object.hasOwn(words, value)) return value as T;
    return wrong(value, path, `one of ${Object.keys(words).join(", ")}`);
  };
}

/** A record: one shape for each field. An unknown field is a misspelt one. */
export function record<T extends object>(fields: { [K in keyof Required<T>]: Shape<T[K]> }): Shape<T> {
  const shapes = Object.entries(fields) as [keyof T & string, Shape<unknown>][];
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong(value, path, "an object");
    const given = value as { [name: string]: unknown };
    const made: { [name: string]: unknown } = {};
    for (const [name, shape] of shapes) made[name] = shape(given[name], path === "" ? name : `${path}.${name}`);
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(fields, name) && given[name] !== undefined) {
        throw AdapterError.internal(`the adapter gave ${path || "a record"} the field ${name}, which it has not`);
      }
    }
    return made as T;
  };
}

/** A tagged value: for each case the shape of its `val`, or null where it has none. */
export function variant<T extends { tag: string; val?: unknown }>(cases: {
  [Tag in T["tag"]]: Extract<T, { tag: Tag }> extends { val: infer Val } ? Shape<Val> : null;
}): Shape<T> {
  const shapes = cases as Record<string, Shape<unknown> | null>;
  return (value, path) => {
    const given = (typeof value === "object" && value !== null ? value : {}) as { tag?: unknown; val?: unknown };
    if (typeof given.tag !== "string" || !Object.hasOwn(shapes, given.tag)) {
      return wrong(given.tag ?? value, path, `an object whose tag is one of ${Object.keys(shapes).join(", ")}`);
    }
    const shape = shapes[given.tag];
    return (shape ? { tag: given.tag, val: shape(given.val, `${path}(${given.tag})`) } : { tag: given.tag }) as T;
  };
}

export function wrong(value: unknown, path: string, expected: string): never {
  throw AdapterError.internal(`the adapter gave ${shown(value)} as ${path || "its answer"}: ${expected} was expected`);
}

function shown(value: unknown): string {
  if (typeof value === "string")
    return value === "" ? "an empty string" : `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}

function numbers(value: unknown, path: string): ArrayLike<number> {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return value as unknown as ArrayLike<number>;
  return wrong(value, path, "a list of numbers");
}
