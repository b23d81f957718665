// The seam on WASI 0.3: wasi:http, wasi:clocks, wasi:random and the host interface.
//
// Imports that wait are begun, and then the only task of this instance, which serves one call, waits for news of them.
// The host takes a request's body and its trailers while it answers, so all three are waited for together. What the
// host may still use when nobody here waits for it any more is left to the sandbox to drop.
#include <stdlib.h>

#include "wasi.h"

// The most that one write hands over.
#define WRITTEN_AT_MOST ((size_t)1 << 20)

#define TRAILERS(operation) wasi_http_types_future_result_option_own_trailers_error_code_##operation
#define BYTES(operation) wasi_http_types_stream_u8_##operation

typedef wasi_http_client_result_own_response_error_code_t response_or_code;

struct caisson_body {
    BYTES(t) stream;
    bool over;
    TRAILERS(t) trailers; // what came after the body, or why it ended early
    bool complete;        // the trailers are read, too
    uint8_t *room;
};

bool caisson_may_wait;

// The one set of what is waited for.
static adapter_waitable_set_t waited_for(void) {
    static adapter_waitable_set_t set;
    if (!set) set = adapter_waitable_set_new();
    return set;
}

static void watch(uint32_t waitable) { adapter_waitable_join(waitable, waited_for()); }

static void watch_no_more(uint32_t waitable) { adapter_waitable_join(waitable, 0); }

uint32_t caisson_finished(uint32_t waitable, uint32_t status) {
    if (status != ADAPTER_WAITABLE_STATUS_BLOCKED) return status;
    adapter_event_t event;
    watch(waitable);
    do {
        adapter_waitable_set_wait(waited_for(), &event);
    } while (event.waitable != waitable);
    watch_no_more(waitable);
    return event.code;
}

// A host that can't keep one of these says so by refusing it; its own timeouts hold then.
static wasi_http_types_own_request_options_t options_of(const caisson_call *call) {
    wasi_http_types_own_request_options_t options = wasi_http_types_constructor_request_options();
    wasi_http_types_borrow_request_options_t borrowed = wasi_http_types_borrow_request_options(options);
    uint64_t timeout = (uint64_t)call->timeout_ms * 1000000;
    wasi_http_types_request_options_error_t refused;
    if (timeout) {
        wasi_http_types_method_request_options_set_connect_timeout(borrowed, &timeout, &refused);
        wasi_http_types_method_request_options_set_first_byte_timeout(borrowed, &timeout, &refused);
        wasi_http_types_method_request_options_set_between_bytes_timeout(borrowed, &timeout, &refused);
    }
    return options;
}

// What of a request is sent after its head. What comes of it is not reported: the host drops the body when the request
// fails, and the reason is in the response.
typedef struct upload {
    enum { BODY, LAST, SENT } stage;
    BYTES(writer_t) body;
    TRAILERS(writer_t) trailers;
    caisson_string left;
    uint32_t watched; // zero where nothing is under way
} upload;

// A request that failed half-way is never sent and its handles are the sandbox's to drop.
static bool outgoing_request(const caisson_call *call, wasi_http_types_own_request_t *made, upload *upload,
                             caisson_fault *fault) {
    wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
    for (size_t i = 0; i < call->headers.len; i++) {
        if (!caisson_append_header(fields, call->headers.ptr[i].f0, call->headers.ptr[i].f1, fault)) return false;
    }
    caisson_string length = caisson_format("%zu", call->body.len);
    if (call->has_body && !caisson_append_header(fields, CAISSON_TEXT("content-length"), length, fault)) return false;
    upload->stage = call->has_body ? BODY : LAST;
    upload->left = call->body;
    BYTES(t) contents = call->has_body ? BYTES(new)(&upload->body) : 0;
    wasi_http_types_own_request_options_t options = options_of(call);
    wasi_http_types_tuple2_own_request_future_result_void_error_code_t parts;
    wasi_http_types_static_request_new(fields, call->has_body ? &contents : NULL, TRAILERS(new)(&upload->trailers),
                                       &options, &parts);
    // How the sending went is told by the response.
    wasi_http_types_future_result_void_error_code_drop_readable(parts.f1);
    *made = parts.f0;
    wasi_http_types_borrow_request_t request = wasi_http_types_borrow_request(*made);
    wasi_http_types_method_t method = caisson_method_of(call->method);
    wasi_http_types_scheme_t scheme = {.tag =
                                           call->secure ? WASI_HTTP_TYPES_SCHEME_HTTPS : WASI_HTTP_TYPES_SCHEME_HTTP};
    caisson_string authority = call->authority, path = call->path;
    if (!wasi_http_types_method_request_set_method(request, &method)) {
        return caisson_malformed(fault, "not a method: ", call->method);
    }
    if (!wasi_http_types_method_request_set_scheme(request, &scheme) ||
        !wasi_http_types_method_request_set_authority(request, &authority)) {
        return caisson_malformed(fault, "not a host: ", authority);
    }
    if (!wasi_http_types_method_request_set_path_with_query(request, &path)) {
        return caisson_malformed(fault, "not a path: ", path);
    }
    return true;
}

