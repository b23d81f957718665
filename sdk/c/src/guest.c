// The component's exports in the world `adapter`, for the adapter that `caisson_exported` is. It decides nothing.
//
// The generated bindings free what they are given and what they give; they are compiled with the arena's functions for
// malloc's (see build.sh), so that freeing is nothing here and literals may go to the host.
#include <string.h>

#include "kit.h"

struct exports_caisson_adapter_provider_events_t {
    caisson_stream *stream;
};

void exports_caisson_adapter_provider_describe(caisson_adapter_info *info) {
    memset(info, 0, sizeof *info);
    caisson_exported.describe(info);
}

bool exports_caisson_adapter_provider_complete(caisson_context *context, caisson_chat_request *request,
                                               caisson_chat_response *response, caisson_error *error) {
    memset(response, 0, sizeof *response);
    memset(error, 0, sizeof *error);
    return caisson_complete(&caisson_exported, context, request, response, error);
}

bool exports_caisson_adapter_provider_open_stream(caisson_context *context, caisson_chat_request *request,
                                                  exports_caisson_adapter_provider_own_events_t *events,
                                                  caisson_error *error) {
    memset(error, 0, sizeof *error);
    exports_caisson_adapter_provider_events_t *held = caisson_alloc_kept(sizeof *held);
    if (!caisson_stream_open(&caisson_exported, context, request, &held->stream, error)) return false;
    *events = exports_caisson_adapter_provider_events_new(held);
    return true;
}

bool exports_caisson_adapter_provider_method_events_next(exports_caisson_adapter_provider_events_t *held,
                                                         exports_caisson_adapter_provider_option_list_event_t *batch,
                                                         caisson_error *error) {
    memset(error, 0, sizeof *error);
    caisson_events events;
    bool over;
    if (!caisson_stream_next(held->stream, &events, &over, error)) return false;
    batch->is_some = !over;
    batch->val = (exports_caisson_adapter_provider_list_event_t){events.ptr, events.len};
    return true;
}

void exports_caisson_adapter_provider_events_destructor(exports_caisson_adapter_provider_events_t *held) {
    caisson_stream_close(held->stream);
}

bool exports_caisson_adapter_provider_embed(caisson_context *context, caisson_embed_request *request,
                                            caisson_embed_response *response, caisson_error *error) {
    memset(response, 0, sizeof *response);
    memset(error, 0, sizeof *error);
    return caisson_embed(&caisson_exported, context, request, response, error);
}
