// What the kit does around an adapter: defaults, streams and what outlasts a call of `next`, lists, the log.
#include "caisson_testing.h"

#include <string.h>

static const caisson_adapter NOTHING;

CAISSON_TEST(what_an_adapter_lacks_is_unsupported) {
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request("m", "hi");
    caisson_chat_response response = {0};
    caisson_stream *stream;
    caisson_embed_request inputs = {0};
    caisson_embed_response vectors = {0};
    caisson_error errors[3];
    CAISSON_CHECK(!caisson_complete(&NOTHING, &context, &request, &response, &errors[0]));
    CAISSON_CHECK(!caisson_stream_open(&NOTHING, &context, &request, &stream, &errors[1]));
    CAISSON_CHECK(!caisson_embed(&NOTHING, &context, &inputs, &vectors, &errors[2]));
    for (size_t i = 0; i < 3; i++) CAISSON_CHECK(errors[i].kind == CAISSON_LLM_API_ERROR_KIND_UNSUPPORTED);
    CAISSON_CHECK_TEXT(errors[2].message, "this adapter does not support embeddings");
}

// A stream of two batches, then an error after one more event where `broken` is set.
static bool broken;

static bool open_stream(const caisson_context *context, const caisson_chat_request *request, void **stream,
                        caisson_error *error) {
    (void)context, (void)request, (void)error;
    *stream = caisson_alloc(sizeof(size_t));
    return true;
}

static caisson_event tool(uint32_t index, const char *name, const char *arguments) {
    caisson_event event = {.tag = CAISSON_LLM_API_EVENT_TOOL};
    event.val.tool.index = index;
    if (name) event.val.tool.id = event.val.tool.name = caisson_some(caisson_format("%s", name));
    event.val.tool.arguments = caisson_format("%s", arguments);
    return event;
}

static caisson_event thought(const char *text, const char *signature, bool redacted) {
    caisson_event event = {.tag = CAISSON_LLM_API_EVENT_REASONING};
    event.val.reasoning.text = caisson_format("%s", text);
    if (signature) event.val.reasoning.signature = caisson_some(caisson_format("%s", signature));
    event.val.reasoning.redacted = redacted;
    return event;
}

static bool next(void *stream, caisson_events *events, bool *over, caisson_error *error) {
    size_t *calls = stream;
    // All in the memory of this call, which the next one takes back.
    if (++*calls == 1) {
        CAISSON_PUSH(events) = (caisson_event){.tag = CAISSON_LLM_API_EVENT_START,
                                               .val.start.model = caisson_some(caisson_format("m-%d", 1))};
        CAISSON_PUSH(events) = thought("hm", NULL, false);
        CAISSON_PUSH(events) = thought("m", "sig", false);
        CAISSON_PUSH(events) = thought("", "data", true);
        caisson_push_text(events, caisson_format("%s", "Hel"));
        CAISSON_PUSH(events) = tool(1, "b", "{");
        return true;
    }
    caisson_push_text(events, caisson_format("%s", "lo"));
    if (broken) return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "call %zu broke off", *calls);
    CAISSON_PUSH(events) = tool(1, NULL, "}");
    CAISSON_PUSH(events) = tool(2, "c", "[]");
    caisson_push_finish(events, (caisson_finish_reason){.tag = CAISSON_LLM_API_FINISH_REASON_OTHER,
                                                        .val.other = caisson_format("%s", "tired")});
    caisson_usage usage = {.input = 3, .output = 2};
    CAISSON_PUSH(&usage.extra) = caisson_make_pair(caisson_format("x"), caisson_format("1"));
    caisson_push_usage(events, usage);
    *over = true;
    return true;
}

static const caisson_adapter STREAMING = {.open_stream = open_stream, .next = next};

