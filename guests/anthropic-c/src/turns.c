// Messages as `system` and turns. OpenAI's list is flat: system messages anywhere, a message for each tool result.
// Anthropic wants one system prompt and turns of blocks that alternate, so neighbours of one speaker are joined, and
// tool results, which the user speaks, with them.
#include "anthropic.h"

typedef struct conversation {
    yyjson_mut_doc *doc;
    caisson_error *error;
    blocks system;
    struct turns {
        struct turn {
            const char *speaker;
            blocks blocks;
        } *ptr;
        size_t len;
    } turns;
} conversation;

static bool invalid(conversation *made, caisson_string param, const char *what) {
    return caisson_fail_at(made->error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, param, "%s", what);
}

yyjson_mut_val *new_block(yyjson_mut_doc *doc, const char *type) {
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    caisson_json_set_text(doc, value, "type", caisson_text(type));
    return value;
}

bool add_block(yyjson_mut_doc *doc, blocks *to, yyjson_mut_val *value, const caisson_pairs *extra,
               caisson_error *error) {
    if (extra && !caisson_json_set_extras(doc, value, extra, error)) return false;
    CAISSON_PUSH(to) = (block){.value = value, .has_place = true};
    return true;
}

// Anthropic refuses a text block that is empty.
static bool add_text(conversation *made, blocks *to, caisson_string text, const caisson_pairs *extra) {
    if (text.len == 0) return true;
    yyjson_mut_val *value = new_block(made->doc, "text");
    caisson_json_set_text(made->doc, value, "text", text);
    if (!add_block(made->doc, to, value, extra, made->error)) return false;
    to->ptr[to->len - 1].is_text = true;
    return true;
}

static bool add_verbatim(conversation *made, blocks *to, caisson_string json, caisson_string param) {
    yyjson_mut_val *value = verbatim(made->doc, json, param, made->error);
    if (value) CAISSON_PUSH(to) = (block){.value = value};
    return value;
}

// Only what carries its proof goes back: unsigned thinking is refused, and a model doesn't need another's.
static void add_thinking(conversation *made, blocks *to, const caisson_reasoning *reasoning) {
    if (!reasoning->signature.is_some) return;
    yyjson_mut_val *value = new_block(made->doc, reasoning->redacted ? "redacted_thinking" : "thinking");
    if (reasoning->redacted) {
        caisson_json_set_text(made->doc, value, "data", reasoning->signature.val);
    } else {
        caisson_json_set_text(made->doc, value, "thinking", reasoning->text);
        caisson_json_set_text(made->doc, value, "signature", reasoning->signature.val);
    }
    CAISSON_PUSH(to) = (block){.value = value};
}

// A list of blocks as it goes over the wire: a lone plain text as a string.
static yyjson_mut_val *wire_blocks(yyjson_mut_doc *doc, const blocks *blocks) {
    if (blocks->len == 1 && blocks->ptr[0].is_text && yyjson_mut_obj_size(blocks->ptr[0].value) == 2) {
        return yyjson_mut_obj_get(blocks->ptr[0].value, "text");
    }
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < blocks->len; i++) yyjson_mut_arr_append(list, blocks->ptr[i].value);
    return list;
}

static bool add_part(conversation *made, blocks *to, const caisson_part *part, caisson_string path) {
    switch (part->tag) {
    case CAISSON_LLM_API_PART_TEXT: return add_text(made, to, part->val.text.text, &part->val.text.extra);
    case CAISSON_LLM_API_PART_REFUSAL: return add_text(made, to, part->val.refusal.text, &part->val.refusal.extra);
    case CAISSON_LLM_API_PART_IMAGE: return add_image(made->doc, to, &part->val.image, path, "image_url", made->error);
    case CAISSON_LLM_API_PART_FILE: return add_file(made->doc, to, &part->val.file, path, made->error);
    case CAISSON_LLM_API_PART_REASONING: add_thinking(made, to, &part->val.reasoning); return true;
    case CAISSON_LLM_API_PART_OTHER: return add_verbatim(made, to, part->val.other, path);
    default:
        caisson_unsupported(made->error, "audio");
        made->error->param = caisson_some(path);
        return false;
    }
}

