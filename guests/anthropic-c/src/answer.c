// A whole answer of the Messages API as the contract's, and what a stream's parts have in common with it: blocks,
// endings, token counts. Fields without a name in the contract stay beside the answer as they came.
#include "anthropic.h"

static bool is_null(caisson_string json) { return caisson_is(json, "null"); }

bool read_block(caisson_string json, answer_block *block) {
    caisson_pairs fields = {0};
    *block = (answer_block){0};
    if (!caisson_json_inner_fields(json, &fields)) return false;
    const struct {
        const char *name;
        caisson_string *text;
    } TEXTS[] = {{"type", &block->type},         {"text", &block->text},
                 {"thinking", &block->thinking}, {"signature", &block->signature},
                 {"data", &block->data},         {"id", &block->id},
                 {"name", &block->name}};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        const caisson_string *value = caisson_find(&fields, TEXTS[i].name);
        if (value && !is_null(*value) && !text_field(*value, TEXTS[i].text)) return false;
    }
    const caisson_string *input = caisson_find(&fields, "input"), *caller = caisson_find(&fields, "caller");
    const caisson_string *citations = caisson_find(&fields, "citations");
    if (input && !is_null(*input)) block->input = *input;
    caisson_texts cited = {0};
    if (citations && !is_null(*citations)) {
        block->cites = !caisson_json_inner_elements(*citations, &cited) || cited.len > 0;
    }
    caisson_string who;
    if (caller && caisson_json_is_text(yyjson_obj_get(caisson_json_parse(*caller, NULL), "type"), &who) &&
        !caisson_is(who, "direct")) {
        block->caller = *caller;
    }
    return block->type.len > 0;
}

bool take_ending(ending *ending, caisson_pair field) {
    bool speaks = caisson_is(field.f0, "stop_sequence") || caisson_is(field.f0, "stop_details");
    if (caisson_is(field.f0, "stop_reason")) {
        caisson_string reason;
        if (text_field(field.f1, &reason)) ending->reason = caisson_keep(reason);
    } else if (!speaks) {
        return false;
    } else if (!is_null(field.f1)) {
        CAISSON_PUSH_KEPT(&ending->extra) = caisson_make_pair(caisson_keep(field.f0), caisson_keep(field.f1));
    }
    return true;
}

caisson_finish_reason finish_reason(const ending *ending) {
    static const struct {
        const char *word;
        uint8_t tag;
    } REASONS[] = {
        {"end_turn", CAISSON_LLM_API_FINISH_REASON_STOP},
        {"stop_sequence", CAISSON_LLM_API_FINISH_REASON_STOP},
        {"max_tokens", CAISSON_LLM_API_FINISH_REASON_LENGTH},
        {"model_context_window_exceeded", CAISSON_LLM_API_FINISH_REASON_LENGTH},
        {"tool_use", CAISSON_LLM_API_FINISH_REASON_TOOL_CALLS},
        {"refusal", CAISSON_LLM_API_FINISH_REASON_CONTENT_FILTER},
    };
    if (ending->reason.len == 0) return (caisson_finish_reason){.tag = CAISSON_LLM_API_FINISH_REASON_STOP};
    for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++) {
        if (caisson_is(ending->reason, REASONS[i].word)) return (caisson_finish_reason){.tag = REASONS[i].tag};
    }
    // `pause_turn`, and whatever comes: the answer is not over, so not `stop`.
    return (caisson_finish_reason){.tag = CAISSON_LLM_API_FINISH_REASON_OTHER, .val.other = ending->reason};
}

caisson_pairs ending_extra(const ending *ending) {
    static const char *const HIDDEN[] = {"stop_sequence", "refusal", "model_context_window_exceeded"};
    caisson_pairs extra = {0};
    for (size_t i = 0; i < ending->extra.len; i++) CAISSON_PUSH(&extra) = ending->extra.ptr[i];
    for (size_t i = 0; i < sizeof HIDDEN / sizeof *HIDDEN; i++) {
        if (!caisson_is(ending->reason, HIDDEN[i])) continue;
        caisson_string quoted = caisson_format("\"%s\"", HIDDEN[i]);
        CAISSON_PUSH(&extra) = caisson_make_pair(CAISSON_TEXT("stop_reason"), quoted);
    }
    return extra;
}

static void count_field(caisson_string json, adapter_option_u32_t *to) {
    uint32_t number;
    if (caisson_json_u32(caisson_json_parse(json, NULL), &number)) *to = (adapter_option_u32_t){true, number};
}

static void keep_field(caisson_pairs *fields, caisson_pair field) {
    caisson_string value = caisson_keep(field.f1);
    size_t at = 0;
    for (; at < fields->len; at++) {
        if (!caisson_equal(fields->ptr[at].f0, field.f0)) continue;
        fields->ptr[at].f1 = value;
        return;
    }
    CAISSON_PUSH_KEPT(fields) = caisson_make_pair(caisson_keep(field.f0), value);
}

