// The seam on WASI 0.2: wasi:http, wasi:clocks, wasi:random and the host interface.
//
// Order matters here. A resource traps when it is dropped before its children: stream, body, response; and a pollable
// before what it was taken from.
#include <string.h>

#include "wasi.h"

typedef wasi_http_types_error_code_t error_code;
typedef wasi_http_types_own_future_incoming_response_t future_response;
typedef wasi_http_types_own_incoming_response_t incoming_response;

struct caisson_body {
    wasi_io_streams_own_input_stream_t stream;
    wasi_http_types_own_incoming_body_t body;
    incoming_response response;
};

// A request that failed half-way is never sent and its handles are the sandbox's to drop.
static bool outgoing_request(const caisson_call *call, wasi_http_types_own_outgoing_request_t *made,
                             caisson_fault *fault) {
    wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
    for (size_t i = 0; i < call->headers.len; i++) {
        if (!caisson_append_header(fields, call->headers.ptr[i].f0, call->headers.ptr[i].f1, fault)) return false;
    }
    caisson_string length = caisson_format("%zu", call->body.len);
    if (call->has_body && !caisson_append_header(fields, CAISSON_TEXT("content-length"), length, fault)) return false;
    *made = wasi_http_types_constructor_outgoing_request(fields);
    wasi_http_types_borrow_outgoing_request_t request = wasi_http_types_borrow_outgoing_request(*made);
    wasi_http_types_method_t method = caisson_method_of(call->method);
    wasi_http_types_scheme_t scheme = {.tag =
                                           call->secure ? WASI_HTTP_TYPES_SCHEME_HTTPS : WASI_HTTP_TYPES_SCHEME_HTTP};
    caisson_string authority = call->authority, path = call->path;
    if (!wasi_http_types_method_outgoing_request_set_method(request, &method)) {
        return caisson_malformed(fault, "not a method: ", call->method);
    }
    if (!wasi_http_types_method_outgoing_request_set_scheme(request, &scheme) ||
        !wasi_http_types_method_outgoing_request_set_authority(request, &authority)) {
        return caisson_malformed(fault, "not a host: ", authority);
    }
    if (!wasi_http_types_method_outgoing_request_set_path_with_query(request, &path)) {
        return caisson_malformed(fault, "not a path: ", path);
    }
    return true;
}

// A host that can't keep one of these says so by refusing it; its own timeouts hold then.
static wasi_http_types_own_request_options_t options_of(const caisson_call *call) {
    wasi_http_types_own_request_options_t options = wasi_http_types_constructor_request_options();
    wasi_http_types_borrow_request_options_t borrowed = wasi_http_types_borrow_request_options(options);
    uint64_t timeout = (uint64_t)call->timeout_ms * 1000000;
    if (timeout) {
        wasi_http_types_method_request_options_set_connect_timeout(borrowed, &timeout);
        wasi_http_types_method_request_options_set_first_byte_timeout(borrowed, &timeout);
        wasi_http_types_method_request_options_set_between_bytes_timeout(borrowed, &timeout);
    }
    return options;
}

// A request body being written. Errors are not reported: the host closes the body when the request fails, and the
// reason is in the response.
typedef struct upload {
    bool open;
    wasi_io_streams_own_output_stream_t stream;
    wasi_http_types_own_outgoing_body_t body;
    caisson_string left;
} upload;

static void drop_error(const wasi_io_streams_stream_error_t *error) {
    if (error->tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) {
        wasi_io_error_error_drop_own(error->val.last_operation_failed);
    }
}

static void abandon(upload *upload) {
    if (!upload->open) return;
    upload->open = false;
    wasi_io_streams_output_stream_drop_own(upload->stream);
    wasi_http_types_outgoing_body_drop_own(upload->body);
}

// Writes without waiting, and ends the body once all is written.
static void write_what_fits(upload *upload) {
    wasi_io_streams_stream_error_t error;
    wasi_io_streams_borrow_output_stream_t stream = wasi_io_streams_borrow_output_stream(upload->stream);
    while (upload->open && upload->left.len > 0) {
        uint64_t room;
        if (!wasi_io_streams_method_output_stream_check_write(stream, &room, &error)) {
            drop_error(&error);
            return abandon(upload);
        }
        if (room == 0) return;
        size_t size = room < upload->left.len ? (size_t)room : upload->left.len;
        adapter_list_u8_t piece = {upload->left.ptr, size};
        if (!wasi_io_streams_method_output_stream_write(stream, &piece, &error)) {
            drop_error(&error);
            return abandon(upload);
        }
        upload->left = (caisson_string){upload->left.ptr + size, upload->left.len - size};
    }
    if (!upload->open) return;
    upload->open = false;
    if (!wasi_io_streams_method_output_stream_flush(stream, &error)) drop_error(&error);
    wasi_io_streams_output_stream_drop_own(upload->stream);
    error_code unsent;
    wasi_http_types_static_outgoing_body_finish(upload->body, NULL, &unsent);
}

