// What the adapter's files share: the shapes between them, and who does what. The wire's field names are where they are
// written and read.
#ifndef ANTHROPIC_H
#define ANTHROPIC_H

#include "caisson.h"

#define HOST "https://api.anthropic.com"
// The version of the API that the conversions follow.
#define VERSION "2023-06-01"
// Anthropic wants a cap on every answer; this is for requests without one.
#define DEFAULT_MAX_TOKENS "4096"
// The message field that holds the provider's own list of blocks; see kept.c.
#define KEPT_CONTENT "anthropic_content"

// client.c: one endpoint, its headers.
bool post(const caisson_context *context, caisson_string body, caisson_http_response **response, caisson_error *error);

// failures.c: the provider's refusals. All are false, as `caisson_fail`.
bool fail_refused(caisson_error *error, caisson_http_response *response);
bool fail_in_stream(caisson_error *error, caisson_string data);
bool fail_unreadable(caisson_error *error, const char *why);

// models.c
void add_models(caisson_adapter_info *info);

// ---- The way out ----

// A content block of ours, or one as somebody else wrote it.
typedef struct block {
    yyjson_mut_val *value;
    bool is_text;
    bool has_place; // for `cache_control` and its like; thinking and verbatim blocks have none
} block;

typedef struct blocks {
    block *ptr;
    size_t len;
} blocks;

// request.c
bool messages_request(const caisson_chat_request *request, uint32_t default_max, bool stream, caisson_string *body,
                      caisson_error *error);
// Fields beside those that are written; where OpenAI puts an object's substance into another one, named `inner`, what
// was left in that one stands beside the rest, since Anthropic's objects are flat.
caisson_pairs flat_extras(const caisson_pairs *extra, const char *inner);
// JSON that a client sent as it is to go out; NULL, with an error, where it is not JSON.
yyjson_mut_val *verbatim(yyjson_mut_doc *doc, caisson_string json, caisson_string param, caisson_error *error);
caisson_string path_in(caisson_string path, const char *more);
bool text_field(caisson_string json, caisson_string *text); // the string that a field's JSON is

// turns.c: messages as the system prompt and turns.
bool set_conversation(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request,
                      caisson_error *error);
// media.c: `path` names the part in the request.
bool add_image(yyjson_mut_doc *doc, blocks *to, const caisson_media *media, caisson_string path, const char *inner,
               caisson_error *error);
bool add_file(yyjson_mut_doc *doc, blocks *to, const caisson_media *media, caisson_string path, caisson_error *error);
bool add_block(yyjson_mut_doc *doc, blocks *to, yyjson_mut_val *value, const caisson_pairs *extra,
               caisson_error *error);
yyjson_mut_val *new_block(yyjson_mut_doc *doc, const char *type);

// tools.c
bool set_tools(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request, caisson_error *error);
bool is_forced(const caisson_chat_request *request);

// thinking.c: how a request thinks, and the cap that leaves room for it.
typedef struct plan {
    const char *type; // NULL where nothing is said
    uint32_t budget;
    caisson_string effort; // empty where nothing is said
    uint32_t max_tokens;
    bool thinks; // Anthropic then fixes the temperature, and `top_p` but for its top end
} plan;
plan plan_thinking(const caisson_chat_request *request, const caisson_string *own, uint32_t default_max);

// ---- The way back ----

// A content block of any kind, whole or as a stream opens it. Empty where a field is absent.
typedef struct answer_block {
    caisson_string type, text, thinking, signature, data, id, name;
    caisson_string input;  // JSON
    caisson_string caller; // JSON: who called the tool, unless it was the model itself, which goes without saying
    bool cites;            // whether citations stand beside the text; an empty list says nothing
} answer_block;

// False where it is no block, or one whose texts are no texts. What goes in is known to be JSON, here and in `count`.
bool read_block(caisson_string json, answer_block *block);

// Token counts so far; a stream reports them twice, the second time with running totals. In kept memory.
typedef struct counts {
    bool counted;
    uint32_t input, output;
    adapter_option_u32_t cache_read, cache_write, thinking;
    caisson_option_string service_tier;
    caisson_pairs extra;
} counts;

void count(counts *counts, caisson_string usage);
caisson_usage usage_of(const counts *counts);

// Why a message ended. In kept memory.
typedef struct ending {
    caisson_string reason; // the provider's word; empty where it gave none
    caisson_pairs extra;
} ending;

// Takes one field that speaks of it.
bool take_ending(ending *ending, caisson_pair field);
caisson_finish_reason finish_reason(const ending *ending);
// What OpenAI's word for the reason doesn't say.
caisson_pairs ending_extra(const ending *ending);

// answer.c
bool chat_answer(caisson_string body, caisson_chat_response *response, caisson_error *error);

// kept.c: whether a list must be kept, and a stream's blocks put together again.
typedef struct shape {
    int last;
    bool lossy; // something of the answer is only in the list
} shape;
void see_block(shape *shape, const answer_block *block); // NULL for one that could not be read

// What a delta adds to its block; empty where it doesn't.
typedef struct addition {
    caisson_string text, thinking, signature, input, citation;
} addition;

typedef struct recorder {
    shape shape;
    struct recorded_list {
        struct recorded *ptr;
        size_t len;
    } blocks;
    size_t size;
} recorder;
void record_start(recorder *recorder, uint32_t index, caisson_string start, const answer_block *block);
void record_delta(recorder *recorder, uint32_t index, const addition *addition);
// The list as JSON, if it says more than the events did; empty if not.
caisson_string recorded_list(recorder *recorder);

// stream.c
typedef struct decoder {
    bool stopped; // `message_stop` came, after which nothing does
    counts counts;
    ending ending;
    recorder recorder;
    uint32_t calls;
    struct {
        bool open;
        uint32_t block, index;
        caisson_string input; // what the block started with, until arguments arrive
    } call;
} decoder;
// Adds the event's meaning; unknown events mean nothing.
bool decode(decoder *decoder, caisson_string data, caisson_events *events, caisson_error *error);

#endif
