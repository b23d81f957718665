// From failures to the contract's error: filling one in, and the mapping from a provider's answer. It knows HTTP and
// the error shapes that many providers share; what only one provider does belongs into its adapter.
#include <stdio.h>
#include <string.h>

#include "kit.h"

#define READ_AT_MOST ((size_t)64 << 10)   // of a refusal's body
#define BODY_AT_MOST ((size_t)16 << 10)   // into error.body
#define MESSAGE_AT_MOST ((size_t)4 << 10) // into error.message

bool caisson_fail_plain(caisson_error *error, caisson_error_kind kind, caisson_string message) {
    *error = (caisson_error){.kind = kind, .message = message};
    return false;
}

bool caisson_fail(caisson_error *error, caisson_error_kind kind, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    caisson_fail_plain(error, kind, caisson_format_list(format, arguments));
    va_end(arguments);
    return false;
}

bool caisson_fail_at(caisson_error *error, caisson_error_kind kind, caisson_string param, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    caisson_fail_plain(error, kind, caisson_format_list(format, arguments));
    va_end(arguments);
    error->param = caisson_some(param);
    return false;
}

bool caisson_unsupported(caisson_error *error, const char *what) {
    return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UNSUPPORTED, "this adapter does not support %s", what);
}

caisson_error_kind caisson_kind_of_status(uint16_t status) {
    switch (status) {
    case 401: return CAISSON_LLM_API_ERROR_KIND_AUTHENTICATION;
    case 402: return CAISSON_LLM_API_ERROR_KIND_QUOTA_EXCEEDED;
    case 403: return CAISSON_LLM_API_ERROR_KIND_PERMISSION;
    case 404:
    case 410: return CAISSON_LLM_API_ERROR_KIND_NOT_FOUND;
    case 408:
    case 504: return CAISSON_LLM_API_ERROR_KIND_TIMEOUT;
    case 409: return CAISSON_LLM_API_ERROR_KIND_CONFLICT;
    case 413: return CAISSON_LLM_API_ERROR_KIND_TOO_LARGE;
    case 429: return CAISSON_LLM_API_ERROR_KIND_RATE_LIMITED;
    default:
        return status >= 400 && status < 500 ? CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST
                                             : CAISSON_LLM_API_ERROR_KIND_UPSTREAM;
    }
}

// What a refusal's body says; what it doesn't is empty.
typedef struct said {
    caisson_string message, code, param;
} said;

// A string as it is; a number as text, unless it only repeats the status.
static caisson_string text_of(yyjson_val *value, uint16_t status) {
    caisson_string text = {0};
    uint32_t number;
    if (caisson_json_is_text(value, &text) || !yyjson_is_raw(value)) return text;
    if (caisson_json_u32(value, &number) && number == status) return text;
    return (caisson_string){(uint8_t *)(uintptr_t)yyjson_get_raw(value), yyjson_get_len(value)};
}

static caisson_string first_of(yyjson_val *object, uint16_t status, const char *const *names) {
    caisson_string text = {0};
    for (; *names && text.len == 0; names++) text = text_of(yyjson_obj_get(object, *names), status);
    return text;
}

static caisson_string in_list(yyjson_val *object, uint16_t status, const char *list, const char *name) {
    return text_of(yyjson_obj_get(yyjson_arr_get_first(yyjson_obj_get(object, list)), name), status);
}

// The shapes in use: {"error":{…}}, {"error":"…"}, the same in a list, and flat objects.
static said read_json(uint16_t status, yyjson_val *value) {
    static const char *const MESSAGES[] = {"message", "detail", "error_description", "error_message", "msg", NULL};
    static const char *const CODES[] = {"code", "type", "status", NULL};
    said read = {0};
    if (yyjson_is_arr(value) && yyjson_arr_size(value) > 0) value = yyjson_arr_get_first(value);
    yyjson_val *inner = yyjson_obj_get(value, "error");
    if (!inner || yyjson_is_null(inner)) inner = value;
    if (caisson_json_is_text(inner, &read.message)) {
        read.code = text_of(yyjson_obj_get(value, "code"), status);
        return read;
    }
    read.message = first_of(inner, status, MESSAGES);
    if (read.message.len == 0) read.message = in_list(inner, status, "errors", "message");
    if (read.message.len == 0) read.message = in_list(inner, status, "detail", "msg");
    read.code = first_of(inner, status, CODES);
    read.param = text_of(yyjson_obj_get(inner, "param"), status);
    return read;
}

// A short plain text is a message; a page of HTML from some proxy is not.
static caisson_string plain_text(uint16_t status, caisson_string body) {
    caisson_string text = caisson_trim(caisson_utf8(body));
    if (text.len == 0 || text.ptr[0] == '<') return (caisson_string){0};
    uint8_t *end = memchr(text.ptr, '\n', text.len);
    if (end) text.len = (size_t)(end - text.ptr);
    return caisson_format("the provider answered with status %u: %.*s", status, CAISSON_ARG(caisson_cut(text, 500)));
}

