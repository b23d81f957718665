// Messages → system and turns. OpenAI's list is flat: system messages anywhere, a message for each tool result. Anthropic
// wants one system prompt and turns of blocks that alternate, so neighbours of one speaker are joined, and tool results,
// which the user speaks, with them.

package conversions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// block of Anthropic's.
type block struct {
	caisson.Fields
	// verbatim: as the client, or the provider before, wrote it.
	verbatim bool
}

// turn of one speaker.
type turn struct {
	speaker string
	blocks  []block
}

// Where cache_control and its like have a place; thinking has none.
var marked = []string{"text", "image", "document", "tool_use", "tool_result"}

// conversation gives the system prompt, nil for none, and the turns; neighbours never share a speaker.
func conversation(messages []caisson.Message) (system json.RawMessage, turns []caisson.Fields, err error) {
	var law []block
	var spoken []turn
	for position := range messages {
		message, path := &messages[position], fmt.Sprintf("messages[%d]", position)
		blocks, err := blocksOf(message, path)
		if err != nil {
			return nil, nil, err
		}
		if err := markCache(message, blocks, path); err != nil {
			return nil, nil, err
		}
		if message.Role == caisson.System || message.Role == caisson.Developer {
			law = append(law, blocks...)
			continue
		}
		speaker := "user"
		if message.Role == caisson.Assistant {
			speaker = "assistant"
		}
		if last := len(spoken) - 1; last >= 0 && spoken[last].speaker == speaker {
			spoken[last].blocks = append(spoken[last].blocks, blocks...)
		} else if len(blocks) > 0 {
			// Anthropic refuses a turn that says nothing.
			spoken = append(spoken, turn{speaker, blocks})
		}
	}
	if len(spoken) == 0 {
		return nil, nil, caisson.Invalid("messages", "at least one message with content is needed")
	}
	for _, each := range spoken {
		turns = append(turns, object("role", each.speaker, "content", onTheWire(each.blocks)))
	}
	if len(law) > 0 {
		system = onTheWire(law)
	}
	return system, turns, nil
}

// onTheWire gives a list of blocks; a lone plain text is a string.
func onTheWire(blocks []block) json.RawMessage {
	if len(blocks) == 1 && !blocks[0].verbatim && len(blocks[0].Fields) == 2 && text(blocks[0].Fields, "type") == "text" {
		return blocks[0].Get("text")
	}
	fields := make([]caisson.Fields, len(blocks))
	for position, each := range blocks {
		fields[position] = each.Fields
	}
	return raw(fields)
}

func blocksOf(message *caisson.Message, path string) ([]block, error) {
	switch message.Role {
	case caisson.Assistant:
		if message.Extra.Has(keptField) {
			return keptBlocks(message, path)
		}
		return assistantBlocks(message, path)
	case caisson.ToolResult:
		result, err := toolResult(message, path)
		return []block{result}, err
	}
	return contentBlocks(message.Content, path)
}

// keptBlocks are those of an earlier answer exactly as the provider wrote them.
func keptBlocks(message *caisson.Message, path string) ([]block, error) {
	refused := caisson.Invalid(path+"."+keptField, "this must be the list of blocks of an earlier answer")
	whole, err := caisson.ParseObject(slices.Concat([]byte(`{"":`), message.Extra.Get(keptField), []byte("}")))
	if err != nil || whole.List("") == nil {
		return nil, refused
	}
	blocks := []block{}
	for _, item := range whole.List("") {
		fields, err := caisson.ParseObject(item)
		if err != nil {
			return nil, refused
		}
		blocks = append(blocks, block{fields, true})
	}
	return blocks, nil
}

func assistantBlocks(message *caisson.Message, path string) ([]block, error) {
	// Thinking must open the turn, or the provider refuses it.
	var blocks []block
	for _, each := range message.Reasoning {
		blocks = append(blocks, thinkingBlocks(each)...)
	}
	content, err := contentBlocks(message.Content, path)
	if err != nil {
		return nil, err
	}
	blocks = append(append(blocks, content...), textBlocks(message.Refusal)...)
	for position, call := range message.ToolCalls {
		use, err := toolUse(call, fmt.Sprintf("%s.tool_calls[%d]", path, position))
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, use)
	}
	return blocks, nil
}

func contentBlocks(content caisson.Content, path string) ([]block, error) {
	switch content := content.(type) {
	case caisson.Text:
		return textBlocks(string(content)), nil
	case caisson.Parts:
		var blocks []block
		for position, part := range content {
			more, err := partBlocks(part, fmt.Sprintf("%s.content[%d]", path, position))
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, more...)
		}
		return blocks, nil
	}
	return nil, nil
}

