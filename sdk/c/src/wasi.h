// What the seams on WASI 0.2 and 0.3 share; the generated types of wasi:http have the same names in both worlds.
// Nothing here is for tests.
#ifndef CAISSON_WASI_H
#define CAISSON_WASI_H

#include "kit.h"

// The most one read takes: what comes as it comes, never more.
#define CAISSON_READ_AT_MOST ((size_t)64 << 10)
// The most of one line of the log, as WASI 0.2 takes it at once.
#define CAISSON_LOGGED_AT_MOST ((size_t)4096)

// All fill the fault and return false.
bool caisson_fault_is(caisson_fault *fault, caisson_fault_kind kind, caisson_string what);
bool caisson_fault_code(caisson_fault *fault, const wasi_http_types_error_code_t *code);
// Why a body ended early. The answer had begun, so sending again would be no retry any more.
bool caisson_fault_late(caisson_fault *fault, const wasi_http_types_error_code_t *code);
bool caisson_malformed(caisson_fault *fault, const char *what, caisson_string which);
wasi_http_types_method_t caisson_method_of(caisson_string name);
bool caisson_append_header(wasi_http_types_own_fields_t fields, caisson_string name, caisson_string value,
                           caisson_fault *fault);
// Its name in lower case.
caisson_pair caisson_received_header(caisson_string name, uint8_t *value, size_t length);

// On WASI 0.3: whether what the host called may wait, as `describe` may not.
extern bool caisson_may_wait;
// The status of an operation on a stream's or future's end, or of a subtask, once it is no more `…_STATUS_BLOCKED`.
uint32_t caisson_finished(uint32_t waitable, uint32_t status);

#endif