// A kind more exact than the status, where the code names one that many providers share.
static caisson_error_kind kind_of(const said *read, uint16_t status) {
    static const struct {
        const char *code;
        caisson_error_kind kind;
    } KINDS[] = {
        {"insufficient_quota", CAISSON_LLM_API_ERROR_KIND_QUOTA_EXCEEDED},
        {"quota_exceeded", CAISSON_LLM_API_ERROR_KIND_QUOTA_EXCEEDED},
        {"billing_hard_limit_reached", CAISSON_LLM_API_ERROR_KIND_QUOTA_EXCEEDED},
        {"context_length_exceeded", CAISSON_LLM_API_ERROR_KIND_CONTEXT_LENGTH},
        {"content_filter", CAISSON_LLM_API_ERROR_KIND_CONTENT_FILTERED},
        {"content_policy_violation", CAISSON_LLM_API_ERROR_KIND_CONTENT_FILTERED},
        {"model_not_found", CAISSON_LLM_API_ERROR_KIND_NOT_FOUND},
        {"invalid_api_key", CAISSON_LLM_API_ERROR_KIND_AUTHENTICATION},
        {"rate_limit_exceeded", CAISSON_LLM_API_ERROR_KIND_RATE_LIMITED},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        if (caisson_is(read->code, KINDS[i].code)) return KINDS[i].kind;
    }
    if (caisson_contains(read->message, "maximum context length")) return CAISSON_LLM_API_ERROR_KIND_CONTEXT_LENGTH;
    return caisson_kind_of_status(status);
}

bool caisson_fail_answer(caisson_error *error, uint16_t status, caisson_string body) {
    said read = {0};
    yyjson_val *value = caisson_json_parse(body, NULL);
    if (value) {
        read = read_json(status, value);
    } else {
        read.message = plain_text(status, body);
    }
    caisson_string message = caisson_cut(read.message, MESSAGE_AT_MOST);
    if (message.len == 0) {
        message =
            status >= 300 && status < 400
                ? caisson_format("the provider answered with a redirect (status %u), and none is followed", status)
                : caisson_format("the provider answered with status %u", status);
    }
    caisson_fail_plain(error, kind_of(&read, status), message);
    error->status.is_some = true;
    error->status.val = status;
    error->code = caisson_some_unless_empty(read.code);
    error->param = caisson_some_unless_empty(read.param);
    if (body.len > BODY_AT_MOST) body.len = BODY_AT_MOST;
    caisson_string excerpt = caisson_utf8(body);
    if (caisson_trim(excerpt).len) error->body = caisson_some(excerpt);
    return false;
}

bool caisson_fail_response(caisson_error *error, caisson_http_response *response) {
    caisson_buffer body = {0};
    caisson_string piece;
    caisson_error broken; // whatever came is read
    while (body.len < READ_AT_MOST && caisson_read(response, &piece, &broken) && piece.len) {
        caisson_buffer_add(&body, piece);
    }
    caisson_close(response);
    if (body.len > READ_AT_MOST) body.len = READ_AT_MOST;
    // The buffer is not freed: the error refers to it.
    caisson_fail_answer(error, response->status, caisson_buffer_text(&body));
    uint64_t wait;
    if (caisson_asked_wait(&response->headers, &wait)) {
        error->retry_after_ms.is_some = true;
        error->retry_after_ms.val = wait > UINT32_MAX ? UINT32_MAX : (uint32_t)wait;
    }
    return false;
}

bool caisson_fail_fault(caisson_error *error, caisson_string origin, const caisson_fault *fault) {
    static const struct {
        caisson_error_kind kind;
        const char *before; // the origin
    } MEANINGS[] = {
        [CAISSON_FAULT_DENIED] = {CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "egress denied: "},
        [CAISSON_FAULT_UNREACHABLE] = {CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "could not reach "},
        [CAISSON_FAULT_TIMEOUT] = {CAISSON_LLM_API_ERROR_KIND_TIMEOUT, ""},
        [CAISSON_FAULT_BROKEN] = {CAISSON_LLM_API_ERROR_KIND_UPSTREAM, ""},
        [CAISSON_FAULT_MALFORMED] = {CAISSON_LLM_API_ERROR_KIND_INTERNAL, "the request can't be sent: "},
    };
    caisson_fail(error, MEANINGS[fault->kind].kind, "%s%.*s: %.*s", MEANINGS[fault->kind].before, CAISSON_ARG(origin),
                 CAISSON_ARG(fault->what));
    if (fault->kind == CAISSON_FAULT_DENIED) error->code = caisson_some(CAISSON_TEXT("egress_denied"));
    return false;
}