// Takes a `usage` object in. Fields that are absent or null leave what was known.
void count(counts *counts, caisson_string usage) {
    caisson_pairs fields = {0};
    if (!caisson_json_inner_fields(usage, &fields)) return;
    counts->counted = true;
    for (size_t i = 0; i < fields.len; i++) {
        caisson_string name = fields.ptr[i].f0, value = fields.ptr[i].f1, tier;
        adapter_option_u32_t number = {0};
        count_field(value, &number);
        if (caisson_is(name, "input_tokens")) {
            if (number.is_some) counts->input = number.val;
        } else if (caisson_is(name, "output_tokens")) {
            if (number.is_some) counts->output = number.val;
        } else if (caisson_is(name, "cache_read_input_tokens")) {
            if (number.is_some) counts->cache_read = number;
        } else if (caisson_is(name, "cache_creation_input_tokens")) {
            if (number.is_some) counts->cache_write = number;
        } else if (caisson_is(name, "output_tokens_details")) {
            yyjson_val *details = caisson_json_object(value, NULL);
            uint32_t thought;
            if (caisson_json_u32(yyjson_obj_get(details, "thinking_tokens"), &thought)) {
                counts->thinking = (adapter_option_u32_t){true, thought};
            }
        } else if (caisson_is(name, "service_tier")) {
            // The tier in OpenAI's word, where it has one.
            if (text_field(value, &tier)) {
                counts->service_tier =
                    caisson_some(caisson_is(tier, "standard") ? CAISSON_TEXT("default") : caisson_keep(tier));
            }
        } else if (!is_null(value)) {
            keep_field(&counts->extra, fields.ptr[i]);
        }
    }
}

// Anthropic counts apart what came from the cache and what went into it; OpenAI's prompt tokens are all of it.
caisson_usage usage_of(const counts *counts) {
    uint64_t input = counts->input;
    if (counts->cache_read.is_some) input += counts->cache_read.val;
    if (counts->cache_write.is_some) input += counts->cache_write.val;
    if (input > UINT32_MAX) input = UINT32_MAX;
    uint64_t total = input + counts->output;
    return (caisson_usage){
        .input = (uint32_t)input,
        .output = counts->output,
        .total = total > UINT32_MAX ? UINT32_MAX : (uint32_t)total,
        .cached_input = counts->cache_read,
        .cache_write_input = counts->cache_write,
        .reasoning_output = counts->thinking,
        .extra = counts->extra,
    };
}

static void add_answer_block(caisson_message *message, const answer_block *block) {
    if (caisson_is(block->type, "text")) {
        if (block->text.len == 0) return;
        caisson_string before = {0};
        if (message->content.tag == CAISSON_LLM_API_CONTENT_TEXT) before = message->content.val.text;
        message->content.tag = CAISSON_LLM_API_CONTENT_TEXT;
        message->content.val.text = caisson_join(before, block->text);
    } else if (caisson_is(block->type, "thinking")) {
        CAISSON_PUSH(&message->reasoning) =
            (caisson_reasoning){.text = block->thinking, .signature = caisson_some_unless_empty(block->signature)};
    } else if (caisson_is(block->type, "redacted_thinking")) {
        CAISSON_PUSH(&message->reasoning) =
            (caisson_reasoning){.signature = caisson_some_unless_empty(block->data), .redacted = true};
    } else if (caisson_is(block->type, "tool_use")) {
        caisson_tool_call *call = &CAISSON_PUSH(&message->tool_calls);
        call->id = block->id;
        call->kind = CAISSON_TEXT("function");
        call->name = block->name;
        call->arguments = block->input.len ? block->input : CAISSON_TEXT("{}");
        if (block->caller.len) {
            CAISSON_PUSH(&call->extra) = caisson_make_pair(CAISSON_TEXT("caller"), block->caller);
        }
    }
}

static bool set_message(caisson_message *message, caisson_string content) {
    caisson_texts elements = {0};
    if (!caisson_json_inner_elements(content, &elements)) return false;
    shape shape = {0};
    message->role = CAISSON_LLM_API_ROLE_ASSISTANT;
    for (size_t i = 0; i < elements.len; i++) {
        answer_block block;
        bool readable = read_block(elements.ptr[i], &block);
        see_block(&shape, readable ? &block : NULL);
        if (readable) add_answer_block(message, &block);
    }
    if (shape.lossy) CAISSON_PUSH(&message->extra) = caisson_make_pair(CAISSON_TEXT(KEPT_CONTENT), content);
    return true;
}

// Reads the body of a successful answer.
bool chat_answer(caisson_string body, caisson_chat_response *response, caisson_error *error) {
    const caisson_error_kind upstream = CAISSON_LLM_API_ERROR_KIND_UPSTREAM;
    caisson_pairs fields = {0};
    const char *why;
    if (!caisson_json_fields(body, &fields, &why)) {
        return caisson_fail(error, upstream, "the answer is not a message in JSON: %s", why);
    }
    caisson_chat_answer *answer = &response->val.answer;
    caisson_choice *choice = &CAISSON_PUSH(&answer->choices);
    counts counts = {0};
    ending ending = {0};
    bool has_content = false;
    for (size_t i = 0; i < fields.len; i++) {
        caisson_string name = fields.ptr[i].f0, value = fields.ptr[i].f1, text;
        if (caisson_is(name, "content")) {
            has_content = has_content || set_message(&choice->message, value);
        } else if (caisson_is(name, "usage")) {
            count(&counts, value);
        } else if (caisson_is(name, "id") || caisson_is(name, "model")) {
            if (text_field(value, &text)) *(caisson_is(name, "id") ? &answer->id : &answer->model) = caisson_some(text);
        } else if (!take_ending(&ending, fields.ptr[i]) && !caisson_is(name, "type") && !caisson_is(name, "role") &&
                   !is_null(value)) {
            CAISSON_PUSH(&answer->extra) = fields.ptr[i];
        }
    }
    if (!has_content) return caisson_fail(error, upstream, "the answer is no message: it has no list of content");
    choice->finish_reason = finish_reason(&ending);
    choice->extra = ending_extra(&ending);
    answer->service_tier = counts.service_tier;
    answer->usage.is_some = counts.counted;
    answer->usage.val = usage_of(&counts);
    return true;
}
