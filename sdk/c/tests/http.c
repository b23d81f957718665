// Requests and answers: what is sent, what is refused, and when a request is sent again.
#include "caisson_testing.h"

#include <string.h>

static caisson_http_request to(const char *url) { return (caisson_http_request){.url = caisson_text(url)}; }

static caisson_http_response *sent(caisson_http_request request) {
    caisson_http_response *response;
    caisson_error error;
    CAISSON_CHECK(caisson_send(&request, &response, &error));
    return response;
}

static caisson_error refused(caisson_http_request request) {
    caisson_http_response *response;
    caisson_error error = {0};
    CAISSON_CHECK(!caisson_send_ok(&request, &response, &error));
    CAISSON_CHECK(caisson_open_bodies() == 0);
    return error;
}

CAISSON_TEST(urls_are_sent_as_they_are_but_for_what_may_not_stand_in_them) {
    static const char *const URLS[][2] = {
        {"https://a.example", "https://a.example/"},
        {"HTTP://a.example:8080/v1/x?y=1#z", "http://a.example:8080/v1/x?y=1"},
        {"https://a.example?y", "https://a.example/?y"},
        {"https://[::1]:9/a%20b c/\xc3\xa9", "https://[::1]:9/a%20b%20c/%C3%A9"},
    };
    for (size_t i = 0; i < sizeof URLS / sizeof *URLS; i++) {
        caisson_will_reply(200, "text/plain", CAISSON_TEXT(""));
        sent(to(URLS[i][0]));
        CAISSON_CHECK_TEXT(caisson_sent(i)->url, URLS[i][1]);
    }
}

CAISSON_TEST(urls_that_could_be_misread_are_refused) {
    static const char *const URLS[] = {"",
                                       "a.example/v1",
                                       "ftp://a.example",
                                       "https://",
                                       "https:///v1",
                                       "https://good.example@bad.example/",
                                       "https://a b/",
                                       "https://a\\b/",
                                       "https://a.example/\r\nx: y",
                                       "https://\xc3\xa4.example/"};
    for (size_t i = 0; i < sizeof URLS / sizeof *URLS; i++) {
        CAISSON_CHECK(refused(to(URLS[i])).kind == CAISSON_LLM_API_ERROR_KIND_INTERNAL);
    }
    CAISSON_CHECK(caisson_sent_count() == 0);
}

CAISSON_TEST(headers_that_could_be_more_than_one_or_the_hosts_are_refused) {
    static const char *const HEADERS[][2] = {{"x", "a\r\ny: b"}, {"x", "\x7f"},           {"x y", "a"}, {"", "a"},
                                             {"Host", "a"},      {"content-length", "1"}, {"te", "a"}};
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++) {
        caisson_http_request request = to("https://a.example");
        CAISSON_PUSH(&request.headers) = caisson_make_pair(caisson_text(HEADERS[i][0]), caisson_text(HEADERS[i][1]));
        CAISSON_CHECK(refused(request).kind == CAISSON_LLM_API_ERROR_KIND_INTERNAL);
    }
    CAISSON_CHECK(caisson_sent_count() == 0);
}

CAISSON_TEST(a_content_type_of_the_adapters_own_is_kept) {
    caisson_http_request request = to("https://a.example");
    caisson_will_reply(200, "text/plain", CAISSON_TEXT(""));
    sent(request);
    CAISSON_CHECK_TEXT(*caisson_find(&caisson_sent(0)->headers, "content-type"), "application/json");
    CAISSON_PUSH(&request.headers) = caisson_make_pair(CAISSON_TEXT("Content-Type"), CAISSON_TEXT("x/y"));
    caisson_will_reply(200, "text/plain", CAISSON_TEXT(""));
    sent(request);
    CAISSON_CHECK(caisson_sent(1)->headers.len == 1);
    CAISSON_CHECK_TEXT(caisson_sent(1)->headers.ptr[0].f0, "content-type");
    CAISSON_CHECK_TEXT(caisson_sent(1)->headers.ptr[0].f1, "x/y");
}

