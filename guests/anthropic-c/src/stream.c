// A stream's events as the contract's, one call for each server-sent event. It keeps what only the end of the stream
// can tell: token counts, the reason it ended, and the provider's blocks where OpenAI's shape loses something of them.
#include "anthropic.h"

static void push_reasoning(caisson_events *events, caisson_string text, caisson_string signature, bool redacted) {
    // Where a request has the text left out (`display: omitted`) only the signature comes.
    if (text.len == 0 && signature.len == 0) return;
    caisson_event *event = &CAISSON_PUSH(events);
    event->tag = CAISSON_LLM_API_EVENT_REASONING;
    event->val.reasoning.text = text;
    event->val.reasoning.signature = caisson_some_unless_empty(signature);
    event->val.reasoning.redacted = redacted;
}

static void push_arguments(caisson_events *events, uint32_t index, caisson_string arguments) {
    caisson_event *event = &CAISSON_PUSH(events);
    event->tag = CAISSON_LLM_API_EVENT_TOOL;
    event->val.tool.index = index;
    event->val.tool.arguments = arguments;
}

static void push_other(caisson_events *events, caisson_pairs extra) {
    if (extra.len == 0) return;
    CAISSON_PUSH(events) = (caisson_event){.tag = CAISSON_LLM_API_EVENT_OTHER, .val.other.extra = extra};
}

// A call without argument deltas has what its block started with: as a rule `{}`.
static void close_call(decoder *decoder, caisson_events *events) {
    if (decoder->call.open && decoder->call.input.len) push_arguments(events, decoder->call.index, decoder->call.input);
    decoder->call.open = false;
}

static void message_start(decoder *decoder, const caisson_pairs *event, caisson_events *events) {
    const caisson_string *message = caisson_find(event, "message");
    caisson_event *start = &CAISSON_PUSH(events);
    start->tag = CAISSON_LLM_API_EVENT_START;
    caisson_pairs fields = {0};
    if (message) caisson_json_inner_fields(*message, &fields);
    for (size_t i = 0; i < fields.len; i++) {
        caisson_string name = fields.ptr[i].f0, value = fields.ptr[i].f1, text;
        if (caisson_is(name, "usage")) {
            count(&decoder->counts, value);
        } else if (caisson_is(name, "id")) {
            if (text_field(value, &text)) start->val.start.id = caisson_some(text);
        } else if (caisson_is(name, "model")) {
            if (text_field(value, &text)) start->val.start.model = caisson_some(text);
        } else if (!caisson_is(name, "content") && !caisson_is(name, "type") && !caisson_is(name, "role") &&
                   !caisson_is(value, "null")) {
            CAISSON_PUSH(&start->val.start.extra) = fields.ptr[i];
        }
    }
    start->val.start.service_tier = decoder->counts.service_tier;
}

static void block_start(decoder *decoder, uint32_t index, const caisson_pairs *event, caisson_events *events) {
    const caisson_string *raw = caisson_find(event, "content_block");
    if (!raw || caisson_is(*raw, "null")) return;
    answer_block block;
    bool readable = read_block(*raw, &block);
    record_start(&decoder->recorder, index, *raw, readable ? &block : NULL);
    if (!readable) return;
    if (caisson_is(block.type, "text")) {
        if (block.text.len) caisson_push_text(events, block.text);
    } else if (caisson_is(block.type, "thinking")) {
        push_reasoning(events, block.thinking, block.signature, false);
    } else if (caisson_is(block.type, "redacted_thinking")) {
        push_reasoning(events, (caisson_string){0}, block.data, true);
    } else if (caisson_is(block.type, "tool_use")) {
        close_call(decoder, events);
        caisson_event *call = &CAISSON_PUSH(events);
        call->tag = CAISSON_LLM_API_EVENT_TOOL;
        call->val.tool.index = decoder->calls;
        call->val.tool.id = caisson_some_unless_empty(block.id);
        call->val.tool.name = caisson_some_unless_empty(block.name);
        if (block.caller.len) {
            CAISSON_PUSH(&call->val.tool.extra) = caisson_make_pair(CAISSON_TEXT("caller"), block.caller);
        }
        decoder->call.open = true;
        decoder->call.block = index;
        decoder->call.index = decoder->calls++;
        decoder->call.input = caisson_keep(block.input.len ? block.input : CAISSON_TEXT("{}"));
    }
}

static bool text_of(yyjson_val *object, const char *name, caisson_string *text, caisson_error *error) {
    yyjson_val *value = yyjson_obj_get(object, name);
    if (!value || yyjson_is_null(value) || caisson_json_is_text(value, text)) return true;
    return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM,
                        "an event of the stream could not be read: %s is no text", name);
}

