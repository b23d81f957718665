// Whole answers and refusals in: content, reasons, counts, errors, and what has no name in the contract.

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/caissontest"
)

// answerWith gives the answer to a message that differs from the plain one in this field.
func answerWith(t *testing.T, field, value string) *caisson.ChatAnswer {
	t.Helper()
	message, err := caisson.ParseObject([]byte(fixture(t, "message.json")))
	if err != nil {
		t.Fatal(err)
	}
	message.Set(field, json.RawMessage(value))
	text, _ := caisson.Marshal(message)
	answer, failure := answerTo(t, caissontest.JSON(200, string(text)))
	if failure != nil {
		t.Fatal(failure)
	}
	return answer
}

func TestAPlainAnswerIsReadWhole(t *testing.T) {
	answer, failure := answerTo(t, caissontest.JSON(200, fixture(t, "message.json")))
	if failure != nil {
		t.Fatal(failure)
	}
	same(t, answer, &caisson.ChatAnswer{
		ID: "msg_01Cq7", Model: "claude-sonnet-5-5", ServiceTier: "default",
		Choices: []caisson.Choice{{Message: caisson.Says(caisson.Assistant, "Grüß Gott, harbour!"), FinishReason: "stop"}},
		Usage: &caisson.Usage{
			Input: 12 + 300 + 4000, Output: 9, Total: 12 + 300 + 4000 + 9, CachedInput: new(uint32(4000)),
			CacheWriteInput: new(uint32(300)), ReasoningOutput: new(uint32(4)),
			Extra: caisson.Fields{
				{Name: "cache_creation", Value: []byte(`{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":0}`)},
				{Name: "inference_geo", Value: []byte(`"eu"`)},
			},
		},
	})
}

func TestAbsurdCountsDoNotOverflow(t *testing.T) {
	usage := answerWith(t, "usage", `{"input_tokens":18446744073709551615,"cache_read_input_tokens":9,"output_tokens":-3}`).Usage
	same(t, usage, &caisson.Usage{Input: 1<<32 - 1, Total: 1<<32 - 1, CachedInput: new(uint32(9))})
	same(t, answerWith(t, "usage", `{"input_tokens":1.5,"output_tokens":true}`).Usage, &caisson.Usage{})
	if usage := answerWith(t, "usage", "[7]").Usage; usage != nil {
		t.Error(usage)
	}
}

func TestThinkingAndToolCallsHaveTheirPlaces(t *testing.T) {
	answer, _ := answerTo(t, caissontest.JSON(200, fixture(t, "message_tools.json")))
	same(t, answer.Choices[0], caisson.Choice{
		FinishReason: "tool_calls",
		Message: caisson.Message{
			Role: caisson.Assistant, Content: caisson.Text("I will look both up."),
			Reasoning: []caisson.Reasoning{
				{Text: "Two ports, two calls.", Signature: new("EqQBCgIYAhIM")},
				{Signature: new("EmwKAhgBEgy3"), Redacted: true},
			},
			ToolCalls: []caisson.ToolCall{
				{ID: "toolu_01A", Name: "tide", Arguments: `{"port":"Brest","days":2}`},
				{ID: "toolu_01B", Name: "now", Arguments: "{}", Extra: caisson.Fields{
					{Name: "caller", Value: []byte(`{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}`)},
				}},
			},
		},
	})
}

func TestAnAnswerSentBackIsWhatTheProviderWrote(t *testing.T) {
	for _, name := range []string{"message_tools.json", "message_search.json"} {
		answer, _ := answerTo(t, caissontest.JSON(200, fixture(t, name)))
		body := sent(t, asking(caisson.Says(caisson.User, "?"), answer.Choices[0].Message))
		var wrote struct{ Content any }
		json.Unmarshal([]byte(fixture(t, name)), &wrote)
		same(t, body["messages"].([]any)[1].(map[string]any)["content"], wrote.Content)
	}
}

func TestBlocksWithoutAPlaceAreKeptBesideTheText(t *testing.T) {
	for blocks, text := range map[string]string{
		`[{"type":"hologram","text":{"en":"Ahoy"}},{"type":"text","text":"Ahoy"}]`:                                  "Ahoy",
		`["x",{"type":"text","text":"Ahoy"}]`:                                                                       "Ahoy",
		`[null,{},{"type":[]},{"type":"text","text":7}]`:                                                            "",
		`[{"type":"text","text":"06:12","citations":[{"start_page_number":1.0}]}]`:                                  "06:12",
		`[{"type":"tool_use","id":"a","name":"b","input":{}},{"type":"thinking","thinking":"Hm.","signature":"E"}]`: "",
	} {
		message := answerWith(t, "content", blocks).Choices[0].Message
		if message.Text() != text || string(message.Extra.Get("anthropic_content")) != blocks {
			t.Errorf("%s gave %q and %s", blocks, message.Text(), message.Extra)
		}
	}
	for _, nothing := range []string{"[]", "null"} {
		message := answerWith(t, "content", `[{"type":"text","text":"06:12","citations":`+nothing+`}]`).Choices[0].Message
		same(t, message, caisson.Says(caisson.Assistant, "06:12"))
	}
}

