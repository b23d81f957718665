// Newline-delimited JSON, read as it arrives. Gives each line's text; parsing it is the adapter's. Bytes may be split
// anywhere; blank lines are skipped; the last line may lack its end.

package caisson

import (
	"bytes"
	"iter"
)

// NDJSON gives the body's lines, read as they arrive, without spaces around them. Stopping before its end closes the
// exchange. An error is the last thing it gives.
func (r *Response) NDJSON() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		each(r, &ndjsonParser{limit: itemLimit}, yield)
	}
}

type ndjsonParser struct {
	lines lines
	limit int
}

func (p *ndjsonParser) push(piece []byte, yield func([]byte, error) bool) bool {
	for {
		line, outcome := p.lines.next(&piece, p.limit)
		switch outcome {
		case lineTooLong:
			yield(nil, Errorf(Upstream, "a line of the provider's stream is over %d bytes", p.limit))
			return false
		case lineUnfinished:
			return true
		}
		if line = bytes.TrimSpace(line); len(line) > 0 && !yield(bytes.Clone(line), nil) {
			return false
		}
	}
}

func (p *ndjsonParser) finish(yield func([]byte, error) bool) {
	if line := bytes.TrimSpace(p.lines.finish()); len(line) > 0 {
		yield(line, nil)
	}
}