static bool block_delta(decoder *decoder, uint32_t index, yyjson_val *delta, caisson_events *events,
                        caisson_error *error) {
    if (!delta || yyjson_is_null(delta)) return true;
    if (!yyjson_is_obj(delta)) return fail_unreadable(error, "a delta that is no object");
    caisson_string type = {0};
    addition added = {0};
    if (!text_of(delta, "type", &type, error) || !text_of(delta, "text", &added.text, error) ||
        !text_of(delta, "thinking", &added.thinking, error) || !text_of(delta, "signature", &added.signature, error) ||
        !text_of(delta, "partial_json", &added.input, error)) {
        return false;
    }
    yyjson_val *citation = yyjson_obj_get(delta, "citation");
    if (citation && !yyjson_is_null(citation)) added.citation = caisson_json_print(citation);
    record_delta(&decoder->recorder, index, &added);
    if (caisson_is(type, "text_delta")) {
        if (added.text.len) caisson_push_text(events, added.text);
    } else if (caisson_is(type, "thinking_delta")) {
        push_reasoning(events, added.thinking, (caisson_string){0}, false);
    } else if (caisson_is(type, "signature_delta")) {
        push_reasoning(events, (caisson_string){0}, added.signature, false);
    } else if (caisson_is(type, "input_json_delta") && decoder->call.open && decoder->call.block == index &&
               added.input.len) { // server tools have arguments too; those belong to no call of the client's
        decoder->call.input.len = 0;
        push_arguments(events, decoder->call.index, added.input);
    }
    return true;
}

static bool message_delta(decoder *decoder, const caisson_pairs *event, caisson_events *events, caisson_error *error) {
    const caisson_string *usage = caisson_find(event, "usage"), *delta = caisson_find(event, "delta");
    if (usage) count(&decoder->counts, *usage);
    if (!delta || caisson_is(*delta, "null")) return true;
    caisson_pairs fields = {0}, extra = {0};
    if (!caisson_json_inner_fields(*delta, &fields)) return fail_unreadable(error, "a delta that is no object");
    ending said = {0};
    for (size_t i = 0; i < fields.len; i++) {
        if (!take_ending(&said, fields.ptr[i]) && !caisson_is(fields.ptr[i].f1, "null")) {
            CAISSON_PUSH(&extra) = fields.ptr[i];
        }
    }
    if (said.reason.len) decoder->ending = said;
    push_other(events, extra);
    return true;
}

static void message_stop(decoder *decoder, caisson_events *events) {
    decoder->stopped = true;
    close_call(decoder, events);
    caisson_pairs extra = ending_extra(&decoder->ending);
    caisson_string list = recorded_list(&decoder->recorder);
    if (list.len) CAISSON_PUSH(&extra) = caisson_make_pair(CAISSON_TEXT(KEPT_CONTENT), list);
    push_other(events, extra);
    caisson_push_finish(events, finish_reason(&decoder->ending));
    if (decoder->counts.counted) caisson_push_usage(events, usage_of(&decoder->counts));
}

bool decode(decoder *decoder, caisson_string data, caisson_events *events, caisson_error *error) {
    const char *why;
    yyjson_val *event = caisson_json_parse(data, &why);
    if (!event) return fail_unreadable(error, why);
    // What has no readable type is broken, not new.
    caisson_string type;
    if (!caisson_json_is_text(yyjson_obj_get(event, "type"), &type)) return fail_unreadable(error, "it has no type");
    uint32_t index = 0;
    yyjson_val *position = yyjson_obj_get(event, "index");
    bool has_index = !position || yyjson_is_null(position) || caisson_json_u32(position, &index);
    if (caisson_starts_with(type, "content_block_") && !has_index) {
        return fail_unreadable(error, "an index that is no number");
    }
    if (caisson_is(type, "content_block_delta")) {
        return block_delta(decoder, index, yyjson_obj_get(event, "delta"), events, error);
    }
    if (caisson_is(type, "content_block_stop")) {
        if (decoder->call.open && decoder->call.block == index) close_call(decoder, events);
        return true;
    }
    if (caisson_is(type, "error")) return fail_in_stream(error, data);
    caisson_pairs fields = {0};
    caisson_json_inner_fields(data, &fields); // which was read above
    if (caisson_is(type, "content_block_start")) block_start(decoder, index, &fields, events);
    if (caisson_is(type, "message_start")) message_start(decoder, &fields, events);
    if (caisson_is(type, "message_delta")) return message_delta(decoder, &fields, events, error);
    if (caisson_is(type, "message_stop")) message_stop(decoder, events);
    return true;
}
