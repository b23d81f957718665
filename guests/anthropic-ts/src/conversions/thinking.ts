// `reasoning_effort` as thinking, and what thinking rules out. Models up to Claude 4.5 think within a budget of
// tokens; later ones, and any this adapter has not heard of, decide for themselves and are told an effort.
// guests/anthropic/README.md has the tables.
//
// A client's own `thinking` field wins over the effort and is not second-guessed.

import type { ChatRequest, RawJson } from "@caisson/adapter";

import { isForced } from "./tools.ts";
import { KEPT_CONTENT } from "./verbatim.ts";

/** The smallest budget that Anthropic accepts. */
const LEAST_BUDGET = 1024;
const MOST_U32 = 0xffff_ffff;

/** Marks of model names that think within a budget. */
const BUDGETED =
  /claude-2|claude-3|claude-4-|claude-instant|haiku-4-5|opus-4-0|opus-4-1|opus-4-2025|opus-4-5|opus-4@|sonnet-4-0|sonnet-4-2025|sonnet-4-5|opus-4$|sonnet-4$/;

/** How a request thinks, and the cap that leaves room for it. */
export interface Plan {
  thinking?: object;
  effort?: string | undefined;
  maxTokens: number;
  /** Anthropic then fixes the temperature, and `top_p` but for its top end. */
  thinks: boolean;
}

/** `own` is the client's `thinking` field, `defaultMax` the deployment's cap. */
export function planThinking(request: ChatRequest, own: RawJson | undefined, defaultMax: number): Plan {
  if (own) return planOfClient(request, own, defaultMax);
  const effort = request.reasoningEffort;
  const plan: Plan = { maxTokens: request.maxTokens ?? defaultMax, thinks: false };
  if (effort === undefined) return plan;
  if (effort === "none") return { ...plan, thinking: { type: "disabled" } };
  const budget = budgetOf(effort);
  const roomy = request.maxTokens ?? added(defaultMax, budget);
  if (BUDGETED.test(request.model)) {
    const within = request.maxTokens === undefined ? budget : budgetWithin(budget, request.maxTokens);
    if (within === undefined || isForced(request) || isAmidUnthinkingCalls(request)) return plan;
    return { thinking: { type: "enabled", budget_tokens: within }, maxTokens: roomy, thinks: true };
  }
  const adaptive = { effort: effort === "minimal" ? "low" : effort, maxTokens: roomy };
  if (isForced(request)) return { ...adaptive, thinks: false };
  // Newer models leave the text out unless asked for it.
  return { ...adaptive, thinking: { type: "adaptive", display: "summarized" }, thinks: true };
}

function planOfClient(request: ChatRequest, own: RawJson, defaultMax: number): Plan {
  const fields = own.asFields();
  const type = fields?.takeString("type");
  const budget = fields?.takeNumber("budget_tokens") ?? 0;
  return {
    effort: type === "adaptive" ? request.reasoningEffort : undefined,
    maxTokens: request.maxTokens ?? added(defaultMax, Number.isInteger(budget) && budget > 0 ? budget : 0),
    thinks: type === "enabled" || type === "adaptive",
  };
}

/** The budget for an effort; where the model decides itself, the room left for it. */
function budgetOf(effort: string): number {
  switch (effort) {
    case "minimal":
      return LEAST_BUDGET;
    case "low":
      return 2048;
    case "high":
      return 16_384;
    case "xhigh":
    case "max":
      return 32_000;
    default:
      return 8192;
  }
}

/**
 * The client's cap covers thinking and answer, as OpenAI's does: a quarter stays for the answer, and with too little
 * for the least budget there is no thinking.
 */
function budgetWithin(budget: number, maxTokens: number): number | undefined {
  const most = maxTokens - Math.floor(maxTokens / 4);
  if (most >= LEAST_BUDGET) return Math.min(budget, most);
  return maxTokens > LEAST_BUDGET ? LEAST_BUDGET : undefined;
}

/**
 * With a budget, Anthropic wants the thinking that led to tool calls back beside them. Most OpenAI clients drop it;
 * their request is better answered without thinking than refused.
 */
function isAmidUnthinkingCalls({ messages }: ChatRequest): boolean {
  const caller = messages.findLast(({ role, toolCalls }) => role === "assistant" && toolCalls.length > 0);
  if (!caller) return false;
  const signed = caller.reasoning.some(({ signature }) => signature !== undefined);
  return !signed && !caller.extra.some(([name]) => name === KEPT_CONTENT);
}

function added(tokens: number, more: number): number {
  return Math.min(tokens + more, MOST_U32);
}