static bool add_content(conversation *made, blocks *to, const caisson_content *content, caisson_string path) {
    if (content->tag == CAISSON_LLM_API_CONTENT_TEXT) return add_text(made, to, content->val.text, NULL);
    if (content->tag != CAISSON_LLM_API_CONTENT_PARTS) return true;
    for (size_t i = 0; i < content->val.parts.len; i++) {
        caisson_string at = caisson_format("%.*s.content[%zu]", CAISSON_ARG(path), i);
        if (!add_part(made, to, &content->val.parts.ptr[i], at)) return false;
    }
    return true;
}

// Anthropic takes letters, digits, `_` and `-`; ids of other providers hold more, and both ends of the pair are changed
// alike: one `_` for each character.
static caisson_string tool_id(caisson_string id) {
    uint8_t *made = caisson_alloc(id.len);
    size_t length = 0;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t byte = id.ptr[i];
        bool taken = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     byte == '_' || byte == '-';
        if ((byte & 0xc0) == 0x80) continue; // the rest of a character
        made[length++] = taken ? byte : '_';
    }
    return (caisson_string){made, length};
}

static bool add_call(conversation *made, blocks *to, const caisson_tool_call *call, caisson_string path) {
    yyjson_mut_val *value = new_block(made->doc, "tool_use"), *input;
    caisson_json_set_text(made->doc, value, "id", tool_id(call->id));
    caisson_json_set_text(made->doc, value, "name", call->name);
    if (caisson_is(call->kind, "function")) {
        // As they are, once they are seen to be an object.
        caisson_string arguments = caisson_trim(call->arguments), param = path_in(path, ".function.arguments");
        if (arguments.len == 0) arguments = CAISSON_TEXT("{}");
        const char *why;
        input = caisson_json_verbatim(made->doc, arguments, &why);
        if (!input) {
            return caisson_fail_at(made->error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, param,
                                   "the arguments are not JSON: %s", why);
        }
        if (arguments.ptr[0] != '{') return invalid(made, param, "the arguments must be a JSON object");
    } else {
        input = yyjson_mut_obj(made->doc);
        caisson_json_set_text(made->doc, input, "input", call->arguments);
    }
    caisson_json_set(made->doc, value, "input", input);
    caisson_pairs fields = flat_extras(&call->extra, (const char *)caisson_format("%.*s", CAISSON_ARG(call->kind)).ptr);
    caisson_pairs extra = {0};
    for (size_t i = 0; i < fields.len; i++) {
        // OpenAI's clients leave these in a call that they folded from a stream; Anthropic refuses the turn for them.
        caisson_string name = fields.ptr[i].f0;
        if (!caisson_is(name, "index") && !caisson_is(name, "parsed_arguments")) CAISSON_PUSH(&extra) = fields.ptr[i];
    }
    return add_block(made->doc, to, value, &extra, made->error);
}

static bool add_result(conversation *made, blocks *to, const caisson_message *message, caisson_string path) {
    if (!message->tool_call_id.is_some) {
        return invalid(made, path_in(path, ".tool_call_id"), "a tool's answer must name the call it answers");
    }
    blocks content = {0};
    if (!add_content(made, &content, &message->content, path)) return false;
    yyjson_mut_val *value = new_block(made->doc, "tool_result");
    caisson_json_set_text(made->doc, value, "tool_use_id", tool_id(message->tool_call_id.val));
    if (content.len > 0) caisson_json_set(made->doc, value, "content", wire_blocks(made->doc, &content));
    caisson_pairs extra = {0};
    const caisson_string *is_error = caisson_find(&message->extra, "is_error");
    if (is_error) CAISSON_PUSH(&extra) = caisson_make_pair(CAISSON_TEXT("is_error"), *is_error);
    return add_block(made->doc, to, value, &extra, made->error);
}

