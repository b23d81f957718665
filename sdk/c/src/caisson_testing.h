// Test an adapter natively, without Wasm and without a network, against recorded exchanges: `build.sh test DIR`
// compiles DIR/src, DIR/tests and the kit, and runs every CAISSON_TEST. Nothing sleeps: waits are recorded, and are the
// longest they could be. The host's part is not imitated: no grants, no credentials, no checks of the answer.
//
//     CAISSON_TEST(the_answer_is_read) {
//         caisson_will_reply(200, "application/json", CAISSON_TEXT("{\"answer\":42}"));
//         …
//         CAISSON_CHECK(caisson_is(caisson_sent(0)->method, "POST"));
//     }
#ifndef CAISSON_TESTING_H
#define CAISSON_TESTING_H

#include "caisson.h"

// A test; each begins with an empty script. It ends at the first check that fails.
#define CAISSON_TEST(name)                                                                                             \
    static void name(void);                                                                                            \
    __attribute__((constructor)) static void register_##name(void) { caisson_register_test(#name, name); }             \
    static void name(void)
void caisson_register_test(const char *name, void (*test)(void));

#define CAISSON_CHECK(condition)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) caisson_failed(__FILE__, __LINE__, #condition);                                              \
    } while (0)
_Noreturn void caisson_failed(const char *file, int line, const char *what);
#define CAISSON_CHECK_TEXT(text, expected) caisson_check_text(__FILE__, __LINE__, text, expected)
void caisson_check_text(const char *file, int line, caisson_string text, const char *expected);
// The test's file, from the folder that is tested.
caisson_string caisson_fixture(const char *path);

// What the upstream does with one request.
typedef struct caisson_reply {
    uint16_t status;
    caisson_pairs headers;
    caisson_string body;
    size_t piece;     // how many bytes come at a time; all at once where zero
    bool breaks_off;  // the connection, after the body
    bool unreachable; // doesn't answer: nobody listens there
    bool denied;      // doesn't answer: the host has no grant for it
    bool slow;        // doesn't answer in time
} caisson_reply;

// Adds the reply to the next request, which may be changed until then.
caisson_reply *caisson_will_reply(uint16_t status, const char *content_type, caisson_string body);

// A request as the provider got it. The credential is not in it: the host would add that.
typedef struct caisson_sent_request {
    caisson_string method, url, body;
    caisson_pairs headers;
} caisson_sent_request;

const caisson_sent_request *caisson_sent(size_t index); // the test fails where there is none
size_t caisson_sent_count(void);
size_t caisson_replies_left(void);
size_t caisson_open_bodies(void);
// The waits so far, in all.
uint64_t caisson_slept_ms(void);
// What was logged so far.
caisson_string caisson_logged(void);
// What the host's functions answer.
void caisson_will_count(bool (*count)(caisson_string encoding, caisson_string text, uint32_t *tokens));
void caisson_will_give_original_body(caisson_string body);

// A context as the host would give it to a deployment with no settings.
caisson_context caisson_test_context(void);
// A request with one message of the user's.
caisson_chat_request caisson_test_request(const char *model, const char *text);
// All events of a stream, one after another; false with the error that it ended with. They lie in kept memory only as
// far as `see` keeps them.
bool caisson_test_stream(const caisson_adapter *adapter, const caisson_context *context,
                         const caisson_chat_request *request, void (*see)(const caisson_event *event, void *with),
                         void *with, caisson_error *error);

#endif