CAISSON_TEST(a_whole_answer_is_put_together_from_a_stream) {
    broken = false;
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request("m", "hi");
    caisson_chat_response response = {0};
    caisson_error error;
    CAISSON_CHECK(caisson_complete(&STREAMING, &context, &request, &response, &error));
    const caisson_chat_answer *answer = &response.val.answer;
    const caisson_message *message = &answer->choices.ptr[0].message;
    CAISSON_CHECK(answer->choices.len == 1);
    CAISSON_CHECK_TEXT(answer->model.val, "m-1");
    CAISSON_CHECK_TEXT(message->content.val.text, "Hello");
    CAISSON_CHECK(message->reasoning.len == 2 && message->reasoning.ptr[1].redacted);
    CAISSON_CHECK_TEXT(message->reasoning.ptr[0].text, "hmm");
    CAISSON_CHECK_TEXT(message->reasoning.ptr[0].signature.val, "sig");
    CAISSON_CHECK(message->tool_calls.len == 2);
    CAISSON_CHECK_TEXT(message->tool_calls.ptr[0].name, "b");
    CAISSON_CHECK_TEXT(message->tool_calls.ptr[0].arguments, "{}");
    CAISSON_CHECK_TEXT(message->tool_calls.ptr[1].kind, "function");
    CAISSON_CHECK_TEXT(answer->choices.ptr[0].finish_reason.val.other, "tired");
    CAISSON_CHECK(answer->usage.val.output == 2);
    CAISSON_CHECK_TEXT(answer->usage.val.extra.ptr[0].f0, "x");
}

CAISSON_TEST(events_before_an_error_go_first_and_the_end_comes_once) {
    broken = true;
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request("m", "hi");
    caisson_stream *stream;
    caisson_events events;
    caisson_error error;
    bool over;
    CAISSON_CHECK(caisson_stream_open(&STREAMING, &context, &request, &stream, &error));
    CAISSON_CHECK(caisson_stream_next(stream, &events, &over, &error) && events.len == 6);
    CAISSON_CHECK(caisson_stream_next(stream, &events, &over, &error) && events.len == 1 && !over);
    CAISSON_CHECK_TEXT(events.ptr[0].val.text.text, "lo");
    CAISSON_CHECK(!caisson_stream_next(stream, &events, &over, &error));
    CAISSON_CHECK_TEXT(error.message, "call 2 broke off");
    CAISSON_CHECK(caisson_stream_next(stream, &events, &over, &error) && over && events.len == 0);
}

CAISSON_TEST(a_list_grows_wherever_its_memory_came_from) {
    caisson_string three[] = {CAISSON_TEXT("a"), CAISSON_TEXT("b"), CAISSON_TEXT("c")};
    caisson_texts list = {three, 3};
    for (size_t i = 0; i < 1000; i++) {
        CAISSON_PUSH(&list) = caisson_format("%zu", i);
        caisson_alloc(i % 3); // so that it can't always grow where it is
    }
    CAISSON_CHECK(list.len == 1003 && list.ptr != three);
    CAISSON_CHECK_TEXT(list.ptr[2], "c");
    CAISSON_CHECK_TEXT(list.ptr[3], "0");
    CAISSON_CHECK_TEXT(list.ptr[1002], "999");
    // One that somebody else filled to the brim.
    caisson_texts tight = {caisson_alloc(3 * sizeof *tight.ptr), 3};
    caisson_string beside = caisson_format("beside");
    for (size_t i = 0; i < 3; i++) CAISSON_PUSH(&tight) = CAISSON_TEXT("pushed");
    CAISSON_CHECK_TEXT(beside, "beside");
}

CAISSON_TEST(texts_are_cut_between_characters) {
    CAISSON_CHECK_TEXT(caisson_cut(CAISSON_TEXT("a\xe2\x82\xac"), 3), "a");
    CAISSON_CHECK_TEXT(caisson_cut(CAISSON_TEXT("a\xe2\x82\xac"), 4), "a\xe2\x82\xac");
    CAISSON_CHECK_TEXT(caisson_cut(CAISSON_TEXT("abc"), 0), "");
}

CAISSON_TEST(a_message_of_several_lines_is_logged_as_one) {
    caisson_log("warn", "%s", "a\nerror: b\r");
    CAISSON_CHECK_TEXT(caisson_logged(), "warn: a error: b \n");
}

static bool count_bytes(caisson_string encoding, caisson_string text, uint32_t *tokens) {
    *tokens = (uint32_t)text.len;
    return caisson_is(encoding, "bytes");
}

CAISSON_TEST(the_hosts_functions_answer_from_the_script) {
    uint32_t tokens;
    CAISSON_CHECK(!caisson_count_tokens("bytes", CAISSON_TEXT("abc"), &tokens));
    caisson_will_count(count_bytes);
    caisson_will_give_original_body(CAISSON_TEXT("{}"));
    CAISSON_CHECK(caisson_count_tokens("bytes", CAISSON_TEXT("abc"), &tokens) && tokens == 3);
    CAISSON_CHECK_TEXT(caisson_original_body(), "{}");
}
