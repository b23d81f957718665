// The Claude models that this adapter knows by name. A list for people to read: any other `claude-*` is admitted too,
// and none is treated differently for being here.
#include "anthropic.h"

// Identifier, context window, longest answer; the newest first.
static const struct {
    const char *id;
    uint32_t context_tokens, output_tokens;
} MODELS[] = {
    {"claude-fable-5-1", 1000000, 128000},  {"claude-opus-5-5", 1000000, 128000},
    {"claude-sonnet-5-5", 1000000, 128000}, {"claude-haiku-5-5", 1000000, 128000},
    {"claude-fable-5", 1000000, 128000},    {"claude-opus-5", 1000000, 128000},
    {"claude-sonnet-5", 1000000, 128000},   {"claude-opus-4-8", 1000000, 128000},
    {"claude-opus-4-7", 1000000, 128000},   {"claude-opus-4-6", 1000000, 128000},
    {"claude-sonnet-4-6", 1000000, 128000}, {"claude-opus-4-5", 200000, 64000},
    {"claude-haiku-4-5", 200000, 64000},    {"claude-*", 0, 0},
};

void add_models(caisson_adapter_info *info) {
    static const char *const CAPABILITIES[] = {"chat",  "stream",    "tools",      "images",
                                               "files", "reasoning", "json-schema"};
    for (size_t i = 0; i < sizeof MODELS / sizeof *MODELS; i++) {
        caisson_model_info *model = &CAISSON_PUSH(&info->models);
        model->id = caisson_text(MODELS[i].id);
        for (size_t j = 0; j < sizeof CAPABILITIES / sizeof *CAPABILITIES; j++) {
            CAISSON_PUSH(&model->capabilities) = caisson_text(CAPABILITIES[j]);
        }
        if (MODELS[i].context_tokens == 0) continue;
        model->context_tokens = (adapter_option_u32_t){true, MODELS[i].context_tokens};
        model->output_tokens = (adapter_option_u32_t){true, MODELS[i].output_tokens};
    }
}
