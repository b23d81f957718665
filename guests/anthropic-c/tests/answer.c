// Whole answers, on the exchanges that all Anthropic adapters here share.
#include "asks.h"

static caisson_chat_request ahoy(void) { return caisson_test_request(MODEL, "Ahoy?"); }

CAISSON_TEST(a_text_comes_with_its_counts_and_nothing_is_lost) {
    caisson_chat_request request = ahoy();
    caisson_chat_answer answer = answered(&request, fixture("message.json"));
    const caisson_choice *choice = &answer.choices.ptr[0];
    CAISSON_CHECK(answer.choices.len == 1);
    CAISSON_CHECK_TEXT(choice->message.content.val.text, "Gr\xc3\xbc\xc3\x9f Gott, harbour!");
    CAISSON_CHECK(choice->finish_reason.tag == CAISSON_LLM_API_FINISH_REASON_STOP);
    CAISSON_CHECK(answer.usage.val.input == 4312 && answer.usage.val.output == 9);
    CAISSON_CHECK(!caisson_find(&choice->message.extra, "anthropic_content"));
    CAISSON_CHECK_TEXT(*caisson_find(&caisson_sent(0)->headers, "anthropic-version"), "2023-06-01");
    CAISSON_CHECK_TEXT(caisson_sent(0)->url, "https://api.anthropic.com/v1/messages");
    CAISSON_CHECK(caisson_open_bodies() == 0);
}

CAISSON_TEST(calls_keep_their_arguments_as_they_were_written) {
    caisson_chat_request request = ahoy();
    caisson_chat_answer answer = answered(&request, fixture("message_tools.json"));
    const caisson_choice *choice = &answer.choices.ptr[0];
    CAISSON_CHECK(choice->finish_reason.tag == CAISSON_LLM_API_FINISH_REASON_TOOL_CALLS);
    CAISSON_CHECK(choice->message.tool_calls.len == 2);
    CAISSON_CHECK_TEXT(choice->message.tool_calls.ptr[0].id, "toolu_01A");
    caisson_chat_answer exact = answered(
        &request,
        CAISSON_TEXT("{\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{ \"a\": 1.50 },"
                     "\"caller\":{\"type\":\"code\"}},{\"type\":\"tool_use\",\"id\":\"u\",\"name\":\"m\"}]}"));
    const caisson_tool_call *calls = exact.choices.ptr[0].message.tool_calls.ptr;
    CAISSON_CHECK_TEXT(calls[0].arguments, "{ \"a\": 1.50 }");
    CAISSON_CHECK_TEXT(*caisson_find(&calls[0].extra, "caller"), "{\"type\":\"code\"}");
    CAISSON_CHECK_TEXT(calls[1].arguments, "{}");
}

CAISSON_TEST(blocks_that_openais_shape_cannot_hold_are_kept_beside_it) {
    caisson_chat_request request = ahoy();
    caisson_chat_answer answer = answered(&request, fixture("message_search.json"));
    const caisson_message *message = &answer.choices.ptr[0].message;
    const caisson_string *kept = caisson_find(&message->extra, "anthropic_content");
    CAISSON_CHECK(kept && caisson_contains(*kept, "server_tool_use"));
    // And go back as they came.
    caisson_message *back = add_message(&request, CAISSON_LLM_API_ROLE_ASSISTANT, "ignored");
    CAISSON_PUSH(&back->extra) = caisson_make_pair(CAISSON_TEXT("anthropic_content"), *kept);
    caisson_texts sent = {0}, blocks = {0};
    caisson_pairs turn = {0};
    CAISSON_CHECK(caisson_json_elements(field_of(&request, "messages"), &sent, NULL) && sent.len == 2);
    CAISSON_CHECK(caisson_json_fields(sent.ptr[1], &turn, NULL));
    CAISSON_CHECK(caisson_json_elements(*caisson_find(&turn, "content"), &blocks, NULL));
    for (size_t i = 0; i < blocks.len; i++) {
        CAISSON_CHECK(caisson_contains(*kept, (const char *)caisson_format("%.*s", CAISSON_ARG(blocks.ptr[i])).ptr));
    }
}

CAISSON_TEST(reasons_have_openais_word_where_it_has_one) {
    static const struct {
        const char *reason;
        uint8_t tag;
        const char *extra;
    } CASES[] = {
        {"end_turn", CAISSON_LLM_API_FINISH_REASON_STOP, NULL},
        {"stop_sequence", CAISSON_LLM_API_FINISH_REASON_STOP, "\"stop_sequence\""},
        {"max_tokens", CAISSON_LLM_API_FINISH_REASON_LENGTH, NULL},
        {"model_context_window_exceeded", CAISSON_LLM_API_FINISH_REASON_LENGTH, "\"model_context_window_exceeded\""},
        {"tool_use", CAISSON_LLM_API_FINISH_REASON_TOOL_CALLS, NULL},
        {"refusal", CAISSON_LLM_API_FINISH_REASON_CONTENT_FILTER, "\"refusal\""},
        {"pause_turn", CAISSON_LLM_API_FINISH_REASON_OTHER, NULL},
    };
    caisson_chat_request request = ahoy();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        caisson_string body = caisson_format("{\"content\":[],\"stop_reason\":\"%s\"}", CASES[i].reason);
        caisson_choice choice = answered(&request, body).choices.ptr[0];
        const caisson_string *extra = caisson_find(&choice.extra, "stop_reason");
        CAISSON_CHECK(choice.finish_reason.tag == CASES[i].tag);
        CAISSON_CHECK(!extra == !CASES[i].extra);
        if (extra) CAISSON_CHECK_TEXT(*extra, CASES[i].extra);
    }
}

