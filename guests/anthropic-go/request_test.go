// Requests out: system prompt, turns, media, tools, thinking, and the other fields.

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/caisson/caisson/sdk/go/caisson"
)

func field(name, value string) caisson.Fields {
	return caisson.Fields{{Name: name, Value: json.RawMessage(value)}}
}

func result(id string, content caisson.Content) caisson.Message {
	return caisson.Message{Role: caisson.ToolResult, ToolCallID: &id, Content: content}
}

func calling(calls ...caisson.ToolCall) caisson.Message {
	return caisson.Message{Role: caisson.Assistant, ToolCalls: calls}
}

// contentOf gives the content of one turn.
func contentOf(t *testing.T, request *caisson.ChatRequest, turn int) any {
	t.Helper()
	return sent(t, request)["messages"].([]any)[turn].(map[string]any)["content"]
}

func TestOnePlainMessageGoesOutAsStrings(t *testing.T) {
	request := asking(caisson.Says(caisson.System, "Be brief."), caisson.Says(caisson.User, "Ahoy?"))
	same(t, sent(t, request), `{"model":"claude-sonnet-5-5","max_tokens":4096,"system":"Be brief.",
		"messages":[{"role":"user","content":"Ahoy?"}]}`)
	out := exchanged(t, request, caisson.Pair{Name: "anthropic-beta", Value: "a"})
	if out.URL != "https://api.anthropic.com/v1/messages" || out.Header("anthropic-version") != "2023-06-01" ||
		out.Header("anthropic-beta") != "a" || out.Header("x-api-key") != "" {
		t.Errorf("%+v", out)
	}
}

func TestSystemMessagesAreHoistedAndNeighboursJoined(t *testing.T) {
	law := caisson.TextPart{Text: "Law.", Extra: field("cache_control", `{"type":"ephemeral"}`)}
	body := sent(t, asking(
		caisson.Message{Role: caisson.System, Content: caisson.Parts{law}},
		caisson.Says(caisson.User, "One."), caisson.Says(caisson.Developer, "Be brief."), caisson.Says(caisson.User, ""),
		caisson.Says(caisson.User, "Two."), caisson.Says(caisson.Assistant, "Aye."), caisson.Says(caisson.User, "Three."),
	))
	same(t, body["system"], `[{"type":"text","text":"Law.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Be brief."}]`)
	same(t, body["messages"], `[
		{"role":"user","content":[{"type":"text","text":"One."},{"type":"text","text":"Two."}]},
		{"role":"assistant","content":"Aye."},{"role":"user","content":"Three."}]`)
}

func TestToolCallsAndTheirResultsAreBlocks(t *testing.T) {
	failed := result("functions.tide:2", caisson.Text("no such port"))
	failed.Extra = append(field("is_error", "true"), field("unknown", "1")...)
	folded := append(field("index", "0"), field("function", `{"parsed_arguments":{}}`)...)
	request := asking(caisson.Says(caisson.User, "Tides?"), calling(
		caisson.ToolCall{ID: "call_1", Name: "tide", Arguments: `{"port":"Brest", "n":1.50}`, Extra: folded},
		caisson.ToolCall{ID: "functions.tide:2", Name: "tide", Arguments: " "},
		caisson.ToolCall{ID: "c", Kind: "custom", Name: "sql", Arguments: "SELECT 1"},
	), result("call_1", caisson.Text("06:12")), failed, caisson.Says(caisson.User, "Well?"))
	same(t, contentOf(t, request, 1), `[
		{"type":"tool_use","id":"call_1","name":"tide","input":{"port":"Brest","n":1.50}},
		{"type":"tool_use","id":"functions_tide_2","name":"tide","input":{}},
		{"type":"tool_use","id":"c","name":"sql","input":{"input":"SELECT 1"}}]`)
	same(t, contentOf(t, request, 2), `[
		{"type":"tool_result","tool_use_id":"call_1","content":"06:12"},
		{"type":"tool_result","tool_use_id":"functions_tide_2","content":"no such port","is_error":true},
		{"type":"text","text":"Well?"}]`)
	if body := string(exchanged(t, request).Body); !strings.Contains(body, `"n":1.50`) {
		t.Error("the number was written anew: " + body)
	}
}