CAISSON_TEST(names_stay_one_segment_and_query_values_one_value) {
    CAISSON_CHECK_TEXT(caisson_path_segment(CAISSON_TEXT("gpt-4.1")), "gpt-4.1");
    CAISSON_CHECK_TEXT(caisson_path_segment(CAISSON_TEXT("../admin?x=\xc3\xa9")), "..%2Fadmin%3Fx%3D%C3%A9");
    CAISSON_CHECK_TEXT(caisson_path_segment(CAISSON_TEXT("..")), "%252E%252E");
    caisson_string url = caisson_with_query(CAISSON_TEXT("https://a.example/v1"), "key", CAISSON_TEXT("a b&c=d"));
    CAISSON_CHECK_TEXT(caisson_with_query(url, "alt", CAISSON_TEXT("sse")),
                       "https://a.example/v1?key=a%20b%26c%3Dd&alt=sse");
}

CAISSON_TEST(a_body_is_read_whole_and_within_its_limit) {
    caisson_string text;
    caisson_error error;
    caisson_will_reply(200, "text/plain", CAISSON_TEXT("0123456789\xff"))->piece = 3;
    CAISSON_CHECK(caisson_read_text(sent(to("https://a.example")), &text, &error));
    CAISSON_CHECK_TEXT(text, "0123456789\xef\xbf\xbd");
    caisson_will_reply(200, "text/plain", CAISSON_TEXT("0123456789"))->piece = 3;
    CAISSON_CHECK(!caisson_read_text_within(sent(to("https://a.example")), 9, &text, &error));
    CAISSON_CHECK_TEXT(error.message, "the answer of https://a.example is over 9 bytes");
    CAISSON_CHECK(caisson_open_bodies() == 0);
}

CAISSON_TEST(a_body_that_breaks_off_is_an_error_after_what_came) {
    caisson_will_reply(200, "text/plain", CAISSON_TEXT("abc"))->breaks_off = true;
    caisson_http_response *response = sent(to("https://a.example"));
    caisson_string bytes;
    caisson_error error;
    CAISSON_CHECK(caisson_read(response, &bytes, &error));
    CAISSON_CHECK_TEXT(bytes, "abc");
    CAISSON_CHECK(!caisson_read(response, &bytes, &error));
    CAISSON_CHECK_TEXT(error.message, "https://a.example: the answer broke off");
    CAISSON_CHECK(caisson_read(response, &bytes, &error) && bytes.len == 0);
}

CAISSON_TEST(faults_become_errors_of_their_own) {
    caisson_will_reply(0, "", CAISSON_TEXT(""))->denied = true;
    caisson_error error = refused(to("https://a.example"));
    CAISSON_CHECK_TEXT(error.message, "egress denied: https://a.example: not granted to this deployment");
    CAISSON_CHECK_TEXT(error.code.val, "egress_denied");
    caisson_will_reply(0, "", CAISSON_TEXT(""))->slow = true;
    CAISSON_CHECK(refused(to("https://a.example")).kind == CAISSON_LLM_API_ERROR_KIND_TIMEOUT);
    caisson_will_reply(0, "", CAISSON_TEXT(""))->unreachable = true;
    error = refused(to("https://a.example"));
    CAISSON_CHECK(error.kind == CAISSON_LLM_API_ERROR_KIND_UPSTREAM);
    CAISSON_CHECK_TEXT(error.message, "could not reach https://a.example: connection refused");
}

