// `reasoning_effort` as thinking, and what thinking rules out. Models up to Claude 4.5 think within a budget of tokens;
// later ones, and any this adapter has not heard of, decide for themselves and are told an effort.
// guests/anthropic/README.md has the tables.
//
// A client's own `thinking` field wins over the effort and is not second-guessed.
#include <string.h>

#include "anthropic.h"

// The smallest budget that Anthropic accepts.
#define LEAST_BUDGET 1024

static bool is_budgeted(caisson_string model) {
    static const char *const MARKS[] = {
        "claude-2",    "claude-3", "claude-4-", "claude-instant", "haiku-4-5",     "opus-4-0",   "opus-4-1",
        "opus-4-2025", "opus-4-5", "opus-4@",   "sonnet-4-0",     "sonnet-4-2025", "sonnet-4-5",
    };
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
        if (caisson_contains(model, MARKS[i])) return true;
    }
    static const char *const ENDINGS[] = {"opus-4", "sonnet-4"};
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        size_t length = strlen(ENDINGS[i]);
        if (model.len >= length && memcmp(model.ptr + model.len - length, ENDINGS[i], length) == 0) return true;
    }
    return false;
}

// The budget for an effort; where the model decides itself, the room left for it.
static uint32_t budget_of(caisson_string effort) {
    if (caisson_is(effort, "minimal")) return LEAST_BUDGET;
    if (caisson_is(effort, "low")) return 2048;
    if (caisson_is(effort, "high")) return 16384;
    if (caisson_is(effort, "xhigh") || caisson_is(effort, "max")) return 32000;
    return 8192;
}

// The client's cap covers thinking and answer, as OpenAI's does: a quarter stays for the answer, and with too little
// for the least budget there is no thinking, which zero says.
static uint32_t budget_within(uint32_t budget, uint32_t max_tokens) {
    uint32_t most = max_tokens - max_tokens / 4;
    if (most >= LEAST_BUDGET) return budget < most ? budget : most;
    return max_tokens > LEAST_BUDGET ? LEAST_BUDGET : 0;
}

// With a budget, Anthropic wants the thinking that led to tool calls back beside them. Most OpenAI clients drop it;
// their request is better answered without thinking than refused.
static bool is_amid_unthinking_calls(const caisson_chat_request *request) {
    for (size_t i = request->messages.len; i-- > 0;) {
        const caisson_message *message = &request->messages.ptr[i];
        if (message->role != CAISSON_LLM_API_ROLE_ASSISTANT || message->tool_calls.len == 0) continue;
        bool is_signed = caisson_find(&message->extra, KEPT_CONTENT) != NULL;
        for (size_t j = 0; j < message->reasoning.len; j++) {
            is_signed = is_signed || message->reasoning.ptr[j].signature.is_some;
        }
        return !is_signed;
    }
    return false;
}

static uint32_t added(uint32_t tokens, uint32_t more) {
    return more > UINT32_MAX - tokens ? UINT32_MAX : tokens + more;
}

static plan plan_of_client(const caisson_chat_request *request, caisson_string own, uint32_t default_max) {
    yyjson_val *fields = caisson_json_object(own, NULL);
    caisson_string type = caisson_json_text(fields, "type");
    uint32_t budget = 0;
    caisson_json_u32(yyjson_obj_get(fields, "budget_tokens"), &budget);
    bool adaptive = caisson_is(type, "adaptive");
    plan plan = {.thinks = adaptive || caisson_is(type, "enabled")};
    if (adaptive && request->reasoning_effort.is_some) plan.effort = request->reasoning_effort.val;
    plan.max_tokens = request->max_tokens.is_some ? request->max_tokens.val : added(default_max, budget);
    return plan;
}

// `own` is the client's `thinking` field, `default_max` the deployment's cap.
plan plan_thinking(const caisson_chat_request *request, const caisson_string *own, uint32_t default_max) {
    if (own) return plan_of_client(request, *own, default_max);
    bool capped = request->max_tokens.is_some;
    plan plan = {.max_tokens = capped ? request->max_tokens.val : default_max};
    if (!request->reasoning_effort.is_some) return plan;
    caisson_string effort = request->reasoning_effort.val;
    if (caisson_is(effort, "none")) {
        plan.type = "disabled";
        return plan;
    }
    uint32_t budget = budget_of(effort), roomy = capped ? request->max_tokens.val : added(default_max, budget);
    if (is_budgeted(request->model)) {
        uint32_t within = capped ? budget_within(budget, request->max_tokens.val) : budget;
        if (within == 0 || is_forced(request) || is_amid_unthinking_calls(request)) return plan;
        plan.type = "enabled";
        plan.budget = within;
    } else {
        plan.effort = caisson_is(effort, "minimal") ? CAISSON_TEXT("low") : effort;
        if (!is_forced(request)) plan.type = "adaptive";
    }
    plan.max_tokens = roomy;
    plan.thinks = plan.type != NULL;
    return plan;
}
