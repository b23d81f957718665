// The adapter sample: text, whole or streamed, and embeddings, over the API that OpenAI made and many others speak.
//
// A beginning: put your provider's API in its place. It maps no functions, no images and no sampling parameters.
#include "caisson.h"

#define HOST "https://api.openai.com"

static void describe(caisson_adapter_info *info) {
    info->name = CAISSON_TEXT("sample");
    info->version = CAISSON_TEXT("0.1.0");
    info->description = CAISSON_TEXT("Text and embeddings over OpenAI's API");
    CAISSON_PUSH(&info->hosts) = CAISSON_TEXT(HOST);
    CAISSON_PUSH(&info->credentials) = (caisson_credential_slot){
        .name = CAISSON_TEXT("api-key"),
        .host = CAISSON_TEXT(HOST),
        .placement = {.tag = CAISSON_LLM_API_PLACEMENT_BEARER},
        .description = CAISSON_TEXT("from platform.openai.com/api-keys"),
        .required = true,
    };
    caisson_model_info *gpt = &CAISSON_PUSH(&info->models);
    gpt->id = CAISSON_TEXT("gpt-*");
    CAISSON_PUSH(&gpt->capabilities) = CAISSON_TEXT("chat");
    CAISSON_PUSH(&gpt->capabilities) = CAISSON_TEXT("stream");
    caisson_model_info *embedding = &CAISSON_PUSH(&info->models);
    embedding->id = CAISSON_TEXT("text-embedding-*");
    CAISSON_PUSH(&embedding->capabilities) = CAISSON_TEXT("embed");
}

// Sends a request, without the key: the host adds it. What is no success fails with the provider's status and words.
static bool post(const caisson_context *context, const char *path, yyjson_mut_val *body,
                 caisson_http_response **response, caisson_error *error) {
    caisson_string base = caisson_base_url_or(context, HOST "/v1");
    caisson_http_request call = {
        .url = caisson_format("%.*s/%s", CAISSON_ARG(base), path),
        .body = caisson_json_write(body),
        .timeout_ms = context->timeout_ms,
    };
    return caisson_send_ok(&call, response, error);
}

static const char *role(const caisson_message *message) {
    switch (message->role) {
    case CAISSON_LLM_API_ROLE_SYSTEM:
    case CAISSON_LLM_API_ROLE_DEVELOPER: return "system";
    case CAISSON_LLM_API_ROLE_ASSISTANT: return "assistant";
    default: return "user";
    }
}

static caisson_string text_of(const caisson_content *content) {
    if (content->tag == CAISSON_LLM_API_CONTENT_TEXT) return content->val.text;
    caisson_string text = {0};
    if (content->tag != CAISSON_LLM_API_CONTENT_PARTS) return text;
    for (size_t i = 0; i < content->val.parts.len; i++) {
        const caisson_part *part = &content->val.parts.ptr[i];
        if (part->tag == CAISSON_LLM_API_PART_TEXT) text = caisson_join(text, part->val.text.text);
    }
    return text;
}

static bool chat(const caisson_context *context, const caisson_chat_request *request, bool stream,
                 caisson_http_response **response, caisson_error *error) {
    if (request->tools.len > 0) return caisson_unsupported(error, "tools");
    yyjson_mut_doc *doc = caisson_json_new();
    yyjson_mut_val *body = yyjson_mut_obj(doc), *messages = yyjson_mut_arr(doc);
    for (size_t i = 0; i < request->messages.len; i++) {
        const caisson_message *message = &request->messages.ptr[i];
        yyjson_mut_val *mapped = yyjson_mut_arr_add_obj(doc, messages);
        caisson_json_set_text(doc, mapped, "role", caisson_text(role(message)));
        caisson_json_set_text(doc, mapped, "content", text_of(&message->content));
    }
    caisson_json_set_text(doc, body, "model", request->model);
    caisson_json_set(doc, body, "messages", messages);
    if (request->max_tokens.is_some) {
        caisson_json_set(doc, body, "max_tokens", yyjson_mut_uint(doc, request->max_tokens.val));
    }
    if (stream) {
        yyjson_mut_val *options = yyjson_mut_obj(doc);
        caisson_json_set(doc, options, "include_usage", yyjson_mut_bool(doc, true));
        caisson_json_set(doc, body, "stream", yyjson_mut_bool(doc, true));
        caisson_json_set(doc, body, "stream_options", options);
    }
    return post(context, "chat/completions", body, response, error);
}

static bool read(caisson_string text, yyjson_val **said, caisson_error *error) {
    const char *why;
    *said = caisson_json_object(text, &why);
    return *said || caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "the provider makes no sense: %s", why);
}

static caisson_finish_reason finish(caisson_string reason) {
    if (caisson_is(reason, "length")) return (caisson_finish_reason){.tag = CAISSON_LLM_API_FINISH_REASON_LENGTH};
    if (caisson_is(reason, "content_filter")) {
        return (caisson_finish_reason){.tag = CAISSON_LLM_API_FINISH_REASON_CONTENT_FILTER};
    }
    if (reason.len == 0 || caisson_is(reason, "stop")) return (caisson_finish_reason){0};
    return (caisson_finish_reason){.tag = CAISSON_LLM_API_FINISH_REASON_OTHER, .val = {.other = reason}};
}

