// The kit's one header: the contract's types under short names, and all that an adapter needs to speak a provider's
// API. It knows no provider and hides no type: what the host gives and takes are the generated records, in
// bindings/adapter.h.
//
// Memory. A sandbox serves one request and is dropped with all it holds, so nothing is freed one by one. What the kit
// and `caisson_alloc` give out, and what the host passes in, lies in an arena: inside `next` until the next call of
// `next`, anywhere else until the end of the request. `caisson_keep` and `caisson_alloc_kept` give memory that outlasts
// `next`. What goes back to the host may point anywhere, also at literals. When memory runs out the sandbox ends, and
// the client is told so: there is nothing to check.
//
// Failures. What can fail returns whether it worked, and fills its last argument if not; see `caisson_fail`.
#ifndef CAISSON_H
#define CAISSON_H

#include <limits.h>
#include <stdarg.h>

#include <bindings/adapter.h>
#include <yyjson/yyjson.h>

// The contract's records.
typedef adapter_string_t caisson_string; // UTF-8, without a NUL at its end
typedef adapter_option_string_t caisson_option_string;
typedef adapter_tuple2_string_string_t caisson_pair;
typedef adapter_list_string_t caisson_texts;
typedef caisson_llm_api_pairs_t caisson_pairs;
typedef caisson_llm_api_adapter_info_t caisson_adapter_info;
typedef caisson_llm_api_credential_slot_t caisson_credential_slot;
typedef caisson_llm_api_setting_t caisson_setting;
typedef caisson_llm_api_model_info_t caisson_model_info;
typedef caisson_llm_api_context_t caisson_context;
typedef caisson_llm_api_chat_request_t caisson_chat_request;
typedef caisson_llm_api_message_t caisson_message;
typedef caisson_llm_api_content_t caisson_content;
typedef caisson_llm_api_part_t caisson_part;
typedef caisson_llm_api_media_t caisson_media;
typedef caisson_llm_api_reasoning_t caisson_reasoning;
typedef caisson_llm_api_tool_t caisson_tool;
typedef caisson_llm_api_tool_call_t caisson_tool_call;
typedef caisson_llm_api_chat_response_t caisson_chat_response;
typedef caisson_llm_api_chat_answer_t caisson_chat_answer;
typedef caisson_llm_api_choice_t caisson_choice;
typedef caisson_llm_api_finish_reason_t caisson_finish_reason;
typedef caisson_llm_api_usage_t caisson_usage;
typedef caisson_llm_api_event_t caisson_event;
typedef struct caisson_events {
    caisson_event *ptr;
    size_t len;
} caisson_events;
typedef caisson_llm_api_embed_request_t caisson_embed_request;
typedef caisson_llm_api_embed_response_t caisson_embed_response;
typedef caisson_llm_api_error_t caisson_error;
typedef caisson_llm_api_error_kind_t caisson_error_kind;

// ---- The adapter ----

// What an author writes. All but `describe` may be left out: `complete` then puts the streamed answer together, and
// without a stream either it is unsupported, as embeddings are. Every record arrives zeroed, and zero is an empty list,
// an absent option and the first case of a variant.
typedef struct caisson_adapter {
    // What this adapter is and wants. Called at upload, without egress; the same answer every time.
    void (*describe)(caisson_adapter_info *info);
    // One whole answer.
    bool (*complete)(const caisson_context *context, const caisson_chat_request *request,
                     caisson_chat_response *response, caisson_error *error);
    // Starts a streamed answer and leaves its state in `stream`. An error here still becomes an HTTP status, one in
    // `next` only an event, so wait here for the provider's status.
    bool (*open_stream)(const caisson_context *context, const caisson_chat_request *request, void **stream,
                        caisson_error *error);
    // Waits for events and adds all that are ready; none is allowed. With `over` set, or an error, it is not called
    // again. Events that were added before an error reach the client first.
    bool (*next)(void *stream, caisson_events *events, bool *over, caisson_error *error);
    // Gives back what `open_stream` opened beside memory; may be left out. The host doesn't promise to call it.
    void (*close)(void *stream);
    // One vector for each input, in order.
    bool (*embed)(const caisson_context *context, const caisson_embed_request *request,
                  caisson_embed_response *response, caisson_error *error);
} caisson_adapter;

// The adapter that the component is; the author defines it.
extern const caisson_adapter caisson_exported;

// ---- Memory and text ----

