// Sending again: when it may help, how long to wait, when to give up; and the HTTP dates that `retry-after` may hold.
// It sends nothing itself.
#include <stdlib.h>
#include <string.h>

#include "kit.h"

// A provider that asks for a longer wait than this gets none: the client hears of it and may choose.
#define LONGEST_ASKED_MS 60000

bool caisson_retry_configured(const caisson_context *context, caisson_retry *retry, caisson_error *error) {
    *retry = (caisson_retry){.within_ms = context->timeout_ms};
    return caisson_whole_number(context, "max-retries", 0, &retry->times, error);
}

bool caisson_next_wait(caisson_attempts *attempts, bool asked, uint64_t asked_ms, uint64_t *wait_ms) {
    const caisson_retry *policy = &attempts->policy;
    if (attempts->made >= policy->times) return false;
    if (asked && asked_ms > LONGEST_ASKED_MS) return false;
    uint64_t wait = asked_ms;
    if (!asked) {
        uint64_t cap = policy->cap_ms ? policy->cap_ms : 8000;
        uint64_t most = policy->base_ms ? policy->base_ms : 500;
        for (uint32_t i = 0; i < attempts->made && most < cap; i++) most *= 2;
        if (most > cap) most = cap;
        wait = (uint64_t)((double)most * caisson_transport_fraction());
    }
    uint64_t spent = caisson_transport_elapsed_ms() - attempts->began_ms;
    if (policy->within_ms && spent + wait >= policy->within_ms) return false;
    attempts->made++;
    *wait_ms = wait;
    return true;
}

bool caisson_retry_helps(uint16_t status, const caisson_pairs *headers) {
    if (status < 400) return false;
    const caisson_string *should = caisson_find(headers, "x-should-retry");
    if (should && caisson_is(caisson_trim(*should), "true")) return true;
    if (should && caisson_is(caisson_trim(*should), "false")) return false;
    return status == 408 || status == 409 || status == 429 || (status >= 500 && status < 600);
}

static bool number(const caisson_pairs *headers, const char *name, double unit_ms, uint64_t *milliseconds) {
    const caisson_string *header = caisson_find(headers, name);
    if (!header) return false;
    caisson_string text = caisson_trim(*header);
    // strtod alone would take hexadecimal and more.
    for (size_t i = 0; i < text.len; i++) {
        if (!memchr("0123456789.eE+-", text.ptr[i], 15)) return false;
    }
    const char *start = (const char *)caisson_format("%.*s", CAISSON_ARG(text)).ptr;
    char *end;
    double value = strtod(start, &end);
    if (text.len == 0 || *end || !(value >= 0)) return false;
    value *= unit_ms;
    *milliseconds = value < 9e15 ? (uint64_t)value : UINT64_MAX / 2;
    return true;
}

// The wait that an answer asks for: `retry-after-ms`, else `retry-after` in seconds or as a date.
bool caisson_asked_wait(const caisson_pairs *headers, uint64_t *milliseconds) {
    if (number(headers, "retry-after-ms", 1, milliseconds)) return true;
    if (number(headers, "retry-after", 1000, milliseconds)) return true;
    const caisson_string *after = caisson_find(headers, "retry-after"), *date = caisson_find(headers, "date");
    uint64_t until, now;
    if (!after || !caisson_parse_date(caisson_trim(*after), &until)) return false;
    // By the provider's own clock where it tells: ours may differ.
    if (!date || !caisson_parse_date(caisson_trim(*date), &now)) now = caisson_transport_unix_seconds();
    *milliseconds = until > now ? (until - now) * 1000 : 0;
    return true;
}

static bool digits(caisson_string text, uint64_t *value) {
    uint32_t small;
    if (text.len > 4 || !caisson_parse_u32(text, &small)) return false;
    *value = small;
    return true;
}

// Seconds since 1970 of an HTTP date (RFC 9110 §5.6.7) in any of its three forms.
bool caisson_parse_date(caisson_string text, uint64_t *seconds) {
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    caisson_string words[7];
    size_t count = 0;
    for (size_t at = 0; at < text.len && count < 7;) {
        size_t end = at;
        while (end < text.len && !memchr(" ,-", text.ptr[end], 3)) end++;
        if (end > at) words[count++] = (caisson_string){text.ptr + at, end - at};
        at = end + 1;
    }
    caisson_string day, month, year, time;
    if (count == 6 && caisson_is(words[5], "GMT")) { // Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT
        day = words[1], month = words[2], year = words[3], time = words[4];
    } else if (count == 5) { // Sun Nov  6 08:49:37 1994
        month = words[1], day = words[2], time = words[3], year = words[4];
    } else {
        return false;
    }
    uint64_t d, m = 0, y, clock[3];
    if (!digits(day, &d) || d < 1 || d > 31 || month.len != 3) return false;
    while (m < 12 && memcmp(MONTHS + 3 * m, month.ptr, 3) != 0) m++;
    if (m == 12 || !digits(year, &y) || (year.len != 2 && year.len != 4)) return false;
    // Two digits are from a protocol older than this century's second half.
    if (year.len == 2) y += y < 70 ? 2000 : 1900;
    for (size_t i = 0, at = 0; i < 3; i++) {
        size_t end = at;
        while (end < time.len && (i == 2 || time.ptr[end] != ':')) end++;
        if (at > time.len || !digits((caisson_string){time.ptr + at, end - at}, &clock[i])) return false;
        at = end + 1;
    }
    if (y < 1970 || clock[0] > 23 || clock[1] > 59 || clock[2] > 60) return false;
    // Years are counted from March, so that a leap day comes last; 719,468 days lie between March of year 0 and 1970.
    m++;
    if (m <= 2) y--;
    uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 + ((m > 2 ? m - 3 : m + 9) * 153 + 2) / 5 + d - 1;
    if (days < 719468) return false;
    *seconds = (days - 719468) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
    return true;
}
