// What the tests share: asking the adapter as the host does, and building requests.
#ifndef ASKS_H
#define ASKS_H

#include "caisson_testing.h"

#define MODEL "claude-sonnet-5-5"

// The adapter's answer to a request that is answered with this.
caisson_chat_answer answered(const caisson_chat_request *request, caisson_string body);
// The body that a request becomes.
caisson_string body_of(const caisson_chat_request *request);
// The error that a request is refused with, before anything is sent.
caisson_error refused(const caisson_chat_request *request);
// A field of that body, as JSON text; empty where there is none.
caisson_string field_of(const caisson_chat_request *request, const char *name);
caisson_string fixture(const char *name);
// All events of a stream as text, one line each; with the error that it ended with.
caisson_string events_of(caisson_string stream, size_t piece);

caisson_message *add_message(caisson_chat_request *request, uint8_t role, const char *text);
caisson_part *add_part(caisson_message *message, uint8_t tag);
void add_extra(caisson_pairs *extra, const char *name, const char *json);

#endif
