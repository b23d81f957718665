// What both WASI seams do alike: wasi:http's error codes as faults, in words for people, its methods and headers, and
// the imports that both worlds have under one name. It waits for nothing.
#include "wasi.h"

bool caisson_fault_is(caisson_fault *fault, caisson_fault_kind kind, caisson_string what) {
    *fault = (caisson_fault){kind, what};
    return false;
}

bool caisson_fault_code(caisson_fault *fault, const wasi_http_types_error_code_t *code) {
    static const struct {
        uint8_t code;
        caisson_fault_kind kind;
        const char *what;
    } MEANINGS[] = {
        {WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED, CAISSON_FAULT_DENIED, "not granted to this deployment"},
        {WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_IP_PROHIBITED, CAISSON_FAULT_DENIED,
         "its address is not granted to this deployment"},
        {WASI_HTTP_TYPES_ERROR_CODE_DNS_TIMEOUT, CAISSON_FAULT_TIMEOUT, "looking up the name took too long"},
        {WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_TIMEOUT, CAISSON_FAULT_TIMEOUT, "connecting took too long"},
        {WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_READ_TIMEOUT, CAISSON_FAULT_TIMEOUT, "waiting for bytes took too long"},
        {WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_WRITE_TIMEOUT, CAISSON_FAULT_TIMEOUT, "sending took too long"},
        {WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TIMEOUT, CAISSON_FAULT_TIMEOUT, "the answer took too long"},
        {WASI_HTTP_TYPES_ERROR_CODE_DNS_ERROR, CAISSON_FAULT_UNREACHABLE, "the name was not found"},
        {WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_NOT_FOUND, CAISSON_FAULT_UNREACHABLE, "the destination was not found"},
        {WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_UNAVAILABLE, CAISSON_FAULT_UNREACHABLE,
         "the destination is not available"},
        {WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_IP_UNROUTABLE, CAISSON_FAULT_UNREACHABLE,
         "there is no route to the address"},
        {WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_REFUSED, CAISSON_FAULT_UNREACHABLE, "connection refused"},
        {WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED, CAISSON_FAULT_UNREACHABLE, "the connection was closed"},
        {WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_INCOMPLETE, CAISSON_FAULT_UNREACHABLE, "the answer broke off"},
        {WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_LIMIT_REACHED, CAISSON_FAULT_BROKEN, "too many connections"},
        {WASI_HTTP_TYPES_ERROR_CODE_TLS_PROTOCOL_ERROR, CAISSON_FAULT_BROKEN, "TLS failed"},
        {WASI_HTTP_TYPES_ERROR_CODE_TLS_CERTIFICATE_ERROR, CAISSON_FAULT_BROKEN, "the TLS certificate is not trusted"},
        {WASI_HTTP_TYPES_ERROR_CODE_TLS_ALERT_RECEIVED, CAISSON_FAULT_BROKEN, "TLS was refused"},
        {WASI_HTTP_TYPES_ERROR_CODE_HTTP_PROTOCOL_ERROR, CAISSON_FAULT_BROKEN, "no HTTP answer came"},
        {WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_URI_INVALID, CAISSON_FAULT_MALFORMED, "the URL is not valid"},
        {WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_METHOD_INVALID, CAISSON_FAULT_MALFORMED, "the method is not valid"},
    };
    if (code->tag == WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR && code->val.internal_error.is_some) {
        return caisson_fault_is(fault, CAISSON_FAULT_BROKEN, code->val.internal_error.val);
    }
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++) {
        if (MEANINGS[i].code == code->tag)
            return caisson_fault_is(fault, MEANINGS[i].kind, caisson_text(MEANINGS[i].what));
    }
    return caisson_fault_is(fault, CAISSON_FAULT_BROKEN, caisson_format("wasi:http error %u", code->tag));
}

bool caisson_fault_late(caisson_fault *fault, const wasi_http_types_error_code_t *code) {
    caisson_fault_code(fault, code);
    if (fault->kind != CAISSON_FAULT_UNREACHABLE) return false;
    return caisson_fault_is(fault, CAISSON_FAULT_BROKEN,
                            caisson_format("the answer broke off (%.*s)", CAISSON_ARG(fault->what)));
}

bool caisson_malformed(caisson_fault *fault, const char *what, caisson_string which) {
    return caisson_fault_is(fault, CAISSON_FAULT_MALFORMED, caisson_format("%s%.*s", what, CAISSON_ARG(which)));
}

wasi_http_types_method_t caisson_method_of(caisson_string name) {
    static const char *const METHODS[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                          "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    for (uint8_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++) {
        if (caisson_is(name, METHODS[i])) return (wasi_http_types_method_t){.tag = i};
    }
    return (wasi_http_types_method_t){.tag = WASI_HTTP_TYPES_METHOD_OTHER, .val.other = name};
}

bool caisson_append_header(wasi_http_types_own_fields_t fields, caisson_string name, caisson_string value,
                           caisson_fault *fault) {
    wasi_http_types_field_value_t bytes = {value.ptr, value.len};
    wasi_http_types_header_error_t refused;
    if (wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &name, &bytes, &refused))
        return true;
    return caisson_malformed(fault, "this header can't be sent: ", name);
}

caisson_pair caisson_received_header(caisson_string name, uint8_t *value, size_t length) {
    for (size_t at = 0; at < name.len; at++) {
        if (name.ptr[at] >= 'A' && name.ptr[at] <= 'Z') name.ptr[at] += 32;
    }
    return caisson_make_pair(name, caisson_utf8((caisson_string){value, length}));
}

uint64_t caisson_transport_elapsed_ms(void) { return wasi_clocks_monotonic_clock_now() / 1000000; }

double caisson_transport_fraction(void) {
    // 53 bits are what a double holds exactly.
    return (double)(wasi_random_random_get_random_u64() >> 11) / 9007199254740991.0;
}

bool caisson_transport_count_tokens(caisson_string encoding, caisson_string text, uint32_t *tokens) {
    return caisson_llm_host_count_tokens(&encoding, &text, tokens);
}

caisson_string caisson_transport_original_body(void) {
    adapter_list_u8_t body;
    caisson_llm_host_original_body(&body);
    return (caisson_string){body.ptr, body.len};
}
