// Anthropic over HTTP: one endpoint, its headers. The key is not here: the host adds it. What the bodies mean is in the
// conversions, what a refusal means in failures.c.
#include "anthropic.h"

static void add_header(caisson_http_request *request, const char *name, caisson_string value) {
    if (value.len) CAISSON_PUSH(&request->headers) = caisson_make_pair(caisson_text(name), value);
}

static caisson_string found(const caisson_pairs *pairs, const char *name, const char *otherwise) {
    const caisson_string *value = caisson_find(pairs, name);
    return value ? *value : caisson_text(otherwise);
}

// The deployment's features, and the client's where the deployment lets them pass.
static caisson_string beta_features(const caisson_context *context) {
    caisson_string ours = found(&context->settings, "anthropic-beta", NULL);
    caisson_string theirs = found(&context->headers, "anthropic-beta", NULL);
    caisson_string comma = ours.len && theirs.len ? CAISSON_TEXT(",") : (caisson_string){0};
    return caisson_join(caisson_join(ours, comma), theirs);
}

// Sends a request; a refusal is an error with what the provider said.
bool post(const caisson_context *context, caisson_string body, caisson_http_response **response, caisson_error *error) {
    caisson_string base = caisson_base_url_or(context, HOST);
    caisson_http_request request = {
        .url = caisson_join(base, CAISSON_TEXT("/v1/messages")),
        .body = body,
        .timeout_ms = context->timeout_ms,
    };
    add_header(&request, "anthropic-version", found(&context->settings, "anthropic-version", VERSION));
    add_header(&request, "anthropic-beta", beta_features(context));
    if (context->traceparent.is_some) add_header(&request, "traceparent", context->traceparent.val);
    if (!caisson_retry_configured(context, &request.retry, error)) return false;
    if (!caisson_send(&request, response, error)) return false;
    return (*response)->status < 300 || fail_refused(error, *response);
}
