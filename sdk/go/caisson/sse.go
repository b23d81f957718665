// Server-sent events, read as they arrive (WHATWG HTML §9.2.6), with two differences: an event whose closing blank line
// is missing at the end of the stream counts, and nothing reconnects, so retry is ignored. Bytes may be split anywhere.

package caisson

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf8"
)

// What one event, or one line of NDJSON, may take, lines being read included: 16 MiB, room for an inline image. A stream
// is not trusted.
const itemLimit = 16 << 20

// SSEEvent is one server-sent event.
type SSEEvent struct {
	// Event is its field of this name; empty where it has none, which the standard calls message.
	Event string
	// Data is its data lines, joined with line feeds.
	Data string
	// ID is its own; a later event does not inherit it.
	ID string
}

// Done says whether this is the [DONE] with which OpenAI, and who follows it, ends a stream.
func (e SSEEvent) Done() bool { return strings.TrimSpace(e.Data) == "[DONE]" }

// SSE gives the body as server-sent events, read as they arrive. Stopping before its end closes the exchange. An error is
// the last thing it gives.
func (r *Response) SSE() iter.Seq2[SSEEvent, error] {
	return func(yield func(SSEEvent, error) bool) {
		parser := sseParser{limit: itemLimit}
		each(r, &parser, yield)
	}
}

// incremental is a parser that takes bytes in any pieces.
type incremental[Item any] interface {
	// push gives the items that the piece completes; false where it was told to stop.
	push(piece []byte, yield func(Item, error) bool) bool
	// finish gives what is left once there are no more bytes.
	finish(yield func(Item, error) bool)
}

func each[Item any](r *Response, parser incremental[Item], yield func(Item, error) bool) {
	defer r.Close()
	for {
		chunk, err := r.Chunk()
		switch {
		case err != nil:
			var none Item
			yield(none, err)
			return
		case chunk == nil:
			parser.finish(yield)
			return
		case !parser.push(chunk, yield):
			return
		}
	}
}

type sseParser struct {
	lines     lines
	event, id string
	data      []byte
	hasData   bool
	limit     int
}

func (p *sseParser) push(piece []byte, yield func(SSEEvent, error) bool) bool {
	for {
		line, outcome := p.lines.next(&piece, p.limit-len(p.data)-len(p.event)-len(p.id))
		switch outcome {
		case lineTooLong:
			yield(SSEEvent{}, Errorf(Upstream, "an event of the provider's stream is over %d bytes", p.limit))
			return false
		case lineUnfinished:
			return true
		}
		if len(line) > 0 {
			p.line(line)
		} else if p.hasData {
			if !yield(p.take(), nil) {
				return false
			}
		} else {
			p.take()
		}
	}
}

func (p *sseParser) finish(yield func(SSEEvent, error) bool) {
	if line := p.lines.finish(); len(line) > 0 {
		p.line(line)
	}
	if p.hasData {
		yield(p.take(), nil)
	}
}

func (p *sseParser) line(line []byte) {
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "data":
		if p.hasData {
			p.data = append(p.data, '\n')
		}
		p.hasData = true
		p.data = append(p.data, value...)
	case "event":
		p.event = validText(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			p.id = validText(value)
		}
	}
	// Else a comment, which begins with the colon, or a field of no meaning here.
}

func (p *sseParser) take() SSEEvent {
	event := SSEEvent{p.event, validText(p.data), p.id}
	p.event, p.id, p.data, p.hasData = "", "", p.data[:0], false
	return event
}

// validString is validText of a string.
func validString(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// validText has a replacement character for each byte that is no UTF-8.
func validText(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	return string([]rune(string(text)))
}
