// See asks.h.
#include "asks.h"

#include <string.h>

caisson_chat_answer answered(const caisson_chat_request *request, caisson_string body) {
    caisson_will_reply(200, "application/json", body);
    caisson_context context = caisson_test_context();
    caisson_chat_response response = {0};
    caisson_error error;
    if (!caisson_complete(&caisson_exported, &context, request, &response, &error)) {
        CAISSON_CHECK_TEXT(error.message, "");
    }
    return response.val.answer;
}

caisson_string body_of(const caisson_chat_request *request) {
    answered(request, CAISSON_TEXT("{\"content\":[]}"));
    return caisson_sent(caisson_sent_count() - 1)->body;
}

caisson_string field_of(const caisson_chat_request *request, const char *name) {
    caisson_pairs fields = {0};
    CAISSON_CHECK(caisson_json_fields(body_of(request), &fields, NULL));
    const caisson_string *found = caisson_find(&fields, name);
    return found ? *found : (caisson_string){0};
}

caisson_error refused(const caisson_chat_request *request) {
    caisson_context context = caisson_test_context();
    caisson_chat_response response = {0};
    caisson_error error = {0};
    CAISSON_CHECK(!caisson_complete(&caisson_exported, &context, request, &response, &error));
    CAISSON_CHECK(caisson_sent_count() == 0);
    return error;
}

caisson_string fixture(const char *name) {
    return caisson_fixture((const char *)caisson_format("../anthropic/fixtures/%s", name).ptr);
}

static void add(caisson_buffer *text, caisson_string piece) { caisson_buffer_add(text, piece); }

static void add_pairs(caisson_buffer *text, const caisson_pairs *pairs) {
    for (size_t i = 0; i < pairs->len; i++) {
        add(text, caisson_format(" %.*s=%.*s", CAISSON_ARG(pairs->ptr[i].f0), CAISSON_ARG(pairs->ptr[i].f1)));
    }
}

static void describe(const caisson_event *event, void *with) {
    caisson_buffer *text = with;
    switch (event->tag) {
    case CAISSON_LLM_API_EVENT_START:
        add(text, caisson_format("start %.*s %.*s", CAISSON_ARG(event->val.start.id.val),
                                 CAISSON_ARG(event->val.start.model.val)));
        add_pairs(text, &event->val.start.extra);
        break;
    case CAISSON_LLM_API_EVENT_TEXT: add(text, caisson_format("text %.*s", CAISSON_ARG(event->val.text.text))); break;
    case CAISSON_LLM_API_EVENT_REASONING:
        add(text,
            caisson_format("%s %.*s %.*s", event->val.reasoning.redacted ? "redacted" : "reasoning",
                           CAISSON_ARG(event->val.reasoning.text), CAISSON_ARG(event->val.reasoning.signature.val)));
        break;
    case CAISSON_LLM_API_EVENT_TOOL:
        add(text, caisson_format("tool %u %.*s %.*s %.*s", event->val.tool.index, CAISSON_ARG(event->val.tool.id.val),
                                 CAISSON_ARG(event->val.tool.name.val), CAISSON_ARG(event->val.tool.arguments)));
        add_pairs(text, &event->val.tool.extra);
        break;
    case CAISSON_LLM_API_EVENT_FINISH: add(text, caisson_format("finish %u", event->val.finish.reason.tag)); break;
    case CAISSON_LLM_API_EVENT_USAGE:
        add(text,
            caisson_format("usage %u %u %u", event->val.usage.input, event->val.usage.output, event->val.usage.total));
        break;
    case CAISSON_LLM_API_EVENT_OTHER:
        add(text, CAISSON_TEXT("other"));
        add_pairs(text, &event->val.other.extra);
        break;
    default: add(text, CAISSON_TEXT("unexpected"));
    }
    add(text, CAISSON_TEXT("\n"));
}

caisson_string events_of(caisson_string stream, size_t piece) {
    caisson_will_reply(200, "text/event-stream", stream)->piece = piece;
    caisson_context context = caisson_test_context();
    caisson_chat_request request = caisson_test_request(MODEL, "Ahoy?");
    caisson_buffer text = {0};
    caisson_error error = {0};
    if (!caisson_test_stream(&caisson_exported, &context, &request, describe, &text, &error)) {
        add(&text, caisson_format("error %u %.*s\n", error.status.val, CAISSON_ARG(error.message)));
    }
    caisson_string all = caisson_keep(caisson_buffer_text(&text));
    caisson_buffer_free(&text);
    return all;
}

caisson_message *add_message(caisson_chat_request *request, uint8_t role, const char *text) {
    caisson_message *message = &CAISSON_PUSH(&request->messages);
    message->role = role;
    if (text) {
        message->content.tag = CAISSON_LLM_API_CONTENT_TEXT;
        message->content.val.text = caisson_text(text);
    }
    return message;
}

caisson_part *add_part(caisson_message *message, uint8_t tag) {
    if (message->content.tag != CAISSON_LLM_API_CONTENT_PARTS) {
        message->content = (caisson_content){.tag = CAISSON_LLM_API_CONTENT_PARTS};
    }
    caisson_part *part = &CAISSON_PUSH(&message->content.val.parts);
    part->tag = tag;
    return part;
}

void add_extra(caisson_pairs *extra, const char *name, const char *json) {
    CAISSON_PUSH(extra) = caisson_make_pair(caisson_text(name), caisson_text(json));
}
