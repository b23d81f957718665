// Images and files of a message as image and document blocks. Bytes stay base64 text all the way, but for plain-text
// documents, which Anthropic takes as text. Audio has no block.
#include "anthropic.h"

#include <string.h>

static yyjson_mut_val *source(yyjson_mut_doc *doc, const char *type, const char *media_type, const char *name,
                              caisson_string data) {
    yyjson_mut_val *value = new_block(doc, type);
    if (media_type) caisson_json_set_text(doc, value, "media_type", caisson_text(media_type));
    caisson_json_set_text(doc, value, name, data);
    return value;
}

// One that is elsewhere; NULL for bytes.
static yyjson_mut_val *remote_source(yyjson_mut_doc *doc, const caisson_media *media) {
    switch (media->source.tag) {
    case CAISSON_LLM_API_SOURCE_URL: return source(doc, "url", NULL, "url", media->source.val.url);
    case CAISSON_LLM_API_SOURCE_ID: return source(doc, "file", NULL, "file_id", media->source.val.id);
    default: return NULL;
    }
}

bool add_image(yyjson_mut_doc *doc, blocks *to, const caisson_media *media, caisson_string path, const char *inner,
               caisson_error *error) {
    yyjson_mut_val *value = new_block(doc, "image"), *from = remote_source(doc, media);
    if (!from) {
        if (!media->mime_type.is_some) {
            return caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, path_in(path, ".image_url.url"),
                                   "an inline image must name its media type");
        }
        from = new_block(doc, "base64");
        // Many clients write `image/jpg`, which is no media type and is refused.
        bool jpg = caisson_is(media->mime_type.val, "image/jpg");
        caisson_json_set_text(doc, from, "media_type", jpg ? CAISSON_TEXT("image/jpeg") : media->mime_type.val);
        caisson_json_set_text(doc, from, "data", media->source.val.base64);
    }
    caisson_json_set(doc, value, "source", from);
    caisson_pairs extra = flat_extras(&media->extra, inner);
    return add_block(doc, to, value, &extra, error);
}

// Base64 (RFC 4648 §4) of UTF-8 text.
static bool decoded(caisson_string data, caisson_string *text) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t padding = 0;
    while (padding < 2 && data.len > padding && data.ptr[data.len - 1 - padding] == '=') padding++;
    if (data.len % 4 != 0) return false;
    uint8_t *bytes = caisson_alloc(data.len / 4 * 3);
    uint32_t held = 0;
    size_t length = 0;
    for (size_t i = 0; i < data.len; i++) {
        const char *digit = data.ptr[i] ? strchr(DIGITS, data.ptr[i]) : NULL;
        if (!digit && i < data.len - padding) return false;
        held = held << 6 | (uint32_t)(digit ? digit - DIGITS : 0);
        if (i % 4 != 3) continue;
        bytes[length++] = (uint8_t)(held >> 16);
        bytes[length++] = (uint8_t)(held >> 8);
        bytes[length++] = (uint8_t)held;
        held = 0;
    }
    *text = (caisson_string){bytes, length - padding};
    return caisson_utf8(*text).ptr == bytes; // which it copies only where it is none
}

static bool document_source(yyjson_mut_doc *doc, const caisson_media *media, caisson_string path, yyjson_mut_val **from,
                            caisson_error *error) {
    caisson_string type = media->mime_type.is_some ? media->mime_type.val : CAISSON_TEXT("application/pdf"), text;
    if ((*from = remote_source(doc, media))) return true;
    // OpenAI's own inline files are PDFs, whether they say so or not.
    if (caisson_is(type, "application/pdf") || caisson_is(type, "application/octet-stream")) {
        *from = source(doc, "base64", "application/pdf", "data", media->source.val.base64);
        return true;
    }
    if (!caisson_starts_with(type, "text/")) {
        return caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_UNSUPPORTED, path_in(path, ".file"),
                               "this adapter does not support files of type %.*s, only PDF, plain text and images",
                               CAISSON_ARG(type));
    }
    if (!decoded(media->source.val.base64, &text)) {
        return caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, path_in(path, ".file.file_data"),
                               "a text document must be UTF-8 in base64");
    }
    *from = source(doc, "text", "text/plain", "data", text);
    return true;
}

// A document block; a file that is an image becomes an image block.
bool add_file(yyjson_mut_doc *doc, blocks *to, const caisson_media *media, caisson_string path, caisson_error *error) {
    if (media->mime_type.is_some && caisson_starts_with(media->mime_type.val, "image/")) {
        return add_image(doc, to, media, path, "file", error);
    }
    yyjson_mut_val *value = new_block(doc, "document"), *from;
    if (!document_source(doc, media, path, &from, error)) return false;
    caisson_json_set(doc, value, "source", from);
    caisson_pairs extra = flat_extras(&media->extra, "file");
    if (media->file_name.is_some && !caisson_find(&extra, "title")) {
        caisson_json_set_text(doc, value, "title", media->file_name.val);
    }
    return add_block(doc, to, value, &extra, error);
}