// Zeroed memory, aligned for any of the contract's records.
void *caisson_alloc(size_t size);
void *caisson_alloc_kept(size_t size);
caisson_string caisson_keep(caisson_string text);

// The list's new last element, zeroed: `CAISSON_PUSH(&info->hosts) = CAISSON_TEXT(HOST);`. For every list of the
// contract, also one that the host passed in; `list` is evaluated more than once.
#define CAISSON_PUSH(list)                                                                                             \
    (*((list)->ptr = caisson_grow((list)->ptr, (list)->len, sizeof *(list)->ptr), &(list)->ptr[(list)->len++]))
// The same in memory that outlasts `next`: for lists that belong to a stream's state.
#define CAISSON_PUSH_KEPT(list)                                                                                        \
    (*((list)->ptr = caisson_grow_kept((list)->ptr, (list)->len, sizeof *(list)->ptr), &(list)->ptr[(list)->len++]))
void *caisson_grow(void *items, size_t count, size_t size);
void *caisson_grow_kept(void *items, size_t count, size_t size);

// A literal as a string.
#define CAISSON_TEXT(literal) ((caisson_string){(uint8_t *)(uintptr_t)(literal), sizeof(literal) - 1})
// For `%.*s`.
#define CAISSON_ARG(text) ((text).len > INT_MAX ? INT_MAX : (int)(text).len), (const char *)(text).ptr

caisson_string caisson_text(const char *text); // not copied
caisson_string caisson_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
caisson_string caisson_format_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
caisson_string caisson_join(caisson_string one, caisson_string other);
// The text itself, or a copy in which what is not UTF-8 became U+FFFD: the host ends a sandbox that gives it other
// bytes.
caisson_string caisson_utf8(caisson_string bytes);
// Its beginning, at most so many bytes, whole characters.
caisson_string caisson_cut(caisson_string text, size_t most);
caisson_string caisson_trim(caisson_string text);
bool caisson_equal(caisson_string one, caisson_string other);
bool caisson_is(caisson_string text, const char *word);
bool caisson_starts_with(caisson_string text, const char *beginning);
bool caisson_contains(caisson_string text, const char *words);
caisson_option_string caisson_some(caisson_string text);
// None where it is empty.
caisson_option_string caisson_some_unless_empty(caisson_string text);
// Digits alone, up to the largest u32.
bool caisson_parse_u32(caisson_string text, uint32_t *value);

caisson_pair caisson_make_pair(caisson_string name, caisson_string value);
// The value of the first pair of this name; NULL where there is none.
const caisson_string *caisson_find(const caisson_pairs *pairs, const char *name);

// Bytes that grow, on the heap, so that they outlast `next` and can be emptied or freed.
typedef struct caisson_buffer {
    uint8_t *ptr;
    size_t len;
    size_t capacity;
} caisson_buffer;

void caisson_buffer_add(caisson_buffer *buffer, caisson_string bytes);
caisson_string caisson_buffer_text(const caisson_buffer *buffer); // as it is until the next change
void caisson_buffer_free(caisson_buffer *buffer);

// ---- Errors ----

