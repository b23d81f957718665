// wasi:http's error codes as the kit's faults.

import { type ErrorCode, httpErrorCode } from "wasi:http/types@0.2.12";
import type { Error as IoError } from "wasi:io/error@0.2.12";

import { Fault, type FaultKind } from "../transport.ts";

const FAULTS: { readonly [Tag in ErrorCode["tag"]]?: readonly [FaultKind, string] } = {
  "HTTP-request-denied": ["denied", "not granted to this deployment"],
  "destination-IP-prohibited": ["denied", "its address is not granted to this deployment"],
  "DNS-timeout": ["timeout", "looking up the name took too long"],
  "connection-timeout": ["timeout", "connecting took too long"],
  "connection-read-timeout": ["timeout", "waiting for bytes took too long"],
  "connection-write-timeout": ["timeout", "sending took too long"],
  "HTTP-response-timeout": ["timeout", "the answer took too long"],
  "DNS-error": ["unreachable", "the name was not found"],
  "destination-not-found": ["unreachable", "the destination was not found"],
  "destination-unavailable": ["unreachable", "the destination is not available"],
  "destination-IP-unroutable": ["unreachable", "there is no route to the address"],
  "connection-refused": ["unreachable", "connection refused"],
  "connection-terminated": ["unreachable", "the connection was closed"],
  "HTTP-response-incomplete": ["unreachable", "the answer broke off"],
  "connection-limit-reached": ["broken", "too many connections"],
  "TLS-protocol-error": ["broken", "TLS failed"],
  "TLS-certificate-error": ["broken", "the TLS certificate is not trusted"],
  "TLS-alert-received": ["broken", "TLS was refused"],
  "HTTP-request-URI-invalid": ["malformed", "the URL is not valid"],
  "HTTP-request-method-invalid": ["malformed", "the method is not valid"],
  "HTTP-protocol-error": ["broken", "no HTTP answer came"],
};

/** Why there is no answer. */
export function fault(code: unknown): Fault {
  const { tag, val } = code as ErrorCode & { val?: unknown };
  const known = FAULTS[tag];
  if (known) return new Fault(...known);
  return new Fault("broken", tag === "internal-error" && typeof val === "string" ? val : tag);
}

/** Why a body ended early. The answer had begun, so sending again would be no retry any more. */
export function bodyFault(error: unknown): Fault {
  const io = error as IoError;
  try {
    const code = httpErrorCode(io);
    if (code) {
      const why = fault(code);
      return why.kind === "unreachable" ? new Fault("broken", `the answer broke off (${why.message})`) : why;
    }
    // A host may keep the code of a body's error to itself; its text at least tells a timeout.
    const text = io.toDebugString();
    return new Fault(text.includes("timeout") ? "timeout" : "broken", `the answer broke off (${text})`);
  } finally {
    io[Symbol.dispose]();
  }
}

/** The bindings throw the error of an import as an `Error` with the value as its payload. */
export function payloadOf(thrown: unknown): unknown {
  if (typeof thrown === "object" && thrown !== null && "payload" in thrown) return thrown.payload;
  throw thrown;
}
