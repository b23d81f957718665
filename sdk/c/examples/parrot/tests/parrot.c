// The example, against a script.
#include "caisson_testing.h"

CAISSON_TEST(a_whole_answer_is_what_was_said) {
    caisson_will_reply(200, "application/json",
                       CAISSON_TEXT("{\"said\":\"Hello!\",\"words_heard\":3,\"words_said\":1}"));
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request("macaw-2", "Say hello");
    caisson_chat_response response = {0};
    caisson_error error;
    CAISSON_CHECK(caisson_complete(&caisson_exported, &context, &request, &response, &error));
    CAISSON_CHECK_TEXT(response.val.answer.choices.ptr[0].message.content.val.text, "Hello!");
    CAISSON_CHECK(response.val.answer.usage.val.input == 3);
    CAISSON_CHECK_TEXT(caisson_sent(0)->url, "https://api.parrot.example/v1/speak");
    CAISSON_CHECK_TEXT(caisson_sent(0)->body, "{\"bird\":\"macaw-2\",\"question\":\"Say hello\",\"stream\":false}");
}

static void join_text(const caisson_event *event, void *text) {
    if (event->tag == CAISSON_LLM_API_EVENT_TEXT) caisson_buffer_add(text, event->val.text.text);
}

CAISSON_TEST(words_come_as_they_are_said) {
    caisson_string speech =
        CAISSON_TEXT("data: {\"said\":\"Hel\"}\n\ndata: {\"said\":\"lo\xe2\x80\xa6\"}\n\ndata: {\"words_said\":1}\n\n");
    for (size_t piece = 1; piece <= speech.len; piece++) {
        caisson_will_reply(200, "text/event-stream", speech)->piece = piece;
        caisson_context context = caisson_test_context();
        caisson_chat_request request = caisson_test_request("macaw-2", "Say hello");
        caisson_buffer text = {0};
        caisson_error error;
        CAISSON_CHECK(caisson_test_stream(&caisson_exported, &context, &request, join_text, &text, &error));
        CAISSON_CHECK_TEXT(caisson_buffer_text(&text), "Hello\xe2\x80\xa6");
        caisson_buffer_free(&text);
    }
    CAISSON_CHECK(caisson_open_bodies() == 0);
}

CAISSON_TEST(a_refusal_is_told_with_its_wait) {
    caisson_reply *reply = caisson_will_reply(429, "application/json", CAISSON_TEXT("{\"error\":\"too much talk\"}"));
    CAISSON_PUSH(&reply->headers) = caisson_make_pair(CAISSON_TEXT("retry-after"), CAISSON_TEXT("3"));
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request("macaw-2", "Say hello");
    caisson_chat_response response = {0};
    caisson_error error;
    CAISSON_CHECK(!caisson_complete(&caisson_exported, &context, &request, &response, &error));
    CAISSON_CHECK(error.kind == CAISSON_LLM_API_ERROR_KIND_RATE_LIMITED && error.retry_after_ms.val == 3000);
    CAISSON_CHECK_TEXT(error.message, "too much talk");
}