// Fills the error and returns false, so that `return caisson_fail(…)` ends a function.
bool caisson_fail(caisson_error *error, caisson_error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// The same, naming the request's field at fault: `messages[2].content`.
bool caisson_fail_at(caisson_error *error, caisson_error_kind kind, caisson_string param, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// This adapter lacks something; a plural, as in "embeddings".
bool caisson_unsupported(caisson_error *error, const char *what);
// What a provider's HTTP status means where nothing else is known.
caisson_error_kind caisson_kind_of_status(uint16_t status);
// What a refusal that is already read means: its status, message, code and param, and the beginning of its body.
bool caisson_fail_answer(caisson_error *error, uint16_t status, caisson_string body);

// ---- The context ----

// The operator's base URL, or this one.
caisson_string caisson_base_url_or(const caisson_context *context, const char *host);
// A setting that is a whole number, or this number where the operator set nothing.
bool caisson_whole_number(const caisson_context *context, const char *setting, uint32_t otherwise, uint32_t *value,
                          caisson_error *error);

// ---- HTTP ----

// How often and how patiently to send again: requests that nobody answered, and answers with 408, 409, 429 and 5xx
// unless `x-should-retry` says otherwise. Waits grow twofold from `base_ms` to `cap_ms`, with full jitter; a
// `retry-after` of up to a minute is obeyed instead, and a longer one ends the attempts. All zero sends once, since
// OpenAI's clients send again themselves.
typedef struct caisson_retry {
    uint32_t times;     // more, after the first
    uint32_t base_ms;   // 500 where zero
    uint32_t cap_ms;    // 8000 where zero
    uint32_t within_ms; // never waits past this long after the first attempt; no bound where zero
} caisson_retry;

// As often as the deployment's setting `max-retries` says (default 0), within the call's deadline.
bool caisson_retry_configured(const caisson_context *context, caisson_retry *retry, caisson_error *error);

// A request. The host decides where it may go, adds the credential, and follows no redirect.
typedef struct caisson_http_request {
    const char *method; // POST where NULL
    caisson_string url; // absolute
    caisson_pairs headers;
    caisson_string body;      // sent with POST, PUT and PATCH, and with others unless empty
    const char *content_type; // application/json where NULL
    uint32_t timeout_ms; // for the connection, then the first byte, then each next piece; the host's own where zero
    caisson_retry retry;
} caisson_http_request;

// An answer whose head has arrived.
typedef struct caisson_http_response {
    uint16_t status;
    caisson_pairs headers;     // names in lower case
    caisson_string origin;     // of the request: scheme and authority
    struct caisson_body *body; // NULL once it is over
} caisson_http_response;

// Sends and waits for the answer's head, whatever its status.
bool caisson_send(const caisson_http_request *request, caisson_http_response **response, caisson_error *error);
// The same, but any status outside 2xx is an error with what the provider said.
bool caisson_send_ok(const caisson_http_request *request, caisson_http_response **response, caisson_error *error);
// Waits for bytes and gives those that are there, up to 64 KiB; empty once the body is over.
bool caisson_read(caisson_http_response *response, caisson_string *bytes, caisson_error *error);
// The whole body as text, up to 32 MiB or another limit; closes the response.
bool caisson_read_text(caisson_http_response *response, caisson_string *text, caisson_error *error);
bool caisson_read_text_within(caisson_http_response *response, size_t limit, caisson_string *text,
                              caisson_error *error);
// What a refusal means; reads the beginning of its body and closes it. Always false, as `caisson_fail`.
bool caisson_fail_response(caisson_error *error, caisson_http_response *response);
void caisson_close(caisson_http_response *response);
// A string as one segment of a URL's path: a model's name can't leave its place.
caisson_string caisson_path_segment(caisson_string text);
// A URL with a query parameter added, percent-encoded.
caisson_string caisson_with_query(caisson_string url, const char *name, caisson_string value);

// ---- Streams of a provider's ----

// What an event or a line may take: room for an inline image.
#define CAISSON_STREAM_LIMIT ((size_t)16 << 20)

// Bytes cut into lines; the readers' own.
typedef struct caisson_lines {
    caisson_buffer held;
    bool after_cr;
    bool begun;
} caisson_lines;

// A server-sent event.
typedef struct caisson_sse_event {
    caisson_string event; // empty where it has no such field
    caisson_string data;  // its lines, joined by line feeds
    caisson_string id;
} caisson_sse_event;

typedef struct caisson_sse_events {
    caisson_sse_event *ptr;
    size_t len;
} caisson_sse_events;

// Server-sent events (WHATWG HTML §9.2.6), right wherever the bytes are split. An event whose closing blank line is
// missing at the end counts; nothing reconnects. To be zeroed; `limit` may be set first.
typedef struct caisson_sse {
    size_t limit; // of one event; CAISSON_STREAM_LIMIT where zero
    caisson_lines lines;
    caisson_buffer event, data, id;
    bool has_data, failed, over;
} caisson_sse;

// Adds the events that the bytes complete. Those before one that is over the limit come first, the error on the next
// call.
bool caisson_sse_push(caisson_sse *reader, caisson_string bytes, caisson_sse_events *events, caisson_error *error);
bool caisson_sse_finish(caisson_sse *reader, caisson_sse_events *events, caisson_error *error);
// Waits until at least one event of the response is complete and adds all that are; none once the stream is over.
bool caisson_sse_next(caisson_sse *reader, caisson_http_response *response, caisson_sse_events *events,
                      caisson_error *error);
// Whether this is the `[DONE]` with which OpenAI, and who follows it, ends a stream.
bool caisson_sse_is_done(const caisson_sse_event *event);

// Lines of JSON: blank ones are skipped, the last may lack its end. To be zeroed; `limit` may be set first.
typedef struct caisson_ndjson {
    size_t limit; // of one line; CAISSON_STREAM_LIMIT where zero
    caisson_lines lines;
    bool failed, over;
} caisson_ndjson;

bool caisson_ndjson_push(caisson_ndjson *reader, caisson_string bytes, caisson_texts *lines, caisson_error *error);
bool caisson_ndjson_finish(caisson_ndjson *reader, caisson_texts *lines, caisson_error *error);
bool caisson_ndjson_next(caisson_ndjson *reader, caisson_http_response *response, caisson_texts *lines,
                         caisson_error *error);

// ---- JSON ----
// yyjson, with the arena under it and two differences: hostile nesting is refused, and numbers are raw: the text that a
// client or provider wrote goes out again digit for digit. Read them with `caisson_json_u32` and its like.

#define CAISSON_JSON_DEPTH 128

// NULL where it is not JSON; `why` then says so in words, and may be NULL.
yyjson_val *caisson_json_parse(caisson_string text, const char **why);
// The same, but what is no object is refused too.
yyjson_val *caisson_json_object(caisson_string text, const char **why);
caisson_string caisson_json_print(yyjson_val *value);
// An object's string; empty where it is absent or no string.
caisson_string caisson_json_text(yyjson_val *object, const char *name);
bool caisson_json_is_text(yyjson_val *value, caisson_string *text);
// Whole and not negative; what is over the largest u32 becomes it.
bool caisson_json_u32(yyjson_val *value, uint32_t *number);
bool caisson_json_f64(yyjson_val *value, double *number);
// An object's fields, in order, each value's JSON text untouched: what `extra` wants, and a way to hand on what nobody
// took apart. The values lie in the object's text.
bool caisson_json_fields(caisson_string object, caisson_pairs *fields, const char **why);
// The same for a list.
bool caisson_json_elements(caisson_string list, caisson_texts *elements, const char **why);
// The same for a value that one of these gave: it is known to be JSON and not read another time. False where it is no
// object, or no list.
bool caisson_json_inner_fields(caisson_string object, caisson_pairs *fields);
bool caisson_json_inner_elements(caisson_string list, caisson_texts *elements);

// A document to write: values are made with yyjson's `yyjson_mut_…` functions.
yyjson_mut_doc *caisson_json_new(void);
caisson_string caisson_json_write(yyjson_mut_val *value);
// Not copied; it has to outlive the document.
yyjson_mut_val *caisson_json_string(yyjson_mut_doc *doc, caisson_string text);
// JSON text as it is, once it is seen to be JSON; NULL where it isn't.
yyjson_mut_val *caisson_json_verbatim(yyjson_mut_doc *doc, caisson_string json, const char **why);
// Adds a field; NULL is left out. Names are not copied.
void caisson_json_set(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, yyjson_mut_val *value);
void caisson_json_set_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, caisson_string text);
// Puts `extra` into an object. A field that is there already stays: what the adapter set, a client can't change.
bool caisson_json_set_extras(yyjson_mut_doc *doc, yyjson_mut_val *object, const caisson_pairs *extra,
                             caisson_error *error);

// ---- Answers ----

// One choice of text.
void caisson_answer_text(caisson_chat_response *response, caisson_string text, caisson_finish_reason reason);
void caisson_push_text(caisson_events *events, caisson_string text);
void caisson_push_finish(caisson_events *events, caisson_finish_reason reason);
void caisson_push_usage(caisson_events *events, caisson_usage usage);

// ---- The host ----

// Tokens of the text in an encoding or for a model's name; false where that is unknown.
bool caisson_count_tokens(const char *encoding, caisson_string text, uint32_t *tokens);
// The client's request body as it came.
caisson_string caisson_original_body(void);
// A line in the adapter's log; levels are info, warn and error. Never log what a client wrote unless the operator asked
// for it.
void caisson_log(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- Calls, as the host makes them; for tests and adapters that wrap others ----

bool caisson_complete(const caisson_adapter *adapter, const caisson_context *context,
                      const caisson_chat_request *request, caisson_chat_response *response, caisson_error *error);
bool caisson_embed(const caisson_adapter *adapter, const caisson_context *context, const caisson_embed_request *request,
                   caisson_embed_response *response, caisson_error *error);
typedef struct caisson_stream caisson_stream;
bool caisson_stream_open(const caisson_adapter *adapter, const caisson_context *context,
                         const caisson_chat_request *request, caisson_stream **stream, caisson_error *error);
bool caisson_stream_next(caisson_stream *stream, caisson_events *events, bool *over, caisson_error *error);
void caisson_stream_close(caisson_stream *stream);

#endif
