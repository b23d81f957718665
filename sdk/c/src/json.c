// yyjson with the arena under it, and the contract's `extra` fields. It takes no sides on whose fault bad JSON is.
#include <stdlib.h>
#include <string.h>

#include "kit.h"

static void *json_malloc(void *context, size_t size) {
    (void)context;
    return caisson_binding_malloc(size);
}

static void *json_realloc(void *context, void *memory, size_t old_size, size_t size) {
    (void)context, (void)old_size;
    return caisson_binding_realloc(memory, size);
}

static void json_free(void *context, void *memory) { (void)context, (void)memory; }

#define LONG_STRING ((size_t)16 << 10)

static const yyjson_alc ARENA = {json_malloc, json_realloc, json_free, NULL};

// Behind the string that begins here, or the end of the text. By long strides, since an image is one string.
static size_t skip_string(caisson_string text, size_t at) {
    size_t from = at + 1;
    while (from < text.len) {
        uint8_t *quote = memchr(text.ptr + from, '"', text.len - from);
        if (!quote) return text.len;
        size_t end = (size_t)(quote - text.ptr), backslashes = 0;
        while (end - backslashes > from && text.ptr[end - backslashes - 1] == '\\') backslashes++;
        from = end + 1;
        if (backslashes % 2 == 0) return from;
    }
    return text.len;
}

// yyjson itself doesn't recurse, but what an adapter does with the value might.
static bool too_deep(caisson_string text) {
    size_t depth = 0;
    for (size_t at = 0; at < text.len;) {
        uint8_t byte = text.ptr[at];
        if (byte == '"') {
            at = skip_string(text, at);
            continue;
        }
        if ((byte == '[' || byte == '{') && ++depth > CAISSON_JSON_DEPTH) return true;
        if ((byte == ']' || byte == '}') && depth > 0) depth--;
        at++;
    }
    return false;
}

yyjson_val *caisson_json_parse(caisson_string text, const char **why) {
    const char *unused;
    if (!why) why = &unused;
    if (too_deep(text)) {
        *why = "it is nested too deeply";
        return NULL;
    }
    if (text.len == 0) {
        *why = "it is empty";
        return NULL;
    }
    yyjson_read_err failure = {0};
    yyjson_doc *doc = yyjson_read_opts((char *)text.ptr, text.len, YYJSON_READ_NUMBER_AS_RAW, &ARENA, &failure);
    if (doc) return yyjson_doc_get_root(doc);
    caisson_string said = caisson_format("%s at byte %zu", failure.msg, failure.pos);
    *why = (const char *)said.ptr; // which ends in a NUL, as formatted text does
    return NULL;
}

yyjson_val *caisson_json_object(caisson_string text, const char **why) {
    yyjson_val *value = caisson_json_parse(text, why);
    if (!value || yyjson_is_obj(value)) return value;
    if (why) *why = "it is no object";
    return NULL;
}

caisson_string caisson_json_print(yyjson_val *value) {
    size_t length = 0;
    char *text = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, &ARENA, &length, NULL);
    return text ? (caisson_string){(uint8_t *)text, length} : CAISSON_TEXT("null");
}

bool caisson_json_is_text(yyjson_val *value, caisson_string *text) {
    if (!yyjson_is_str(value)) return false;
    *text = (caisson_string){(uint8_t *)(uintptr_t)yyjson_get_str(value), yyjson_get_len(value)};
    return true;
}

caisson_string caisson_json_text(yyjson_val *object, const char *name) {
    caisson_string text = {0};
    caisson_json_is_text(yyjson_obj_get(object, name), &text);
    return text;
}

bool caisson_json_u32(yyjson_val *value, uint32_t *number) {
    if (!yyjson_is_raw(value)) return false;
    const char *digits = yyjson_get_raw(value);
    size_t length = yyjson_get_len(value);
    uint64_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9') return false;
        sum = sum * 10 + (uint64_t)(digits[i] - '0');
        if (sum > UINT32_MAX) sum = UINT32_MAX;
    }
    *number = (uint32_t)sum;
    return true;
}

bool caisson_json_f64(yyjson_val *value, double *number) {
    if (!yyjson_is_raw(value)) return false;
    *number = strtod((const char *)caisson_format("%.*s", (int)yyjson_get_len(value), yyjson_get_raw(value)).ptr, NULL);
    return true;
}

// ---- Text that stays as it was written; it has been seen to be JSON ----

static size_t skip_space(caisson_string text, size_t at) {
    while (at < text.len && strchr(" \t\r\n", text.ptr[at]) && text.ptr[at]) at++;
    return at;
}

// To the comma or bracket behind a value.
static size_t skip_value(caisson_string text, size_t at) {
    size_t depth = 0;
    while (at < text.len) {
        uint8_t byte = text.ptr[at];
        if (byte == '"') {
            at = skip_string(text, at);
            continue;
        }
        if (depth == 0 && (byte == ',' || byte == ']' || byte == '}')) break;
        if (byte == '[' || byte == '{') depth++;
        if (byte == ']' || byte == '}') depth--;
        at++;
    }
    return at;
}

