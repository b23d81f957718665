// The seam in tests: a script answers, and remembers what it was asked; and the program that runs all tests. It opens
// no socket.
#include "caisson_testing.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kit.h"

struct caisson_body {
    const caisson_reply *reply;
    size_t read;
};

static struct {
    struct replies {
        caisson_reply **ptr;
        size_t len;
    } replies;
    size_t answered;
    struct requests {
        caisson_sent_request *ptr;
        size_t len;
    } requests;
    size_t open;
    uint64_t slept_ms;
    caisson_buffer log;
    bool (*count)(caisson_string encoding, caisson_string text, uint32_t *tokens);
    caisson_string original_body;
} script;

static struct {
    const char *name;
    void (*run)(void);
} tests[1024];
static size_t test_count;
static jmp_buf failed;

void caisson_register_test(const char *name, void (*test)(void)) {
    if (test_count == sizeof tests / sizeof *tests) abort();
    tests[test_count].name = name;
    tests[test_count++].run = test;
}

_Noreturn void caisson_failed(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    longjmp(failed, 1);
}

void caisson_check_text(const char *file, int line, caisson_string text, const char *expected) {
    if (caisson_is(text, expected)) return;
    fprintf(stderr, "expected: %s\n     got: %.*s\n", expected, CAISSON_ARG(text));
    caisson_failed(file, line, "the texts differ");
}

caisson_string caisson_fixture(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) caisson_failed(path, 0, "there is no such file");
    caisson_buffer bytes = {0};
    uint8_t piece[4096];
    for (size_t size; (size = fread(piece, 1, sizeof piece, file)) > 0;) {
        caisson_buffer_add(&bytes, (caisson_string){piece, size});
    }
    fclose(file);
    caisson_string text = caisson_keep(caisson_buffer_text(&bytes));
    caisson_buffer_free(&bytes);
    return text;
}

caisson_reply *caisson_will_reply(uint16_t status, const char *content_type, caisson_string body) {
    caisson_reply *reply = caisson_alloc_kept(sizeof *reply);
    *reply = (caisson_reply){.status = status, .body = body};
    CAISSON_PUSH(&reply->headers) = caisson_make_pair(CAISSON_TEXT("content-type"), caisson_text(content_type));
    CAISSON_PUSH(&script.replies) = reply;
    return reply;
}

const caisson_sent_request *caisson_sent(size_t index) {
    if (index >= script.requests.len) caisson_failed("script", (int)index, "there was no such request");
    return &script.requests.ptr[index];
}

size_t caisson_sent_count(void) { return script.requests.len; }
size_t caisson_replies_left(void) { return script.replies.len - script.answered; }
size_t caisson_open_bodies(void) { return script.open; }
uint64_t caisson_slept_ms(void) { return script.slept_ms; }
caisson_string caisson_logged(void) { return caisson_buffer_text(&script.log); }
void caisson_will_count(bool (*count)(caisson_string, caisson_string, uint32_t *)) { script.count = count; }
void caisson_will_give_original_body(caisson_string body) { script.original_body = body; }

caisson_context caisson_test_context(void) {
    return (caisson_context){.request_id = CAISSON_TEXT("req-test"), .timeout_ms = 60000};
}

caisson_chat_request caisson_test_request(const char *model, const char *text) {
    caisson_chat_request request = {.model = caisson_text(model), .n = 1};
    caisson_message *message = &CAISSON_PUSH(&request.messages);
    message->role = CAISSON_LLM_API_ROLE_USER;
    message->content.tag = CAISSON_LLM_API_CONTENT_TEXT;
    message->content.val.text = caisson_text(text);
    return request;
}

bool caisson_test_stream(const caisson_adapter *adapter, const caisson_context *context,
                         const caisson_chat_request *request, void (*see)(const caisson_event *event, void *with),
                         void *with, caisson_error *error) {
    caisson_stream *stream;
    if (!caisson_stream_open(adapter, context, request, &stream, error)) return false;
    bool fine = true;
    for (bool over = false; fine && !over;) {
        caisson_events events;
        fine = caisson_stream_next(stream, &events, &over, error);
        for (size_t i = 0; fine && i < events.len; i++) see(&events.ptr[i], with);
    }
    caisson_stream_close(stream);
    return fine;
}

