// HTTP dates, as far as `retry-after` and `date` show them.
#include "caisson_testing.h"

// Milliseconds that a date lies after another, by the only way an adapter sees them; -1 where it is no date.
static int64_t after(const char *date, const char *now) {
    caisson_reply *reply = caisson_will_reply(429, "text/plain", CAISSON_TEXT(""));
    CAISSON_PUSH(&reply->headers) = caisson_make_pair(CAISSON_TEXT("retry-after"), caisson_text(date));
    CAISSON_PUSH(&reply->headers) = caisson_make_pair(CAISSON_TEXT("date"), caisson_text(now));
    caisson_http_request request = {.url = CAISSON_TEXT("https://a.example")};
    caisson_http_response *response;
    caisson_error error;
    CAISSON_CHECK(!caisson_send_ok(&request, &response, &error));
    return error.retry_after_ms.is_some ? (int64_t)error.retry_after_ms.val : -1;
}

CAISSON_TEST(all_three_forms_are_read) {
    const char *now = "Sun, 06 Nov 1994 08:49:30 GMT";
    CAISSON_CHECK(after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 7000);
    CAISSON_CHECK(after("Sunday, 06-Nov-94 08:49:37 GMT", now) == 7000);
    CAISSON_CHECK(after("Sun Nov  6 08:49:37 1994", now) == 7000);
}

CAISSON_TEST(days_are_counted_over_leap_years) {
    CAISSON_CHECK(after("Wed, 01 Mar 2000 00:00:00 GMT", "Tue, 29 Feb 2000 00:00:00 GMT") == 86400000);
    CAISSON_CHECK(after("Wed, 01 Mar 2023 00:00:00 GMT", "Tue, 28 Feb 2023 00:00:00 GMT") == 86400000);
    CAISSON_CHECK(after("Mon, 01 Mar 2100 00:00:00 GMT", "Sun, 28 Feb 2100 00:00:00 GMT") == 86400000);
    CAISSON_CHECK(after("Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT") == 1000);
    CAISSON_CHECK(after("Thu, 01 Jan 1970 00:00:10 GMT", "Thu, 01 Jan 1970 00:00:00 GMT") == 10000);
}

CAISSON_TEST(what_is_no_date_is_none) {
    static const char *const TEXTS[] = {
        "Sun, 06 Nov 1994 08:49:37",         "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 25:00:00 GMT",     "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",     "Sun, 06 Nov 1900 08:49:37 GMT",
        "Sun, 06 Nov 99999999 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37: GMT",    "a b c d e f g h",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        CAISSON_CHECK(after(TEXTS[i], "Sun, 06 Nov 1994 08:49:30 GMT") == -1);
    }
}
