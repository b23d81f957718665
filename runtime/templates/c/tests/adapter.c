// The adapter, natively, against recorded exchanges: no Wasm, no network.
#include "caisson_testing.h"

CAISSON_TEST(a_question_goes_out_and_its_answer_comes_back) {
    caisson_will_reply(200, "application/json", caisson_fixture("fixtures/completion.json"));
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request("gpt-4o-mini", "Say hello");
    caisson_chat_response response = {0};
    caisson_error error;
    CAISSON_CHECK(caisson_complete(&caisson_exported, &context, &request, &response, &error));
    CAISSON_CHECK_TEXT(response.val.answer.choices.ptr[0].message.content.val.text, "Hello! \xf0\x9f\x91\x8b");
    CAISSON_CHECK(response.val.answer.usage.val.input == 18 && response.val.answer.usage.val.output == 4);
    CAISSON_CHECK_TEXT(caisson_sent(0)->url, "https://api.openai.com/v1/chat/completions");
    CAISSON_CHECK_TEXT(caisson_sent(0)->body,
                       "{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"Say hello\"}]}");
}

static void join_text(const caisson_event *event, void *text) {
    if (event->tag == CAISSON_LLM_API_EVENT_TEXT) caisson_buffer_add(text, event->val.text.text);
}

CAISSON_TEST(a_stream_reads_the_same_wherever_its_bytes_are_split) {
    caisson_will_reply(200, "text/event-stream", caisson_fixture("fixtures/stream.sse"))->piece = 1;
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request("gpt-4o-mini", "Say hello");
    caisson_buffer text = {0};
    caisson_error error;
    CAISSON_CHECK(caisson_test_stream(&caisson_exported, &context, &request, join_text, &text, &error));
    CAISSON_CHECK_TEXT(caisson_buffer_text(&text), "Hello! \xf0\x9f\x91\x8b");
    caisson_buffer_free(&text);
}

CAISSON_TEST(texts_become_vectors) {
    caisson_will_reply(
        200, "application/json",
        CAISSON_TEXT("{\"data\":[{\"embedding\":[0.5,1.5]},{\"embedding\":[2]}],\"usage\":{\"prompt_tokens\":3}}"));
    caisson_context context = caisson_test_context();
    caisson_embed_request request = {.model = CAISSON_TEXT("text-embedding-3-small")};
    CAISSON_PUSH(&request.input.val.texts) = CAISSON_TEXT("a");
    CAISSON_PUSH(&request.input.val.texts) = CAISSON_TEXT("b");
    caisson_embed_response response = {0};
    caisson_error error;
    CAISSON_CHECK(caisson_exported.embed(&context, &request, &response, &error));
    CAISSON_CHECK(response.vectors.len == 2 && response.vectors.ptr[0].ptr[1] == 1.5f);
    CAISSON_CHECK(response.usage.val.input == 3);
}

CAISSON_TEST(a_refusal_keeps_its_status_and_message) {
    caisson_will_reply(429, "application/json", CAISSON_TEXT("{\"error\":{\"message\":\"slow down\"}}"));
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request("gpt-4o-mini", "Say hello");
    caisson_chat_response response = {0};
    caisson_error error;
    CAISSON_CHECK(!caisson_complete(&caisson_exported, &context, &request, &response, &error));
    CAISSON_CHECK(error.kind == CAISSON_LLM_API_ERROR_KIND_RATE_LIMITED && error.status.val == 429);
    CAISSON_CHECK_TEXT(error.message, "slow down");
}