func partBlocks(part caisson.Part, path string) ([]block, error) {
	switch part := part.(type) {
	case caisson.TextPart:
		return textPartBlocks(part, path)
	case caisson.RefusalPart:
		return textPartBlocks(caisson.TextPart(part), path)
	case caisson.ImagePart:
		fields, err := imageBlock("image_url", caisson.Media(part), path)
		return []block{{Fields: fields}}, err
	case caisson.FilePart:
		fields, err := fileBlock(caisson.Media(part), path)
		return []block{{Fields: fields}}, err
	case caisson.Reasoning:
		return thinkingBlocks(part), nil
	case caisson.OtherPart:
		fields, err := caisson.ParseObject(part)
		if err != nil {
			return nil, caisson.Invalid(path, "this is not JSON: %v", err)
		}
		return []block{{fields, true}}, nil
	}
	return nil, caisson.UnsupportedParam(path, "audio")
}

func textPartBlocks(part caisson.TextPart, path string) ([]block, error) {
	blocks := textBlocks(part.Text)
	extra, err := checked(part.Extra, path)
	for position := range blocks {
		blocks[position].Add(extra)
	}
	return blocks, err
}

// textBlocks: Anthropic refuses a text block that is empty.
func textBlocks(text string) []block {
	if text == "" {
		return nil
	}
	return []block{{Fields: object("type", "text", "text", text)}}
}

// thinkingBlocks: only what carries its proof goes back. Unsigned thinking is refused, and a model does not need another's.
func thinkingBlocks(reasoning caisson.Reasoning) []block {
	switch {
	case reasoning.Signature == nil:
		return nil
	case reasoning.Redacted:
		return []block{{Fields: object("type", "redacted_thinking", "data", *reasoning.Signature)}}
	}
	return []block{{Fields: object("type", "thinking", "thinking", reasoning.Text, "signature", *reasoning.Signature)}}
}

func toolUse(call caisson.ToolCall, path string) (block, error) {
	function, inner := call.Kind == "" || call.Kind == "function", call.Kind
	// An input must be an object here, so a free-text tool's argument is wrapped in one.
	input := object("input", call.Arguments)
	if function {
		var err error
		inner = "function"
		if input, err = argumentsOf(call.Arguments, path+".function.arguments"); err != nil {
			return block{}, err
		}
	}
	extra, err := flat(call.Extra, inner, path)
	if err != nil {
		return block{}, err
	}
	// OpenAI's clients leave these in a call that they folded from a stream; Anthropic refuses the turn for them.
	extra.Take("index")
	extra.Take("parsed_arguments")
	use := object("type", "tool_use", "id", toolID(call.ID), "name", call.Name, "input", input)
	use.Add(extra)
	return block{Fields: use}, nil
}

func argumentsOf(given, place string) (caisson.Fields, error) {
	if strings.TrimSpace(given) == "" {
		return caisson.Fields{}, nil
	}
	if _, err := caisson.ParseJSON([]byte(given)); err != nil {
		return nil, caisson.Invalid(place, "the arguments are not JSON: %v", err)
	}
	fields, err := caisson.ParseObject([]byte(given))
	if err != nil {
		return nil, caisson.Invalid(place, "the arguments must be a JSON object")
	}
	return fields, nil
}

func toolResult(message *caisson.Message, path string) (block, error) {
	if message.ToolCallID == nil {
		return block{}, caisson.Invalid(path+".tool_call_id", "a tool's answer must name the call it answers")
	}
	content, err := contentBlocks(message.Content, path)
	if err != nil {
		return block{}, err
	}
	result := object("type", "tool_result", "tool_use_id", toolID(*message.ToolCallID))
	if len(content) > 0 {
		result.Set("content", onTheWire(content))
	}
	told, err := checked(only(message.Extra, "is_error"), path)
	result.Add(told)
	return block{Fields: result}, err
}

// toolID: Anthropic takes letters, digits, _ and -; ids of other providers hold more, and both ends of the pair are
// changed alike.
func toolID(id string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || bytes.ContainsRune(alphanumeric, r)) {
			return r
		}
		return '_'
	}, id)
}

var alphanumeric = []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

// markCache: a cache_control beside the message marks its last block; a plain string has no other place for it.
func markCache(message *caisson.Message, blocks []block, path string) error {
	mark := only(message.Extra, "cache_control")
	if len(mark) == 0 || len(blocks) == 0 {
		return nil
	}
	last := &blocks[len(blocks)-1]
	if last.verbatim || !slices.Contains(marked, text(last.Fields, "type")) {
		return nil
	}
	mark, err := checked(mark, path)
	last.Add(mark)
	return err
}