CAISSON_TEST(statuses_and_codes_decide_the_kind) {
    static const struct {
        uint16_t status;
        const char *body;
        caisson_error_kind kind;
        const char *message, *code, *param;
    } CASES[] = {
        {401, "", CAISSON_LLM_API_ERROR_KIND_AUTHENTICATION, "the provider answered with status 401", "", ""},
        {402, "{}", CAISSON_LLM_API_ERROR_KIND_QUOTA_EXCEEDED, "the provider answered with status 402", "", ""},
        {410, "{\"error\":\"gone\"}", CAISSON_LLM_API_ERROR_KIND_NOT_FOUND, "gone", "", ""},
        {408, "nope\nmore", CAISSON_LLM_API_ERROR_KIND_TIMEOUT, "the provider answered with status 408: nope", "", ""},
        {422, "{\"detail\":[{\"msg\":\"m\"}]}", CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, "m", "", ""},
        {400, "{\"error\":{\"message\":\"m\",\"code\":\"context_length_exceeded\",\"param\":\"p\"}}",
         CAISSON_LLM_API_ERROR_KIND_CONTEXT_LENGTH, "m", "context_length_exceeded", "p"},
        {400, "{\"message\":\"over the maximum context length\"}", CAISSON_LLM_API_ERROR_KIND_CONTEXT_LENGTH,
         "over the maximum context length", "", ""},
        {429, "[{\"error\":{\"message\":\"m\",\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}]",
         CAISSON_LLM_API_ERROR_KIND_RATE_LIMITED, "m", "RESOURCE_EXHAUSTED", ""},
        {301, "", CAISSON_LLM_API_ERROR_KIND_UPSTREAM,
         "the provider answered with a redirect (status 301), and none is followed", "", ""},
        {529, "<html>", CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "the provider answered with status 529", "", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        caisson_will_reply(CASES[i].status, "application/json", caisson_text(CASES[i].body));
        caisson_error error = refused(to("https://a.example"));
        CAISSON_CHECK_TEXT(error.message, CASES[i].message);
        CAISSON_CHECK(error.kind == CASES[i].kind && error.status.val == CASES[i].status);
        CAISSON_CHECK_TEXT(error.code.val, CASES[i].code);
        CAISSON_CHECK_TEXT(error.param.val, CASES[i].param);
    }
}

static caisson_http_request retrying(uint32_t times) {
    caisson_http_request request = to("https://a.example");
    request.retry.times = times;
    return request;
}

static void will_refuse(uint16_t status, const char *name, const char *value) {
    caisson_reply *reply = caisson_will_reply(status, "text/plain", CAISSON_TEXT("later"));
    if (name) CAISSON_PUSH(&reply->headers) = caisson_make_pair(caisson_text(name), caisson_text(value));
}

CAISSON_TEST(nothing_is_sent_again_unasked) {
    will_refuse(503, NULL, NULL);
    refused(retrying(0));
    CAISSON_CHECK(caisson_sent_count() == 1 && caisson_slept_ms() == 0);
}

CAISSON_TEST(waits_double_up_to_the_cap) {
    for (size_t i = 0; i < 7; i++) will_refuse(503, NULL, NULL);
    refused(retrying(6));
    CAISSON_CHECK(caisson_sent_count() == 7);
    CAISSON_CHECK(caisson_slept_ms() == 500 + 1000 + 2000 + 4000 + 8000 + 8000);
}

CAISSON_TEST(what_may_help_is_sent_again_and_the_rest_not) {
    static const struct {
        uint16_t status;
        const char *should;
        bool again;
    } CASES[] = {{408, NULL, true},   {409, NULL, true},    {429, NULL, true},  {500, NULL, true},
                 {529, NULL, true},   {400, NULL, false},   {404, NULL, false}, {302, NULL, false},
                 {400, "true", true}, {500, "false", false}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        size_t before = caisson_sent_count();
        will_refuse(CASES[i].status, CASES[i].should ? "x-should-retry" : NULL, CASES[i].should);
        if (CASES[i].again) caisson_will_reply(200, "text/plain", CAISSON_TEXT(""));
        CAISSON_CHECK(sent(retrying(1))->status == (CASES[i].again ? 200 : CASES[i].status));
        CAISSON_CHECK(caisson_sent_count() - before == (CASES[i].again ? 2 : 1));
    }
}

CAISSON_TEST(a_wait_that_is_asked_for_is_obeyed_up_to_a_minute) {
    static const struct {
        const char *name, *value;
        uint64_t wait_ms;
        bool again;
    } CASES[] = {
        {"retry-after-ms", "1500.7", 1500, true},
        {"retry-after", "2", 2000, true},
        {"retry-after", "60", 60000, true},
        {"retry-after", "61", 61000, false},
        {"retry-after", "1e300", UINT32_MAX, false},
        {"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", 0, true},
        {"retry-after", "Fri, 31 Dec 9999 23:59:59 GMT", UINT32_MAX, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        uint64_t before = caisson_slept_ms();
        will_refuse(429, CASES[i].name, CASES[i].value);
        if (CASES[i].again) will_refuse(400, NULL, NULL);
        caisson_error error = refused(retrying(1));
        CAISSON_CHECK(caisson_slept_ms() - before == (CASES[i].again ? CASES[i].wait_ms : 0));
        if (!CASES[i].again) CAISSON_CHECK(error.retry_after_ms.val == CASES[i].wait_ms);
    }
    // What is none is not obeyed.
    static const char *const NONE[] = {"soon", "-1", "0x10", "inf", "nan", ""};
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        will_refuse(429, "retry-after", NONE[i]);
        CAISSON_CHECK(!refused(retrying(0)).retry_after_ms.is_some);
    }
}

CAISSON_TEST(a_date_counts_from_the_providers_own_clock) {
    will_refuse(429, "retry-after", "Sun, 06 Nov 1994 08:49:40 GMT");
    caisson_reply *reply = caisson_will_reply(429, "text/plain", CAISSON_TEXT(""));
    CAISSON_PUSH(&reply->headers) =
        caisson_make_pair(CAISSON_TEXT("retry-after"), CAISSON_TEXT("Sunday, 06-Nov-94 08:49:40 GMT"));
    CAISSON_PUSH(&reply->headers) = caisson_make_pair(CAISSON_TEXT("date"), CAISSON_TEXT("Sun Nov  6 08:49:37 1994"));
    CAISSON_CHECK(refused(retrying(0)).retry_after_ms.val == 0);
    CAISSON_CHECK(refused(retrying(0)).retry_after_ms.val == 3000);
}

CAISSON_TEST(no_wait_goes_past_the_deadline) {
    caisson_context context = caisson_test_context();
    CAISSON_PUSH(&context.settings) = caisson_make_pair(CAISSON_TEXT("max-retries"), CAISSON_TEXT(" 5 "));
    context.timeout_ms = 1600;
    caisson_http_request request = to("https://a.example");
    caisson_error error;
    CAISSON_CHECK(caisson_retry_configured(&context, &request.retry, &error));
    for (size_t i = 0; i < 3; i++) will_refuse(503, NULL, NULL);
    refused(request);
    CAISSON_CHECK(caisson_slept_ms() == 1500);
    context.settings.ptr[0].f1 = CAISSON_TEXT("many");
    CAISSON_CHECK(!caisson_retry_configured(&context, &request.retry, &error));
    CAISSON_CHECK_TEXT(error.message, "setting max-retries is \"many\", not a whole number");
}

CAISSON_TEST(a_connection_that_nobody_answers_is_tried_again_and_one_without_a_grant_not) {
    caisson_will_reply(0, "", CAISSON_TEXT(""))->unreachable = true;
    caisson_will_reply(200, "text/plain", CAISSON_TEXT(""));
    caisson_http_response *response = sent(retrying(1));
    CAISSON_CHECK(response->status == 200);
    caisson_close(response);
    caisson_will_reply(0, "", CAISSON_TEXT(""))->denied = true;
    refused(retrying(1));
    CAISSON_CHECK(caisson_sent_count() == 3);
}
