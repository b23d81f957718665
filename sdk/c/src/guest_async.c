// The component's exports in the world `adapter-async`, for the adapter that `caisson_exported` is. It decides nothing.
//
// The adapter's functions block the task that they run in, which is the only one: the instance serves one call. So no
// export ever leaves something to its callback. As for what the generated bindings free, see guest.c.
#include <string.h>

#include "wasi.h"

#define EXPORTED(name) exports_caisson_adapter_async_provider_async_##name
#define EVENTS(operation) EXPORTED(stream_event_##operation)
#define RESULT(operation) EXPORTED(future_result_void_error_##operation)

void EXPORTED(describe)(caisson_adapter_info *info) {
    memset(info, 0, sizeof *info);
    caisson_exported.describe(info);
}

adapter_callback_code_t EXPORTED(complete)(caisson_context *context, caisson_chat_request *request) {
    EXPORTED(result_chat_response_error_t) answer = {0};
    caisson_chat_response response = {0};
    caisson_error error = {0};
    caisson_may_wait = true;
    answer.is_err = !caisson_complete(&caisson_exported, context, request, &response, &error);
    if (answer.is_err) {
        answer.val.err = error;
    } else {
        answer.val.ok = response;
    }
    EXPORTED(complete_return)(answer);
    return ADAPTER_CALLBACK_CODE_EXIT;
}

// Whether all were taken; where not, nobody reads any more.
static bool write_events(EVENTS(writer_t) writer, caisson_events events) {
    while (events.len > 0) {
        adapter_waitable_status_t status = caisson_finished(writer, EVENTS(write)(writer, events.ptr, events.len));
        if (ADAPTER_WAITABLE_STATE(status) != ADAPTER_WAITABLE_COMPLETED) return false;
        events.ptr += ADAPTER_WAITABLE_COUNT(status);
        events.len -= ADAPTER_WAITABLE_COUNT(status);
    }
    return true;
}

// Asks for more events only once the host took those before.
static void relay(caisson_stream *stream, EVENTS(writer_t) writer, RESULT(writer_t) result) {
    EXPORTED(result_void_error_t) end = {0};
    caisson_error error = {0};
    caisson_events events;
    bool over = false;
    while (!over) {
        if (!caisson_stream_next(stream, &events, &over, &error)) {
            end.is_err = over = true;
            end.val.err = error;
        } else if (!write_events(writer, events)) {
            caisson_stream_close(stream);
            return;
        }
    }
    EVENTS(drop_writable)(writer);
    caisson_finished(result, RESULT(write)(result, &end));
    caisson_stream_close(stream);
}

adapter_callback_code_t EXPORTED(open_stream)(caisson_context *context, caisson_chat_request *request) {
    EXPORTED(result_tuple2_stream_event_future_result_void_error_error_t) opened = {0};
    caisson_error error = {0};
    caisson_stream *stream;
    EVENTS(writer_t) writer = 0;
    RESULT(writer_t) result = 0;
    caisson_may_wait = true;
    opened.is_err = !caisson_stream_open(&caisson_exported, context, request, &stream, &error);
    if (opened.is_err) {
        opened.val.err = error;
    } else {
        opened.val.ok.f0 = EVENTS(new)(&writer);
        opened.val.ok.f1 = RESULT(new)(&result);
    }
    EXPORTED(open_stream_return)(opened);
    if (!opened.is_err) relay(stream, writer, result);
    return ADAPTER_CALLBACK_CODE_EXIT;
}

adapter_callback_code_t EXPORTED(embed)(caisson_context *context, caisson_embed_request *request) {
    EXPORTED(result_embed_response_error_t) answer = {0};
    caisson_embed_response response = {0};
    caisson_error error = {0};
    caisson_may_wait = true;
    answer.is_err = !caisson_embed(&caisson_exported, context, request, &response, &error);
    if (answer.is_err) {
        answer.val.err = error;
    } else {
        answer.val.ok = response;
    }
    EXPORTED(embed_return)(answer);
    return ADAPTER_CALLBACK_CODE_EXIT;
}

// The bindings ask for these; no export returns anything but its exit.
adapter_callback_code_t EXPORTED(complete_callback)(adapter_event_t *event) {
    (void)event;
    return ADAPTER_CALLBACK_CODE_EXIT;
}

adapter_callback_code_t EXPORTED(open_stream_callback)(adapter_event_t *event) {
    (void)event;
    return ADAPTER_CALLBACK_CODE_EXIT;
}

adapter_callback_code_t EXPORTED(embed_callback)(adapter_event_t *event) {
    (void)event;
    return ADAPTER_CALLBACK_CODE_EXIT;
}
