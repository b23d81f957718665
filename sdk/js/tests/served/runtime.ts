// A real runtime on loopback for tests of built components: `caisson serve` in a folder of its own, adapters pushed
// to it, clients' requests sent to it. Needs CAISSON_BIN, the path of the binary; tests without it are skipped.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BINARY = process.env.CAISSON_BIN;
const ADMIN_KEY = "the-admin-key-of-this-test";

/** For `test`: why it can't run here, or false. */
export const skip = BINARY ? false : "CAISSON_BIN is not set";

/** What a client got. */
export interface Got {
  status: number;
  headers: Headers;
  /** The JSON of the body. */
  body: any;
}

/** A running `caisson serve`. Stop it, or the test never ends. */
export class Runtime {
  readonly url: string;
  readonly #stop: () => Promise<void>;

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.#stop = stop;
  }

  static async start(): Promise<Runtime> {
    const folder = mkdtempSync(join(tmpdir(), "caisson-served-"));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const child = spawn(BINARY!, ["serve", "--listen", `127.0.0.1:${port}`, "--data-dir", folder], {
      env: { ...process.env, CAISSON_ADMIN_KEY: ADMIN_KEY },
      stdio: "ignore",
    });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    for (let tries = 0; tries < 200; tries += 1) {
      const ready = await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return new Runtime(url, async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    });
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  /** Uploads a component, or changes a deployment's options. */
  push(component: string, name: string, ...options: string[]): void {
    this.#command("push", component, "--name", name, ...options);
  }

  set(name: string, ...options: string[]): void {
    this.#command("set", name, ...options);
  }

  #command(...words: string[]): void {
    const done = spawnSync(BINARY!, words, {
      env: { ...process.env, CAISSON_ADMIN_KEY: ADMIN_KEY, CAISSON_URL: this.url, THE_KEY: "sk-secret" },
      encoding: "utf8",
    });
    if (done.status !== 0) throw new Error(`caisson ${words.join(" ")}: ${done.stderr}`);
  }

  /** Sends OpenAI's body to the endpoint, as a client would. */
  async post(path: string, body: object): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return fetch(`${this.url}/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async ask(body: object): Promise<Got> {
    const response = await this.post("chat/completions", body);
    return { status: response.status, headers: response.headers, body: await response.json() };
  }
}

/** An upstream on loopback; close it, or the test never ends. */
export async function upstream(answer: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A port that nobody listens on, as long as nobody else takes it. */
export async function freePort(): Promise<number> {
  const { server, url } = await upstream(() => {});
  await new Promise((resolve) => server.close(resolve));
  return Number(new URL(url).port);
}
