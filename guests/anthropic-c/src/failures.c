// The provider's refusals as the contract's errors, from a status or out of a stream. The type that the provider names
// decides; the status is for answers that name none, as a proxy in between gives.
#include "anthropic.h"

// Enough for any message of the provider's; a proxy's page of HTML is cut.
#define LONGEST ((size_t)4 << 10)

// For each type of error the kind, and the status that it comes with.
static const struct {
    const char *type;
    caisson_error_kind kind;
    uint16_t status;
} TYPES[] = {
    {"invalid_request_error", CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, 400},
    {"authentication_error", CAISSON_LLM_API_ERROR_KIND_AUTHENTICATION, 401},
    {"billing_error", CAISSON_LLM_API_ERROR_KIND_QUOTA_EXCEEDED, 402},
    {"permission_error", CAISSON_LLM_API_ERROR_KIND_PERMISSION, 403},
    {"not_found_error", CAISSON_LLM_API_ERROR_KIND_NOT_FOUND, 404},
    {"conflict_error", CAISSON_LLM_API_ERROR_KIND_CONFLICT, 409},
    {"request_too_large", CAISSON_LLM_API_ERROR_KIND_TOO_LARGE, 413},
    {"rate_limit_error", CAISSON_LLM_API_ERROR_KIND_RATE_LIMITED, 429},
    {"api_error", CAISSON_LLM_API_ERROR_KIND_UPSTREAM, 500},
    {"timeout_error", CAISSON_LLM_API_ERROR_KIND_TIMEOUT, 504},
    {"overloaded_error", CAISSON_LLM_API_ERROR_KIND_UPSTREAM, 529},
};

typedef struct failure {
    caisson_string type, message, request_id;
} failure;

// The {"error":{"type","message"},"request_id"} in a body or an event.
static bool read_failure(caisson_string text, failure *failure) {
    yyjson_val *body = caisson_json_object(text, NULL), *detail = yyjson_obj_get(body, "error");
    failure->message = caisson_json_text(detail, "message");
    failure->request_id = caisson_json_text(body, "request_id");
    return caisson_json_is_text(yyjson_obj_get(detail, "type"), &failure->type);
}

// One type covers what the contract keeps apart; only the message tells.
static caisson_error_kind kind_of_invalid(caisson_string message) {
    if (caisson_contains(message, "prompt is too long") || caisson_contains(message, "exceed context limit")) {
        return CAISSON_LLM_API_ERROR_KIND_CONTEXT_LENGTH;
    }
    if (caisson_contains(message, "credit balance is too low") || caisson_contains(message, "API usage limits")) {
        return CAISSON_LLM_API_ERROR_KIND_QUOTA_EXCEEDED;
    }
    return CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST;
}

// Fills in what the provider named; kind and status stay where its type is unknown.
static void apply(caisson_error *error, const failure *failure, bool with_status) {
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        if (!caisson_is(failure->type, TYPES[i].type)) continue;
        error->kind = i == 0 ? kind_of_invalid(failure->message) : TYPES[i].kind;
        if (with_status) error->status = (adapter_option_u16_t){true, TYPES[i].status};
    }
    caisson_string said = caisson_cut(failure->message.len ? failure->message : failure->type, LONGEST);
    caisson_string id = caisson_cut(failure->request_id, LONGEST);
    // With the id that the provider's support asks for.
    error->message = said;
    if (id.len) error->message = caisson_format("%.*s (request %.*s)", CAISSON_ARG(said), CAISSON_ARG(id));
    error->code = caisson_some(failure->type);
}

bool fail_refused(caisson_error *error, caisson_http_response *response) {
    const caisson_string *request_id = caisson_find(&response->headers, "request-id");
    caisson_fail_response(error, response);
    failure failure;
    if (error->body.is_some && read_failure(error->body.val, &failure)) {
        if (failure.request_id.len == 0 && request_id) failure.request_id = *request_id;
        apply(error, &failure, false);
    }
    error->body.val = caisson_cut(error->body.val, LONGEST);
    return false;
}

// The error that an `error` event of a stream brings, with the status it would have had.
bool fail_in_stream(caisson_error *error, caisson_string data) {
    failure failure;
    if (!read_failure(data, &failure)) return fail_unreadable(error, "an error that names no type");
    *error = (caisson_error){.kind = CAISSON_LLM_API_ERROR_KIND_UPSTREAM};
    apply(error, &failure, true);
    error->body = caisson_some(caisson_cut(data, LONGEST));
    return false;
}

bool fail_unreadable(caisson_error *error, const char *why) {
    return caisson_fail(error, CAISSON_LLM_API_ERROR_KIND_UPSTREAM, "an event of the stream could not be read: %s",
                        why);
}
