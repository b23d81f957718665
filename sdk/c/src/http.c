// HTTP to the provider: a request checked and sent, again where its `retry` says so, and its answer read as the bytes
// arrive. Connections, TLS and compression are the host's, and so is where a request may go.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kit.h"

#define TEXT_LIMIT ((size_t)32 << 20)

static bool is_letter_or_digit(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool unreserved(uint8_t byte) { return is_letter_or_digit(byte) || (byte && strchr("-._~", byte)); }

static bool may_stand_in_path(uint8_t byte) { return byte > ' ' && byte < 0x7f && !strchr("\"<>\\^`{|}", byte); }

static caisson_string encode(caisson_string text, bool (*plain)(uint8_t)) {
    if (text.len > SIZE_MAX / 4) abort();
    uint8_t *encoded = caisson_alloc(3 * text.len + 1);
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (plain(byte)) {
            encoded[length++] = byte;
        } else {
            encoded[length++] = '%';
            encoded[length++] = (uint8_t)"0123456789ABCDEF"[byte >> 4];
            encoded[length++] = (uint8_t)"0123456789ABCDEF"[byte & 15];
        }
    }
    return (caisson_string){encoded, length};
}

caisson_string caisson_path_segment(caisson_string text) {
    // A dot segment is resolved away even where its dots are encoded, so there is no way to send one.
    if (caisson_is(text, ".")) return CAISSON_TEXT("%252E");
    if (caisson_is(text, "..")) return CAISSON_TEXT("%252E%252E");
    return encode(text, unreserved);
}

caisson_string caisson_with_query(caisson_string url, const char *name, caisson_string value) {
    caisson_string escaped_name = encode(caisson_text(name), unreserved), escaped = encode(value, unreserved);
    return caisson_format("%.*s%s%.*s=%.*s", CAISSON_ARG(url), caisson_contains(url, "?") ? "&" : "?",
                          CAISSON_ARG(escaped_name), CAISSON_ARG(escaped));
}

// Takes an absolute URL apart. What could be misread is refused: `https://granted.example@other.example`.
bool caisson_parse_url(caisson_string url, bool *secure, caisson_string *authority, caisson_string *path,
                       const char **why) {
    size_t scheme = 0;
    while (scheme < url.len && is_letter_or_digit(url.ptr[scheme])) scheme++;
    caisson_string rest = {url.ptr + scheme, url.len - scheme};
    if (scheme == 0 || !caisson_starts_with(rest, "://")) return *why = "it has no scheme", false;
    *secure = scheme == 5 && strncasecmp((const char *)url.ptr, "https", 5) == 0;
    if (!*secure && !(scheme == 4 && strncasecmp((const char *)url.ptr, "http", 4) == 0)) {
        return *why = "its scheme is neither http nor https", false;
    }
    rest = (caisson_string){rest.ptr + 3, rest.len - 3};
    uint8_t *fragment = rest.len ? memchr(rest.ptr, '#', rest.len) : NULL;
    if (fragment) rest.len = (size_t)(fragment - rest.ptr);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?') {
        uint8_t byte = rest.ptr[end++];
        if (byte == '@') return *why = "it has a user name in it", false;
        if (byte <= ' ' || byte >= 0x7f || byte == '\\')
            return *why = "its host has characters that no host has", false;
    }
    if (end == 0) return *why = "it has no host", false;
    *authority = (caisson_string){rest.ptr, end};
    rest = (caisson_string){rest.ptr + end, rest.len - end};
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] < ' ' || rest.ptr[i] == 0x7f) return *why = "its path has control characters", false;
    }
    // What is encoded already stays.
    caisson_string encoded = encode(rest, may_stand_in_path);
    *path = caisson_starts_with(rest, "/") ? encoded : caisson_join(CAISSON_TEXT("/"), encoded);
    return true;
}

// A value often comes from a client, and a line break in it would be a header of its own.
static bool add_header(caisson_call *call, caisson_string name, caisson_string value, caisson_error *error) {
    static const char *const HOSTS_OWN[] = {"connection", "content-length",   "host", "http2-settings",
                                            "keep-alive", "proxy-connection", "te",   "transfer-encoding",
                                            "upgrade"};
    const caisson_error_kind internal = CAISSON_LLM_API_ERROR_KIND_INTERNAL;
    uint8_t *lower = caisson_alloc(name.len);
    bool token = name.len > 0;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = name.ptr[i];
        lower[i] = byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
        token = token && (is_letter_or_digit(byte) || (byte && strchr("!#$%&'*+-.^_`|~", byte)));
    }
    if (!token) return caisson_fail(error, internal, "\"%.*s\" is no header name", CAISSON_ARG(name));
    name.ptr = lower;
    for (size_t i = 0; i < sizeof HOSTS_OWN / sizeof *HOSTS_OWN; i++) {
        if (!caisson_is(name, HOSTS_OWN[i])) continue;
        return caisson_fail(error, internal, "header %s is not for an adapter to set", HOSTS_OWN[i]);
    }
    for (size_t i = 0; i < value.len; i++) {
        if ((value.ptr[i] >= ' ' && value.ptr[i] != 0x7f) || value.ptr[i] == '\t') continue;
        return caisson_fail(error, internal, "the value of header %.*s has control characters", CAISSON_ARG(name));
    }
    CAISSON_PUSH(&call->headers) = caisson_make_pair(name, value);
    return true;
}

