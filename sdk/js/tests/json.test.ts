// JSON that keeps its text. What `JSON.parse` itself does is not looked at.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Fields, RawJson, stringify } from "../src/index.ts";

test("fields go round with their text untouched", () => {
  const text = String.raw`{"b":{"x":[1,2.50,null,"]}\\\""]},"a":"é\"","c":12345678901234567890,"1":1e2,"a":[]}`;
  assert.equal(stringify(Fields.parse(text)), text);
  const spaced = ' {\n "a" : [ 1 , {"b":  "c, }"} ] ,\t"d":true } ';
  assert.deepEqual(Fields.parse(spaced)?.toPairs(), [
    ["a", '[ 1 , {"b":  "c, }"} ]'],
    ["d", "true"],
  ]);
});

test("objects and arrays of every shape come apart", () => {
  const values = ["{}", "[]", "0", "-1.5e-7", '""', '"\\\\"', "null", "[[],[[]],{}]", '{"":{"":[]}}', '"\u{1F980}"'];
  for (const value of values) {
    const inObject = `{"a":${value},"b":${value}}`;
    assert.deepEqual(Fields.parse(inObject) && [...Fields.parse(inObject)!].map(([name, raw]) => [name, raw.text]), [
      ["a", value],
      ["b", value],
    ]);
    assert.deepEqual(
      RawJson.parse(`[ ${value} ,${value}]`)
        .asElements()
        ?.map((raw) => raw.text),
      [value, value],
    );
  }
  assert.deepEqual(RawJson.parse(" [ ] ").asElements(), []);
  assert.equal(Fields.parse("{ }")?.size, 0);
});

test("what is no object has no fields, and what is no JSON throws", () => {
  for (const text of ["[]", "1", '"{}"', "null"]) assert.equal(Fields.parse(text), undefined);
  for (const text of ["", "{", '{"a":1,}', "{} {}", "[".repeat(100_000)]) {
    assert.throws(() => Fields.parse(text), `${text.slice(0, 9)}`);
  }
});

test("a taken field is typed and gone", () => {
  const fields = Fields.parse('{"a":1,"b":{"c":[2]},"d":null,"a":2,"e":"x"}')!;
  assert.equal(fields.takeNumber("a"), 1);
  assert.equal(fields.has("a"), false);
  assert.equal(fields.take("d"), undefined);
  assert.equal(fields.takeNumber("e"), undefined);
  assert.deepEqual(fields.toPairs(), [["b", '{"c":[2]}']]);
});

test("a pair that is no JSON names its place", () => {
  const pairs: [string, string][] = [
    ["good", "1"],
    ["bad", "{"],
  ];
  assert.throws(() => Fields.ofPairs(pairs), { kind: "invalid-request", param: "bad" });
  assert.throws(() => Fields.ofPairs(pairs, "messages[0]"), { param: "messages[0].bad" });
});

test("stringify writes what JSON.stringify writes, and raw values among it", () => {
  const plain = { a: [1, undefined, "é\n"], b: undefined, c: { d: null, e: false }, f: new Date(0), g: NaN };
  assert.equal(stringify(plain), JSON.stringify(plain));
  const raw = { n: RawJson.parse("1.0"), big: 2n ** 63n, "...": Fields.parse('{"z":[1.50]}'), list: [RawJson.of("x")] };
  assert.equal(stringify(raw), '{"n":1.0,"big":9223372036854775808,"z":[1.50],"list":["x"]}');
  assert.equal(stringify(undefined), "null");
});