func TestWhatCannotBeRightIsRefusedWithItsPlace(t *testing.T) {
	user := caisson.Says(caisson.User, "?")
	for param, request := range map[string]*caisson.ChatRequest{
		"messages":                 asking(caisson.Says(caisson.System, "Be brief.")),
		"messages[1].tool_call_id": asking(user, caisson.Message{Role: caisson.ToolResult, Content: caisson.Text("x")}),
		"messages[1].anthropic_content": asking(user, caisson.Message{
			Role: caisson.Assistant, Extra: field("anthropic_content", `[1]`),
		}),
		"messages[0].content[0]": asking(caisson.Message{Role: caisson.User, Content: caisson.Parts{caisson.AudioPart{}}}),
		"messages[0].content[0].image_url.url": asking(caisson.Message{
			Role: caisson.User, Content: caisson.Parts{caisson.ImagePart{Source: caisson.SourceBase64("iVBO")}},
		}),
		"messages[0].content[0].file.file_data": asking(caisson.Message{Role: caisson.User, Content: caisson.Parts{
			caisson.FilePart{Source: caisson.SourceBase64("%"), MimeType: "text/plain"},
		}}),
		"n":                            {N: 2, Messages: []caisson.Message{user}},
		"tools[0]":                     {Messages: []caisson.Message{user}, Tools: []caisson.Tool{{Kind: "custom", Name: "sql"}}},
		"tools[0].function.parameters": {Messages: []caisson.Message{user}, Tools: []caisson.Tool{{Parameters: []byte("[]")}}},
		"response_format.json_schema": {
			Messages: []caisson.Message{user}, ResponseFormat: &caisson.ResponseFormat{Type: "json_schema", JSON: []byte("{}")},
		},
		"output_config": {Messages: []caisson.Message{user}, Extra: field("output_config", "7")},
		"x":             {Messages: []caisson.Message{user}, Extra: field("x", "{")},
	} {
		if failure := refused(t, request); failure.Param != param {
			t.Errorf("%s was named %s: %v", param, failure.Param, failure)
		}
	}
	for _, arguments := range []string{`{"port":`, "[1]", `"Brest"`, "7", "{} {}", `{"a":NaN}`, strings.Repeat(`{"a":`, 5000)} {
		failure := refused(t, asking(user, calling(caisson.ToolCall{ID: "a", Arguments: "{}"}, caisson.ToolCall{Arguments: arguments})))
		if failure.Param != "messages[1].tool_calls[1].function.arguments" || failure.Kind != caisson.InvalidRequest {
			t.Errorf("%.20s: %+v", arguments, failure)
		}
	}
}

func TestMediaBecomeBlocks(t *testing.T) {
	same(t, contentOf(t, asking(caisson.Message{Role: caisson.User, Content: caisson.Parts{
		caisson.ImagePart{Source: caisson.SourceBase64("iVBO"), MimeType: "image/jpg"},
		caisson.ImagePart{Source: caisson.SourceURL("https://a.example/b.png"), Extra: field("image_url", `{"cache_control":1}`)},
		caisson.FilePart{Source: caisson.SourceBase64("JVBE"), FileName: new("chart.pdf")},
		caisson.FilePart{Source: caisson.SourceBase64("QWhveQ=="), MimeType: "text/markdown"},
		caisson.FilePart{Source: caisson.SourceID("file_1")},
		caisson.OtherPart(`{"type":"search_result","n":1.0}`),
	}}), 0), `[
		{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"iVBO"}},
		{"type":"image","source":{"type":"url","url":"https://a.example/b.png"},"cache_control":1},
		{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"chart.pdf"},
		{"type":"document","source":{"type":"text","media_type":"text/plain","data":"Ahoy"}},
		{"type":"document","source":{"type":"file","file_id":"file_1"}},
		{"type":"search_result","n":1.0}]`)
}

func TestSignedThinkingOpensTheTurnAndUnsignedThinkingStaysHome(t *testing.T) {
	message := calling(caisson.ToolCall{ID: "call_1", Name: "tide"})
	message.Content = caisson.Text("Aye.")
	message.Reasoning = []caisson.Reasoning{
		{Text: "Hm.", Signature: new("EqQB")}, {Signature: new("EmwK"), Redacted: true}, {Text: "Another model's."},
	}
	same(t, contentOf(t, asking(caisson.Says(caisson.User, "?"), message), 1), `[
		{"type":"thinking","thinking":"Hm.","signature":"EqQB"},{"type":"redacted_thinking","data":"EmwK"},
		{"type":"text","text":"Aye."},{"type":"tool_use","id":"call_1","name":"tide","input":{}}]`)
}

func TestToolsAndTheChoiceAmongThem(t *testing.T) {
	tide := caisson.Tool{Kind: "function", Name: "tide", Description: new("Tides."), Parameters: []byte(`{"properties":{}}`)}
	search := caisson.Tool{Kind: "web_search_20250305", Name: "web_search", Extra: field("max_uses", "5")}
	for choice, want := range map[caisson.ToolChoice]string{
		nil: `{"type":"auto","disable_parallel_tool_use":true}`, caisson.ToolsNone: `{"type":"none"}`,
		caisson.ToolsRequired:     `{"type":"any","disable_parallel_tool_use":true}`,
		caisson.NamedTool("tide"): `{"type":"tool","name":"tide","disable_parallel_tool_use":true}`,
	} {
		request := asking()
		request.Tools, request.ToolChoice = []caisson.Tool{tide, search}, choice
		request.ParallelToolCalls = new(false)
		body := sent(t, request)
		same(t, body["tool_choice"], want)
		same(t, body["tools"], `[
			{"name":"tide","input_schema":{"properties":{},"type":"object"},"description":"Tides."},
			{"type":"web_search_20250305","name":"web_search","max_uses":5}]`)
	}
	request := asking()
	request.ToolChoice = caisson.ToolsAuto
	if _, said := sent(t, request)["tool_choice"]; said {
		t.Error("a choice among no tools")
	}
}