static bool start_upload(wasi_http_types_own_outgoing_request_t request, caisson_string bytes, upload *upload) {
    upload->left = bytes;
    upload->open =
        wasi_http_types_method_outgoing_request_body(wasi_http_types_borrow_outgoing_request(request), &upload->body) &&
        wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(upload->body), &upload->stream);
    return upload->open;
}

static void block(wasi_io_poll_own_pollable_t pollable) {
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(pollable));
    wasi_io_poll_pollable_drop_own(pollable);
}

// Whether the future has an outcome, which it gives only once.
static bool outcome_of(future_response future, wasi_http_types_result_own_incoming_response_error_code_t *outcome) {
    wasi_http_types_result_result_own_incoming_response_error_code_void_t got;
    if (!wasi_http_types_method_future_incoming_response_get(wasi_http_types_borrow_future_incoming_response(future),
                                                             &got)) {
        return false;
    }
    *outcome = got.val.ok;
    if (got.is_err) {
        outcome->is_err = true;
        outcome->val.err = (error_code){.tag = WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR};
    }
    return true;
}

static wasi_io_poll_own_pollable_t when_answered(future_response future) {
    return wasi_http_types_method_future_incoming_response_subscribe(
        wasi_http_types_borrow_future_incoming_response(future));
}

static void wait_for_either(wasi_io_poll_own_pollable_t one, wasi_io_poll_own_pollable_t other) {
    wasi_io_poll_borrow_pollable_t both[] = {wasi_io_poll_borrow_pollable(one), wasi_io_poll_borrow_pollable(other)};
    wasi_io_poll_list_borrow_pollable_t list = {both, 2};
    adapter_list_u32_t ready;
    wasi_io_poll_poll(&list, &ready);
    wasi_io_poll_pollable_drop_own(one);
    wasi_io_poll_pollable_drop_own(other);
}

// Writes what is left while the request runs, then waits for the answer.
static void exchange(upload *upload, future_response future,
                     wasi_http_types_result_own_incoming_response_error_code_t *outcome) {
    bool answered = false;
    while (upload->open) {
        wasi_io_poll_own_pollable_t writable =
            wasi_io_streams_method_output_stream_subscribe(wasi_io_streams_borrow_output_stream(upload->stream));
        if (answered) {
            block(writable);
        } else {
            wait_for_either(writable, when_answered(future));
            answered = outcome_of(future, outcome);
        }
        // A refusal before the last byte, such as 413: nobody wants the rest.
        if (answered && (outcome->is_err || wasi_http_types_method_incoming_response_status(
                                                wasi_http_types_borrow_incoming_response(outcome->val.ok)) >= 300)) {
            abandon(upload);
        } else {
            write_what_fits(upload);
        }
    }
    while (!answered && !(answered = outcome_of(future, outcome))) block(when_answered(future));
}

static bool read_head(incoming_response response, uint16_t *status, caisson_pairs *headers, caisson_body **body,
                      caisson_fault *fault) {
    wasi_http_types_borrow_incoming_response_t borrowed = wasi_http_types_borrow_incoming_response(response);
    *status = wasi_http_types_method_incoming_response_status(borrowed);
    wasi_http_types_own_fields_t fields = wasi_http_types_method_incoming_response_headers(borrowed);
    wasi_http_types_list_tuple2_field_name_field_value_t entries;
    wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields(fields), &entries);
    wasi_http_types_fields_drop_own(fields);
    for (size_t i = 0; i < entries.len; i++) {
        CAISSON_PUSH(headers) =
            caisson_received_header(entries.ptr[i].f0, entries.ptr[i].f1.ptr, entries.ptr[i].f1.len);
    }
    *body = caisson_alloc_kept(sizeof **body);
    (*body)->response = response;
    if (wasi_http_types_method_incoming_response_consume(borrowed, &(*body)->body) &&
        wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body((*body)->body),
                                                    &(*body)->stream)) {
        return true;
    }
    return caisson_fault_is(fault, CAISSON_FAULT_BROKEN, CAISSON_TEXT("the response has no body to read"));
}