// Notes what the host took of the body.
static void taken(upload *upload, adapter_waitable_status_t status) {
    size_t count = ADAPTER_WAITABLE_COUNT(status);
    // Where nobody reads any more, nothing is left to write.
    if (ADAPTER_WAITABLE_STATE(status) != ADAPTER_WAITABLE_COMPLETED) count = upload->left.len;
    upload->left = (caisson_string){upload->left.ptr + count, upload->left.len - count};
}

// The end of the body, and that it has no trailers: without it the host waits for them.
static adapter_waitable_status_t write_last(upload *upload) {
    static const wasi_http_types_result_option_own_trailers_error_code_t NONE;
    if (upload->stage == BODY) BYTES(drop_writable)(upload->body);
    upload->stage = LAST;
    return TRAILERS(write)(upload->trailers, &NONE);
}

// Writes as far as it goes without waiting.
static void write_more(upload *upload) {
    while (upload->stage == BODY && upload->left.len > 0) {
        size_t size = upload->left.len < WRITTEN_AT_MOST ? upload->left.len : WRITTEN_AT_MOST;
        adapter_waitable_status_t status = BYTES(write)(upload->body, upload->left.ptr, size);
        if (status == ADAPTER_WAITABLE_STATUS_BLOCKED) {
            watch(upload->watched = upload->body);
            return;
        }
        taken(upload, status);
    }
    if (write_last(upload) == ADAPTER_WAITABLE_STATUS_BLOCKED) {
        watch(upload->watched = upload->trailers);
        return;
    }
    upload->stage = SENT;
}

// News of what is watched.
static void go_on(upload *upload, adapter_waitable_status_t status) {
    watch_no_more(upload->watched);
    upload->watched = 0;
    if (upload->stage == BODY) {
        taken(upload, status);
        write_more(upload);
    } else {
        upload->stage = SENT;
    }
}

static void abandon(upload *upload) {
    if (upload->watched) watch_no_more(upload->watched);
    if (upload->stage == BODY) {
        if (upload->watched) BYTES(cancel_write)(upload->body);
        write_last(upload);
    }
    upload->watched = 0;
    upload->stage = SENT;
}

static bool is_welcome(const response_or_code *outcome) {
    return !outcome->is_err &&
           wasi_http_types_method_response_get_status_code(wasi_http_types_borrow_response(outcome->val.ok)) < 300;
}

// Writes what is to be sent while the request runs, and waits for the answer.
static void exchange(upload *upload, wasi_http_types_own_request_t request, response_or_code *outcome) {
    adapter_subtask_status_t status = wasi_http_client_send(request, outcome);
    adapter_subtask_t sending = ADAPTER_SUBTASK_HANDLE(status);
    bool answered = ADAPTER_SUBTASK_STATE(status) == ADAPTER_SUBTASK_RETURNED;
    if (!answered) watch(sending);
    write_more(upload);
    while (!answered || upload->stage != SENT) {
        // A refusal before the last byte, such as 413: nobody wants the rest.
        if (answered && !is_welcome(outcome)) {
            abandon(upload);
            break;
        }
        adapter_event_t event;
        adapter_waitable_set_wait(waited_for(), &event);
        if (!answered && event.waitable == sending) {
            answered = ADAPTER_SUBTASK_STATE(event.code) == ADAPTER_SUBTASK_RETURNED;
            if (answered) {
                watch_no_more(sending);
                adapter_subtask_drop(sending);
            }
        } else if (event.waitable == upload->watched) {
            go_on(upload, event.code);
        }
    }
}

static void read_head(wasi_http_types_own_response_t response, uint16_t *status, caisson_pairs *headers,
                      caisson_body **body) {
    wasi_http_types_borrow_response_t borrowed = wasi_http_types_borrow_response(response);
    *status = wasi_http_types_method_response_get_status_code(borrowed);
    wasi_http_types_own_headers_t fields = wasi_http_types_method_response_get_headers(borrowed);
    wasi_http_types_list_tuple2_field_name_field_value_t entries;
    wasi_http_types_method_fields_copy_all(wasi_http_types_borrow_fields(fields), &entries);
    wasi_http_types_fields_drop_own(fields);
    for (size_t i = 0; i < entries.len; i++) {
        CAISSON_PUSH(headers) =
            caisson_received_header(entries.ptr[i].f0, entries.ptr[i].f1.ptr, entries.ptr[i].f1.len);
    }
    // What became of the body here is of no use to the host: it is never told.
    wasi_http_types_future_result_void_error_code_writer_t untold;
    wasi_http_types_tuple2_stream_u8_future_result_option_own_trailers_error_code_t parts;
    wasi_http_types_static_response_consume_body(response, wasi_http_types_future_result_void_error_code_new(&untold),
                                                 &parts);
    *body = caisson_alloc_kept(sizeof **body);
    **body = (caisson_body){.stream = parts.f0, .trailers = parts.f1};
}