bool caisson_transport_send(const caisson_call *call, uint16_t *status, caisson_pairs *headers, caisson_body **body,
                            caisson_fault *fault) {
    CAISSON_PUSH(&script.requests) = (caisson_sent_request){
        .method = call->method,
        .url = caisson_format("%s://%.*s%.*s", call->secure ? "https" : "http", CAISSON_ARG(call->authority),
                              CAISSON_ARG(call->path)),
        .headers = call->headers,
        .body = caisson_keep(call->body),
    };
    if (script.answered == script.replies.len) {
        *fault = (caisson_fault){CAISSON_FAULT_BROKEN, CAISSON_TEXT("the script has no reply left for this request")};
        return false;
    }
    const caisson_reply *reply = script.replies.ptr[script.answered++];
    if (reply->unreachable) *fault = (caisson_fault){CAISSON_FAULT_UNREACHABLE, CAISSON_TEXT("connection refused")};
    if (reply->denied) *fault = (caisson_fault){CAISSON_FAULT_DENIED, CAISSON_TEXT("not granted to this deployment")};
    if (reply->slow) *fault = (caisson_fault){CAISSON_FAULT_TIMEOUT, CAISSON_TEXT("the answer took too long")};
    if (reply->unreachable || reply->denied || reply->slow) return false;
    *status = reply->status;
    *headers = reply->headers;
    *body = caisson_alloc_kept(sizeof **body);
    (*body)->reply = reply;
    script.open++;
    return true;
}

bool caisson_transport_read(caisson_body *body, caisson_buffer *bytes, caisson_fault *fault) {
    const caisson_reply *reply = body->reply;
    size_t left = reply->body.len - body->read;
    if (left == 0 && reply->breaks_off) {
        *fault = (caisson_fault){CAISSON_FAULT_BROKEN, CAISSON_TEXT("the answer broke off")};
        return false;
    }
    size_t size = reply->piece && reply->piece < left ? reply->piece : left;
    caisson_buffer_add(bytes, (caisson_string){reply->body.ptr + body->read, size});
    body->read += size;
    return true;
}

void caisson_transport_close(caisson_body *body) {
    body->read = body->reply->body.len;
    script.open--;
}

void caisson_transport_sleep(uint64_t milliseconds) { script.slept_ms += milliseconds; }
uint64_t caisson_transport_elapsed_ms(void) { return script.slept_ms; }
uint64_t caisson_transport_unix_seconds(void) { return (uint64_t)time(NULL); }
// No chance in tests: each wait is the longest it could be.
double caisson_transport_fraction(void) { return 1; }

bool caisson_transport_count_tokens(caisson_string encoding, caisson_string text, uint32_t *tokens) {
    return script.count && script.count(encoding, text, tokens);
}

caisson_string caisson_transport_original_body(void) { return script.original_body; }
void caisson_transport_log(caisson_string line) { caisson_buffer_add(&script.log, line); }

static void begin(void) {
    caisson_buffer_free(&script.log);
    memset(&script, 0, sizeof script);
    caisson_use(&caisson_kept);
    caisson_arena_empty(&caisson_kept);
    caisson_arena_empty(&caisson_passing);
}

static bool passes(void (*run)(void)) {
    begin();
    if (setjmp(failed)) return false;
    run();
    return true;
}

// Runs all tests, or those whose name contains the argument.
int main(int count, char **arguments) {
    size_t run = 0, failures = 0;
    for (size_t i = 0; i < test_count; i++) {
        if (count > 1 && !strstr(tests[i].name, arguments[1])) continue;
        run++;
        if (passes(tests[i].run)) continue;
        failures++;
        fprintf(stderr, "FAILED %s\n", tests[i].name);
    }
    printf("%zu passed, %zu failed\n", run - failures, failures);
    return failures || !run;
}