bool caisson_transport_send(const caisson_call *call, uint16_t *status, caisson_pairs *headers, caisson_body **body,
                            caisson_fault *fault) {
    wasi_http_types_own_outgoing_request_t request;
    if (!outgoing_request(call, &request, fault)) return false;
    upload upload = {0};
    if (call->has_body && !start_upload(request, call->body, &upload)) {
        return caisson_fault_is(fault, CAISSON_FAULT_MALFORMED, CAISSON_TEXT("the request has no body to write"));
    }
    // What fits the host's buffer is there before the request starts, and the rest follows it.
    write_what_fits(&upload);
    wasi_http_types_own_request_options_t options = options_of(call);
    future_response future;
    error_code refused;
    if (!wasi_http_outgoing_handler_handle(request, &options, &future, &refused)) {
        abandon(&upload);
        return caisson_fault_code(fault, &refused);
    }
    wasi_http_types_result_own_incoming_response_error_code_t outcome;
    exchange(&upload, future, &outcome);
    wasi_http_types_future_incoming_response_drop_own(future);
    if (outcome.is_err) return caisson_fault_code(fault, &outcome.val.err);
    return read_head(outcome.val.ok, status, headers, body, fault);
}

static bool fail_body(caisson_fault *fault, wasi_io_error_own_error_t error) {
    wasi_io_error_borrow_error_t borrowed = wasi_io_error_borrow_error(error);
    error_code code;
    if (wasi_http_types_http_error_code((wasi_http_types_borrow_io_error_t){borrowed.__handle}, &code)) {
        caisson_fault_late(fault, &code);
    } else {
        // A host may keep the code of a body's error to itself; its text at least tells a timeout.
        caisson_string text;
        wasi_io_error_method_error_to_debug_string(borrowed, &text);
        caisson_fault_is(fault, caisson_contains(text, "timeout") ? CAISSON_FAULT_TIMEOUT : CAISSON_FAULT_BROKEN,
                         caisson_format("the answer broke off (%.*s)", CAISSON_ARG(text)));
    }
    wasi_io_error_error_drop_own(error);
    return false;
}

bool caisson_transport_read(caisson_body *body, caisson_buffer *bytes, caisson_fault *fault) {
    wasi_io_streams_borrow_input_stream_t stream = wasi_io_streams_borrow_input_stream(body->stream);
    for (;;) {
        caisson_mark mark = caisson_arena_mark();
        adapter_list_u8_t piece;
        wasi_io_streams_stream_error_t error;
        if (!wasi_io_streams_method_input_stream_blocking_read(stream, CAISSON_READ_AT_MOST, &piece, &error)) {
            if (error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED) return true;
            return fail_body(fault, error.val.last_operation_failed);
        }
        caisson_buffer_add(bytes, (caisson_string){piece.ptr, piece.len});
        caisson_arena_rewind(mark);
        if (piece.len > 0) return true;
        block(wasi_io_streams_method_input_stream_subscribe(stream));
    }
}

void caisson_transport_close(caisson_body *body) {
    wasi_io_streams_input_stream_drop_own(body->stream);
    wasi_http_types_incoming_body_drop_own(body->body);
    wasi_http_types_incoming_response_drop_own(body->response);
}

void caisson_transport_sleep(uint64_t milliseconds) {
    block(wasi_clocks_monotonic_clock_subscribe_duration(milliseconds * 1000000));
}

uint64_t caisson_transport_unix_seconds(void) {
    wasi_clocks_wall_clock_datetime_t now;
    wasi_clocks_wall_clock_now(&now);
    return now.seconds;
}

// Not by standard error of the C library, which would bring WASI preview 1 and its memory along.
void caisson_transport_log(caisson_string line) {
    wasi_io_streams_own_output_stream_t stderr_stream = wasi_cli_stderr_get_stderr();
    adapter_list_u8_t bytes = {line.ptr, line.len < CAISSON_LOGGED_AT_MOST ? line.len : CAISSON_LOGGED_AT_MOST};
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(
            wasi_io_streams_borrow_output_stream(stderr_stream), &bytes, &error)) {
        drop_error(&error);
    }
    wasi_io_streams_output_stream_drop_own(stderr_stream);
}
