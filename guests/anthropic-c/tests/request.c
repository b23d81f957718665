// Requests: what each of OpenAI's fields becomes, and what is refused before anything is sent.
#include "asks.h"

static caisson_chat_request ask(const char *text) { return caisson_test_request(MODEL, text); }

CAISSON_TEST(a_plain_request_is_no_more_than_it_must_be) {
    caisson_chat_request request = ask("Ahoy?");
    CAISSON_CHECK_TEXT(body_of(&request), "{\"model\":\"claude-sonnet-5-5\",\"max_tokens\":4096,"
                                          "\"messages\":[{\"role\":\"user\",\"content\":\"Ahoy?\"}]}");
}

CAISSON_TEST(system_messages_are_gathered_and_neighbours_joined) {
    caisson_chat_request request = ask("a");
    add_message(&request, CAISSON_LLM_API_ROLE_SYSTEM, "S");
    add_message(&request, CAISSON_LLM_API_ROLE_USER, "b");
    add_message(&request, CAISSON_LLM_API_ROLE_ASSISTANT, "c");
    caisson_message *message = add_message(&request, CAISSON_LLM_API_ROLE_DEVELOPER, "D");
    add_extra(&message->extra, "cache_control", "{\"type\":\"ephemeral\"}");
    CAISSON_CHECK_TEXT(
        field_of(&request, "messages"),
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]},"
        "{\"role\":\"assistant\",\"content\":\"c\"}]");
    CAISSON_CHECK_TEXT(field_of(&request, "system"),
                       "[{\"type\":\"text\",\"text\":\"S\"},"
                       "{\"type\":\"text\",\"text\":\"D\",\"cache_control\":{\"type\":\"ephemeral\"}}]");
}

CAISSON_TEST(calls_and_results_name_each_other_in_anthropics_letters) {
    caisson_chat_request request = ask("a");
    caisson_message *asks = add_message(&request, CAISSON_LLM_API_ROLE_ASSISTANT, NULL);
    caisson_tool_call *call = &CAISSON_PUSH(&asks->tool_calls);
    *call = (caisson_tool_call){.id = CAISSON_TEXT("call:1/\xc3\xa9"),
                                .kind = CAISSON_TEXT("function"),
                                .name = CAISSON_TEXT("f"),
                                .arguments = CAISSON_TEXT("{\"a\": 1.50}")};
    add_extra(&call->extra, "index", "0");
    caisson_message *result = add_message(&request, CAISSON_LLM_API_ROLE_TOOL, "4");
    result->tool_call_id = caisson_some(CAISSON_TEXT("call:1/\xc3\xa9"));
    add_extra(&result->extra, "is_error", "true");
    CAISSON_CHECK_TEXT(
        field_of(&request, "messages"),
        "[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
        "\"id\":\"call_1__\",\"name\":\"f\",\"input\":{\"a\": 1.50}}]},{\"role\":\"user\",\"content\":[{\"type\":"
        "\"tool_result\",\"tool_use_id\":\"call_1__\",\"content\":\"4\",\"is_error\":true}]}]");
}

CAISSON_TEST(thinking_goes_back_only_with_its_proof_and_first) {
    caisson_chat_request request = ask("a");
    caisson_message *said = add_message(&request, CAISSON_LLM_API_ROLE_ASSISTANT, "x");
    CAISSON_PUSH(&said->reasoning) = (caisson_reasoning){.text = CAISSON_TEXT("unsigned")};
    CAISSON_PUSH(&said->reasoning) =
        (caisson_reasoning){.text = CAISSON_TEXT("t"), .signature = caisson_some(CAISSON_TEXT("s"))};
    CAISSON_PUSH(&said->reasoning) =
        (caisson_reasoning){.signature = caisson_some(CAISSON_TEXT("d")), .redacted = true};
    CAISSON_CHECK(
        caisson_contains(field_of(&request, "messages"),
                         "[{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"s\"},"
                         "{\"type\":\"redacted_thinking\",\"data\":\"d\"},{\"type\":\"text\",\"text\":\"x\"}]"));
}

static caisson_part *one_part(caisson_chat_request *request, uint8_t tag) {
    *request = ask("");
    return add_part(&request->messages.ptr[0], tag);
}

