// Constructors for the steps of a stream. Plain objects do as well; these are shorter.

import type { Draft, EventDraft, Finish, OtherDelta, ReasoningDelta, StreamStart, ToolDelta, Usage } from "./api.ts";

/** One step of a streamed answer. */
export const event = {
  /** What is known before the first word. */
  start: (start: Draft<StreamStart>): EventDraft => ({ tag: "start", val: start }),
  /** More text of a choice. */
  text: (text: string, choice = 0): EventDraft => ({ tag: "text", val: { choice, text } }),
  /** More of the model's refusal. */
  refusal: (text: string, choice = 0): EventDraft => ({ tag: "refusal", val: { choice, text } }),
  /** More reasoning. */
  reasoning: (delta: Draft<ReasoningDelta>): EventDraft => ({ tag: "reasoning", val: delta }),
  /** More of a tool call; the first delta of a call carries id and name. */
  tool: (delta: Draft<ToolDelta>): EventDraft => ({ tag: "tool", val: delta }),
  /** The end of a choice. */
  finish: (reason: Draft<Finish["reason"]>, choice = 0): EventDraft => ({ tag: "finish", val: { choice, reason } }),
  /** Counts of the whole answer up to here. */
  usage: (usage: Draft<Usage>): EventDraft => ({ tag: "usage", val: usage }),
  /** Fields to merge into a choice's delta. */
  other: (extra: Draft<OtherDelta["extra"]>, choice = 0): EventDraft => ({ tag: "other", val: { choice, extra } }),
  /** A whole OpenAI `chat.completion.chunk` object as JSON text. */
  raw: (json: string): EventDraft => ({ tag: "raw", val: json }),
};
