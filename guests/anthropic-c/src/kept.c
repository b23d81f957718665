// The provider's own list of blocks, kept beside the message wherever OpenAI's shape can't hold it: server tools,
// citations, thinking between tool calls. A client that sends the message back sends the list back, and the provider
// sees what it wrote.
//
// It decides only *whether* a list must be kept. Lists that OpenAI's shape can hold (thinking, then one text, then tool
// calls) are not kept a second time.
#include "anthropic.h"

// Past this many bytes a stream's blocks are no longer kept: a caller streams long answers so as not to hold them.
#define KEPT_BYTES ((size_t)4 << 20)

// Where a block stands in a message rebuilt from OpenAI's fields.
enum { THINKING, TEXT, TOOL_USE };

void see_block(shape *shape, const answer_block *block) {
    int rank;
    if (block && (caisson_is(block->type, "thinking") || caisson_is(block->type, "redacted_thinking"))) {
        rank = THINKING;
    } else if (block && caisson_is(block->type, "text")) {
        rank = TEXT;
    } else if (block && caisson_is(block->type, "tool_use")) {
        rank = TOOL_USE;
    } else {
        shape->lossy = true;
        return;
    }
    bool second_text = rank == TEXT && shape->last == TEXT;
    shape->lossy = shape->lossy || rank < shape->last || second_text || block->cites;
    shape->last = rank;
}

struct recorded {
    uint32_t index;
    caisson_string start; // JSON
    caisson_buffer text, thinking, signature, input;
    caisson_texts citations;
};

static bool has_room(recorder *recorder, size_t size) {
    recorder->size = size > KEPT_BYTES ? KEPT_BYTES + 1 : recorder->size + size;
    if (recorder->size <= KEPT_BYTES) return true;
    recorder->size = KEPT_BYTES + 1;
    for (size_t i = 0; i < recorder->blocks.len; i++) {
        struct recorded *block = &recorder->blocks.ptr[i];
        caisson_buffer_free(&block->text);
        caisson_buffer_free(&block->thinking);
        caisson_buffer_free(&block->signature);
        caisson_buffer_free(&block->input);
    }
    recorder->blocks.len = 0;
    return false;
}

void record_start(recorder *recorder, uint32_t index, caisson_string start, const answer_block *block) {
    see_block(&recorder->shape, block);
    if (!has_room(recorder, start.len + sizeof(struct recorded))) return;
    struct recorded *recorded = &CAISSON_PUSH_KEPT(&recorder->blocks);
    recorded->index = index;
    recorded->start = caisson_keep(start);
}

void record_delta(recorder *recorder, uint32_t index, const addition *addition) {
    if (addition->citation.len) recorder->shape.lossy = true;
    size_t size = addition->text.len + addition->thinking.len + addition->signature.len + addition->input.len;
    if (!has_room(recorder, size + addition->citation.len)) return;
    for (size_t i = recorder->blocks.len; i-- > 0;) {
        struct recorded *block = &recorder->blocks.ptr[i];
        if (block->index != index) continue;
        caisson_buffer_add(&block->text, addition->text);
        caisson_buffer_add(&block->thinking, addition->thinking);
        caisson_buffer_add(&block->signature, addition->signature);
        caisson_buffer_add(&block->input, addition->input);
        if (addition->citation.len) CAISSON_PUSH_KEPT(&block->citations) = caisson_keep(addition->citation);
        return;
    }
}

static yyjson_mut_val *with_citations(yyjson_mut_doc *doc, caisson_string begun, const caisson_texts *added) {
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    caisson_texts all = {0};
    caisson_json_elements(begun, &all, NULL);
    for (size_t i = 0; i < added->len; i++) CAISSON_PUSH(&all) = added->ptr[i];
    for (size_t i = 0; i < all.len; i++) {
        yyjson_mut_arr_append(list, yyjson_mut_rawn(doc, (const char *)all.ptr[i].ptr, all.ptr[i].len));
    }
    return list;
}

// Replaces a field or adds it.
static void put(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, yyjson_mut_val *value) {
    yyjson_mut_obj_put(object, yyjson_mut_str(doc, name), value);
}

// The block as a whole answer would hold it; NULL where its arguments broke off and are no JSON.
static yyjson_mut_val *whole(yyjson_mut_doc *doc, const struct recorded *recorded) {
    caisson_pairs fields = {0};
    caisson_error unused;
    yyjson_mut_val *block = yyjson_mut_obj(doc);
    if (!caisson_json_fields(recorded->start, &fields, NULL)) return NULL;
    if (!caisson_json_set_extras(doc, block, &fields, &unused)) return NULL;
    const struct {
        const char *name;
        const caisson_buffer *piece;
    } TEXTS[] = {{"text", &recorded->text}, {"thinking", &recorded->thinking}, {"signature", &recorded->signature}};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        if (TEXTS[i].piece->len == 0) continue;
        const caisson_string *json = caisson_find(&fields, TEXTS[i].name);
        caisson_string begun = {0};
        if (json) text_field(*json, &begun);
        caisson_string text = caisson_join(begun, caisson_buffer_text(TEXTS[i].piece));
        put(doc, block, TEXTS[i].name, caisson_json_string(doc, text));
    }
    if (recorded->input.len) {
        yyjson_mut_val *input = caisson_json_verbatim(doc, caisson_buffer_text(&recorded->input), NULL);
        if (!input) return NULL;
        put(doc, block, "input", input);
    }
    if (recorded->citations.len) {
        const caisson_string *begun = caisson_find(&fields, "citations");
        caisson_string none = CAISSON_TEXT("[]");
        put(doc, block, "citations", with_citations(doc, begun ? *begun : none, &recorded->citations));
    }
    return block;
}

caisson_string recorded_list(recorder *recorder) {
    if (!recorder->shape.lossy || recorder->size > KEPT_BYTES) return (caisson_string){0};
    yyjson_mut_doc *doc = caisson_json_new();
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < recorder->blocks.len; i++) {
        yyjson_mut_val *block = whole(doc, &recorder->blocks.ptr[i]);
        if (!block) return (caisson_string){0};
        yyjson_mut_arr_append(list, block);
    }
    return caisson_json_write(list);
}