func TestFieldsOfTheRequestFindTheirPlaces(t *testing.T) {
	request := asking()
	request.Temperature, request.TopP, request.Stop, request.User = new(1.7), new(0.5), []string{"END"}, new("ann")
	request.MaxTokens = new(uint32(9))
	request.ResponseFormat = &caisson.ResponseFormat{Type: "json_schema", JSON: []byte(`{"name":"x","schema":{"type":"object"}}`)}
	request.Extra = append(field("top_k", "5"), append(field("store", "true"), field("service_tier", `"default"`)...)...)
	same(t, sent(t, request), `{"model":"claude-sonnet-5-5","max_tokens":9,"messages":[{"role":"user","content":"Ahoy?"}],
		"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}},"stop_sequences":["END"],
		"temperature":1,"top_p":0.5,"metadata":{"user_id":"ann"},"service_tier":"standard_only","top_k":5}`)
}

func TestEffortIsABudgetOrAWordByTheModelsGeneration(t *testing.T) {
	for effort, want := range map[string]struct {
		budget uint32
		word   string
	}{
		"minimal": {1024, "low"}, "low": {2048, "low"}, "medium": {8192, "medium"}, "high": {16_384, "high"}, "xhigh": {32_000, "xhigh"},
	} {
		for _, model := range []string{"claude-haiku-4-5", "claude-opus-4-5-20251101", "claude-3-7-sonnet-latest", "claude-opus-4"} {
			request := asking()
			request.Model, request.ReasoningEffort = model, effort
			body := sent(t, request)
			same(t, body["thinking"], fmt.Sprintf(`{"type":"enabled","budget_tokens":%d}`, want.budget))
			same(t, body["max_tokens"], float64(want.budget+4096))
		}
		for _, model := range []string{"claude-opus-4-6", "claude-sonnet-5", "claude-new-9"} {
			request := asking()
			request.Model, request.ReasoningEffort, request.Temperature = model, effort, new(0.2)
			body := sent(t, request)
			same(t, body["thinking"], `{"type":"adaptive","display":"summarized"}`)
			same(t, body["output_config"], `{"effort":"`+want.word+`"}`)
			if _, said := body["temperature"]; said {
				t.Error("thinking fixes the temperature")
			}
		}
	}
}

func TestTheBudgetFitsBelowTheClientsCap(t *testing.T) {
	for cap, budget := range map[uint32]any{20_000: 8192.0, 4000: 3000.0, 1366: 1025.0, 1025: 1024.0, 1024: nil, 0: nil} {
		request := asking()
		request.Model, request.ReasoningEffort, request.MaxTokens = "claude-haiku-4-5", "medium", &cap
		body := sent(t, request)
		thinking, _ := body["thinking"].(map[string]any)
		if thinking["budget_tokens"] != budget || body["max_tokens"] != float64(cap) {
			t.Errorf("%d: %v", cap, body)
		}
	}
}

func TestThinkingGivesWayToForcedCallsAndToCallsWithoutTheirs(t *testing.T) {
	think := func(change func(*caisson.ChatRequest)) bool {
		request := asking()
		request.Model, request.ReasoningEffort = "claude-haiku-4-5", "low"
		change(request)
		_, thinks := sent(t, request)["thinking"]
		return thinks
	}
	after := func(message caisson.Message) func(*caisson.ChatRequest) {
		return func(r *caisson.ChatRequest) {
			r.Messages = append(r.Messages, message, result("a", caisson.Text("06:12")))
		}
	}
	unsigned, signed, kept := calling(caisson.ToolCall{ID: "a"}), calling(caisson.ToolCall{ID: "a"}), calling(caisson.ToolCall{ID: "a"})
	signed.Reasoning = []caisson.Reasoning{{Text: "Hm.", Signature: new("E")}}
	kept.Extra = field("anthropic_content", `[{"type":"text","text":"x"}]`)
	for name, want := range map[string]struct {
		change func(*caisson.ChatRequest)
		thinks bool
	}{
		"plain":    {func(*caisson.ChatRequest) {}, true},
		"forced":   {func(r *caisson.ChatRequest) { r.ToolChoice = caisson.ToolsRequired }, false},
		"unsigned": {after(unsigned), false}, "signed": {after(signed), true}, "kept": {after(kept), true},
		"own": {func(r *caisson.ChatRequest) { r.Extra = field("thinking", `{"type":"enabled","budget_tokens":5000}`) }, true},
	} {
		if think(want.change) != want.thinks {
			t.Error(name)
		}
	}
}
