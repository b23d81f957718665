// The seam in a guest: the host interface, wasi:random, wasi:cli and waiting; HTTP is in `exchange`.

import { countTokens, originalBody } from "caisson:llm/host@0.1.0";
import { getStderr } from "wasi:cli/stderr@0.2.12";
import { subscribeDuration } from "wasi:clocks/monotonic-clock@0.2.12";
import { getRandomU64 } from "wasi:random/random@0.2.12";

import type { Transport } from "../transport.ts";
import { send } from "./exchange.ts";
import { nanoseconds, ready } from "./waiting.ts";

export const wasi: Transport = {
  send,
  originalBody,
  countTokens,

  sleep: (ms) => ready([subscribeDuration(nanoseconds(ms))]),

  // The engine's own clocks are wasi:clocks, and cost a hundredth of a call over the bindings.
  elapsed: () => performance.now(),
  now: () => Date.now(),

  // 53 bits are what a number holds exactly; the engine's own chance was drawn when the component was built.
  fraction: () => Number(getRandomU64() >> 11n) / 2 ** 53,

  log(line) {
    const stderr = getStderr();
    try {
      stderr.blockingWriteAndFlush(new TextEncoder().encode(`${line.slice(0, 1000)}\n`));
    } catch {
      // A log that is full, or closed, is no reason to fail.
    }
    stderr[Symbol.dispose]();
  },
};
