// Streamed answers, on the exchanges that all Anthropic adapters here share, and what comes broken.
#include "asks.h"

#include <stdlib.h>
#include <string.h>

CAISSON_TEST(a_stream_gives_the_same_events_in_any_pieces) {
    static const char *const NAMES[] = {"stream_text.sse", "stream_tools.sse", "stream_search.sse",
                                        "stream_overloaded.sse"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        caisson_string stream = fixture(NAMES[i]), whole = events_of(stream, 0);
        CAISSON_CHECK(whole.len > 0);
        for (size_t piece = 1; piece < 100; piece += piece < 8 ? 1 : 13) {
            CAISSON_CHECK(caisson_equal(events_of(stream, piece), whole));
        }
    }
    CAISSON_CHECK(caisson_open_bodies() == 0);
}

CAISSON_TEST(a_text_ends_with_its_reason_and_counts) {
    caisson_string events = events_of(fixture("stream_text.sse"), 0);
    CAISSON_CHECK(caisson_starts_with(events, "start msg_"));
    CAISSON_CHECK(caisson_contains(events, "text Ahoy\n"));
    CAISSON_CHECK(caisson_contains(events, "finish 0\nusage "));
    CAISSON_CHECK(!caisson_contains(events, "error"));
}

CAISSON_TEST(calls_are_numbered_and_one_without_arguments_has_empty_ones) {
    caisson_string events = events_of(fixture("stream_tools.sse"), 0);
    CAISSON_CHECK(caisson_contains(events, "tool 0 toolu_"));
    CAISSON_CHECK(caisson_contains(events, "tool 1 toolu_"));
    CAISSON_CHECK(caisson_contains(events, "tool 1   {}\n"));
    CAISSON_CHECK(!caisson_contains(events, "tool 0   {}\n"));
    CAISSON_CHECK(caisson_contains(events, "finish 2\n"));
}

CAISSON_TEST(blocks_of_a_stream_are_put_together_where_openais_shape_loses_them) {
    caisson_string events = events_of(fixture("stream_search.sse"), 0);
    CAISSON_CHECK(caisson_contains(events, "other anthropic_content=[{\"type\":\"server_tool_use\"") ||
                  caisson_contains(events, " anthropic_content=["));
    CAISSON_CHECK(!caisson_contains(events_of(fixture("stream_tools.sse"), 0), "anthropic_content"));
}

CAISSON_TEST(an_error_within_a_stream_comes_after_what_was_said) {
    caisson_string events = events_of(fixture("stream_overloaded.sse"), 0);
    CAISSON_CHECK(caisson_contains(events, "error 529 Overloaded (request req_011CSH)\n"));
    CAISSON_CHECK(caisson_contains(events, "text "));
}

CAISSON_TEST(a_stream_without_its_end_says_so) {
    CAISSON_CHECK_TEXT(events_of(CAISSON_TEXT("data: {\"type\":\"ping\"}\n\n"), 0),
                       "error 0 the stream broke off before its end\n");
}

CAISSON_TEST(what_comes_after_the_stop_means_nothing) {
    caisson_string events =
        events_of(CAISSON_TEXT("data: {\"type\":\"message_stop\"}\n\ndata: {\"type\":\"error\"}\n\ndata: {{{\n\n"), 0);
    CAISSON_CHECK_TEXT(events, "finish 0\n");
}

CAISSON_TEST(events_that_make_no_sense_are_told_and_new_ones_are_not) {
    static const struct {
        const char *data, *said;
    } CASES[] = {
        {"{\"type\":\"new_thing\",\"index\":\"x\"}", "the stream broke off"},
        {"{", "could not be read: unexpected end"},
        {"{\"type\":5}", "could not be read: it has no type"},
        {"[]", "could not be read: it has no type"},
        {"{\"type\":\"content_block_delta\",\"index\":\"x\",\"delta\":{}}", "an index that is no number"},
        {"{\"type\":\"content_block_delta\",\"delta\":5}", "a delta that is no object"},
        {"{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":5}}", "text is no text"},
        {"{\"type\":\"message_delta\",\"delta\":[]}", "a delta that is no object"},
        {"{\"type\":\"error\"}", "an error that names no type"},
        {"{\"type\":\"content_block_start\",\"content_block\":{\"type\":[]}}", "the stream broke off"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        caisson_string events = events_of(caisson_format("data: %s\n\n", CASES[i].data), 0);
        if (!caisson_contains(events, CASES[i].said)) CAISSON_CHECK_TEXT(events, CASES[i].said);
    }
}

CAISSON_TEST(a_stream_of_random_events_always_ends) {
    static const char *const EVENTS[] = {
        "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":1}}}",
        "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
        "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
        "\"n\",\"input\":{}}}",
        "{\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"server_tool_use\"}}",
        "{\"type\":\"content_block_start\",\"index\":2,\"content_block\":7}",
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}",
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"citations_delta\",\"citation\":{\"a\":1.0}"
        "}}",
        "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}"
        "}",
        "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"}\"}"
        "}",
        "{\"type\":\"content_block_delta\",\"index\":9,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"s\"}}",
        "{\"type\":\"content_block_stop\",\"index\":1}",
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"x\":1},\"usage\":{\"output_tokens\":3,"
        "\"y\":[]}}",
        "{\"type\":\"message_stop\"}",
        "{\"type\":\"content_block_start\"}",
    };
    uint64_t chance = 0x9e3779b97f4a7c15;
    for (size_t round = 0; round < 400; round++) {
        caisson_buffer stream = {0};
        for (size_t i = 0; i < 12; i++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            caisson_buffer_add(&stream, CAISSON_TEXT("data: "));
            caisson_string event = caisson_text(EVENTS[(chance >> 33) % (sizeof EVENTS / sizeof *EVENTS)]);
            if ((chance >> 40) % 16 == 0) event.len = (size_t)(chance >> 45) % event.len;
            caisson_buffer_add(&stream, event);
            caisson_buffer_add(&stream, CAISSON_TEXT("\n\n"));
        }
        caisson_string text = caisson_buffer_text(&stream);
        caisson_string whole = events_of(text, 0);
        CAISSON_CHECK(caisson_equal(events_of(text, 1 + (size_t)(chance >> 50) % 40), whole));
        CAISSON_CHECK(caisson_contains(whole, "finish") || caisson_contains(whole, "error"));
        caisson_buffer_free(&stream);
    }
}

CAISSON_TEST(a_stream_too_long_to_keep_is_not_kept) {
    caisson_buffer stream = {0};
    caisson_buffer_add(
        &stream, CAISSON_TEXT("data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"new\"}}\n\n"));
    char piece[64 << 10];
    memset(piece, 'x', sizeof piece);
    for (size_t i = 0; i < 80; i++) {
        caisson_buffer_add(
            &stream,
            CAISSON_TEXT("data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\""));
        caisson_buffer_add(&stream, (caisson_string){(uint8_t *)piece, sizeof piece});
        caisson_buffer_add(&stream, CAISSON_TEXT("\"}}\n\n"));
    }
    caisson_buffer_add(&stream, CAISSON_TEXT("data: {\"type\":\"message_stop\"}\n\n"));
    caisson_string events = events_of(caisson_buffer_text(&stream), 50000);
    CAISSON_CHECK(!caisson_contains(events, "anthropic_content") && caisson_contains(events, "finish 0"));
    caisson_buffer_free(&stream);
}
