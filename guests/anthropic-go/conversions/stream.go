// A stream's events → the contract's, one call for each server-sent event. It keeps what only the end of the stream can
// tell: token counts, the reason it ended, and the provider's blocks where OpenAI's shape loses something of them.

package conversions

import (
	"strconv"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// Decoder reads one stream.
type Decoder struct {
	// Stopped: message_stop came, after which nothing does.
	Stopped bool

	counts   counts
	ending   ending
	recorder recorder
	calls    uint32
	open     *openCall
}

// openCall is a tool call whose arguments are still coming.
type openCall struct {
	block, index uint32
	// given is what the block started with, until arguments arrive.
	given string
}

// Decode emits what the event means; unknown events mean nothing, and so does what follows the stop.
func (d *Decoder) Decode(data []byte, emit func(caisson.Event)) error {
	if d.Stopped {
		return nil
	}
	event, err := caisson.ParseObject(data)
	if err != nil {
		return unreadable(err.Error())
	}
	kind, is := event.Text("type")
	if !is {
		return unreadable("it has no type")
	}
	switch kind {
	case "content_block_delta":
		return d.blockDelta(event, len(data), emit)
	case "content_block_start":
		return d.blockStart(event, len(data), emit)
	case "content_block_stop":
		index, err := indexOf(event)
		if err == nil && d.open != nil && d.open.block == index {
			d.closeCall(emit)
		}
		return err
	case "message_start":
		return d.messageStart(event, emit)
	case "message_delta":
		return d.messageDelta(event, emit)
	case "message_stop":
		d.messageStop(emit)
	case "error":
		return refusalInStream(event, data)
	}
	return nil
}

func (d *Decoder) messageStart(event caisson.Fields, emit func(caisson.Event)) error {
	fields, err := objectIn(event, "message")
	if err != nil {
		return err
	}
	if usage := fields.Object("usage"); usage != nil {
		d.counts.update(usage)
	}
	fields.Take("usage")
	fields.Take("content")
	id, model := headOf(&fields)
	// A message has not ended when it begins, and says so.
	emit(caisson.StreamStart{ID: id, Model: model, ServiceTier: d.counts.serviceTier(), Extra: leftover(fields)})
	return nil
}

func (d *Decoder) blockStart(event caisson.Fields, size int, emit func(caisson.Event)) error {
	index, err := indexOf(event)
	given := event.Get("content_block")
	if err != nil || given == nil {
		return err
	}
	block := event.Object("content_block")
	d.recorder.start(index, given, block, size)
	if !isReadable(block) {
		return nil
	}
	switch text(block, "type") {
	case "text":
		emitText(text(block, "text"), emit)
	case "thinking":
		emitReasoning(text(block, "thinking"), text(block, "signature"), emit)
	case "redacted_thinking":
		emit(caisson.ReasoningDelta{Signature: new(text(block, "data")), Redacted: true})
	case "tool_use":
		d.closeCall(emit)
		d.open = &openCall{index, d.calls, inputOf(block)}
		d.calls++
		emit(caisson.ToolDelta{
			Index: d.open.index, ID: text(block, "id"), Name: text(block, "name"), Extra: indirectCaller(block),
		})
	}
	return nil
}

func (d *Decoder) blockDelta(event caisson.Fields, size int, emit func(caisson.Event)) error {
	index, err := indexOf(event)
	if err != nil {
		return err
	}
	delta, err := objectIn(event, "delta")
	if err != nil {
		return err
	}
	for _, name := range []string{"text", "thinking", "signature", "partial_json"} {
		if value := delta.Get(name); value != nil && value[0] != '"' {
			return unreadable(name + " is no text")
		}
	}
	d.recorder.delta(index, delta, size)
	switch text(delta, "type") {
	case "text_delta":
		emitText(text(delta, "text"), emit)
	case "thinking_delta":
		emitReasoning(text(delta, "thinking"), "", emit)
	case "signature_delta":
		emitReasoning("", text(delta, "signature"), emit)
	case "input_json_delta":
		// Server tools have arguments too; those belong to no call of the client's.
		if piece := text(delta, "partial_json"); d.open != nil && d.open.block == index && piece != "" {
			d.open.given = ""
			emit(caisson.ToolDelta{Index: d.open.index, Arguments: piece})
		}
	}
	return nil
}

// closeCall: a call without argument deltas has what its block started with, as a rule {}.
func (d *Decoder) closeCall(emit func(caisson.Event)) {
	if d.open != nil && d.open.given != "" {
		emit(caisson.ToolDelta{Index: d.open.index, Arguments: d.open.given})
	}
	d.open = nil
}

func (d *Decoder) messageDelta(event caisson.Fields, emit func(caisson.Event)) error {
	if event.Get("usage") != nil {
		usage, err := objectIn(event, "usage")
		if err != nil {
			return err
		}
		d.counts.update(usage)
	}
	fields, err := objectIn(event, "delta")
	if err != nil {
		return err
	}
	if ending := endingOf(&fields); ending.known {
		d.ending = ending
	}
	emitOther(leftover(fields), emit)
	return nil
}

func (d *Decoder) messageStop(emit func(caisson.Event)) {
	d.Stopped = true
	d.closeCall(emit)
	if blocks := d.recorder.finish(); blocks != nil {
		d.ending.extra.Set(keptField, blocks)
	}
	emitOther(d.ending.extra, emit)
	emit(caisson.Finish{Reason: d.ending.reason})
	if usage := d.counts.usage(); usage != nil {
		emit(*usage)
	}
}

func indexOf(event caisson.Fields) (uint32, error) {
	value := event.Get("index")
	if value == nil {
		return 0, nil
	}
	index, err := strconv.ParseUint(string(value), 10, 32)
	if err != nil {
		return 0, unreadable("index is no whole number")
	}
	return uint32(index), nil
}

// objectIn gives a field that must be an object where it is there at all.
func objectIn(event caisson.Fields, name string) (caisson.Fields, error) {
	object := event.Object(name)
	if object == nil && event.Get(name) != nil {
		return nil, unreadable(name + " is no object")
	}
	return object, nil
}

func unreadable(why string) error {
	return caisson.Errorf(caisson.Upstream, "an event of the stream could not be read: %s", why)
}

func emitText(text string, emit func(caisson.Event)) {
	if text != "" {
		emit(caisson.TextDelta{Text: text})
	}
}

// emitReasoning: where a request has the text left out (display: omitted) only the signature comes.
func emitReasoning(text, signature string, emit func(caisson.Event)) {
	if text == "" && signature == "" {
		return
	}
	delta := caisson.ReasoningDelta{Text: text}
	if signature != "" {
		delta.Signature = &signature
	}
	emit(delta)
}

func emitOther(extra caisson.Fields, emit func(caisson.Event)) {
	if len(extra) > 0 {
		emit(caisson.OtherDelta{Extra: extra})
	}
}
