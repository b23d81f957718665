// Bytes that come in any pieces, cut into lines ended by LF, CR or CRLF, and what server-sent events and NDJSON make of
// them. Holds one unfinished line and one unfinished event, and those only up to the limit. It waits for nothing but in
// the two functions named `…_next`.
#include <string.h>

#include "kit.h"

static caisson_string rest(caisson_string bytes, size_t from) {
    return (caisson_string){bytes.ptr + from, bytes.len - from};
}

// A byte order mark, which only the very first line may begin with.
static caisson_string without_mark(caisson_lines *lines, caisson_string line) {
    bool first = !lines->begun;
    lines->begun = true;
    return first && caisson_starts_with(line, "\xef\xbb\xbf") ? rest(line, 3) : line;
}

// The held line, which is then held no more: it lies in the arena.
static caisson_string take(caisson_buffer *held) {
    uint8_t *copy = caisson_alloc(held->len);
    caisson_string line = {copy, held->len};
    if (held->len) memcpy(copy, held->ptr, held->len);
    held->len = 0;
    return line;
}

// Takes the next line off the bytes, without its end. False once only an unfinished line is left, which is held, or
// where a line is longer than the room for it.
bool caisson_line_next(caisson_lines *lines, caisson_string *bytes, size_t room, caisson_string *line, bool *too_long) {
    if (lines->after_cr && bytes->len > 0) {
        lines->after_cr = false;
        if (bytes->ptr[0] == '\n') *bytes = rest(*bytes, 1);
    }
    size_t end = 0;
    while (end < bytes->len && bytes->ptr[end] != '\n' && bytes->ptr[end] != '\r') end++;
    if (lines->held.len > room || end > room - lines->held.len) {
        *too_long = true;
        return false;
    }
    caisson_string head = {bytes->ptr, end};
    if (end == bytes->len) {
        caisson_buffer_add(&lines->held, head);
        *bytes = rest(*bytes, end);
        return false;
    }
    bool cr = bytes->ptr[end] == '\r';
    *bytes = rest(*bytes, end + 1);
    if (cr && bytes->len == 0) lines->after_cr = true;
    if (cr && bytes->len > 0 && bytes->ptr[0] == '\n') *bytes = rest(*bytes, 1);
    if (lines->held.len > 0) {
        caisson_buffer_add(&lines->held, head);
        head = take(&lines->held);
    }
    *line = without_mark(lines, head);
    return true;
}

// The last line, where its end is missing.
bool caisson_line_finish(caisson_lines *lines, caisson_string *line) {
    lines->after_cr = false;
    if (lines->held.len == 0) return false;
    *line = without_mark(lines, take(&lines->held));
    return true;
}

static size_t limit_or_default(size_t limit) { return limit ? limit : CAISSON_STREAM_LIMIT; }

static bool too_long(caisson_error *error, const char *what, size_t limit) {
    return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "%s of the provider's stream is over %zu bytes",
                        what, limit_or_default(limit));
}

// ---- Server-sent events ----

static void dispatch(caisson_sse *reader, caisson_sse_events *events) {
    if (reader->has_data) {
        caisson_string data = take(&reader->data), event = take(&reader->event), id = take(&reader->id);
        CAISSON_PUSH(events) =
            (caisson_sse_event){.event = caisson_utf8(event), .data = caisson_utf8(data), .id = caisson_utf8(id)};
    }
    reader->has_data = false;
    reader->data.len = reader->event.len = reader->id.len = 0;
}

