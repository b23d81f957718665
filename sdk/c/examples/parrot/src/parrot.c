// An adapter for a made-up JSON API, as short as they get. Not for any real provider.
#include "caisson.h"

#define HOST "https://api.parrot.example"

static void describe(caisson_adapter_info *info) {
    info->name = CAISSON_TEXT("parrot");
    info->version = CAISSON_TEXT("0.1.0");
    info->description = CAISSON_TEXT("Parrot's speech API");
    CAISSON_PUSH(&info->hosts) = CAISSON_TEXT(HOST);
    CAISSON_PUSH(&info->credentials) = (caisson_credential_slot){
        .name = CAISSON_TEXT("api-key"),
        .host = CAISSON_TEXT(HOST),
        .placement = {.tag = CAISSON_LLM_API_PLACEMENT_BEARER},
        .description = CAISSON_TEXT("from parrot.example/keys"),
        .required = true,
    };
    CAISSON_PUSH(&info->settings) = (caisson_setting){
        .name = CAISSON_TEXT("max-retries"),
        .description = CAISSON_TEXT("how often to send again"),
        .default_value = caisson_some(CAISSON_TEXT("0")),
    };
    caisson_model_info *macaw = &CAISSON_PUSH(&info->models);
    macaw->id = CAISSON_TEXT("macaw-*");
    CAISSON_PUSH(&macaw->capabilities) = CAISSON_TEXT("chat");
    CAISSON_PUSH(&macaw->capabilities) = CAISSON_TEXT("stream");
}

static bool speak(const caisson_context *context, const caisson_chat_request *request, bool stream,
                  caisson_http_response **response, caisson_error *error) {
    const caisson_message *last = &request->messages.ptr[request->messages.len - 1];
    if (last->content.tag != CAISSON_LLM_API_CONTENT_TEXT) {
        return caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, CAISSON_TEXT("messages"),
                               "the last message has no text");
    }
    yyjson_mut_doc *doc = caisson_json_new();
    yyjson_mut_val *body = yyjson_mut_obj(doc);
    caisson_json_set_text(doc, body, "bird", request->model);
    caisson_json_set_text(doc, body, "question", last->content.val.text);
    caisson_json_set(doc, body, "stream", yyjson_mut_bool(doc, stream));
    caisson_string base = caisson_base_url_or(context, HOST);
    caisson_http_request call = {
        .url = caisson_format("%.*s/v1/speak", CAISSON_ARG(base)),
        .body = caisson_json_write(body),
        .timeout_ms = context->timeout_ms,
    };
    return caisson_retry_configured(context, &call.retry, error) && caisson_send_ok(&call, response, error);
}

static caisson_usage usage(yyjson_val *said) {
    caisson_usage usage = {0};
    caisson_json_u32(yyjson_obj_get(said, "words_heard"), &usage.input);
    caisson_json_u32(yyjson_obj_get(said, "words_said"), &usage.output);
    return usage;
}

static bool read(caisson_string text, yyjson_val **said, caisson_error *error) {
    const char *why;
    *said = caisson_json_object(text, &why);
    return *said || caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "not what a parrot says: %s", why);
}

static bool complete(const caisson_context *context, const caisson_chat_request *request,
                     caisson_chat_response *response, caisson_error *error) {
    caisson_http_response *speech;
    caisson_string text;
    yyjson_val *said;
    if (!speak(context, request, false, &speech, error) || !caisson_read_text(speech, &text, error) ||
        !read(text, &said, error)) {
        return false;
    }
    caisson_answer_text(response, caisson_json_text(said, "said"), (caisson_finish_reason){0});
    response->val.answer.usage.is_some = true;
    response->val.answer.usage.val = usage(said);
    return true;
}

typedef struct speech {
    caisson_http_response *response;
    caisson_sse words;
} speech;

static bool open_stream(const caisson_context *context, const caisson_chat_request *request, void **stream,
                        caisson_error *error) {
    speech *state = *stream = caisson_alloc(sizeof *state);
    return speak(context, request, true, &state->response, error);
}

static bool next(void *stream, caisson_events *events, bool *over, caisson_error *error) {
    speech *state = stream;
    caisson_sse_events batch = {0};
    if (!caisson_sse_next(&state->words, state->response, &batch, error)) return false;
    for (size_t i = 0; i < batch.len; i++) {
        yyjson_val *word;
        if (!read(batch.ptr[i].data, &word, error)) return false;
        if (yyjson_obj_get(word, "said")) {
            caisson_push_text(events, caisson_json_text(word, "said"));
        } else {
            caisson_push_finish(events, (caisson_finish_reason){0});
            caisson_push_usage(events, usage(word));
        }
    }
    *over = batch.len == 0;
    return true;
}

const caisson_adapter caisson_exported = {
    .describe = describe,
    .complete = complete,
    .open_stream = open_stream,
    .next = next,
};
