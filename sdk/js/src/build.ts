// Makes a component of an adapter's source: esbuild compiles TypeScript and bundles, componentize-js puts the bundle
// into its engine. The engine and the contract come with this package; nothing is loaded from elsewhere.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { componentize } from "@bytecodealliance/componentize-js";
import { build as bundle, type BuildFailure } from "esbuild";

/** What a build made. */
export interface Built {
  /** Where the component is. */
  path: string;
  /** Its size in bytes. */
  bytes: number;
  /** The bundle's size in bytes, the engine not counted. */
  bundleBytes: number;
}

/** Why a source is no component; the message is for whoever wrote the source. */
export class BuildError extends Error {}

const HERE = dirname(fileURLToPath(import.meta.url));
const WIT = join(HERE, "../wit");

/** Builds the component of the source file whose default export is an adapter, and writes it to `output`. */
export async function buildAdapter(source: string, output: string): Promise<Built> {
  const entry = resolve(source);
  if (!existsSync(entry)) throw new BuildError(`there is no file ${source}`);
  const script = await bundled(entry);
  const component = await componentOf(script, entry);
  const path = resolve(output);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, component);
  return { path, bytes: component.length, bundleBytes: script.length };
}

/** The adapter with everything it imports, as one module that exports what the contract wants. */
async function bundled(entry: string): Promise<string> {
  const extension = existsSync(join(HERE, "index.js")) ? "js" : "ts";
  const stdin = {
    // The kit comes first: it puts `fetch` in place before the adapter's modules run.
    contents: `import { component } from ${JSON.stringify(join(HERE, `guest/index.${extension}`))};
import adapter from ${JSON.stringify(entry)};
export const provider = component(adapter);`,
    resolveDir: dirname(entry),
    sourcefile: "component.js",
  };
  try {
    const result = await bundle({
      stdin,
      bundle: true,
      write: false,
      format: "esm",
      target: "es2022",
      // What browsers get is what needs no Node.
      platform: "browser",
      conditions: ["caisson", "worker", "browser"],
      external: ["caisson:*", "wasi:*"],
      // One copy of the kit, wherever the adapter would find another: its parts share the transport.
      alias: { "@caisson/adapter": join(HERE, `index.${extension}`) },
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: "none",
      logLevel: "silent",
      define: { "process.env.NODE_ENV": '"production"' },
    });
    return result.outputFiles[0]?.text ?? "";
  } catch (thrown) {
    throw new BuildError(shownFailure(thrown as BuildFailure));
  }
}

function shownFailure(failure: BuildFailure): string {
  if (!Array.isArray(failure.errors)) return String(failure);
  return failure.errors
    .map(({ text, location }) =>
      location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text,
    )
    .join("\n");
}

/** The engine runs the module's top level now, and the component begins where that ended. */
async function componentOf(script: string, entry: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "caisson-adapter-"));
  try {
    const sourcePath = join(folder, basename(entry).replace(/\.\w+$/, ".js"));
    await writeFile(sourcePath, script);
    const { component } = await componentize({ sourcePath, witPath: WIT, worldName: "adapter" });
    return component;
  } catch (thrown) {
    throw new BuildError(`${entry} does not become a component:\n${(thrown as Error).message}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