static void sse_line(caisson_sse *reader, caisson_string line, caisson_sse_events *events) {
    if (line.len == 0) {
        dispatch(reader, events);
        return;
    }
    size_t colon = 0;
    while (colon < line.len && line.ptr[colon] != ':') colon++;
    caisson_string field = {line.ptr, colon};
    caisson_string value = rest(line, colon < line.len ? colon + 1 : colon);
    if (value.len && value.ptr[0] == ' ') value = rest(value, 1);
    if (caisson_is(field, "data")) {
        if (reader->has_data) caisson_buffer_add(&reader->data, CAISSON_TEXT("\n"));
        reader->has_data = true;
        caisson_buffer_add(&reader->data, value);
    } else if (caisson_is(field, "event")) {
        reader->event.len = 0;
        caisson_buffer_add(&reader->event, value);
    } else if (caisson_is(field, "id") && !(value.len && memchr(value.ptr, 0, value.len))) {
        reader->id.len = 0;
        caisson_buffer_add(&reader->id, value);
    } // or a comment, which begins with the colon, or a field of no meaning here
}

bool caisson_sse_push(caisson_sse *reader, caisson_string bytes, caisson_sse_events *events, caisson_error *error) {
    size_t before = events->len, limit = limit_or_default(reader->limit);
    while (!reader->failed) {
        size_t held = reader->data.len + reader->event.len + reader->id.len;
        caisson_string line;
        if (!caisson_line_next(&reader->lines, &bytes, held < limit ? limit - held : 0, &line, &reader->failed)) break;
        sse_line(reader, line, events);
    }
    if (!reader->failed || events->len > before) return true;
    return too_long(error, "an event", reader->limit);
}

bool caisson_sse_finish(caisson_sse *reader, caisson_sse_events *events, caisson_error *error) {
    if (reader->failed) return too_long(error, "an event", reader->limit);
    caisson_string line;
    if (caisson_line_finish(&reader->lines, &line)) sse_line(reader, line, events);
    dispatch(reader, events);
    return true;
}

bool caisson_sse_next(caisson_sse *reader, caisson_http_response *response, caisson_sse_events *events,
                      caisson_error *error) {
    size_t before = events->len;
    while (!reader->over && events->len == before) {
        caisson_string bytes;
        bool fine = caisson_read(response, &bytes, error);
        if (fine && bytes.len == 0) reader->over = true;
        fine = fine && (reader->over ? caisson_sse_finish(reader, events, error)
                                     : caisson_sse_push(reader, bytes, events, error));
        if (!fine) {
            reader->over = true;
            caisson_close(response);
            return false;
        }
    }
    return true;
}

bool caisson_sse_is_done(const caisson_sse_event *event) { return caisson_is(caisson_trim(event->data), "[DONE]"); }

// ---- Lines of JSON ----

static void json_line(caisson_string line, caisson_texts *lines) {
    line = caisson_trim(line);
    if (line.len) CAISSON_PUSH(lines) = caisson_utf8(line);
}

bool caisson_ndjson_push(caisson_ndjson *reader, caisson_string bytes, caisson_texts *lines, caisson_error *error) {
    size_t before = lines->len;
    caisson_string line;
    while (!reader->failed &&
           caisson_line_next(&reader->lines, &bytes, limit_or_default(reader->limit), &line, &reader->failed)) {
        json_line(line, lines);
    }
    if (!reader->failed || lines->len > before) return true;
    return too_long(error, "a line", reader->limit);
}

bool caisson_ndjson_finish(caisson_ndjson *reader, caisson_texts *lines, caisson_error *error) {
    if (reader->failed) return too_long(error, "a line", reader->limit);
    caisson_string line;
    if (caisson_line_finish(&reader->lines, &line)) json_line(line, lines);
    return true;
}

bool caisson_ndjson_next(caisson_ndjson *reader, caisson_http_response *response, caisson_texts *lines,
                         caisson_error *error) {
    size_t before = lines->len;
    while (!reader->over && lines->len == before) {
        caisson_string bytes;
        bool fine = caisson_read(response, &bytes, error);
        if (fine && bytes.len == 0) reader->over = true;
        fine = fine && (reader->over ? caisson_ndjson_finish(reader, lines, error)
                                     : caisson_ndjson_push(reader, bytes, lines, error));
        if (!fine) {
            reader->over = true;
            caisson_close(response);
            return false;
        }
    }
    return true;
}
