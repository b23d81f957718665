// What the tests of this folder share: a plain request, the body sent for one, the answer to one reply.

import { readFileSync } from "node:fs";

import type { AdapterError, ChatAnswer, ChatRequest, Draft, Event, Message } from "@caisson/adapter";
import { chatRequest, type ContextDraft, Reply, Upstream, user } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";

/** An exchange in the documented wire. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
}

export function ask(messages: readonly Draft<Message>[], more: Draft<ChatRequest> = {}): ChatRequest {
  return chatRequest({ model: "mistral-small-latest", messages, ...more });
}

export const plain = ask([user("Ahoy?")]);

/** The body that goes out for a request. */
export async function sent(request: ChatRequest, about: ContextDraft = {}): Promise<Record<string, any>> {
  const upstream = new Upstream(Reply.json(200, fixture("completion.json")));
  await upstream.complete(adapter, request, about);
  return upstream.requests[0]?.json() as Record<string, any>;
}

/** The messages that go out for these. */
export async function sentMessages(...messages: Draft<Message>[]): Promise<any[]> {
  return (await sent(ask(messages))).messages;
}

/** The error that a request comes to before it is sent. */
export async function refused(request: ChatRequest): Promise<AdapterError> {
  const upstream = new Upstream();
  try {
    await upstream.complete(adapter, request);
  } catch (error) {
    if (upstream.requests.length === 0) return error as AdapterError;
    throw error;
  }
  throw new Error("it was not refused");
}

/** The answer to the plain request. */
export async function answerTo(reply: Reply): Promise<ChatAnswer> {
  const response = await new Upstream(reply).complete(adapter, plain);
  if (response.tag === "answer") return response.val;
  throw new Error("a raw answer");
}

/** The events of a stream. */
export async function eventsOf(reply: Reply): Promise<Event[]> {
  return new Upstream(reply).stream(adapter, plain);
}

/** The error that an answer, or else a stream, comes to. */
export async function failureOf(reply: Reply, stream = false): Promise<AdapterError> {
  try {
    await (stream ? eventsOf(reply) : answerTo(reply));
  } catch (error) {
    return error as AdapterError;
  }
  throw new Error("it did not fail");
}

/** A value without what says nothing: undefined fields and empty lists. */
export function told<T>(value: T): unknown {
  const text = JSON.stringify(value, (_, field: unknown) =>
    Array.isArray(field) && field.length === 0 ? undefined : field,
  );
  return text === undefined ? undefined : JSON.parse(text);
}
