// Streams in: every event, however the bytes are split, and every way to end.

package main

import (
	"strings"
	"testing"

	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/caissontest"
)

func sse(events ...string) *caissontest.Reply {
	return caissontest.SSE("data: " + strings.Join(append(events, `{"type":"message_stop"}`), "\n\ndata: ") + "\n\n")
}

func TestTextStreamsWithItsCountsHoweverItIsSplit(t *testing.T) {
	text := fixture(t, "stream_text.sse")
	for at := range len(text) {
		events, failure := streamOf(t, caissontest.SSE(text).SplitAt(at))
		if failure != nil {
			t.Fatal(failure)
		}
		same(t, events, []caisson.Event{
			caisson.StreamStart{ID: "msg_01S", Model: "claude-sonnet-5-5", ServiceTier: "priority"},
			caisson.TextDelta{Text: "Ahoy"},
			caisson.TextDelta{Text: `, ⚓ "mate"`},
			caisson.OtherDelta{Extra: caisson.Fields{
				{Name: "stop_sequence", Value: []byte(`"mate\""`)}, {Name: "stop_reason", Value: []byte(`"stop_sequence"`)},
			}},
			caisson.Finish{Reason: "stop"},
			caisson.Usage{
				Input: 125, Output: 15, Total: 140, CachedInput: new(uint32(100)), CacheWriteInput: new(uint32(0)),
				ReasoningOutput: new(uint32(0)),
			},
		})
	}
}

func TestThinkingAndCallsStreamInOrder(t *testing.T) {
	events, failure := streamOf(t, caissontest.SSE(fixture(t, "stream_tools.sse")).ChunkSize(1))
	if failure != nil {
		t.Fatal(failure)
	}
	same(t, events[1:], []caisson.Event{
		caisson.ReasoningDelta{Text: "Two "},
		caisson.ReasoningDelta{Text: "calls."},
		caisson.ReasoningDelta{Signature: new("EqQBCgIYAhIM")},
		caisson.ReasoningDelta{Signature: new("EmwKAhgBEgy3"), Redacted: true},
		caisson.ToolDelta{ID: "toolu_01A", Name: "tide"},
		caisson.ToolDelta{Arguments: `{"port": "Br`},
		caisson.ToolDelta{Arguments: `est"}`},
		caisson.ToolDelta{Index: 1, ID: "toolu_01B", Name: "now"},
		caisson.ToolDelta{Index: 1, Arguments: "{}"},
		caisson.Finish{Reason: "tool_calls"},
		caisson.Tokens(50, 61),
	})
}

func TestACallThatCodeMadeSaysSoAndIsNeverWithoutArguments(t *testing.T) {
	caller := `{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}`
	events, _ := streamOf(t, sse(
		`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"b","input":{},"caller":`+caller+`}}`,
		`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c","name":"d","input":{"e":1.0}}}`,
		`{"type":"content_block_delta","index":7,"delta":{"type":"input_json_delta","partial_json":"[]"}}`,
	))
	same(t, events, []caisson.Event{
		caisson.ToolDelta{ID: "a", Name: "b", Extra: caisson.Fields{{Name: "caller", Value: []byte(caller)}}},
		caisson.ToolDelta{Arguments: "{}"},
		caisson.ToolDelta{Index: 1, ID: "c", Name: "d"},
		caisson.ToolDelta{Index: 1, Arguments: `{"e":1.0}`},
		caisson.Finish{},
	})
}

func TestServerToolsAndCitationsAreKeptWholeAtTheEnd(t *testing.T) {
	events, failure := streamOf(t, caissontest.SSE(fixture(t, "stream_search.sse")))
	if failure != nil || len(events) != 7 {
		t.Fatal(failure, events)
	}
	same(t, events[3], caisson.OtherDelta{Extra: caisson.Fields{
		{Name: "container", Value: []byte(`{"id":"container_7","expires_at":"2026-11-22T17:00:00Z"}`)},
	}})
	blocks := events[4].(caisson.OtherDelta).Extra.Objects("anthropic_content")
	query, _ := blocks[0].Object("input").Text("query")
	said, _ := blocks[2].Text("text")
	cited, _ := blocks[2].Objects("citations")[0].Text("cited_text")
	if query != "tide brest" || said != "High water is at 06:12." || cited != "06:12" {
		t.Errorf("%s", events[4])
	}
	same(t, events[6], caisson.Usage{Input: 30, Output: 40, Total: 70, Extra: caisson.Fields{
		{Name: "server_tool_use", Value: []byte(`{"web_search_requests":1}`)},
	}})
}

func TestALongAnswerIsNotKeptASecondTime(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	delta := `{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"` + long + `"}}`
	events, _ := streamOf(t, sse(
		`{"type":"content_block_start","index":0,"content_block":{"type":"hologram"}}`,
		`{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}`, delta, delta,
	))
	if len(events) != 3 {
		t.Errorf("%d events", len(events))
	}
}

func TestAnErrorInTheStreamComesAfterWhatWasSaid(t *testing.T) {
	events, failure := streamOf(t, caissontest.SSE(fixture(t, "stream_overloaded.sse")).ChunkSize(1))
	same(t, events[len(events)-1], caisson.TextDelta{Text: "Half a"})
	if failure.Kind != caisson.Upstream || failure.Status != 529 || failure.Message != "Overloaded (request req_011CSH)" {
		t.Errorf("%+v", failure)
	}
}

func TestAStreamThatBreaksOffIsAnError(t *testing.T) {
	text, _, _ := strings.Cut(fixture(t, "stream_text.sse"), "event: message_stop")
	for _, reply := range []*caissontest.Reply{
		caissontest.SSE(text), caissontest.SSE(text).BreaksOff(), caissontest.SSE(""), caissontest.ConnectionRefused(),
	} {
		if _, failure := streamOf(t, reply); failure == nil || failure.Kind != caisson.Upstream {
			t.Error(failure)
		}
	}
}

func TestNothingIsReadAfterTheStop(t *testing.T) {
	noise := fixture(t, "stream_text.sse") + "data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\"}}\n\n"
	if events, failure := streamOf(t, caissontest.SSE(noise)); failure != nil || len(events) != 6 {
		t.Error(failure, len(events))
	}
}

func TestABrokenEventIsTheProvidersFault(t *testing.T) {
	for _, data := range []string{
		"not json", "[]", "{}", `{"type":7}`, `{"type":"content_block_delta","index":"0"}`,
		`{"type":"content_block_delta","index":0,"delta":[]}`, `{"type":"message_start","message":"x"}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":7}}`,
		`{"type":"message_delta","usage":7}`, `{"type":"error"}`, strings.Repeat(`{"a":`, 100_000),
	} {
		if _, failure := streamOf(t, sse(data)); failure == nil || failure.Kind != caisson.Upstream {
			t.Errorf("%.40s: %v", data, failure)
		}
	}
}
