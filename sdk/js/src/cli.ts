#!/usr/bin/env node
// The command `caisson-adapter`: its arguments and what it prints. Building itself is in `build`.

import { parseArgs } from "node:util";

import { buildAdapter, BuildError } from "./build.ts";

const USAGE = `Usage: caisson-adapter build SOURCE -o ADAPTER.wasm

Makes a component of the TypeScript or JavaScript file SOURCE, whose default export is the adapter.`;

async function main(): Promise<number> {
  let source: string | undefined;
  let output: string | undefined;
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { output: { type: "string", short: "o" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      return 0;
    }
    output = values.output;
    source = positionals[0] === "build" && positionals.length === 2 ? positionals[1] : undefined;
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }
  if (source === undefined || output === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const started = Date.now();
  try {
    const { path, bytes, bundleBytes } = await buildAdapter(source, output);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${path}: ${kib(bytes)} KiB, of it ${kib(bundleBytes)} KiB of script, in ${seconds} s\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return 1;
  }
}

function kib(bytes: number): number {
  return Math.ceil(bytes / 1024);
}

process.exitCode = await main();
