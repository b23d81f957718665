// A chat request as the body of `POST /v1/messages`. What has no counterpart is left out as guests/anthropic/README.md
// lists, or refused where leaving it out would change what the client gets back.
#include "anthropic.h"

// Fields that Anthropic would refuse as unknown, or that are written or withheld on purpose.
static const char *const NOT_EXTRA[] = {
    "audio",
    "function_call",
    "functions",
    "moderation",
    "output_config",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "verbosity",
    "web_search_options",
};

caisson_string path_in(caisson_string path, const char *more) {
    return caisson_format("%.*s%s", CAISSON_ARG(path), more);
}

bool text_field(caisson_string json, caisson_string *text) {
    return caisson_json_is_text(caisson_json_parse(json, NULL), text);
}

yyjson_mut_val *verbatim(yyjson_mut_doc *doc, caisson_string json, caisson_string param, caisson_error *error) {
    const char *why;
    yyjson_mut_val *value = caisson_json_verbatim(doc, json, &why);
    if (!value) caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, param, "this is not JSON: %s", why);
    return value;
}

caisson_pairs flat_extras(const caisson_pairs *extra, const char *inner) {
    caisson_pairs fields = {0};
    for (size_t i = 0; i < extra->len; i++) {
        if (!caisson_is(extra->ptr[i].f0, inner)) CAISSON_PUSH(&fields) = extra->ptr[i];
    }
    const caisson_string *left = caisson_find(extra, inner);
    if (left) caisson_json_fields(*left, &fields, NULL);
    return fields;
}

// A schema is enforced. OpenAI's bare JSON mode has no counterpart: the prompt asks for JSON there by OpenAI's own
// rule, and Claude follows the prompt.
static bool output_format(yyjson_mut_doc *doc, const caisson_chat_request *request, yyjson_mut_val **format,
                          caisson_error *error) {
    caisson_string param = CAISSON_TEXT("response_format.json_schema");
    const caisson_llm_api_response_format_t *wanted = &request->response_format.val;
    *format = NULL;
    if (!request->response_format.is_some) return true;
    if (wanted->tag == CAISSON_LLM_API_RESPONSE_FORMAT_OTHER) {
        return (*format = verbatim(doc, wanted->val.other, param, error));
    }
    if (wanted->tag != CAISSON_LLM_API_RESPONSE_FORMAT_JSON_SCHEMA) return true;
    caisson_pairs fields = {0};
    caisson_json_fields(wanted->val.json_schema, &fields, NULL);
    const caisson_string *schema = caisson_find(&fields, "schema");
    if (!schema) {
        return caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, param,
                               "this is not a response format: it has no schema");
    }
    *format = yyjson_mut_obj(doc);
    caisson_json_set_text(doc, *format, "type", CAISSON_TEXT("json_schema"));
    yyjson_mut_val *value = verbatim(doc, *schema, param, error);
    caisson_json_set(doc, *format, "schema", value);
    return value;
}

// `effort` and `format`, beside what the client put there itself.
static bool set_output_config(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request,
                              const plan *plan, caisson_error *error) {
    const caisson_string *own = caisson_find(&request->extra, "output_config");
    caisson_pairs extra = {0};
    if (own && !caisson_json_fields(*own, &extra, NULL)) {
        return caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, CAISSON_TEXT("output_config"),
                               "this must be an object");
    }
    yyjson_mut_val *config = yyjson_mut_obj(doc), *format;
    if (!output_format(doc, request, &format, error)) return false;
    if (plan->effort.len && !caisson_find(&extra, "effort")) caisson_json_set_text(doc, config, "effort", plan->effort);
    if (format && !caisson_find(&extra, "format")) caisson_json_set(doc, config, "format", format);
    if (!caisson_json_set_extras(doc, config, &extra, error)) return false;
    if (yyjson_mut_obj_size(config) > 0) caisson_json_set(doc, body, "output_config", config);
    return true;
}

static void set_thinking(yyjson_mut_doc *doc, yyjson_mut_val *body, const plan *plan) {
    if (!plan->type) return;
    yyjson_mut_val *thinking = yyjson_mut_obj(doc);
    caisson_json_set_text(doc, thinking, "type", caisson_text(plan->type));
    if (plan->budget) caisson_json_set(doc, thinking, "budget_tokens", yyjson_mut_uint(doc, plan->budget));
    // Newer models leave the text out unless asked for it.
    if (caisson_is(CAISSON_TEXT("adaptive"), plan->type)) {
        caisson_json_set_text(doc, thinking, "display", CAISSON_TEXT("summarized"));
    }
    caisson_json_set(doc, body, "thinking", thinking);
}

