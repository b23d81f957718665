// The adapter, natively, against recorded exchanges: no Wasm, no network.

package main

import (
	"errors"
	"os"
	"reflect"
	"testing"

	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/caissontest"
)

var ask = &caisson.ChatRequest{Model: "gpt-4o-mini", N: 1, Messages: []caisson.Message{caisson.Says(caisson.User, "Say hello")}}

func fixture(t *testing.T, name string) string {
	text, err := os.ReadFile("fixtures/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAQuestionGoesOutAndItsAnswerComesBack(t *testing.T) {
	upstream := caissontest.New(caissontest.JSON(200, fixture(t, "completion.json")))
	upstream.Run(func() {
		response, err := SampleAdapter{}.Complete(caissontest.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		answer := response.(*caisson.ChatAnswer)
		if answer.Choices[0].Message.Text() != "Hello! 👋" || answer.Usage.Total != 22 {
			t.Error(answer)
		}
	})
	if sent := upstream.Requests[0]; sent.URL != "https://api.openai.com/v1/chat/completions" {
		t.Error(sent.URL)
	}
}

func TestAStreamReadsTheSameWhereverItsBytesAreSplit(t *testing.T) {
	caissontest.New(caissontest.SSE(fixture(t, "stream.sse")).ChunkSize(1)).Run(func() {
		events, err := caissontest.Stream(SampleAdapter{}, caissontest.Context(), ask)
		want := []caisson.Event{
			caisson.TextDelta{Text: "Hello"}, caisson.TextDelta{Text: "! 👋"}, caisson.Finish{Reason: "stop"}, caisson.Tokens(18, 4),
		}
		if err != nil || !reflect.DeepEqual(events, want) {
			t.Error(events, err)
		}
	})
}

func TestTextsBecomeVectors(t *testing.T) {
	found := `{"data":[{"embedding":[0.5,1.5]},{"embedding":[2]}],"usage":{"prompt_tokens":3}}`
	caissontest.New(caissontest.JSON(200, found)).Run(func() {
		answer, err := SampleAdapter{}.Embed(caissontest.Context(), &caisson.EmbedRequest{Texts: []string{"a", "b"}})
		if err != nil || !reflect.DeepEqual(answer.Vectors, [][]float32{{0.5, 1.5}, {2}}) {
			t.Error(answer, err)
		}
	})
}

func TestARefusalKeepsItsMessage(t *testing.T) {
	caissontest.New(caissontest.JSON(429, `{"error":{"message":"slow down"}}`)).Run(func() {
		_, err := SampleAdapter{}.Complete(caissontest.Context(), ask)
		var refusal *caisson.Error
		if !errors.As(err, &refusal) || refusal.Message != "slow down" {
			t.Error(err)
		}
	})
}
