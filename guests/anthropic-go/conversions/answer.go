// A whole answer of the Messages API → the contract's. Fields without a name in the contract stay beside the answer as they
// came.

package conversions

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/caisson/caisson/sdk/go/caisson"
)

var finishReasons = map[string]caisson.FinishReason{
	"":                              caisson.FinishStop,
	"end_turn":                      caisson.FinishStop,
	"stop_sequence":                 caisson.FinishStop,
	"max_tokens":                    caisson.FinishLength,
	"model_context_window_exceeded": caisson.FinishLength,
	"tool_use":                      caisson.FinishToolCalls,
	"refusal":                       caisson.FinishContentFilter,
}

// Reasons that OpenAI's word hides.
var told = []string{"stop_sequence", "refusal", "model_context_window_exceeded"}

// Answer reads the body of a successful answer.
func Answer(body []byte) (*caisson.ChatAnswer, error) {
	fields, err := caisson.ParseObject(body)
	if err != nil {
		return nil, caisson.Errorf(caisson.Upstream, "the answer is not a message in JSON: %v", err)
	}
	blocks := fields.Objects("content")
	if blocks == nil {
		return nil, caisson.Errorf(caisson.Upstream, "the answer is no message: it has no list of content")
	}
	content := fields.Take("content")
	var counts counts
	if usage := fields.Object("usage"); usage != nil {
		counts.update(usage)
	}
	fields.Take("usage")
	ending := endingOf(&fields)
	id, model := headOf(&fields)
	return &caisson.ChatAnswer{
		ID:          id,
		Model:       model,
		Choices:     []caisson.Choice{{Message: messageOf(blocks, content), FinishReason: ending.reason, Extra: ending.extra}},
		Usage:       counts.usage(),
		ServiceTier: counts.serviceTier(),
		Extra:       leftover(fields),
	}, nil
}

// headOf takes out what a message says of itself before its content: id and model, and what kind of object it is.
func headOf(fields *caisson.Fields) (id, model string) {
	id, model = text(*fields, "id"), text(*fields, "model")
	for _, name := range []string{"id", "model", "type", "role"} {
		fields.Take(name)
	}
	return id, model
}

// indirectCaller gives the field that a call has beside OpenAI's where not the model itself made it, which goes without
// saying.
func indirectCaller(block caisson.Fields) caisson.Fields {
	if kind := text(block.Object("caller"), "type"); kind == "" || kind == "direct" {
		return nil
	}
	return only(block, "caller")
}

// ending is why a message ended.
type ending struct {
	known  bool
	reason caisson.FinishReason
	// extra is what OpenAI's word for the reason does not say.
	extra caisson.Fields
}

// endingOf takes the fields that speak of it out of a message or a message_delta.
func endingOf(fields *caisson.Fields) ending {
	word, known := fields.Text("stop_reason")
	fields.Take("stop_reason")
	var ending ending
	for _, name := range []string{"stop_sequence", "stop_details"} {
		if value := fields.Take(name); value != nil {
			ending.extra.Set(name, value)
		}
	}
	if slices.Contains(told, word) {
		ending.extra.Set("stop_reason", raw(word))
	}
	ending.known = known
	var is bool
	if ending.reason, is = finishReasons[word]; !is {
		// pause_turn, and whatever comes: the answer is not over, so not stop.
		ending.reason = caisson.FinishReason(word)
	}
	return ending
}

func messageOf(blocks []caisson.Fields, whole json.RawMessage) caisson.Message {
	message := caisson.Message{Role: caisson.Assistant}
	var shape shape
	var said strings.Builder
	for _, fields := range blocks {
		shape.see(fields)
		if !isReadable(fields) {
			continue
		}
		switch text(fields, "type") {
		case "text":
			said.WriteString(text(fields, "text"))
		case "thinking":
			thought := caisson.Reasoning{Text: text(fields, "thinking")}
			if signature := text(fields, "signature"); signature != "" {
				thought.Signature = &signature
			}
			message.Reasoning = append(message.Reasoning, thought)
		case "redacted_thinking":
			message.Reasoning = append(message.Reasoning, caisson.Reasoning{
				Signature: new(text(fields, "data")), Redacted: true,
			})
		case "tool_use":
			message.ToolCalls = append(message.ToolCalls, caisson.ToolCall{
				ID: text(fields, "id"), Name: text(fields, "name"), Arguments: inputOf(fields), Extra: indirectCaller(fields),
			})
		}
	}
	if said.Len() > 0 {
		message.Content = caisson.Text(said.String())
	}
	if shape.lossy {
		message.Extra = caisson.Fields{{Name: keptField, Value: whole}}
	}
	return message
}

// inputOf gives a call's arguments as text.
func inputOf(block caisson.Fields) string {
	if input := block.Get("input"); input != nil {
		return string(input)
	}
	return "{}"
}
