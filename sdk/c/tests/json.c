// JSON: what goes through untouched, what is refused, and random bytes.
#include "caisson_testing.h"

#include <stdlib.h>
#include <string.h>

CAISSON_TEST(numbers_go_through_digit_for_digit) {
    caisson_string text = CAISSON_TEXT("{\"a\":1.50,\"b\":123456789012345678901234567890,\"c\":[1e400,-0.0],\"a\":2}");
    CAISSON_CHECK_TEXT(caisson_json_print(caisson_json_parse(text, NULL)), (const char *)text.ptr);
}

CAISSON_TEST(fields_are_the_text_that_stood_there) {
    caisson_pairs fields = {0};
    caisson_string text = CAISSON_TEXT(" { \"a\" : [1, {\"x\":\"]\\\"},\"}] ,\"b\\n\":\"c\" , \"a\":null,\"\":{}}\n");
    CAISSON_CHECK(caisson_json_fields(text, &fields, NULL));
    CAISSON_CHECK(fields.len == 4);
    CAISSON_CHECK_TEXT(fields.ptr[0].f0, "a");
    CAISSON_CHECK_TEXT(fields.ptr[0].f1, "[1, {\"x\":\"]\\\"},\"}]");
    CAISSON_CHECK_TEXT(fields.ptr[1].f0, "b\n");
    CAISSON_CHECK_TEXT(fields.ptr[1].f1, "\"c\"");
    CAISSON_CHECK_TEXT(fields.ptr[2].f1, "null");
    CAISSON_CHECK_TEXT(fields.ptr[3].f0, "");
    CAISSON_CHECK_TEXT(fields.ptr[3].f1, "{}");
}

CAISSON_TEST(elements_are_the_text_that_stood_there) {
    caisson_texts elements = {0};
    CAISSON_CHECK(caisson_json_elements(CAISSON_TEXT("[ 1.0 ,[2,3],{\"a\":[4]}, \"],\"]"), &elements, NULL));
    CAISSON_CHECK(elements.len == 4);
    CAISSON_CHECK_TEXT(elements.ptr[0], "1.0");
    CAISSON_CHECK_TEXT(elements.ptr[1], "[2,3]");
    CAISSON_CHECK_TEXT(elements.ptr[3], "\"],\"");
    const char *why = "";
    CAISSON_CHECK(!caisson_json_elements(CAISSON_TEXT("{}"), &elements, &why));
    CAISSON_CHECK_TEXT(caisson_text(why), "it is no list");
}

CAISSON_TEST(nesting_ends_at_the_limit) {
    char text[2 * 129];
    for (size_t depth = CAISSON_JSON_DEPTH; depth <= CAISSON_JSON_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        const char *why = "";
        bool taken = caisson_json_parse((caisson_string){(uint8_t *)text, 2 * depth}, &why);
        CAISSON_CHECK(taken == (depth == CAISSON_JSON_DEPTH));
        if (!taken) CAISSON_CHECK_TEXT(caisson_text(why), "it is nested too deeply");
    }
    CAISSON_CHECK(caisson_json_parse(CAISSON_TEXT("\"[[[\\\"[[[\""), NULL));
}

CAISSON_TEST(what_is_no_json_says_why) {
    static const char *const TEXTS[] = {"",         " ",  "{",           "{\"a\":}", "[1,]", "nul",
                                        "\"\xff\"", "01", "\"\\ud800\"", "{}x",      "NaN",  "'a'"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        const char *why = NULL;
        CAISSON_CHECK(!caisson_json_parse(caisson_text(TEXTS[i]), &why));
        CAISSON_CHECK(why && *why);
    }
}

CAISSON_TEST(extras_replace_nothing_and_name_themselves) {
    yyjson_mut_doc *doc = caisson_json_new();
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    caisson_json_set(doc, object, "stream", yyjson_mut_true(doc));
    caisson_pairs extra = {0};
    CAISSON_PUSH(&extra) = caisson_make_pair(CAISSON_TEXT("stream"), CAISSON_TEXT("false"));
    CAISSON_PUSH(&extra) = caisson_make_pair(CAISSON_TEXT("x"), CAISSON_TEXT("{\"y\": 1.0}"));
    caisson_error error;
    CAISSON_CHECK(caisson_json_set_extras(doc, object, &extra, &error));
    CAISSON_CHECK_TEXT(caisson_json_write(object), "{\"stream\":true,\"x\":{\"y\": 1.0}}");
    CAISSON_PUSH(&extra) = caisson_make_pair(CAISSON_TEXT("bad"), CAISSON_TEXT("{"));
    CAISSON_CHECK(!caisson_json_set_extras(doc, object, &extra, &error));
    CAISSON_CHECK_TEXT(error.param.val, "bad");
}

CAISSON_TEST(counts_are_whole_and_saturate) {
    yyjson_val *numbers =
        caisson_json_parse(CAISSON_TEXT("[7,4294967296,99999999999999999999999,1.0,-1,1e2,\"3\",null]"), NULL);
    static const struct {
        bool is;
        uint32_t value;
    } EXPECTED[] = {{true, 7}, {true, UINT32_MAX}, {true, UINT32_MAX}, {0}, {0}, {0}, {0}, {0}};
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) {
        uint32_t value = 0;
        CAISSON_CHECK(caisson_json_u32(yyjson_arr_get(numbers, i), &value) == EXPECTED[i].is);
        CAISSON_CHECK(value == EXPECTED[i].value);
    }
    double half;
    CAISSON_CHECK(caisson_json_f64(caisson_json_parse(CAISSON_TEXT("0.5"), NULL), &half) && half == 0.5);
}

