// What the kit's files share and adapters don't see: the arenas, and the one seam to the world. It defines no
// behaviour.
#ifndef CAISSON_KIT_H
#define CAISSON_KIT_H

#include "caisson.h"

// An arena's allocations are taken back all at once.
typedef struct caisson_arena {
    struct caisson_chunk *newest;
} caisson_arena;

// Of the request, and of one call of `next`.
extern caisson_arena caisson_kept, caisson_passing;
// Where allocations go; returns where they went.
caisson_arena *caisson_use(caisson_arena *arena);
void caisson_arena_empty(caisson_arena *arena);
// Takes back what was allocated since, so that bytes that were only carried over don't pile up. What was there before
// may not grow in between.
typedef struct caisson_mark {
    struct caisson_chunk *chunk;
    size_t used;
} caisson_mark;
caisson_mark caisson_arena_mark(void);
void caisson_arena_rewind(caisson_mark mark);
// As malloc and realloc, in the arena; of unknown contents.
void *caisson_binding_malloc(size_t size);
void *caisson_binding_realloc(void *memory, size_t size);

bool caisson_fail_plain(caisson_error *error, caisson_error_kind kind, caisson_string message);
bool caisson_line_next(caisson_lines *lines, caisson_string *bytes, size_t room, caisson_string *line, bool *too_long);
bool caisson_line_finish(caisson_lines *lines, caisson_string *line);
bool caisson_parse_url(caisson_string url, bool *secure, caisson_string *authority, caisson_string *path,
                       const char **why);
bool caisson_parse_date(caisson_string text, uint64_t *seconds);
bool caisson_asked_wait(const caisson_pairs *headers, uint64_t *milliseconds);
bool caisson_retry_helps(uint16_t status, const caisson_pairs *headers);
// The attempts of one request.
typedef struct caisson_attempts {
    caisson_retry policy;
    uint32_t made;
    uint64_t began_ms;
} caisson_attempts;
bool caisson_next_wait(caisson_attempts *attempts, bool asked, uint64_t asked_ms, uint64_t *wait_ms);
// A whole answer of an adapter that only streams.
bool caisson_collect(const caisson_adapter *adapter, const caisson_context *context,
                     const caisson_chat_request *request, caisson_chat_response *response, caisson_error *error);

// ---- The seam: on Wasm the generated imports, in tests a script ----

// A request as it leaves: checked, and complete but for what the host adds.
typedef struct caisson_call {
    caisson_string method;
    bool secure;
    caisson_string authority;
    caisson_string path;
    caisson_pairs headers;
    bool has_body;
    caisson_string body;
    uint32_t timeout_ms;
} caisson_call;

typedef enum caisson_fault_kind {
    CAISSON_FAULT_DENIED,      // the host refused: no grant
    CAISSON_FAULT_UNREACHABLE, // nobody answered there, or hung up before; worth another try
    CAISSON_FAULT_TIMEOUT,     // somebody took too long
    CAISSON_FAULT_BROKEN,      // the exchange went wrong in another way
    CAISSON_FAULT_MALFORMED,   // the request itself can't be sent
} caisson_fault_kind;

// Why there is no answer, or no more of it.
typedef struct caisson_fault {
    caisson_fault_kind kind;
    caisson_string what; // to stand after "https://host: "
} caisson_fault;

bool caisson_fail_fault(caisson_error *error, caisson_string origin, const caisson_fault *fault);

// A body being read; each side has its own.
typedef struct caisson_body caisson_body;

bool caisson_transport_send(const caisson_call *call, uint16_t *status, caisson_pairs *headers, caisson_body **body,
                            caisson_fault *fault);
// Adds the bytes that are there, at least one; none at the end.
bool caisson_transport_read(caisson_body *body, caisson_buffer *bytes, caisson_fault *fault);
void caisson_transport_close(caisson_body *body);
void caisson_transport_sleep(uint64_t milliseconds);
uint64_t caisson_transport_elapsed_ms(void); // since some fixed moment
uint64_t caisson_transport_unix_seconds(void);
double caisson_transport_fraction(void); // evenly spread over 0 to 1
bool caisson_transport_count_tokens(caisson_string encoding, caisson_string text, uint32_t *tokens);
caisson_string caisson_transport_original_body(void);
void caisson_transport_log(caisson_string line);

#endif
