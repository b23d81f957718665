// An adapter without a kit, in C on the generated bindings alone: it answers each request with the number of its messages.
// It reaches no provider and streams its one event; it is for reading, and shows who owns what.
#include "adapter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One stream, of one instance, for one request.
struct exports_caisson_adapter_provider_events_t {
    size_t messages;
    bool said;
};

// What goes back to the host is freed by generated code, so it is always a copy.
static void own(adapter_string_t *to, const char *text) { adapter_string_dup(to, text); }

static void say(adapter_string_t *to, size_t messages) {
    char text[64];
    snprintf(text, sizeof text, "You said %zu things.", messages);
    own(to, text);
}

void exports_caisson_adapter_provider_describe(exports_caisson_adapter_provider_adapter_info_t *info) {
    memset(info, 0, sizeof *info);
    own(&info->name, "brief");
    own(&info->version, "0.1.0");
    own(&info->description, "counts the messages of a conversation");
}

bool exports_caisson_adapter_provider_complete(exports_caisson_adapter_provider_context_t *context,
                                               exports_caisson_adapter_provider_chat_request_t *request,
                                               exports_caisson_adapter_provider_chat_response_t *response,
                                               exports_caisson_adapter_provider_error_t *error) {
    (void)error;
    // Zero is an empty list, an absent option, and the first case of a variant.
    memset(response, 0, sizeof *response);
    response->tag = CAISSON_LLM_API_CHAT_RESPONSE_ANSWER;
    caisson_llm_api_choice_t *choice = calloc(1, sizeof *choice);
    if (!choice) abort();
    choice->message.role = CAISSON_LLM_API_ROLE_ASSISTANT;
    choice->message.content.tag = CAISSON_LLM_API_CONTENT_TEXT;
    say(&choice->message.content.val.text, request->messages.len);
    choice->finish_reason.tag = CAISSON_LLM_API_FINISH_REASON_STOP;
    response->val.answer.choices.ptr = choice;
    response->val.answer.choices.len = 1;
    // The callee owns its arguments, on every path.
    exports_caisson_adapter_provider_context_free(context);
    exports_caisson_adapter_provider_chat_request_free(request);
    return true;
}

bool exports_caisson_adapter_provider_open_stream(exports_caisson_adapter_provider_context_t *context,
                                                  exports_caisson_adapter_provider_chat_request_t *request,
                                                  exports_caisson_adapter_provider_own_events_t *events,
                                                  exports_caisson_adapter_provider_error_t *error) {
    (void)error;
    exports_caisson_adapter_provider_events_t *stream = calloc(1, sizeof *stream);
    if (!stream) abort();
    stream->messages = request->messages.len;
    *events = exports_caisson_adapter_provider_events_new(stream);
    exports_caisson_adapter_provider_context_free(context);
    exports_caisson_adapter_provider_chat_request_free(request);
    return true;
}

bool exports_caisson_adapter_provider_method_events_next(exports_caisson_adapter_provider_borrow_events_t stream,
                                                         exports_caisson_adapter_provider_option_list_event_t *batch,
                                                         exports_caisson_adapter_provider_error_t *error) {
    (void)error;
    memset(batch, 0, sizeof *batch);
    if (stream->said) return true; // none: the stream is over
    stream->said = true;
    caisson_llm_api_event_t *event = calloc(1, sizeof *event);
    if (!event) abort();
    event->tag = CAISSON_LLM_API_EVENT_TEXT;
    say(&event->val.text.text, stream->messages);
    batch->is_some = true;
    batch->val.ptr = event;
    batch->val.len = 1;
    return true;
}

void exports_caisson_adapter_provider_events_destructor(exports_caisson_adapter_provider_events_t *stream) {
    free(stream);
}

bool exports_caisson_adapter_provider_embed(exports_caisson_adapter_provider_context_t *context,
                                            exports_caisson_adapter_provider_embed_request_t *request,
                                            exports_caisson_adapter_provider_embed_response_t *response,
                                            exports_caisson_adapter_provider_error_t *error) {
    (void)response;
    memset(error, 0, sizeof *error);
    error->kind = CAISSON_LLM_API_ERROR_KIND_UNSUPPORTED;
    own(&error->message, "brief has no embeddings");
    exports_caisson_adapter_provider_context_free(context);
    exports_caisson_adapter_provider_embed_request_free(request);
    return false;
}
