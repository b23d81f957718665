// Server-sent events and lines of JSON: what the standard says, at every split of the bytes, and what is hostile.
#include "caisson_testing.h"

#include <stdlib.h>
#include <string.h>

static caisson_string part(caisson_string text, size_t from, size_t to) {
    return (caisson_string){text.ptr + from, to - from};
}

// All events as one text: {event|id|data}…
static caisson_string events_as_text(const caisson_sse_events *events) {
    caisson_string all = {0};
    for (size_t i = 0; i < events->len; i++) {
        const caisson_sse_event *event = &events->ptr[i];
        all = caisson_join(all, caisson_format("{%.*s|%.*s|%.*s}", CAISSON_ARG(event->event), CAISSON_ARG(event->id),
                                               CAISSON_ARG(event->data)));
    }
    return all;
}

static caisson_string read_in_two(caisson_string stream, size_t split) {
    caisson_sse reader = {0};
    caisson_sse_events events = {0};
    caisson_error error;
    CAISSON_CHECK(caisson_sse_push(&reader, part(stream, 0, split), &events, &error));
    CAISSON_CHECK(caisson_sse_push(&reader, part(stream, split, stream.len), &events, &error));
    CAISSON_CHECK(caisson_sse_finish(&reader, &events, &error));
    return events_as_text(&events);
}

static void check_everywhere(const char *stream, const char *expected) {
    caisson_string bytes = caisson_text(stream);
    for (size_t split = 0; split <= bytes.len; split++) CAISSON_CHECK_TEXT(read_in_two(bytes, split), expected);
    caisson_sse reader = {0};
    caisson_sse_events events = {0};
    caisson_error error;
    for (size_t i = 0; i < bytes.len; i++)
        CAISSON_CHECK(caisson_sse_push(&reader, part(bytes, i, i + 1), &events, &error));
    CAISSON_CHECK(caisson_sse_finish(&reader, &events, &error));
    CAISSON_CHECK_TEXT(events_as_text(&events), expected);
}

CAISSON_TEST(events_are_the_same_at_every_split) {
    check_everywhere("event: a\ndata: 1\nid: 7\n\ndata: 2\r\n\r\n: comment\rdata:3\rdata:  4\r\r",
                     "{a|7|1}{||2}{||3\n 4}");
    check_everywhere("\xef\xbb\xbf"
                     "data: \xe2\x82\xac\n\ndata\n\nevent: alone\n\n",
                     "{||€}{||}");
    check_everywhere("data: the end is missing", "{||the end is missing}");
    check_everywhere("retry: 5\nunknown: x\ndata:x\n\n\n\n", "{||x}");
    check_everywhere("", "");
}

CAISSON_TEST(bytes_that_are_no_text_become_replacement_characters) {
    check_everywhere("data: \xff\xe2\x82 \xed\xa0\x80|\n\n",
                     "{||\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|}");
}

CAISSON_TEST(an_id_with_a_nul_is_ignored) {
    caisson_sse reader = {0};
    caisson_sse_events events = {0};
    caisson_error error;
    CAISSON_CHECK(caisson_sse_push(&reader, CAISSON_TEXT("id: a\0b\ndata: x\n\n"), &events, &error));
    CAISSON_CHECK_TEXT(events_as_text(&events), "{||x}");
}

CAISSON_TEST(an_event_over_the_limit_fails_after_those_before_it) {
    caisson_sse reader = {.limit = 16};
    caisson_sse_events events = {0};
    caisson_error error;
    caisson_string bytes = CAISSON_TEXT("data: 1\n\ndata: 2345678\ndata: 2345678\n\n");
    CAISSON_CHECK(caisson_sse_push(&reader, bytes, &events, &error));
    CAISSON_CHECK_TEXT(events_as_text(&events), "{||1}");
    CAISSON_CHECK(!caisson_sse_push(&reader, bytes, &events, &error));
    CAISSON_CHECK(error.kind == CAISSON_LLM_API_ERROR_KIND_UPSTREAM);
    CAISSON_CHECK_TEXT(error.message, "an event of the provider's stream is over 16 bytes");
    CAISSON_CHECK(!caisson_sse_finish(&reader, &events, &error));
}

