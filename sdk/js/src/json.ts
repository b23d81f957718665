// JSON whose text must not change on its way: numbers beyond what a double holds, `1.0`, the order and repetition of
// names. Splits objects and arrays one level deep and keeps each value's text; `JSON.parse` does everything else.
// Knows nothing of the contract but its `extra` pairs.

import type { Pairs } from "./api.ts";
import { AdapterError } from "./error.ts";

/** A value as JSON text. `stringify` writes it as it is. */
export class RawJson {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** Text that has to be JSON, without the white space around it. Throws `SyntaxError` where it isn't. */
  static parse(text: string): RawJson {
    JSON.parse(text);
    return new RawJson(text.trim());
  }

  /** A value that `JSON.stringify` can write. */
  static of(value: unknown): RawJson {
    return new RawJson(stringify(value));
  }

  /** Text that is known to be JSON. */
  static trusted(text: string): RawJson {
    return new RawJson(text);
  }

  /** What `JSON.parse` makes of it. */
  value(): unknown {
    return JSON.parse(this.text);
  }

  /** The string, where it is one. */
  asString(): string | undefined {
    return this.text.startsWith('"') ? (this.value() as string) : undefined;
  }

  /** The number, where it is one. */
  asNumber(): number | undefined {
    return /^[-0-9]/.test(this.text) ? Number(this.text) : undefined;
  }

  /** The elements, where it is an array. */
  asElements(): RawJson[] | undefined {
    return this.text.startsWith("[") ? splitArray(this.text) : undefined;
  }

  /** The fields, where it is an object. */
  asFields(): Fields | undefined {
    return this.text.startsWith("{") ? new Fields(splitObject(this.text)) : undefined;
  }

  toJSON(): unknown {
    return this.value();
  }
}

/** An object's fields in order, values untouched. */
export class Fields {
  #entries: [string, RawJson][];

  constructor(entries: Iterable<[string, RawJson]> = []) {
    this.#entries = [...entries];
  }

  /** The fields of JSON text, or undefined where it is JSON but no object. Throws `SyntaxError` where it is no JSON. */
  static parse(text: string): Fields | undefined {
    return RawJson.parse(text).asFields();
  }

  /**
   * The contract's `extra` as fields. `path` names the object they were in, for the error of kind `invalid-request`
   * where a value is no JSON.
   */
  static ofPairs(pairs: Pairs, path = ""): Fields {
    return new Fields(
      pairs.map(([name, text]): [string, RawJson] => {
        try {
          return [name, RawJson.parse(text)];
        } catch {
          throw AdapterError.invalidRequest("this is not JSON", { param: path === "" ? name : `${path}.${name}` });
        }
      }),
    );
  }

  get size(): number {
    return this.#entries.length;
  }

  has(name: string): boolean {
    return this.#entries.some(([known]) => known === name);
  }

  get(name: string): RawJson | undefined {
    return this.#entries.find(([known]) => known === name)?.[1];
  }

  /** Removes the field, however often it is there, and gives the first; undefined where it is absent or null. */
  take(name: string): RawJson | undefined {
    const found = this.get(name);
    this.delete(name);
    return found === undefined || found.text === "null" ? undefined : found;
  }

  /** Like `take`, for a string; undefined for anything else. */
  takeString(name: string): string | undefined {
    return this.take(name)?.asString();
  }

  /** Like `take`, for a number; undefined for anything else. */
  takeNumber(name: string): number | undefined {
    return this.take(name)?.asNumber();
  }

  /** Puts the value in the place of the first field of that name, or at the end. */
  set(name: string, value: RawJson): void {
    const entry = this.#entries.find(([known]) => known === name);
    if (entry) entry[1] = value;
    else this.append(name, value);
  }

  append(name: string, value: RawJson): void {
    this.#entries.push([name, value]);
  }

  extend(others: Fields): void {
    this.#entries.push(...others);
  }

  delete(...names: string[]): void {
    this.keep((name) => !names.includes(name));
  }

  keep(wanted: (name: string) => boolean): void {
    this.#entries = this.#entries.filter(([name]) => wanted(name));
  }

  /** What is left, as the contract carries it; nulls say nothing and stay behind. */
  toPairs(): Pairs {
    return this.#entries
      .filter(([, value]) => value.text !== "null")
      .map(([name, value]): [string, string] => [name, value.text]);
  }

  [Symbol.iterator](): Iterator<[string, RawJson]> {
    return this.#entries[Symbol.iterator]();
  }
}

/**
 * JSON text of a value. As `JSON.stringify`, but `RawJson` and `Fields` are written as they are, a `bigint` as a
 * number, and the fields of a `Fields` that an object has under the name `...` stand among the object's own.
 */
export function stringify(value: unknown): string {
  return write(value) ?? "null";
}

function write(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) {
    return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
  }
  if (value instanceof RawJson) return value.text;
  if (value instanceof Fields) return `{${writeFields(value).join()}}`;
  if (Array.isArray(value)) return `[${value.map((element) => write(element) ?? "null").join()}]`;
  if ("toJSON" in value && typeof value.toJSON === "function") return write(value.toJSON());
  const fields: string[] = [];
  for (const [name, field] of Object.entries(value)) {
    if (name === "..." && field instanceof Fields) {
      fields.push(...writeFields(field));
      continue;
    }
    const text = write(field);
    if (text !== undefined) fields.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${fields.join()}}`;
}

function writeFields(fields: Fields): string[] {
  return [...fields].map(([name, value]) => `${JSON.stringify(name)}:${value.text}`);
}

// The functions below walk text that `JSON.parse` has accepted, so they check nothing.

function splitObject(text: string): [string, RawJson][] {
  const entries: [string, RawJson][] = [];
  let at = skipSpace(text, 1);
  while (text[at] === '"') {
    const nameEnd = endOfString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const start = skipSpace(text, text.indexOf(":", nameEnd) + 1);
    const end = endOfValue(text, start);
    entries.push([name, RawJson.trusted(text.slice(start, end))]);
    at = skipSpace(text, end);
    if (text[at] !== ",") break;
    at = skipSpace(text, at + 1);
  }
  return entries;
}

function splitArray(text: string): RawJson[] {
  const elements: RawJson[] = [];
  let at = skipSpace(text, 1);
  while (at < text.length && text[at] !== "]") {
    const end = endOfValue(text, at);
    elements.push(RawJson.trusted(text.slice(at, end)));
    at = skipSpace(text, end);
    if (text[at] !== ",") break;
    at = skipSpace(text, at + 1);
  }
  return elements;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return endOfString(text, from);
  if (first !== "{" && first !== "[") {
    const scalar = /[^\s,\]}]*/y;
    scalar.lastIndex = from;
    scalar.exec(text);
    return scalar.lastIndex;
  }
  const structural = /["[\]{}]/g;
  structural.lastIndex = from;
  let depth = 0;
  for (let found = structural.exec(text); found !== null; found = structural.exec(text)) {
    if (found[0] === '"') {
      structural.lastIndex = endOfString(text, found.index);
    } else {
      depth += found[0] === "{" || found[0] === "[" ? 1 : -1;
      if (depth === 0) return structural.lastIndex;
    }
  }
  return text.length;
}

/** A quote ends a string unless an odd number of backslashes stands before it. */
function endOfString(text: string, from: number): number {
  let quote = text.indexOf('"', from + 1);
  while (quote !== -1) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}