func TestEveryStopReasonHasAFinishReason(t *testing.T) {
	for reason, want := range map[string]struct {
		reason caisson.FinishReason
		told   bool
	}{
		`"end_turn"`: {"stop", false}, `"stop_sequence"`: {"stop", true}, `"max_tokens"`: {"length", false},
		`"tool_use"`: {"tool_calls", false}, `"refusal"`: {"content_filter", true}, `"tide_turned"`: {"tide_turned", false},
		`"model_context_window_exceeded"`: {"length", true}, `"pause_turn"`: {"pause_turn", false}, "7": {"stop", false},
	} {
		choice := answerWith(t, "stop_reason", reason).Choices[0]
		told := string(choice.Extra.Get("stop_reason")) == reason
		if choice.FinishReason != want.reason || told != want.told || len(choice.Extra) > 1 {
			t.Errorf("%s is %s, beside it %s", reason, choice.FinishReason, choice.Extra)
		}
	}
	same(t, answerWith(t, "stop_sequence", `"END"`).Choices[0].Extra, `{"stop_sequence":"END"}`)
}

func TestAnAnswerThatIsNoMessageIsTheProvidersFault(t *testing.T) {
	for _, body := range []string{
		"", "<html>", "[]", "{}", `{"content":"text"}`, strings.Repeat("[", 100_000), `{"content":[NaN]}`,
	} {
		if _, failure := answerTo(t, caissontest.JSON(200, body)); failure == nil || failure.Kind != caisson.Upstream {
			t.Errorf("%.20q: %v", body, failure)
		}
	}
}

func TestNoShapeOfAnyFieldBreaksTheAdapter(t *testing.T) {
	for _, field := range []string{"id", "model", "usage", "stop_reason", "stop_sequence", "container", "service_tier"} {
		for _, value := range []string{"null", "true", "7", "1.5", `"text"`, "[]", "[1]", "{}", `{"a":{"b":[]}}`} {
			answerWith(t, field, value)
		}
	}
}

func refusalBody(kind, message string) string {
	return `{"type":"error","error":{"type":"` + kind + `","message":"` + message + `"},"request_id":"req_7"}`
}

func TestEveryErrorTypeKeepsItsStatusCodeAndWords(t *testing.T) {
	for kind, want := range map[string]struct {
		status int
		kind   caisson.Kind
	}{
		"invalid_request_error": {400, caisson.InvalidRequest}, "authentication_error": {401, caisson.Authentication},
		"billing_error": {402, caisson.QuotaExceeded}, "permission_error": {403, caisson.Permission},
		"not_found_error": {404, caisson.NotFound}, "conflict_error": {409, caisson.Conflict},
		"request_too_large": {413, caisson.TooLarge}, "rate_limit_error": {429, caisson.RateLimited},
		"api_error": {500, caisson.Upstream}, "timeout_error": {504, caisson.Timeout}, "overloaded_error": {529, caisson.Upstream},
	} {
		body := refusalBody(kind, "Come back later")
		_, failure := answerTo(t, caissontest.JSON(want.status, body))
		same(t, failure, &caisson.Error{
			Kind: want.kind, Status: want.status, Code: kind, Message: "Come back later (request req_7)", Body: body,
		})
	}
}

func TestSomeInvalidRequestsAreKnownByTheirWords(t *testing.T) {
	for words, kind := range map[string]caisson.Kind{
		"prompt is too long: 215000 tokens > 200000 maximum":               caisson.ContextLength,
		"input length and `max_tokens` exceed context limit: 1 + 2 > 2":    caisson.ContextLength,
		"Your credit balance is too low to access the API":                 caisson.QuotaExceeded,
		"max_tokens: must be positive":                                     caisson.InvalidRequest,
		"You have reached your specified API usage limits. Wait until May": caisson.QuotaExceeded,
	} {
		_, failure := answerTo(t, caissontest.JSON(400, refusalBody("invalid_request_error", words)))
		if failure.Kind != kind {
			t.Errorf("%s is %d", words, failure.Kind)
		}
	}
}

func TestTheWaitAndTheRequestIDAreCarried(t *testing.T) {
	reply := caissontest.JSON(429, `{"error":{"type":"rate_limit_error","message":"Slow"}}`)
	_, failure := answerTo(t, reply.Header("retry-after", "17").Header("request-id", "req_8"))
	if wait, is := failure.Milliseconds(); !is || wait != 17_000 || failure.Message != "Slow (request req_8)" {
		t.Error(wait, failure)
	}
}

func TestAProxysPageIsBoundedAndJudgedByItsStatus(t *testing.T) {
	_, failure := answerTo(t, caissontest.JSON(503, "<html>"+strings.Repeat("⚓", 100_000)))
	if failure.Kind != caisson.Upstream || failure.Status != 503 || len(failure.Body) > 4096 || len(failure.Message) > 100 {
		t.Errorf("%+v", failure)
	}
}

func TestAFailedRequestIsSentAgainOnlyIfTheOperatorSaysSo(t *testing.T) {
	replies := func() *caissontest.Upstream {
		return caissontest.New(
			caissontest.JSON(529, refusalBody("overloaded_error", "Overloaded")), caissontest.JSON(200, fixture(t, "message.json")))
	}
	for retries, want := range map[string]int{"0": 1, "2": 2} {
		upstream := replies()
		upstream.Run(func() {
			anthropic{}.Complete(caissontest.Context(caisson.Pair{Name: "max-retries", Value: retries}), asking())
		})
		if len(upstream.Requests) != want || upstream.OpenBodies != 0 {
			t.Errorf("%d requests for %s retries", len(upstream.Requests), retries)
		}
	}
}
