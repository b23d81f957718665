// Waiting for the host's pollables without stopping the engine's own event loop. That loop knows no pollables but its
// own, so all of ours are waited for together, in one task of it at a time, and never for long: a timer of the
// adapter's (`setTimeout`, `AbortSignal.timeout`) that falls due meanwhile is late by a tenth of the wait, at most a
// second. Looking more often would cost fuel for nothing.

import { subscribeDuration } from "wasi:clocks/monotonic-clock@0.2.12";
import { poll, type Pollable } from "wasi:io/poll@0.2.12";

const SHORTEST_TURN_MS = 10;
const LONGEST_TURN_MS = 1000;

interface Waiting {
  pollables: readonly Pollable[];
  wake: () => void;
}

let waiting: Waiting[] = [];
let scheduled = false;
/** When something last began to wait, or was ready. */
let quietSince = 0;

/** Resolves once one of the pollables is ready, or the signal aborts; disposes of them all either way. */
export function ready(pollables: readonly Pollable[], signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const entry: Waiting = { pollables, wake };
    function wake(): void {
      waiting = waiting.filter((other) => other !== entry);
      signal?.removeEventListener("abort", wake);
      for (const pollable of pollables) pollable[Symbol.dispose]();
      resolve();
    }
    if (signal?.aborted) return wake();
    signal?.addEventListener("abort", wake);
    quietSince = performance.now();
    waiting.push(entry);
    schedule();
  });
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setTimeout(turn, 0);
}

function turn(): void {
  scheduled = false;
  if (waiting.length === 0) return;
  const entries = waiting.flatMap((entry) => entry.pollables.map((pollable) => ({ entry, pollable })));
  const limit = subscribeDuration(nanoseconds(turnLength(performance.now() - quietSince)));
  const indexes = poll([...entries.map(({ pollable }) => pollable), limit]);
  limit[Symbol.dispose]();
  const awake = new Set<Waiting>();
  for (const index of indexes) {
    const found = entries[index];
    if (found) awake.add(found.entry);
  }
  for (const entry of awake) entry.wake();
  if (waiting.length > 0) schedule();
}

function turnLength(quietMs: number): number {
  return Math.min(Math.max(quietMs / 10, SHORTEST_TURN_MS), LONGEST_TURN_MS);
}

/** As the host takes times. */
export function nanoseconds(ms: number): bigint {
  return BigInt(Math.ceil(Math.min(Math.max(ms, 0), 2 ** 40))) * 1_000_000n;
}
