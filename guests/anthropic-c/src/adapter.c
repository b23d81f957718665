// Anthropic's Messages API as a Caisson adapter: chat, whole and streamed, with tools, images, documents, thinking and
// prompt caching. There are no embeddings, since Anthropic has none.
#include "anthropic.h"

static void add_setting(caisson_adapter_info *info, const char *name, const char *description, const char *otherwise) {
    CAISSON_PUSH(&info->settings) = (caisson_setting){
        .name = caisson_text(name),
        .description = caisson_text(description),
        .default_value = caisson_some_unless_empty(caisson_text(otherwise)),
    };
}

static void describe(caisson_adapter_info *info) {
    // OpenAI's parameters that reach Anthropic in some form.
    static const char *const PARAMETERS[] = {
        "model",
        "messages",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "stop",
        "stream",
        "reasoning_effort",
        "user",
        "metadata",
        "service_tier",
    };
    info->name = CAISSON_TEXT("anthropic-c");
    info->version = CAISSON_TEXT("0.1.0");
    info->description = CAISSON_TEXT("Claude models over Anthropic's Messages API, in C");
    add_models(info);
    for (size_t i = 0; i < sizeof PARAMETERS / sizeof *PARAMETERS; i++) {
        CAISSON_PUSH(&info->parameters) = caisson_text(PARAMETERS[i]);
    }
    CAISSON_PUSH(&info->hosts) = CAISSON_TEXT(HOST);
    CAISSON_PUSH(&info->credentials) = (caisson_credential_slot){
        .name = CAISSON_TEXT("api-key"),
        .host = CAISSON_TEXT(HOST),
        .placement = {.tag = CAISSON_LLM_API_PLACEMENT_HEADER, .val.header = CAISSON_TEXT("x-api-key")},
        .description = CAISSON_TEXT("An API key from the Claude Console"),
        .required = true,
    };
    add_setting(info, "anthropic-version", "The API version to ask for", VERSION);
    add_setting(info, "anthropic-beta", "Beta features to switch on, comma-separated", NULL);
    add_setting(info, "default-max-tokens", "The answer's cap where a request sets none", DEFAULT_MAX_TOKENS);
    add_setting(info, "max-retries", "How often to send a failed request again", "0");
    CAISSON_PUSH(&info->suites) = CAISSON_TEXT("anthropic");
}

static bool ask(const caisson_context *context, const caisson_chat_request *request, bool stream,
                caisson_http_response **response, caisson_error *error) {
    uint32_t otherwise = 0, default_max;
    caisson_parse_u32(CAISSON_TEXT(DEFAULT_MAX_TOKENS), &otherwise);
    caisson_string body;
    return caisson_whole_number(context, "default-max-tokens", otherwise, &default_max, error) &&
           messages_request(request, default_max, stream, &body, error) && post(context, body, response, error);
}

static bool complete(const caisson_context *context, const caisson_chat_request *request,
                     caisson_chat_response *response, caisson_error *error) {
    caisson_http_response *answer;
    caisson_string body;
    return ask(context, request, false, &answer, error) && caisson_read_text(answer, &body, error) &&
           chat_answer(body, response, error);
}

// One streamed answer.
typedef struct stream {
    caisson_http_response *response;
    caisson_sse incoming;
    decoder decoder;
} stream;

static bool open_stream(const caisson_context *context, const caisson_chat_request *request, void **state,
                        caisson_error *error) {
    stream *opened = *state = caisson_alloc_kept(sizeof *opened);
    return ask(context, request, true, &opened->response, error);
}

static bool next(void *state, caisson_events *events, bool *over, caisson_error *error) {
    stream *open = state;
    caisson_sse_events batch = {0};
    if (!caisson_sse_next(&open->incoming, open->response, &batch, error)) return false;
    for (size_t i = 0; i < batch.len && !open->decoder.stopped; i++) {
        if (!decode(&open->decoder, batch.ptr[i].data, events, error)) return false;
    }
    *over = open->decoder.stopped;
    if (batch.len > 0 || *over) return true;
    return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "the stream broke off before its end");
}

static void close(void *state) {
    stream *open = state;
    caisson_close(open->response);
}

const caisson_adapter caisson_exported = {
    .describe = describe,
    .complete = complete,
    .open_stream = open_stream,
    .next = next,
    .close = close,
};
