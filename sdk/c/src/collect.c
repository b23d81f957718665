// A whole answer put together from a streamed one, for adapters that write only the stream. Raw chunks are refused: to
// merge those is the host's art.
#include "kit.h"

// A choice that is still growing; its texts are joined at the end.
typedef struct growing {
    uint32_t index;
    caisson_buffer text, refusal;
    caisson_choice choice;
    struct calls {
        struct call {
            uint32_t index;
            caisson_tool_call call;
            caisson_buffer arguments;
        } *ptr;
        size_t len;
    } calls;
    struct blocks {
        struct block {
            bool open;
            caisson_reasoning reasoning;
            caisson_buffer text;
        } *ptr;
        size_t len;
    } blocks;
} growing;

typedef struct choices {
    growing *ptr;
    size_t len;
} choices;

static growing *choice_of(choices *all, uint32_t index) {
    for (size_t i = 0; i < all->len; i++) {
        if (all->ptr[i].index == index) return &all->ptr[i];
    }
    growing *added = &CAISSON_PUSH(all);
    added->index = index;
    return added;
}

static caisson_option_string kept(caisson_option_string text) {
    if (text.is_some) text.val = caisson_keep(text.val);
    return text;
}

static void add_pairs(caisson_pairs *to, const caisson_pairs *pairs) {
    for (size_t i = 0; i < pairs->len; i++) {
        CAISSON_PUSH(to) = caisson_make_pair(caisson_keep(pairs->ptr[i].f0), caisson_keep(pairs->ptr[i].f1));
    }
}

static void add_reasoning(growing *choice, const caisson_llm_api_reasoning_delta_t *delta) {
    struct block *block = choice->blocks.len ? &choice->blocks.ptr[choice->blocks.len - 1] : NULL;
    if (!block || !block->open || delta->redacted) {
        block = &CAISSON_PUSH(&choice->blocks);
        block->open = true;
    }
    caisson_buffer_add(&block->text, delta->text);
    block->reasoning.redacted = delta->redacted;
    // The signature comes with a block's last delta.
    if (delta->signature.is_some) {
        block->reasoning.signature = kept(delta->signature);
        block->open = false;
    }
}

static void add_tool(growing *choice, const caisson_llm_api_tool_delta_t *delta) {
    struct call *call = NULL;
    for (size_t i = 0; i < choice->calls.len; i++) {
        if (choice->calls.ptr[i].index == delta->index) call = &choice->calls.ptr[i];
    }
    if (!call) {
        call = &CAISSON_PUSH(&choice->calls);
        call->index = delta->index;
        call->call.kind = CAISSON_TEXT("function");
        if (delta->kind.is_some) call->call.kind = caisson_keep(delta->kind.val);
    }
    if (delta->id.is_some) call->call.id = caisson_keep(delta->id.val);
    if (delta->name.is_some) call->call.name = caisson_keep(delta->name.val);
    caisson_buffer_add(&call->arguments, delta->arguments);
    add_pairs(&call->call.extra, &delta->extra);
}

static bool add_event(choices *all, caisson_chat_answer *answer, const caisson_event *event, caisson_error *error) {
    switch (event->tag) {
    case CAISSON_LLM_API_EVENT_START:
        answer->id = kept(event->val.start.id);
        answer->model = kept(event->val.start.model);
        answer->service_tier = kept(event->val.start.service_tier);
        answer->system_fingerprint = kept(event->val.start.system_fingerprint);
        add_pairs(&answer->extra, &event->val.start.extra);
        return true;
    case CAISSON_LLM_API_EVENT_TEXT:
        caisson_buffer_add(&choice_of(all, event->val.text.choice)->text, event->val.text.text);
        return true;
    case CAISSON_LLM_API_EVENT_REFUSAL:
        caisson_buffer_add(&choice_of(all, event->val.refusal.choice)->refusal, event->val.refusal.text);
        return true;
    case CAISSON_LLM_API_EVENT_REASONING:
        add_reasoning(choice_of(all, event->val.reasoning.choice), &event->val.reasoning);
        return true;
    case CAISSON_LLM_API_EVENT_TOOL: add_tool(choice_of(all, event->val.tool.choice), &event->val.tool); return true;
    case CAISSON_LLM_API_EVENT_FINISH: {
        growing *choice = choice_of(all, event->val.finish.choice);
        choice->choice.finish_reason = event->val.finish.reason;
        if (event->val.finish.reason.tag == CAISSON_LLM_API_FINISH_REASON_OTHER) {
            choice->choice.finish_reason.val.other = caisson_keep(event->val.finish.reason.val.other);
        }
        return true;
    }
    case CAISSON_LLM_API_EVENT_USAGE: {
        caisson_pairs extra = {0};
        add_pairs(&extra, &event->val.usage.extra);
        answer->usage.is_some = true;
        answer->usage.val = event->val.usage;
        answer->usage.val.extra = extra;
        return true;
    }
    case CAISSON_LLM_API_EVENT_OTHER:
        add_pairs(&choice_of(all, event->val.other.choice)->choice.message.extra, &event->val.other.extra);
        return true;
    default: return caisson_unsupported(error, "whole answers of streams with raw chunks or log probabilities");
    }
}

static void finish(growing *from, caisson_choice *choice) {
    *choice = from->choice;
    choice->index = from->index;
    choice->message.role = CAISSON_LLM_API_ROLE_ASSISTANT;
    if (from->text.len) {
        choice->message.content.tag = CAISSON_LLM_API_CONTENT_TEXT;
        choice->message.content.val.text = caisson_buffer_text(&from->text);
    }
    choice->message.refusal = caisson_some_unless_empty(caisson_buffer_text(&from->refusal));
    for (size_t i = 0; i < from->blocks.len; i++) {
        struct block *block = &from->blocks.ptr[i];
        block->reasoning.text = caisson_buffer_text(&block->text);
        CAISSON_PUSH(&choice->message.reasoning) = block->reasoning;
    }
    for (size_t i = 0; i < from->calls.len; i++) {
        struct call *call = &from->calls.ptr[i];
        call->call.arguments = caisson_buffer_text(&call->arguments);
        CAISSON_PUSH(&choice->message.tool_calls) = call->call;
    }
}

bool caisson_collect(const caisson_adapter *adapter, const caisson_context *context,
                     const caisson_chat_request *request, caisson_chat_response *response, caisson_error *error) {
    caisson_stream *stream;
    if (!caisson_stream_open(adapter, context, request, &stream, error)) return false;
    choices all = {0};
    choice_of(&all, 0);
    bool fine = true;
    for (bool over = false; fine && !over;) {
        caisson_events events;
        fine = caisson_stream_next(stream, &events, &over, error);
        for (size_t i = 0; fine && i < events.len; i++) {
            fine = add_event(&all, &response->val.answer, &events.ptr[i], error);
        }
    }
    caisson_stream_close(stream);
    if (!fine) return false;
    for (size_t i = 0; i < all.len; i++) finish(&all.ptr[i], &CAISSON_PUSH(&response->val.answer.choices));
    return true;
}
