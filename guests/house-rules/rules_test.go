// The rules against a scripted upstream: what it gets to see, what the client gets to see, and what neither does.

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/caissontest"
)

const answer = `{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Ahoy, mate"}}],"n":1.0}`

func set(namesAndValues ...string) *caisson.Context {
	var settings caisson.Pairs
	for at := 0; at < len(namesAndValues); at += 2 {
		settings = append(settings, caisson.Pair{Name: namesAndValues[at], Value: namesAndValues[at+1]})
	}
	return caissontest.Context(append(settings, caisson.Pair{Name: "encoding", Value: "words"})...)
}

// upstreamFor is one before which a client says this, in a field that nobody knows too; its tokens are words.
func upstreamFor(said string, replies ...*caissontest.Reply) (*caissontest.Upstream, *caisson.ChatRequest) {
	upstream := caissontest.New(replies...)
	text, _ := json.Marshal(said)
	upstream.OriginalBody = []byte(`{"model":"hr/best","seed":1.0,"messages":[{"role":"user","content":` + string(text) + `}],"max_tokens":99}`)
	upstream.CountTokens = func(encoding, text string) (uint32, bool) {
		return uint32(len(strings.Fields(text))), encoding == "words"
	}
	return upstream, &caisson.ChatRequest{
		Model: "best", N: 1, User: new("{{model}}"), Messages: []caisson.Message{caisson.Says(caisson.User, said)}, MaxTokens: new(uint32(99)),
	}
}

func complete(context *caisson.Context, said string, replies ...*caissontest.Reply) (*caissontest.Upstream, string, *caisson.Error) {
	upstream, request := upstreamFor(said, replies...)
	var response caisson.ChatResponse
	var err error
	upstream.Run(func() { response, err = houseRules{}.Complete(context, request) })
	failure, _ := err.(*caisson.Error)
	raw, _ := response.(caisson.RawAnswer)
	return upstream, string(raw), failure
}

func TestWithoutRulesOnlyTheModelsNameChanges(t *testing.T) {
	upstream, got, failure := complete(set(), "Ahoy?", caissontest.JSON(200, answer))
	if failure != nil || got != answer {
		t.Error(got, failure)
	}
	want := `{"model":"best","seed":1.0,"messages":[{"role":"user","content":"Ahoy?"}],"max_tokens":99}`
	if body := string(upstream.Requests[0].Body); body != want {
		t.Error(body)
	}
}

func TestThePreambleIsFilledInOnceAndComesFirst(t *testing.T) {
	context := set("preamble", "You are {{ model }}, for {{user}}: \"{{request-id}}\".", "max-answer-tokens", "10")
	upstream, _, _ := complete(context, "Ahoy?", caissontest.JSON(200, answer))
	want := `{"model":"best","seed":1.0,"messages":[{"role":"system","content":"You are best, for {{model}}: \"req-test\"."},` +
		`{"role":"user","content":"Ahoy?"}],"max_tokens":10}`
	if body := string(upstream.Requests[0].Body); body != want {
		t.Error(body)
	}
}

func TestARuleThatMakesNoSenseFailsTheRequest(t *testing.T) {
	for _, setting := range [][2]string{
		{"preamble", "{{secret}}"}, {"preamble", "{{model"}, {"models", "best"}, {"models", "=x"}, {"models", "best="},
		{"max-prompt-tokens", "0"}, {"max-answer-tokens", "many"}, {"max-retries", "-1"},
	} {
		upstream, _, failure := complete(set(setting[0], setting[1]), "Ahoy?", caissontest.JSON(200, answer))
		if failure == nil || failure.Kind != caisson.Internal || len(upstream.Requests) > 0 || !strings.Contains(failure.Message, setting[0]) {
			t.Errorf("%v: %v", setting, failure)
		}
	}
}

func TestARequestThatTheRulesForbidNeverLeaves(t *testing.T) {
	for said, kind := range map[string]caisson.Kind{
		"one two three four": caisson.ContextLength, "the KRAKEN": caisson.ContentFiltered, "a kraken's egg": caisson.ContentFiltered,
	} {
		upstream, _, failure := complete(set("max-prompt-tokens", "3", "refused-words", " Kraken,,"), said, caissontest.JSON(200, answer))
		if failure == nil || failure.Kind != kind || len(upstream.Requests) > 0 {
			t.Errorf("%s: %v", said, failure)
		}
	}
}

