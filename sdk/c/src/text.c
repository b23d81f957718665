// Text: comparing, cutting and formatting strings that carry their length. It knows UTF-8 and no locale.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"

caisson_string caisson_text(const char *text) {
    return (caisson_string){(uint8_t *)(uintptr_t)text, text ? strlen(text) : 0};
}

caisson_string caisson_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    caisson_string text = caisson_format_list(format, arguments);
    va_end(arguments);
    return text;
}

caisson_string caisson_format_list(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) return (caisson_string){0};
    char *made = caisson_alloc((size_t)length + 1);
    vsnprintf(made, (size_t)length + 1, format, arguments);
    return (caisson_string){(uint8_t *)made, (size_t)length};
}

caisson_string caisson_join(caisson_string one, caisson_string other) {
    if (one.len == 0) return other;
    if (other.len == 0) return one;
    if (one.len > SIZE_MAX / 2 || other.len > SIZE_MAX / 2) abort();
    uint8_t *both = caisson_alloc(one.len + other.len);
    memcpy(both, one.ptr, one.len);
    memcpy(both + one.len, other.ptr, other.len);
    return (caisson_string){both, one.len + other.len};
}

// The length of the character that the bytes begin with (RFC 3629); 0 where they begin with none, and then `bad` is how
// many of them stand for one replacement character.
static size_t character(const uint8_t *at, size_t left, size_t *bad) {
    *bad = 1;
    uint8_t first = at[0];
    if (first < 0x80) return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return 0;
    for (size_t i = 1; i < length; i++) {
        *bad = i;
        if (i >= left) return 0;
        uint8_t least = 0x80, most = 0xbf;
        if (i == 1) {
            if (first == 0xe0) least = 0xa0;
            if (first == 0xed) most = 0x9f;
            if (first == 0xf0) least = 0x90;
            if (first == 0xf4) most = 0x8f;
        }
        if (at[i] < least || at[i] > most) return 0;
    }
    return length;
}

caisson_string caisson_utf8(caisson_string bytes) {
    size_t bad, characters = 0;
    for (size_t at = 0; at < bytes.len;) {
        uint64_t eight = 0;
        if (bytes.len - at >= 8) memcpy(&eight, bytes.ptr + at, 8);
        if (bytes.len - at >= 8 && (eight & 0x8080808080808080) == 0) {
            at += 8;
            continue;
        }
        size_t length = character(bytes.ptr + at, bytes.len - at, &bad);
        if (length == 0) characters++;
        at += length ? length : bad;
    }
    if (characters == 0) return bytes;
    if (characters > (SIZE_MAX / 2 - bytes.len) / 3) abort();
    uint8_t *text = caisson_alloc(bytes.len + 3 * characters);
    size_t written = 0;
    for (size_t at = 0; at < bytes.len;) {
        size_t length = character(bytes.ptr + at, bytes.len - at, &bad);
        if (length) {
            memcpy(text + written, bytes.ptr + at, length);
        } else {
            memcpy(text + written, "\xef\xbf\xbd", 3);
        }
        written += length ? length : 3;
        at += length ? length : bad;
    }
    return (caisson_string){text, written};
}

caisson_string caisson_cut(caisson_string text, size_t most) {
    if (text.len <= most) return text;
    while (most > 0 && (text.ptr[most] & 0xc0) == 0x80) most--;
    return (caisson_string){text.ptr, most};
}

static bool is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

caisson_string caisson_trim(caisson_string text) {
    while (text.len && is_space(text.ptr[0])) text = (caisson_string){text.ptr + 1, text.len - 1};
    while (text.len && is_space(text.ptr[text.len - 1])) text.len--;
    return text;
}

bool caisson_equal(caisson_string one, caisson_string other) {
    return one.len == other.len && (one.len == 0 || memcmp(one.ptr, other.ptr, one.len) == 0);
}

bool caisson_is(caisson_string text, const char *word) { return caisson_equal(text, caisson_text(word)); }

bool caisson_starts_with(caisson_string text, const char *beginning) {
    size_t length = strlen(beginning);
    return length <= text.len && (length == 0 || memcmp(text.ptr, beginning, length) == 0);
}

bool caisson_contains(caisson_string text, const char *words) {
    size_t length = strlen(words);
    for (size_t at = 0; at + length <= text.len; at++) {
        if (length == 0 || memcmp(text.ptr + at, words, length) == 0) return true;
    }
    return false;
}

caisson_option_string caisson_some(caisson_string text) { return (caisson_option_string){true, text}; }

caisson_option_string caisson_some_unless_empty(caisson_string text) {
    return (caisson_option_string){text.len > 0, text};
}

bool caisson_parse_u32(caisson_string text, uint32_t *value) {
    uint64_t number = 0;
    if (text.len == 0) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
        number = number * 10 + (text.ptr[i] - '0');
        if (number > UINT32_MAX) return false;
    }
    *value = (uint32_t)number;
    return true;
}

caisson_pair caisson_make_pair(caisson_string name, caisson_string value) { return (caisson_pair){name, value}; }

const caisson_string *caisson_find(const caisson_pairs *pairs, const char *name) {
    for (size_t i = 0; i < pairs->len; i++) {
        if (caisson_is(pairs->ptr[i].f0, name)) return &pairs->ptr[i].f1;
    }
    return NULL;
}