CAISSON_TEST(images_and_files_become_blocks) {
    static const struct {
        uint8_t tag, source;
        const char *type, *data, *expected;
    } CASES[] = {
        {CAISSON_LLM_API_PART_IMAGE, CAISSON_LLM_API_SOURCE_BASE64, "image/jpg", "AAAA",
         "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/jpeg\",\"data\":\"AAAA\"}}"},
        {CAISSON_LLM_API_PART_IMAGE, CAISSON_LLM_API_SOURCE_URL, NULL, "https://x.example/a.png",
         "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x.example/a.png\"}}"},
        {CAISSON_LLM_API_PART_FILE, CAISSON_LLM_API_SOURCE_ID, NULL, "file_1",
         "{\"type\":\"document\",\"source\":{\"type\":\"file\",\"file_id\":\"file_1\"}}"},
        {CAISSON_LLM_API_PART_FILE, CAISSON_LLM_API_SOURCE_BASE64, NULL, "AAAA",
         "{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/"
         "pdf\",\"data\":\"AAAA\"}}"},
        {CAISSON_LLM_API_PART_FILE, CAISSON_LLM_API_SOURCE_BASE64, "image/png", "AAAA",
         "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AAAA\"}}"},
        {CAISSON_LLM_API_PART_FILE, CAISSON_LLM_API_SOURCE_BASE64, "text/plain", "R3LDvMOf",
         "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/"
         "plain\",\"data\":\"Gr\xc3\xbc\xc3\x9f\"}}"},
        {CAISSON_LLM_API_PART_FILE, CAISSON_LLM_API_SOURCE_BASE64, "text/csv",
         "YQ==", "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"a\"}}"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        caisson_chat_request request;
        caisson_media *media = &one_part(&request, CASES[i].tag)->val.image;
        media->source.tag = CASES[i].source;
        media->source.val.url = caisson_text(CASES[i].data);
        if (CASES[i].type) media->mime_type = caisson_some(caisson_text(CASES[i].type));
        caisson_string expected = caisson_format("[{\"role\":\"user\",\"content\":[%s]}]", CASES[i].expected);
        CAISSON_CHECK_TEXT(field_of(&request, "messages"), (const char *)expected.ptr);
    }
}

CAISSON_TEST(what_anthropic_has_no_block_for_is_refused_by_name) {
    static const struct {
        uint8_t tag;
        const char *type, *data, *param;
        caisson_error_kind kind;
    } CASES[] = {
        {CAISSON_LLM_API_PART_AUDIO, "audio/wav", "AAAA", "messages[0].content[0]",
         CAISSON_LLM_API_ERROR_KIND_UNSUPPORTED},
        {CAISSON_LLM_API_PART_IMAGE, NULL, "AAAA", "messages[0].content[0].image_url.url",
         CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST},
        {CAISSON_LLM_API_PART_FILE, "application/zip", "AAAA", "messages[0].content[0].file",
         CAISSON_LLM_API_ERROR_KIND_UNSUPPORTED},
        {CAISSON_LLM_API_PART_FILE, "text/plain", "/////w==", "messages[0].content[0].file.file_data",
         CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST},
        {CAISSON_LLM_API_PART_FILE, "text/plain", "a", "messages[0].content[0].file.file_data",
         CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST},
        {CAISSON_LLM_API_PART_FILE, "text/plain", "====", "messages[0].content[0].file.file_data",
         CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        caisson_chat_request request;
        caisson_media *media = &one_part(&request, CASES[i].tag)->val.image;
        media->source.tag = CAISSON_LLM_API_SOURCE_BASE64;
        media->source.val.base64 = caisson_text(CASES[i].data);
        if (CASES[i].type) media->mime_type = caisson_some(caisson_text(CASES[i].type));
        caisson_error error = refused(&request);
        CAISSON_CHECK(error.kind == CASES[i].kind);
        CAISSON_CHECK_TEXT(error.param.val, CASES[i].param);
    }
    caisson_chat_request request = ask("");
    CAISSON_CHECK_TEXT(refused(&request).param.val, "messages");
    request = ask("a");
    request.n = 2;
    CAISSON_CHECK_TEXT(refused(&request).param.val, "n");
}

CAISSON_TEST(tools_have_a_schema_and_a_choice_only_where_it_says_something) {
    caisson_chat_request request = ask("a");
    caisson_tool *tool = &CAISSON_PUSH(&request.tools);
    *tool = (caisson_tool){.kind = CAISSON_TEXT("function"), .name = CAISSON_TEXT("f"), .strict = {true, true}};
    CAISSON_CHECK_TEXT(field_of(&request, "tools"),
                       "[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"},\"strict\":true}]");
    CAISSON_CHECK_TEXT(field_of(&request, "tool_choice"), "");
    tool->parameters = caisson_some(CAISSON_TEXT("{\"type\":\"object\", \"minimum\":1.50}"));
    add_extra(&tool->extra, "cache_control", "{\"type\":\"ephemeral\"}");
    CAISSON_CHECK_TEXT(field_of(&request, "tools"),
                       "[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\", \"minimum\":1.50},\"strict\":true,"
                       "\"cache_control\":{\"type\":\"ephemeral\"}}]");
    request.tool_choice.is_some = true;
    request.tool_choice.val =
        (caisson_llm_api_tool_choice_t){.tag = CAISSON_LLM_API_TOOL_CHOICE_NAMED, .val.named = CAISSON_TEXT("f")};
    request.parallel_tool_calls = (adapter_option_bool_t){true, false};
    CAISSON_CHECK_TEXT(field_of(&request, "tool_choice"),
                       "{\"type\":\"tool\",\"name\":\"f\",\"disable_parallel_tool_use\":true}");
    tool->parameters = caisson_some(CAISSON_TEXT("[]"));
    caisson_chat_request bad = request;
    caisson_context context = caisson_test_context();
    caisson_chat_response response = {0};
    caisson_error error = {0};
    CAISSON_CHECK(!caisson_complete(&caisson_exported, &context, &bad, &response, &error));
    CAISSON_CHECK_TEXT(error.param.val, "tools[0].function.parameters");
}

CAISSON_TEST(an_effort_becomes_thinking_as_the_model_takes_it) {
    static const struct {
        const char *model, *effort;
        uint32_t max_tokens; // none where zero
        const char *thinking, *config, *most;
    } CASES[] = {
        {"claude-sonnet-5-5", "minimal", 0, "{\"type\":\"adaptive\",\"display\":\"summarized\"}",
         "{\"effort\":\"low\"}", "5120"},
        {"claude-sonnet-5-5", "high", 7, "{\"type\":\"adaptive\",\"display\":\"summarized\"}", "{\"effort\":\"high\"}",
         "7"},
        {"claude-sonnet-5-5", "none", 0, "{\"type\":\"disabled\"}", "", "4096"},
        {"claude-sonnet-4-5", "low", 0, "{\"type\":\"enabled\",\"budget_tokens\":2048}", "", "6144"},
        {"claude-opus-4", "high", 4000, "{\"type\":\"enabled\",\"budget_tokens\":3000}", "", "4000"},
        {"claude-opus-4", "high", 1024, "", "", "1024"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        caisson_chat_request request = caisson_test_request(CASES[i].model, "a");
        request.reasoning_effort = caisson_some(caisson_text(CASES[i].effort));
        request.max_tokens = (adapter_option_u32_t){CASES[i].max_tokens > 0, CASES[i].max_tokens};
        request.temperature = (adapter_option_f64_t){true, 1.7};
        CAISSON_CHECK_TEXT(field_of(&request, "thinking"), CASES[i].thinking);
        CAISSON_CHECK_TEXT(field_of(&request, "output_config"), CASES[i].config);
        CAISSON_CHECK_TEXT(field_of(&request, "max_tokens"), CASES[i].most);
        bool thinks = caisson_contains(caisson_text(CASES[i].thinking), "a") &&
                      !caisson_contains(caisson_text(CASES[i].thinking), "disabled");
        CAISSON_CHECK_TEXT(field_of(&request, "temperature"), thinks ? "" : "1.0");
    }
}

CAISSON_TEST(fields_of_anthropics_own_pass_and_openais_do_not) {
    caisson_chat_request request = ask("a");
    add_extra(&request.extra, "top_k", "5");
    add_extra(&request.extra, "store", "true");
    add_extra(&request.extra, "stream", "true");
    add_extra(&request.extra, "max_tokens", "9");
    add_extra(&request.extra, "service_tier", "\"priority\"");
    add_extra(&request.extra, "safety_identifier", "\"me\"");
    CAISSON_CHECK_TEXT(body_of(&request), "{\"model\":\"claude-sonnet-5-5\",\"max_tokens\":4096,"
                                          "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
                                          "\"metadata\":{\"user_id\":\"me\"},\"service_tier\":\"auto\",\"top_k\":5}");
}

CAISSON_TEST(settings_reach_the_wire) {
    caisson_chat_request request = ask("a");
    caisson_context context = caisson_test_context();
    context.base_url = caisson_some(CAISSON_TEXT("http://127.0.0.1:9"));
    context.traceparent = caisson_some(CAISSON_TEXT("00-1-2-3"));
    add_extra(&context.settings, "anthropic-version", "2099-01-01");
    add_extra(&context.settings, "anthropic-beta", "a");
    add_extra(&context.headers, "anthropic-beta", "b");
    add_extra(&context.settings, "default-max-tokens", " 77 ");
    caisson_will_reply(200, "application/json", CAISSON_TEXT("{\"content\":[]}"));
    caisson_chat_response response = {0};
    caisson_error error;
    CAISSON_CHECK(caisson_complete(&caisson_exported, &context, &request, &response, &error));
    CAISSON_CHECK_TEXT(caisson_sent(0)->url, "http://127.0.0.1:9/v1/messages");
    CAISSON_CHECK_TEXT(*caisson_find(&caisson_sent(0)->headers, "anthropic-version"), "2099-01-01");
    CAISSON_CHECK_TEXT(*caisson_find(&caisson_sent(0)->headers, "anthropic-beta"), "a,b");
    CAISSON_CHECK_TEXT(*caisson_find(&caisson_sent(0)->headers, "traceparent"), "00-1-2-3");
    CAISSON_CHECK(caisson_contains(caisson_sent(0)->body, "\"max_tokens\":77"));
    context.settings.ptr[2].f1 = CAISSON_TEXT("many");
    CAISSON_CHECK(!caisson_complete(&caisson_exported, &context, &request, &response, &error));
    CAISSON_CHECK(error.kind == CAISSON_LLM_API_ERROR_KIND_INTERNAL);
}