CAISSON_TEST(cached_tokens_count_as_input_and_no_sum_overflows) {
    caisson_chat_request request = ahoy();
    caisson_usage usage =
        answered(&request, CAISSON_TEXT("{\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":2,"
                                        "\"cache_read_input_tokens\":3,\"cache_creation_input_tokens\":4294967295,"
                                        "\"output_tokens_details\":{\"thinking_tokens\":1},\"x\":[1.0]}}"))
            .usage.val;
    CAISSON_CHECK(usage.input == UINT32_MAX && usage.total == UINT32_MAX && usage.output == 2);
    CAISSON_CHECK(usage.cached_input.val == 3 && usage.reasoning_output.val == 1);
    CAISSON_CHECK_TEXT(*caisson_find(&usage.extra, "x"), "[1.0]");
}

CAISSON_TEST(what_is_no_message_is_the_providers_fault) {
    static const char *const BODIES[] = {"", "[]", "{}", "{\"content\":{}}", "<html>", "{\"content\":[[["};
    caisson_chat_request request = ahoy();
    for (size_t i = 0; i < sizeof BODIES / sizeof *BODIES; i++) {
        caisson_will_reply(200, "application/json", caisson_text(BODIES[i]));
        caisson_context context = caisson_test_context();
        caisson_chat_response response = {0};
        caisson_error error = {0};
        CAISSON_CHECK(!caisson_complete(&caisson_exported, &context, &request, &response, &error));
        CAISSON_CHECK(error.kind == CAISSON_LLM_API_ERROR_KIND_UPSTREAM);
    }
}

CAISSON_TEST(refusals_keep_status_words_code_and_wait) {
    static const struct {
        uint16_t status;
        const char *type, *message;
        caisson_error_kind kind;
    } CASES[] = {
        {400, "invalid_request_error", "prompt is too long: 9", CAISSON_LLM_API_ERROR_KIND_CONTEXT_LENGTH},
        {400, "invalid_request_error", "Your credit balance is too low", CAISSON_LLM_API_ERROR_KIND_QUOTA_EXCEEDED},
        {400, "invalid_request_error", "no", CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST},
        {429, "rate_limit_error", "Later", CAISSON_LLM_API_ERROR_KIND_RATE_LIMITED},
        {529, "overloaded_error", "Overloaded", CAISSON_LLM_API_ERROR_KIND_UPSTREAM},
        {418, "new_error", "Tea", CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        caisson_string body =
            caisson_format("{\"error\":{\"type\":\"%s\",\"message\":\"%s\"}}", CASES[i].type, CASES[i].message);
        caisson_reply *reply = caisson_will_reply(CASES[i].status, "application/json", body);
        add_extra(&reply->headers, "request-id", "req_7");
        add_extra(&reply->headers, "retry-after", "3");
        caisson_context context = caisson_test_context();
        caisson_chat_request request = ahoy();
        caisson_stream *stream;
        caisson_error error = {0};
        // In a stream too, it is told before the stream begins.
        CAISSON_CHECK(!caisson_stream_open(&caisson_exported, &context, &request, &stream, &error));
        CAISSON_CHECK(error.kind == CASES[i].kind && error.status.val == CASES[i].status);
        CAISSON_CHECK(error.retry_after_ms.val == 3000);
        CAISSON_CHECK_TEXT(error.code.val, CASES[i].type);
        caisson_string words = caisson_format("%s (request req_7)", CASES[i].message);
        CAISSON_CHECK(caisson_equal(error.message, words));
    }
}

CAISSON_TEST(an_order_that_openais_shape_loses_is_kept) {
    static const struct {
        const char *content;
        bool kept;
    } CASES[] = {
        {"[{\"type\":\"thinking\"},{\"type\":\"text\"},{\"type\":\"tool_use\"},{\"type\":\"tool_use\"}]", false},
        {"[{\"type\":\"text\"},{\"type\":\"thinking\"}]", true},
        {"[{\"type\":\"tool_use\"},{\"type\":\"text\"}]", true},
        {"[{\"type\":\"text\"},{\"type\":\"text\"}]", true},
        {"[{\"type\":\"text\",\"citations\":[]}]", false},
        {"[{\"type\":\"text\",\"citations\":[{}]}]", true},
        {"[{\"type\":\"new\"}]", true},
        {"[{\"type\":\"text\",\"text\":5}]", true},
    };
    caisson_chat_request request = ahoy();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        caisson_chat_answer answer = answered(&request, caisson_format("{\"content\":%s}", CASES[i].content));
        const caisson_string *kept = caisson_find(&answer.choices.ptr[0].message.extra, "anthropic_content");
        CAISSON_CHECK(!kept == !CASES[i].kept);
        if (kept) CAISSON_CHECK_TEXT(*kept, CASES[i].content);
    }
}
