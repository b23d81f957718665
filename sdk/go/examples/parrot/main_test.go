// The example works, and is the one that the kit's README shows.

package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/caissontest"
)

var hello = &caisson.ChatRequest{Model: "macaw-2", N: 1, Messages: []caisson.Message{caisson.Says(caisson.User, "Hello?")}}

func TestWordsComeAsTheyAreSaid(t *testing.T) {
	upstream := caissontest.New(caissontest.SSE("data: {\"said\":\"Hello!\"}\n\ndata: {\"words_heard\":1,\"words_said\":2}\n\n").ChunkSize(1))
	upstream.Run(func() {
		events, err := caissontest.Stream(parrot{}, caissontest.Context(), hello)
		want := []caisson.Event{caisson.TextDelta{Text: "Hello!"}, caisson.Finish{}, caisson.Tokens(1, 2)}
		if err != nil || !reflect.DeepEqual(events, want) {
			t.Error(events, err)
		}
	})
	if got := string(upstream.Requests[0].Body); got != `{"bird":"macaw-2","question":"Hello?","stream":true}` {
		t.Error(got)
	}
}

func TestAWholeAnswerIsCounted(t *testing.T) {
	caissontest.New(caissontest.JSON(200, `{"said":"Hello!","words_heard":1,"words_said":2}`)).Run(func() {
		answer, err := parrot{}.Complete(caissontest.Context(), hello)
		if err != nil || answer.(*caisson.ChatAnswer).Usage.Total != 3 {
			t.Error(answer, err)
		}
	})
}

func TestTheReadmeShowsThisAdapter(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, _ := os.ReadFile("main.go")
	if !strings.Contains(string(readme), "```go\n"+string(source)+"```\n") {
		t.Error("copy main.go into the README")
	}
}
