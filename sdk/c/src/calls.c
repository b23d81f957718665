// What surrounds an adapter's functions: the defaults of those it leaves out, a stream's state, the log, and the host's
// own functions under their short names. How calls come in from the host is in guest.c.
#include <stdlib.h>
#include <string.h>

#include "kit.h"

struct caisson_stream {
    const caisson_adapter *adapter;
    void *state;
    bool over, failed;
    caisson_error error; // came after events of the same batch, which go first
};

bool caisson_stream_open(const caisson_adapter *adapter, const caisson_context *context,
                         const caisson_chat_request *request, caisson_stream **stream, caisson_error *error) {
    if (!adapter->open_stream || !adapter->next) return caisson_unsupported(error, "streamed answers");
    *stream = caisson_alloc_kept(sizeof **stream);
    (*stream)->adapter = adapter;
    return adapter->open_stream(context, request, &(*stream)->state, error);
}

bool caisson_stream_next(caisson_stream *stream, caisson_events *events, bool *over, caisson_error *error) {
    *events = (caisson_events){0};
    if (stream->failed) {
        *error = stream->error;
        stream->failed = false;
        stream->over = true;
        return false;
    }
    *over = stream->over;
    if (stream->over) return true;
    // What the last call left has reached the host.
    caisson_arena_empty(&caisson_passing);
    caisson_arena *former = caisson_use(&caisson_passing);
    bool fine = stream->adapter->next(stream->state, events, &stream->over, error);
    if (!fine && events->len > 0) {
        stream->error = *error; // whose texts stay, as `next` is not called again
        stream->failed = fine = true;
    }
    caisson_use(former);
    stream->over = stream->over || !fine;
    // Events that came with the end go first; the end is told when the host asks again.
    *over = fine && stream->over && events->len == 0;
    return fine;
}

void caisson_stream_close(caisson_stream *stream) {
    if (stream->adapter->close) stream->adapter->close(stream->state);
    stream->state = NULL;
}

bool caisson_complete(const caisson_adapter *adapter, const caisson_context *context,
                      const caisson_chat_request *request, caisson_chat_response *response, caisson_error *error) {
    if (adapter->complete) return adapter->complete(context, request, response, error);
    if (adapter->open_stream) return caisson_collect(adapter, context, request, response, error);
    return caisson_unsupported(error, "whole answers");
}

bool caisson_embed(const caisson_adapter *adapter, const caisson_context *context, const caisson_embed_request *request,
                   caisson_embed_response *response, caisson_error *error) {
    if (adapter->embed) return adapter->embed(context, request, response, error);
    return caisson_unsupported(error, "embeddings");
}

caisson_string caisson_base_url_or(const caisson_context *context, const char *host) {
    return context->base_url.is_some ? context->base_url.val : caisson_text(host);
}

bool caisson_whole_number(const caisson_context *context, const char *setting, uint32_t otherwise, uint32_t *value,
                          caisson_error *error) {
    const caisson_string *text = caisson_find(&context->settings, setting);
    caisson_string trimmed = text ? caisson_trim(*text) : (caisson_string){0};
    *value = otherwise;
    if (trimmed.len == 0 || caisson_parse_u32(trimmed, value)) return true;
    return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_INTERNAL, "setting %s is \"%.*s\", not a whole number",
                        setting, CAISSON_ARG(*text));
}

void caisson_answer_text(caisson_chat_response *response, caisson_string text, caisson_finish_reason reason) {
    caisson_choice *choice = &CAISSON_PUSH(&response->val.answer.choices);
    choice->message.role = CAISSON_LLM_API_ROLE_ASSISTANT;
    choice->message.content.tag = CAISSON_LLM_API_CONTENT_TEXT;
    choice->message.content.val.text = text;
    choice->finish_reason = reason;
}

void caisson_push_text(caisson_events *events, caisson_string text) {
    CAISSON_PUSH(events) = (caisson_event){.tag = CAISSON_LLM_API_EVENT_TEXT, .val.text.text = text};
}

void caisson_push_finish(caisson_events *events, caisson_finish_reason reason) {
    CAISSON_PUSH(events) = (caisson_event){.tag = CAISSON_LLM_API_EVENT_FINISH, .val.finish.reason = reason};
}

void caisson_push_usage(caisson_events *events, caisson_usage usage) {
    CAISSON_PUSH(events) = (caisson_event){.tag = CAISSON_LLM_API_EVENT_USAGE, .val.usage = usage};
}

bool caisson_count_tokens(const char *encoding, caisson_string text, uint32_t *tokens) {
    return caisson_transport_count_tokens(caisson_text(encoding), text, tokens);
}

caisson_string caisson_original_body(void) { return caisson_transport_original_body(); }

// One call is one line, so that text from a provider can't pass for lines of its own.
static caisson_string log_line(const char *level, caisson_string message) {
    caisson_string line = caisson_format("%s: %.*s\n", level, CAISSON_ARG(message));
    for (size_t i = 0; i + 1 < line.len; i++) {
        if (line.ptr[i] == '\n' || line.ptr[i] == '\r') line.ptr[i] = ' ';
    }
    return line;
}

void caisson_log(const char *level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    caisson_transport_log(log_line(level, caisson_format_list(format, arguments)));
    va_end(arguments);
}