static bool counted(yyjson_val *said, caisson_usage *usage) {
    yyjson_val *counts = yyjson_obj_get(said, "usage");
    caisson_json_u32(yyjson_obj_get(counts, "completion_tokens"), &usage->output);
    return caisson_json_u32(yyjson_obj_get(counts, "prompt_tokens"), &usage->input);
}

static bool complete(const caisson_context *context, const caisson_chat_request *request,
                     caisson_chat_response *response, caisson_error *error) {
    caisson_http_response *answer;
    caisson_string text;
    yyjson_val *said;
    if (!chat(context, request, false, &answer, error) || !caisson_read_text(answer, &text, error) ||
        !read(text, &said, error)) {
        return false;
    }
    yyjson_val *choice = yyjson_arr_get_first(yyjson_obj_get(said, "choices"));
    yyjson_val *message = yyjson_obj_get(choice, "message");
    if (!message) return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "the provider's answer is empty");
    caisson_answer_text(response, caisson_json_text(message, "content"),
                        finish(caisson_json_text(choice, "finish_reason")));
    response->val.answer.usage.is_some = counted(said, &response->val.answer.usage.val);
    return true;
}

typedef struct answer {
    caisson_http_response *response;
    caisson_sse events;
} answer;

// What fails here still becomes the answer's status; what fails in `next`, an event in a stream that has begun.
static bool open_stream(const caisson_context *context, const caisson_chat_request *request, void **stream,
                        caisson_error *error) {
    answer *state = *stream = caisson_alloc(sizeof *state);
    return chat(context, request, true, &state->response, error);
}

static bool decode(caisson_string data, caisson_events *events, caisson_error *error) {
    yyjson_val *said;
    if (!read(data, &said, error)) return false;
    yyjson_val *failure = yyjson_obj_get(said, "error");
    if (yyjson_is_obj(failure)) {
        caisson_string message = caisson_json_text(failure, "message");
        return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "%.*s", CAISSON_ARG(message));
    }
    yyjson_val *choice = yyjson_arr_get_first(yyjson_obj_get(said, "choices"));
    caisson_string text = caisson_json_text(yyjson_obj_get(choice, "delta"), "content");
    caisson_string reason = caisson_json_text(choice, "finish_reason");
    caisson_usage usage = {0};
    if (text.len > 0) caisson_push_text(events, text);
    if (reason.len > 0) caisson_push_finish(events, finish(reason));
    if (counted(said, &usage)) caisson_push_usage(events, usage);
    return true;
}

static bool next(void *stream, caisson_events *events, bool *over, caisson_error *error) {
    answer *state = stream;
    caisson_sse_events batch = {0};
    if (!caisson_sse_next(&state->events, state->response, &batch, error)) return false;
    *over = batch.len == 0;
    for (size_t i = 0; i < batch.len && !*over; i++) {
        *over = caisson_sse_is_done(&batch.ptr[i]);
        if (!*over && !decode(batch.ptr[i].data, events, error)) return false;
    }
    return true;
}

static bool embed(const caisson_context *context, const caisson_embed_request *request,
                  caisson_embed_response *response, caisson_error *error) {
    if (request->input.tag != CAISSON_LLM_API_EMBED_INPUT_TEXTS) return caisson_unsupported(error, "token ids as input");
    yyjson_mut_doc *doc = caisson_json_new();
    yyjson_mut_val *body = yyjson_mut_obj(doc), *texts = yyjson_mut_arr(doc);
    for (size_t i = 0; i < request->input.val.texts.len; i++) {
        yyjson_mut_arr_append(texts, caisson_json_string(doc, request->input.val.texts.ptr[i]));
    }
    caisson_json_set_text(doc, body, "model", request->model);
    caisson_json_set(doc, body, "input", texts);
    caisson_http_response *found;
    caisson_string text;
    yyjson_val *said, *item, *number;
    size_t i, n, j, m;
    if (!post(context, "embeddings", body, &found, error) || !caisson_read_text(found, &text, error) ||
        !read(text, &said, error)) {
        return false;
    }
    yyjson_val *data = yyjson_obj_get(said, "data");
    yyjson_arr_foreach(data, i, n, item) {
        adapter_list_f32_t vector = {0};
        yyjson_val *numbers = yyjson_obj_get(item, "embedding");
        yyjson_arr_foreach(numbers, j, m, number) {
            double value = 0;
            caisson_json_f64(number, &value);
            CAISSON_PUSH(&vector) = (float)value;
        }
        CAISSON_PUSH(&response->vectors) = vector;
    }
    response->usage.is_some = counted(said, &response->usage.val);
    return true;
}

const caisson_adapter caisson_exported = {
    .describe = describe,
    .complete = complete,
    .open_stream = open_stream,
    .next = next,
    .embed = embed,
};