CAISSON_TEST(a_large_document_is_written_whole) {
    yyjson_mut_doc *doc = caisson_json_new();
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    caisson_buffer big = {0};
    for (size_t i = 0; i < 1 << 16; i++) caisson_buffer_add(&big, CAISSON_TEXT("0123456789abcdef0123456789abcdef"));
    yyjson_mut_arr_append(list, caisson_json_string(doc, caisson_buffer_text(&big)));
    yyjson_mut_arr_append(list, caisson_json_string(doc, CAISSON_TEXT("end")));
    caisson_string text = caisson_json_write(list);
    CAISSON_CHECK(text.len == big.len + strlen("[\"\",\"end\"]"));
    caisson_texts elements = {0};
    CAISSON_CHECK(caisson_json_elements(text, &elements, NULL));
    CAISSON_CHECK_TEXT(elements.ptr[1], "\"end\"");
    caisson_buffer_free(&big);
}

CAISSON_TEST(random_bytes_are_refused_or_come_apart) {
    static const char *const WORDS[] = {"{",     "}",           "[",    "]",       ",",     ":",        "\"",   "\\",
                                        "\"a\"", "\"\\u0041\"", "1",    "-",       "1.5e3", "null",     "true", " ",
                                        "\n",    "\xc3\xa9",    "\xff", "{\"a\":", "[1,",   "\"b\":[]", "\\\""};
    uint64_t chance = 0x2545f4914f6cdd1d;
    size_t read = 0;
    for (size_t round = 0; round < 60000; round++) {
        caisson_buffer bytes = {0};
        chance ^= chance << 13, chance ^= chance >> 7, chance ^= chance << 17;
        uint64_t draw = chance;
        bool list = draw >> 62 == 1, object = draw >> 62 == 2;
        if (list) caisson_buffer_add(&bytes, CAISSON_TEXT("["));
        if (object) caisson_buffer_add(&bytes, CAISSON_TEXT("{\"a\":"));
        for (size_t i = draw % 9; i > 0; i--) {
            draw = draw * 6364136223846793005u + 1442695040888963407u;
            caisson_buffer_add(&bytes, caisson_text(WORDS[(draw >> 33) % (sizeof WORDS / sizeof *WORDS)]));
        }
        if (list) caisson_buffer_add(&bytes, CAISSON_TEXT("]"));
        if (object) caisson_buffer_add(&bytes, CAISSON_TEXT("}"));
        // Of the exact length on the heap, so that a byte too far is seen by a sanitizer.
        uint8_t *exact = malloc(bytes.len ? bytes.len : 1);
        if (bytes.len) memcpy(exact, bytes.ptr, bytes.len);
        caisson_string text = {exact, bytes.len};
        caisson_pairs fields = {0};
        caisson_texts elements = {0};
        yyjson_val *value = caisson_json_parse(text, NULL);
        CAISSON_CHECK(caisson_json_fields(text, &fields, NULL) == yyjson_is_obj(value));
        CAISSON_CHECK(caisson_json_elements(text, &elements, NULL) == yyjson_is_arr(value));
        CAISSON_CHECK(!value || fields.len + elements.len == yyjson_get_len(value) * (yyjson_is_ctn(value) ? 1 : 0));
        for (size_t i = 0; i < fields.len; i++) CAISSON_CHECK(caisson_json_parse(fields.ptr[i].f1, NULL));
        for (size_t i = 0; i < elements.len; i++) CAISSON_CHECK(caisson_json_parse(elements.ptr[i], NULL));
        if (yyjson_is_ctn(value)) read++;
        // It only has to come back.
        caisson_error error;
        caisson_fail_answer(&error, 500, text);
        free(exact);
        caisson_buffer_free(&bytes);
    }
    CAISSON_CHECK(read > 100);
}

CAISSON_TEST(long_strings_are_written_as_short_ones_are) {
    static const char PIECE[] = "a\"b\\c\n\x01\x1f\xe2\x82\xac/";
    caisson_buffer text = {0};
    while (text.len < 40000) caisson_buffer_add(&text, (caisson_string){(uint8_t *)(uintptr_t)PIECE, sizeof PIECE});
    yyjson_mut_doc *doc = caisson_json_new();
    caisson_string json = caisson_json_write(caisson_json_string(doc, caisson_buffer_text(&text)));
    CAISSON_CHECK(caisson_starts_with(json, "\"a\\\"b\\\\c\\u000a\\u0001\\u001f\xe2\x82\xac/\\u0000a"));
    caisson_string back;
    CAISSON_CHECK(caisson_json_is_text(caisson_json_parse(json, NULL), &back));
    CAISSON_CHECK(caisson_equal(back, caisson_buffer_text(&text)));
    caisson_buffer_free(&text);
}

CAISSON_TEST(what_is_no_json_is_taken_apart_without_harm) {
    static const char *const TEXTS[] = {
        "", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{x", "{\"a\":\"", "[", "[\"", "[[", "{\"\\"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        size_t length = strlen(TEXTS[i]);
        uint8_t *exact = malloc(length + !length);
        memcpy(exact, TEXTS[i], length);
        caisson_pairs fields = {0};
        caisson_texts elements = {0};
        caisson_json_inner_fields((caisson_string){exact, length}, &fields);
        caisson_json_inner_elements((caisson_string){exact, length}, &elements);
        free(exact);
    }
}