static bool prepare(const caisson_http_request *request, caisson_call *call, caisson_error *error) {
    *call = (caisson_call){.method = caisson_text(request->method ? request->method : "POST"),
                           .body = request->body,
                           .timeout_ms = request->timeout_ms};
    call->has_body = request->body.len > 0 || caisson_is(call->method, "POST") || caisson_is(call->method, "PUT") ||
                     caisson_is(call->method, "PATCH");
    const char *why;
    if (!caisson_parse_url(request->url, &call->secure, &call->authority, &call->path, &why)) {
        return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_INTERNAL, "\"%.*s\" is no URL to send to: %s",
                            CAISSON_ARG(request->url), why);
    }
    for (size_t i = 0; i < request->headers.len; i++) {
        caisson_pair header = request->headers.ptr[i];
        if (!add_header(call, header.f0, header.f1, error)) return false;
    }
    if (!call->has_body || caisson_find(&call->headers, "content-type")) return true;
    const char *type = request->content_type ? request->content_type : "application/json";
    return add_header(call, CAISSON_TEXT("content-type"), caisson_text(type), error);
}

static bool send_call(const caisson_call *call, caisson_retry policy, caisson_http_response *response,
                      caisson_error *error) {
    caisson_attempts attempts = {.policy = policy, .began_ms = caisson_transport_elapsed_ms()};
    for (;;) {
        caisson_fault fault = {0};
        response->headers = (caisson_pairs){0};
        bool answered = caisson_transport_send(call, &response->status, &response->headers, &response->body, &fault);
        uint64_t asked_ms = 0, wait_ms;
        bool again = answered ? caisson_retry_helps(response->status, &response->headers)
                              : fault.kind == CAISSON_FAULT_UNREACHABLE;
        bool asked = again && answered && caisson_asked_wait(&response->headers, &asked_ms);
        if (!again || !caisson_next_wait(&attempts, asked, asked_ms, &wait_ms)) {
            return answered || caisson_fail_fault(error, response->origin, &fault);
        }
        // Closes the connection of a refused attempt before waiting for the next.
        caisson_close(response);
        caisson_transport_sleep(wait_ms);
    }
}

bool caisson_send(const caisson_http_request *request, caisson_http_response **response, caisson_error *error) {
    // A response may outlast the call of `next` that it came in.
    caisson_arena *former = caisson_use(&caisson_kept);
    caisson_call call;
    *response = caisson_alloc(sizeof **response);
    bool sent = prepare(request, &call, error);
    if (sent) {
        (*response)->origin = caisson_format("%s://%.*s", call.secure ? "https" : "http", CAISSON_ARG(call.authority));
        sent = send_call(&call, request->retry, *response, error);
    }
    caisson_use(former);
    return sent;
}

bool caisson_send_ok(const caisson_http_request *request, caisson_http_response **response, caisson_error *error) {
    if (!caisson_send(request, response, error)) return false;
    if ((*response)->status >= 200 && (*response)->status < 300) return true;
    return caisson_fail_response(error, *response);
}

void caisson_close(caisson_http_response *response) {
    if (response->body) caisson_transport_close(response->body);
    response->body = NULL;
}

static bool read_into(caisson_http_response *response, caisson_buffer *bytes, caisson_error *error) {
    if (!response->body) return true;
    size_t before = bytes->len;
    caisson_fault fault = {0};
    bool fine = caisson_transport_read(response->body, bytes, &fault);
    if (!fine || bytes->len == before) caisson_close(response);
    return fine || caisson_fail_fault(error, response->origin, &fault);
}

bool caisson_read(caisson_http_response *response, caisson_string *bytes, caisson_error *error) {
    caisson_buffer piece = {0};
    bool fine = read_into(response, &piece, error);
    *bytes = (caisson_string){.len = fine ? piece.len : 0};
    if (bytes->len) bytes->ptr = memcpy(caisson_alloc(bytes->len), piece.ptr, piece.len);
    caisson_buffer_free(&piece);
    return fine;
}

bool caisson_read_text(caisson_http_response *response, caisson_string *text, caisson_error *error) {
    return caisson_read_text_within(response, TEXT_LIMIT, text, error);
}

bool caisson_read_text_within(caisson_http_response *response, size_t limit, caisson_string *text,
                              caisson_error *error) {
    caisson_buffer bytes = {0}; // not freed: the text is in it
    while (response->body) {
        if (!read_into(response, &bytes, error)) return false;
        if (bytes.len <= limit) continue;
        caisson_close(response);
        return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "the answer of %.*s is over %zu bytes",
                            CAISSON_ARG(response->origin), limit);
    }
    *text = caisson_utf8(caisson_buffer_text(&bytes));
    return true;
}
