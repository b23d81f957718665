// Tools and the choice among them. A function becomes a tool with an input schema; Anthropic's own tools
// (`web_search_20250305`, `bash_20250124` …) go through under their type. OpenAI's free-text tools have no counterpart
// and are refused.
#include "anthropic.h"

// The schema as it came, but with the `type` that Anthropic insists on and OpenAI doesn't.
static bool set_schema(yyjson_mut_doc *doc, yyjson_mut_val *made, const caisson_tool *tool, caisson_string path,
                       caisson_error *error) {
    caisson_string schema = tool->parameters.is_some ? tool->parameters.val : CAISSON_TEXT("{}");
    caisson_pairs fields = {0};
    const char *why;
    if (!caisson_json_fields(schema, &fields, &why)) {
        return caisson_fail_at(error, CAISSON_LLM_API_ERROR_KIND_INVALID_REQUEST, path_in(path, ".function.parameters"),
                               "the parameters are not a JSON Schema object: %s", why);
    }
    const caisson_string *type = caisson_find(&fields, "type");
    yyjson_mut_val *value;
    if (type && !caisson_is(*type, "null")) {
        value = yyjson_mut_rawn(doc, (const char *)schema.ptr, schema.len);
    } else {
        value = new_block(doc, "object");
        if (!caisson_json_set_extras(doc, value, &fields, error)) return false;
    }
    caisson_json_set(doc, made, "input_schema", value);
    return true;
}

static bool add_tool(yyjson_mut_doc *doc, yyjson_mut_val *list, const caisson_tool *tool, caisson_string path,
                     caisson_error *error) {
    caisson_pairs extra = flat_extras(&tool->extra, (const char *)caisson_format("%.*s", CAISSON_ARG(tool->kind)).ptr);
    bool is_function = caisson_is(tool->kind, "function");
    if (caisson_is(tool->kind, "custom") && !caisson_find(&extra, "input_schema")) {
        caisson_unsupported(error, "tools that take free text");
        error->param = caisson_some(path);
        return false;
    }
    yyjson_mut_val *made = yyjson_mut_obj(doc);
    if (!is_function && !caisson_find(&extra, "type")) caisson_json_set_text(doc, made, "type", tool->kind);
    if (is_function || (tool->name.len && !caisson_find(&extra, "name"))) {
        caisson_json_set_text(doc, made, "name", tool->name);
    }
    if (tool->description.is_some && !caisson_find(&extra, "description")) {
        caisson_json_set_text(doc, made, "description", tool->description.val);
    }
    if (is_function && !set_schema(doc, made, tool, path, error)) return false;
    if (tool->strict.is_some && tool->strict.val && !caisson_find(&extra, "strict")) {
        caisson_json_set(doc, made, "strict", yyjson_mut_true(doc));
    }
    if (!caisson_json_set_extras(doc, made, &extra, error)) return false;
    yyjson_mut_arr_append(list, made);
    return true;
}

// Nothing is said where Anthropic's default is meant: `auto`, calls side by side.
static bool set_choice(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request,
                       caisson_error *error) {
    const caisson_llm_api_tool_choice_t *choice = &request->tool_choice.val;
    bool one_by_one = request->parallel_tool_calls.is_some && !request->parallel_tool_calls.val;
    bool chosen = request->tool_choice.is_some;
    // Without tools there is nothing to choose, and saying so is refused.
    bool says =
        chosen && choice->tag != CAISSON_LLM_API_TOOL_CHOICE_AUTO && choice->tag != CAISSON_LLM_API_TOOL_CHOICE_NONE;
    if ((request->tools.len == 0 && !says) || (!chosen && !one_by_one)) return true;
    yyjson_mut_val *made = yyjson_mut_obj(doc);
    switch (chosen ? choice->tag : CAISSON_LLM_API_TOOL_CHOICE_AUTO) {
    case CAISSON_LLM_API_TOOL_CHOICE_AUTO: caisson_json_set_text(doc, made, "type", CAISSON_TEXT("auto")); break;
    case CAISSON_LLM_API_TOOL_CHOICE_NONE:
        caisson_json_set_text(doc, made, "type", CAISSON_TEXT("none"));
        one_by_one = false;
        break;
    case CAISSON_LLM_API_TOOL_CHOICE_REQUIRED: caisson_json_set_text(doc, made, "type", CAISSON_TEXT("any")); break;
    case CAISSON_LLM_API_TOOL_CHOICE_NAMED:
        caisson_json_set_text(doc, made, "type", CAISSON_TEXT("tool"));
        caisson_json_set_text(doc, made, "name", choice->val.named);
        break;
    default: made = verbatim(doc, choice->val.other, CAISSON_TEXT("tool_choice"), error); one_by_one = false;
    }
    if (one_by_one) caisson_json_set(doc, made, "disable_parallel_tool_use", yyjson_mut_true(doc));
    caisson_json_set(doc, body, "tool_choice", made);
    return made;
}

bool set_tools(yyjson_mut_doc *doc, yyjson_mut_val *body, const caisson_chat_request *request, caisson_error *error) {
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < request->tools.len; i++) {
        if (!add_tool(doc, list, &request->tools.ptr[i], caisson_format("tools[%zu]", i), error)) return false;
    }
    if (request->tools.len > 0) caisson_json_set(doc, body, "tools", list);
    return set_choice(doc, body, request, error);
}

// Whether the model must call a tool: Anthropic refuses to think before a forced call.
bool is_forced(const caisson_chat_request *request) {
    return request->tool_choice.is_some && (request->tool_choice.val.tag == CAISSON_LLM_API_TOOL_CHOICE_REQUIRED ||
                                            request->tool_choice.val.tag == CAISSON_LLM_API_TOOL_CHOICE_NAMED);
}