func TestTheNextModelIsAskedWhereOneCannotAnswer(t *testing.T) {
	context := set("models", "best = large | small, other=x")
	for name, each := range map[string]struct {
		first *caissontest.Reply
		asked string
	}{
		"overloaded": {caissontest.JSON(503, "{}"), "large small"}, "nobody there": {caissontest.ConnectionRefused(), "large small"},
		"limited": {caissontest.JSON(429, "{}"), "large small"}, "wrong request": {caissontest.JSON(400, "{}"), "large"},
		"not granted": {caissontest.Denied(), "large"}, "no key": {caissontest.JSON(401, "{}"), "large"},
	} {
		upstream, _, _ := complete(context, "Ahoy?", each.first, caissontest.JSON(200, answer))
		var asked []string
		for _, sent := range upstream.Requests {
			asked = append(asked, fmt.Sprint(sent.JSON().(map[string]any)["model"]))
		}
		if strings.Join(asked, " ") != each.asked {
			t.Errorf("%s: %v", name, asked)
		}
	}
	if _, _, failure := complete(set("models", "fast=small"), "Ahoy?"); failure == nil || failure.Kind != caisson.NotFound {
		t.Error(failure)
	}
}

func TestAnAnswerWithARefusedWordStaysHere(t *testing.T) {
	if _, got, failure := complete(set("refused-words", "mate"), "Ahoy?", caissontest.JSON(200, answer)); failure == nil || got != "" {
		t.Error(got, failure)
	}
}

func chunk(choice int, text, reason string) string {
	return fmt.Sprintf(`{"choices":[{"index":%d,"delta":{"content":%q},"finish_reason":%s}]}`, choice, text, reason)
}

// streamed gives what the client reads of the first choice, and how it ends.
func streamed(context *caisson.Context, chunks ...string) (said string, count int, err error) {
	upstream, request := upstreamFor("Ahoy?", caissontest.SSE("data: "+strings.Join(chunks, "\n\ndata: ")+"\n\n").ChunkSize(5))
	upstream.Run(func() {
		events, failure := caissontest.Stream(houseRules{}, context, request)
		for _, event := range events {
			fields, _ := caisson.ParseObject(event.(caisson.RawEvent))
			for _, choice := range fields.Objects("choices") {
				if indexOf(choice, 0) == 0 {
					said += textOf(choice.Object("delta"))
				}
			}
		}
		count, err = len(events), failure
	})
	return said, count, err
}

func TestAStreamPassesThroughAsItCame(t *testing.T) {
	for _, end := range []string{"[DONE]", `{"choices":[],"usage":{}}`} {
		said, count, err := streamed(set(), chunk(0, "Ahoy, ", "null"), chunk(0, "mate", "null"), chunk(0, "", `"stop"`), end)
		if said != "Ahoy, mate" || count < 3 || err != nil {
			t.Error(said, count, err)
		}
	}
}

func TestARefusedWordInPiecesDoesNotReachTheClientAtAll(t *testing.T) {
	context := set("refused-words", "kraken,squid")
	for at := range len("kraken") + 1 {
		said, _, err := streamed(context,
			chunk(0, "See the ", "null"), chunk(1, "kra", "null"), chunk(0, "Kraken"[:at], "null"), chunk(1, "b", "null"), chunk(0, "Kraken"[at:]+"!", "null"), "[DONE]")
		if err == nil || !strings.HasPrefix("See the ", said) {
			t.Errorf("split at %d: %q, %v", at, said, err)
		}
	}
}

func TestWhatIsHeldBackComesAtTheEnd(t *testing.T) {
	said, count, err := streamed(set("refused-words", "kraken"),
		chunk(0, "kra", "null"), chunk(0, "nk", "null"), chunk(0, "", `"stop"`), `{"choices":[],"usage":{}}`, "[DONE]")
	if said != "krank" || count != 4 || err != nil {
		t.Error(said, count, err)
	}
}

func TestAStreamThatBreaksOffOrFailsIsAnError(t *testing.T) {
	for _, end := range []string{chunk(0, "Ah", "null"), "{", `{"error":{"message":"Overloaded"}}`} {
		if _, _, err := streamed(set(), chunk(0, "Ahoy", "null"), end); err == nil || err.(*caisson.Error).Kind != caisson.Upstream {
			t.Errorf("%s: %v", end, err)
		}
	}
}

func TestVectorsComeInTheOrderOfTheirInputs(t *testing.T) {
	embed := func(context *caisson.Context, body string) (*caisson.EmbedResponse, error) {
		upstream := caissontest.New(caissontest.JSON(200, body))
		upstream.OriginalBody = []byte(`{"model":"hr/e","input":["a","b"],"encoding_format":"base64"}`)
		var response *caisson.EmbedResponse
		var err error
		upstream.Run(func() {
			response, err = houseRules{}.Embed(context, &caisson.EmbedRequest{Model: "e", Texts: []string{"a", "b"}})
		})
		return response, err
	}
	response, err := embed(set(), `{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":3}}`)
	if err != nil || response.Vectors[0][0] != 1 || response.Vectors[1][0] != 2 || response.Usage.Input != 3 {
		t.Error(response, err)
	}
	for _, body := range []string{`{"data":[{"index":2}]}`, `{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}`, `[`} {
		if _, err := embed(set(), body); err == nil {
			t.Error(body)
		}
	}
	if _, err := embed(set("refused-words", "b"), `{}`); err == nil || err.(*caisson.Error).Param != "input" {
		t.Error(err)
	}
}
