// The adapter against recorded exchanges, through the same methods that the host calls. The exchanges are those of the Rust
// adapter: what one makes of them the other must.

package main

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/caissontest"
)

func fixture(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../anthropic/fixtures/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// asking is a request of these messages, or of one of the user's.
func asking(messages ...caisson.Message) *caisson.ChatRequest {
	if len(messages) == 0 {
		messages = []caisson.Message{caisson.Says(caisson.User, "Ahoy?")}
	}
	return &caisson.ChatRequest{Model: "claude-sonnet-5-5", N: 1, Messages: messages}
}

// exchanged gives what the provider gets to see of a request.
func exchanged(t *testing.T, request *caisson.ChatRequest, settings ...caisson.Pair) caissontest.Sent {
	t.Helper()
	upstream := caissontest.New(caissontest.JSON(200, fixture(t, "message.json")))
	upstream.Run(func() {
		if _, err := (anthropic{}).Complete(caissontest.Context(settings...), request); err != nil {
			t.Fatal(err)
		}
	})
	if len(upstream.Requests) != 1 || upstream.OpenBodies != 0 {
		t.Fatalf("%d requests, %d open bodies", len(upstream.Requests), upstream.OpenBodies)
	}
	return upstream.Requests[0]
}

// sent gives the body that the provider gets, as encoding/json reads it.
func sent(t *testing.T, request *caisson.ChatRequest) map[string]any {
	t.Helper()
	body, _ := exchanged(t, request).JSON().(map[string]any)
	return body
}

// refused gives the error of a request that never reaches the provider.
func refused(t *testing.T, request *caisson.ChatRequest) *caisson.Error {
	t.Helper()
	upstream := caissontest.New()
	var failure *caisson.Error
	upstream.Run(func() {
		_, err := anthropic{}.Complete(caissontest.Context(), request)
		failure, _ = err.(*caisson.Error)
	})
	if failure == nil || len(upstream.Requests) > 0 {
		t.Fatalf("not refused: %d requests", len(upstream.Requests))
	}
	return failure
}

func answerTo(t *testing.T, reply *caissontest.Reply) (*caisson.ChatAnswer, *caisson.Error) {
	t.Helper()
	upstream := caissontest.New(reply)
	var answer caisson.ChatResponse
	var err error
	upstream.Run(func() { answer, err = anthropic{}.Complete(caissontest.Context(), asking()) })
	if upstream.OpenBodies != 0 {
		t.Fatal("the exchange is still open")
	}
	if err != nil {
		return nil, err.(*caisson.Error)
	}
	return answer.(*caisson.ChatAnswer), nil
}

func streamOf(t *testing.T, reply *caissontest.Reply) ([]caisson.Event, *caisson.Error) {
	t.Helper()
	upstream := caissontest.New(reply)
	var events []caisson.Event
	var err error
	upstream.Run(func() { events, err = caissontest.Stream(anthropic{}, caissontest.Context(), asking()) })
	if upstream.OpenBodies != 0 {
		t.Fatal("the exchange is still open")
	}
	failure, _ := err.(*caisson.Error)
	return events, failure
}

// same compares what a test got with what it wants, as JSON where that is given as text.
func same(t *testing.T, got, want any) {
	t.Helper()
	if text, is := want.(string); is {
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		bytes, _ := json.Marshal(got)
		got = nil
		json.Unmarshal(bytes, &got)
	}
	if !reflect.DeepEqual(got, want) {
		gotText, _ := json.Marshal(got)
		wantText, _ := json.Marshal(want)
		t.Errorf("got  %T %s\nwant %T %s", got, gotText, want, wantText)
	}
}