CAISSON_TEST(a_line_without_end_is_held_up_to_the_limit_and_no_further) {
    caisson_sse reader = {.limit = 1 << 10};
    caisson_sse_events events = {0};
    caisson_error error;
    bool fine = true;
    for (size_t i = 0; i < 64 && fine; i++) {
        fine =
            caisson_sse_push(&reader, CAISSON_TEXT("data: 0123456789012345678901234567890123456789"), &events, &error);
        CAISSON_CHECK(reader.lines.held.len <= 1 << 10);
    }
    CAISSON_CHECK(!fine);
}

CAISSON_TEST(lines_of_json_are_the_same_at_every_split) {
    caisson_string bytes = CAISSON_TEXT("{\"a\":1}\n\n  {\"b\":2}\r\n\xff\n[3]");
    for (size_t split = 0; split <= bytes.len; split++) {
        caisson_ndjson reader = {0};
        caisson_texts lines = {0};
        caisson_error error;
        CAISSON_CHECK(caisson_ndjson_push(&reader, part(bytes, 0, split), &lines, &error));
        CAISSON_CHECK(caisson_ndjson_push(&reader, part(bytes, split, bytes.len), &lines, &error));
        CAISSON_CHECK(caisson_ndjson_finish(&reader, &lines, &error));
        CAISSON_CHECK(lines.len == 4);
        CAISSON_CHECK_TEXT(lines.ptr[1], "{\"b\":2}");
        CAISSON_CHECK_TEXT(lines.ptr[2], "\xef\xbf\xbd");
        CAISSON_CHECK_TEXT(lines.ptr[3], "[3]");
    }
}

// xorshift: the same bytes every time.
static uint64_t chance = 0x9e3779b97f4a7c15;
static uint32_t random_below(uint32_t most) {
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (uint32_t)(chance >> 33) % most;
}

CAISSON_TEST(random_bytes_mean_the_same_in_any_pieces) {
    static const char *const WORDS[] = {"data:",   "data: ",       "event: x", "id: 1", "\n",           "\r",
                                        "\r\n",    "\n\n",         ":",        "\xff",  "\xe2\x82\xac", "\xf0\x9f",
                                        "{\"a\":", "\xef\xbb\xbf", "retry"};
    for (size_t round = 0; round < 3000; round++) {
        caisson_buffer bytes = {0};
        for (size_t i = random_below(40); i > 0; i--) {
            caisson_buffer_add(&bytes, caisson_text(WORDS[random_below(sizeof WORDS / sizeof *WORDS)]));
            uint8_t byte = (uint8_t)random_below(256);
            if (random_below(4) == 0) caisson_buffer_add(&bytes, (caisson_string){&byte, 1});
        }
        caisson_string text = caisson_buffer_text(&bytes), whole = read_in_two(text, 0);
        caisson_sse reader = {0};
        caisson_sse_events events = {0};
        caisson_error error;
        for (size_t at = 0; at < text.len;) {
            size_t size = 1 + random_below(7);
            if (size > text.len - at) size = text.len - at;
            // On the heap, so that a byte too far is seen by a sanitizer.
            uint8_t *piece = malloc(size);
            memcpy(piece, text.ptr + at, size);
            CAISSON_CHECK(caisson_sse_push(&reader, (caisson_string){piece, size}, &events, &error));
            // What was given out must not lie in the piece.
            caisson_string so_far = events_as_text(&events);
            memset(piece, 'x', size);
            CAISSON_CHECK(caisson_equal(so_far, events_as_text(&events)));
            free(piece);
            at += size;
        }
        CAISSON_CHECK(caisson_sse_finish(&reader, &events, &error));
        CAISSON_CHECK(caisson_equal(events_as_text(&events), whole));
        CAISSON_CHECK(caisson_equal(caisson_utf8(whole), whole));
        caisson_buffer_free(&bytes);
    }
}