// Anthropic's metadata holds nothing but this.
static void set_user(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request) {
    const caisson_string *named = caisson_find(&request->metadata, "user_id");
    const caisson_string *identifier = caisson_find(&request->extra, "safety_identifier");
    caisson_string user;
    if (named) {
        user = *named;
    } else if (request->user.is_some) {
        user = request->user.val;
    } else if (!identifier || !text_field(*identifier, &user)) {
        return;
    }
    yyjson_mut_val *metadata = yyjson_mut_obj(doc);
    caisson_json_set_text(doc, metadata, "user_id", user);
    caisson_json_set(doc, body, "metadata", metadata);
}

// Anthropic's `auto` uses what priority capacity there is; other tiers it has not got.
static void set_service_tier(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request) {
    const caisson_string *json = caisson_find(&request->extra, "service_tier");
    caisson_string tier;
    if (!json || !text_field(*json, &tier)) return;
    if (caisson_is(tier, "auto") || caisson_is(tier, "priority")) {
        caisson_json_set_text(doc, body, "service_tier", CAISSON_TEXT("auto"));
    } else if (caisson_is(tier, "default") || caisson_is(tier, "standard_only")) {
        caisson_json_set_text(doc, body, "service_tier", CAISSON_TEXT("standard_only"));
    }
}

static void set_sampling(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request, bool thinks) {
    if (request->stop.len > 0) {
        yyjson_mut_val *stop = yyjson_mut_arr(doc);
        for (size_t i = 0; i < request->stop.len; i++) {
            yyjson_mut_arr_append(stop, caisson_json_string(doc, request->stop.ptr[i]));
        }
        caisson_json_set(doc, body, "stop_sequences", stop);
    }
    if (request->temperature.is_some && !thinks) {
        // OpenAI's scale ends at 2, Anthropic's at 1.
        double temperature = request->temperature.val < 1 ? request->temperature.val : 1;
        caisson_json_set(doc, body, "temperature", yyjson_mut_real(doc, temperature));
    }
    if (request->top_p.is_some && !(thinks && request->top_p.val < 0.95)) {
        caisson_json_set(doc, body, "top_p", yyjson_mut_real(doc, request->top_p.val));
    }
}

static caisson_pairs body_extras(const caisson_chat_request *request) {
    caisson_pairs extra = {0};
    for (size_t i = 0; i < request->extra.len; i++) {
        caisson_string name = request->extra.ptr[i].f0;
        bool passes = !(request->tool_choice.is_some && caisson_is(name, "tool_choice"));
        for (size_t j = 0; j < sizeof NOT_EXTRA / sizeof *NOT_EXTRA; j++)
            passes = passes && !caisson_is(name, NOT_EXTRA[j]);
        if (passes) CAISSON_PUSH(&extra) = request->extra.ptr[i];
    }
    return extra;
}

// `default_max` caps the answer where the client doesn't.
bool messages_request(const caisson_chat_request *request, uint32_t default_max, bool stream, caisson_string *body,
                      caisson_error *error) {
    if (request->n > 1) {
        caisson_unsupported(error, "more than one choice for a request");
        error->param = caisson_some(CAISSON_TEXT("n"));
        return false;
    }
    yyjson_mut_doc *doc = caisson_json_new();
    yyjson_mut_val *made = yyjson_mut_obj(doc);
    plan plan = plan_thinking(request, caisson_find(&request->extra, "thinking"), default_max);
    caisson_json_set_text(doc, made, "model", request->model);
    caisson_json_set(doc, made, "max_tokens", yyjson_mut_uint(doc, plan.max_tokens));
    if (!set_conversation(doc, made, request, error) || !set_tools(doc, made, request, error)) return false;
    set_thinking(doc, made, &plan);
    if (!set_output_config(doc, made, request, &plan, error)) return false;
    set_sampling(doc, made, request, plan.thinks);
    set_user(doc, made, request);
    set_service_tier(doc, made, request);
    if (stream) caisson_json_set(doc, made, "stream", yyjson_mut_true(doc));
    // What is written already can't come in by this door.
    caisson_pairs extra = body_extras(request);
    if (!caisson_json_set_extras(doc, made, &extra, error)) return false;
    *body = caisson_json_write(made);
    return true;
}