static bool add_assistant(conversation *made, blocks *to, const caisson_message *message, caisson_string path) {
    const caisson_string *kept = caisson_find(&message->extra, KEPT_CONTENT);
    if (kept) { // the blocks of an earlier answer, exactly as the provider wrote them
        caisson_string param = path_in(path, "." KEPT_CONTENT);
        caisson_texts elements = {0};
        if (!caisson_json_elements(*kept, &elements, NULL)) {
            return invalid(made, param, "this must be the list of blocks of an earlier answer");
        }
        for (size_t i = 0; i < elements.len; i++) {
            if (!add_verbatim(made, to, elements.ptr[i], param)) return false;
        }
        return true;
    }
    // Thinking must open the turn, or the provider refuses it.
    for (size_t i = 0; i < message->reasoning.len; i++) add_thinking(made, to, &message->reasoning.ptr[i]);
    if (!add_content(made, to, &message->content, path)) return false;
    if (message->refusal.is_some && !add_text(made, to, message->refusal.val, NULL)) return false;
    for (size_t i = 0; i < message->tool_calls.len; i++) {
        caisson_string at = caisson_format("%.*s.tool_calls[%zu]", CAISSON_ARG(path), i);
        if (!add_call(made, to, &message->tool_calls.ptr[i], at)) return false;
    }
    return true;
}

// A `cache_control` beside the message marks its last block: a plain string has no other place for it.
static bool mark_cache(conversation *made, const caisson_message *message, const blocks *blocks, caisson_string path) {
    const caisson_string *mark = caisson_find(&message->extra, "cache_control");
    if (!mark) return true;
    yyjson_mut_val *value = verbatim(made->doc, *mark, path, made->error);
    if (!value) return false;
    const block *last = blocks->len ? &blocks->ptr[blocks->len - 1] : NULL;
    if (last && last->has_place && !yyjson_mut_obj_get(last->value, "cache_control")) {
        caisson_json_set(made->doc, last->value, "cache_control", value);
    }
    return true;
}

static void say(conversation *made, const char *speaker, const blocks *said) {
    if (said->len == 0) return; // Anthropic refuses a turn that says nothing
    struct turn *last = made->turns.len ? &made->turns.ptr[made->turns.len - 1] : NULL;
    if (!last || !caisson_is(caisson_text(speaker), last->speaker)) {
        last = &CAISSON_PUSH(&made->turns);
        last->speaker = speaker;
    }
    for (size_t i = 0; i < said->len; i++) CAISSON_PUSH(&last->blocks) = said->ptr[i];
}

static bool add_message(conversation *made, const caisson_message *message, caisson_string path) {
    blocks said = {0};
    bool fine;
    switch (message->role) {
    case CAISSON_LLM_API_ROLE_ASSISTANT: fine = add_assistant(made, &said, message, path); break;
    case CAISSON_LLM_API_ROLE_TOOL: fine = add_result(made, &said, message, path); break;
    default: fine = add_content(made, &said, &message->content, path);
    }
    if (!fine || !mark_cache(made, message, &said, path)) return false;
    if (message->role == CAISSON_LLM_API_ROLE_SYSTEM || message->role == CAISSON_LLM_API_ROLE_DEVELOPER) {
        for (size_t i = 0; i < said.len; i++) CAISSON_PUSH(&made->system) = said.ptr[i];
    } else {
        say(made, message->role == CAISSON_LLM_API_ROLE_ASSISTANT ? "assistant" : "user", &said);
    }
    return true;
}

bool set_conversation(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request,
                      caisson_error *error) {
    conversation made = {.doc = doc, .error = error};
    for (size_t i = 0; i < request->messages.len; i++) {
        if (!add_message(&made, &request->messages.ptr[i], caisson_format("messages[%zu]", i))) return false;
    }
    if (made.turns.len == 0) {
        return invalid(&made, CAISSON_TEXT("messages"), "at least one message with content is needed");
    }
    if (made.system.len > 0) caisson_json_set(doc, body, "system", wire_blocks(doc, &made.system));
    yyjson_mut_val *turns = yyjson_mut_arr(doc);
    for (size_t i = 0; i < made.turns.len; i++) {
        yyjson_mut_val *turn = yyjson_mut_obj(doc);
        caisson_json_set_text(doc, turn, "role", caisson_text(made.turns.ptr[i].speaker));
        caisson_json_set(doc, turn, "content", wire_blocks(doc, &made.turns.ptr[i].blocks));
        yyjson_mut_arr_append(turns, turn);
    }
    caisson_json_set(doc, body, "messages", turns);
    return true;
}