// The next name (in an object) and value, from behind the opening bracket or the last comma.
static bool next_member(caisson_string text, size_t *at, caisson_string *name, caisson_string *value) {
    *at = skip_space(text, *at);
    if (*at >= text.len || text.ptr[*at] == ']' || text.ptr[*at] == '}') return false;
    if (name) {
        size_t end = skip_string(text, *at);
        *name = (caisson_string){text.ptr + *at, end - *at};
        if (end - *at < 2) return false;
        *at = skip_space(text, end) + 1;
        if (*at > text.len) return false;
    }
    *at = skip_space(text, *at);
    size_t end = skip_value(text, *at);
    *value = caisson_trim((caisson_string){text.ptr + *at, end - *at});
    *at = end < text.len && text.ptr[end] == ',' ? end + 1 : end;
    return true;
}

// Whether the text is JSON, and begins like this; what was read for that is forgotten.
static bool is_json(caisson_string text, bool (*is)(yyjson_val *), const char *otherwise, const char **why) {
    caisson_mark mark = caisson_arena_mark();
    yyjson_val *value = caisson_json_parse(text, why);
    bool fits = is(value);
    if (value) caisson_arena_rewind(mark);
    if (value && !fits && why) *why = otherwise;
    return fits;
}

static bool is_any(yyjson_val *value) { return value; }

bool caisson_json_fields(caisson_string object, caisson_pairs *fields, const char **why) {
    return is_json(object, yyjson_is_obj, "it is no object", why) && caisson_json_inner_fields(object, fields);
}

bool caisson_json_elements(caisson_string list, caisson_texts *elements, const char **why) {
    return is_json(list, yyjson_is_arr, "it is no list", why) && caisson_json_inner_elements(list, elements);
}

bool caisson_json_inner_fields(caisson_string object, caisson_pairs *fields) {
    caisson_string name, value;
    size_t at = skip_space(object, 0);
    if (at >= object.len || object.ptr[at] != '{') return false;
    for (at++; next_member(object, &at, &name, &value);) {
        if (memchr(name.ptr, '\\', name.len)) {
            caisson_json_is_text(caisson_json_parse(name, NULL), &name);
        } else {
            name = (caisson_string){name.ptr + 1, name.len - 2};
        }
        CAISSON_PUSH(fields) = caisson_make_pair(name, value);
    }
    return true;
}

bool caisson_json_inner_elements(caisson_string list, caisson_texts *elements) {
    caisson_string element;
    size_t at = skip_space(list, 0);
    if (at >= list.len || list.ptr[at] != '[') return false;
    for (at++; next_member(list, &at, NULL, &element);) CAISSON_PUSH(elements) = element;
    return true;
}

yyjson_mut_doc *caisson_json_new(void) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(&ARENA);
    if (!doc) abort();
    return doc;
}

caisson_string caisson_json_write(yyjson_mut_val *value) {
    size_t length = 0;
    char *text = yyjson_mut_val_write_opts(value, YYJSON_WRITE_INF_AND_NAN_AS_NULL, &ARENA, &length, NULL);
    return text ? (caisson_string){(uint8_t *)text, length} : CAISSON_TEXT("null");
}

// A long string with its quotes, to be written as it is: yyjson sets six times the length of a string aside, in case
// that every byte is escaped, and for an image that is the sandbox's memory.
static caisson_string quoted(caisson_string text) {
    size_t length = 2;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        length += byte < ' ' ? 6 : byte == '"' || byte == '\\' ? 2 : 1;
    }
    uint8_t *made = caisson_binding_malloc(length);
    size_t at = 0;
    made[at++] = '"';
    if (length == text.len + 2) {
        memcpy(made + at, text.ptr, text.len);
        at += text.len;
        text.len = 0;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (byte < ' ') {
            memcpy(made + at, "\\u00", 4);
            made[at + 4] = (uint8_t)"01"[byte >> 4];
            made[at + 5] = (uint8_t)"0123456789abcdef"[byte & 15];
            at += 6;
            continue;
        }
        if (byte == '"' || byte == '\\') made[at++] = '\\';
        made[at++] = byte;
    }
    made[at] = '"';
    return (caisson_string){made, length};
}

yyjson_mut_val *caisson_json_string(yyjson_mut_doc *doc, caisson_string text) {
    if (text.len >= LONG_STRING) {
        caisson_string json = quoted(text);
        return yyjson_mut_rawn(doc, (const char *)json.ptr, json.len);
    }
    return yyjson_mut_strn(doc, text.len ? (const char *)text.ptr : "", text.len);
}

yyjson_mut_val *caisson_json_verbatim(yyjson_mut_doc *doc, caisson_string json, const char **why) {
    if (!is_json(json, is_any, "", why)) return NULL;
    return yyjson_mut_rawn(doc, (const char *)json.ptr, json.len);
}

void caisson_json_set(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, yyjson_mut_val *value) {
    if (value) yyjson_mut_obj_add(object, yyjson_mut_str(doc, name), value);
}

void caisson_json_set_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, caisson_string text) {
    caisson_json_set(doc, object, name, caisson_json_string(doc, text));
}

bool caisson_json_set_extras(yyjson_mut_doc *doc, yyjson_mut_val *object, const caisson_pairs *extra,
                             caisson_error *error) {
    for (size_t i = 0; i < extra->len; i++) {
        caisson_string name = extra->ptr[i].f0;
        const char *why;
        yyjson_mut_val *value = caisson_json_verbatim(doc, extra->ptr[i].f1, &why);
        if (!value) {
            return caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, name,
                                   "field %.*s is not JSON: %s", CAISSON_ARG(name), why);
        }
        if (yyjson_mut_obj_getn(object, (const char *)name.ptr, name.len)) continue;
        yyjson_mut_obj_add(object, caisson_json_string(doc, name), value);
    }
    return true;
}