bool caisson_transport_send(const caisson_call *call, uint16_t *status, caisson_pairs *headers, caisson_body **body,
                            caisson_fault *fault) {
    if (!caisson_may_wait) {
        return caisson_fault_is(fault, CAISSON_FAULT_DENIED, CAISSON_TEXT("describe reaches no host"));
    }
    upload upload = {0};
    wasi_http_types_own_request_t request;
    if (!outgoing_request(call, &request, &upload, fault)) return false;
    response_or_code outcome;
    exchange(&upload, request, &outcome);
    if (outcome.is_err) return caisson_fault_code(fault, &outcome.val.err);
    read_head(outcome.val.ok, status, headers, body);
    return true;
}

// Whether the body is whole, once it's over.
static bool read_end(caisson_body *body, caisson_fault *fault) {
    wasi_http_types_result_option_own_trailers_error_code_t end;
    adapter_waitable_status_t status = caisson_finished(body->trailers, TRAILERS(read)(body->trailers, &end));
    if (ADAPTER_WAITABLE_STATE(status) != ADAPTER_WAITABLE_COMPLETED) {
        return caisson_fault_is(fault, CAISSON_FAULT_BROKEN, CAISSON_TEXT("the answer broke off"));
    }
    if (!end.is_err) {
        if (end.val.ok.is_some) wasi_http_types_fields_drop_own(end.val.ok.val);
        return true;
    }
    return caisson_fault_late(fault, &end.val.err);
}

bool caisson_transport_read(caisson_body *body, caisson_buffer *bytes, caisson_fault *fault) {
    if (!body->room) body->room = malloc(CAISSON_READ_AT_MOST);
    if (!body->room) abort(); // the sandbox's memory is used up
    while (!body->over) {
        adapter_waitable_status_t status =
            caisson_finished(body->stream, BYTES(read)(body->stream, body->room, CAISSON_READ_AT_MOST));
        body->over = ADAPTER_WAITABLE_STATE(status) != ADAPTER_WAITABLE_COMPLETED;
        size_t size = ADAPTER_WAITABLE_COUNT(status);
        caisson_buffer_add(bytes, (caisson_string){body->room, size});
        if (size > 0) return true;
    }
    if (body->complete) return true;
    body->complete = true;
    return read_end(body, fault);
}

void caisson_transport_close(caisson_body *body) {
    BYTES(drop_readable)(body->stream);
    TRAILERS(drop_readable)(body->trailers);
    free(body->room);
}

void caisson_transport_sleep(uint64_t milliseconds) {
    adapter_subtask_status_t status = wasi_clocks_monotonic_clock_wait_for(milliseconds * 1000000);
    if (ADAPTER_SUBTASK_STATE(status) == ADAPTER_SUBTASK_RETURNED) return;
    adapter_subtask_t waiting = ADAPTER_SUBTASK_HANDLE(status);
    do {
        status = caisson_finished(waiting, ADAPTER_WAITABLE_STATUS_BLOCKED);
    } while (ADAPTER_SUBTASK_STATE(status) != ADAPTER_SUBTASK_RETURNED);
    adapter_subtask_drop(waiting);
}

uint64_t caisson_transport_unix_seconds(void) {
    wasi_clocks_system_clock_instant_t now;
    wasi_clocks_system_clock_now(&now);
    return now.seconds > 0 ? (uint64_t)now.seconds : 0;
}

// Through a stream that standard error reads to its end. In `describe`, where nothing may wait, what it doesn't take at
// once is lost.
void caisson_transport_log(caisson_string line) {
    wasi_cli_stdout_stream_u8_writer_t writer;
    wasi_cli_stderr_future_result_void_error_code_t written =
        wasi_cli_stderr_write_via_stream(wasi_cli_stdout_stream_u8_new(&writer));
    size_t left = line.len < CAISSON_LOGGED_AT_MOST ? line.len : CAISSON_LOGGED_AT_MOST;
    while (left > 0) {
        adapter_waitable_status_t status = wasi_cli_stdout_stream_u8_write(writer, line.ptr, left);
        if (status == ADAPTER_WAITABLE_STATUS_BLOCKED && !caisson_may_wait) return;
        status = caisson_finished(writer, status);
        if (ADAPTER_WAITABLE_STATE(status) != ADAPTER_WAITABLE_COMPLETED) break;
        line.ptr += ADAPTER_WAITABLE_COUNT(status);
        left -= ADAPTER_WAITABLE_COUNT(status);
    }
    wasi_cli_stdout_stream_u8_drop_writable(writer);
    wasi_cli_stderr_future_result_void_error_code_drop_readable(written);
}
