// Bytes that come in any pieces, cut into lines ended by LF, CR or CRLF. Holds at most one unfinished line, and that only
// up to the room it is given. What a line means is for sse.go and ndjson.go.

package caisson

import "bytes"

// lines is the state between two pieces.
type lines struct {
	held []byte
	// The last piece ended in CR: an LF that comes now belongs to it.
	afterCR bool
	begun   bool
}

type lineOutcome int

const (
	// Only an unfinished line was left; it is kept for the next piece.
	lineUnfinished lineOutcome = iota
	lineWhole
	lineTooLong
)

// next takes a line off the piece, without its end. It is valid until the next call.
func (l *lines) next(piece *[]byte, room int) ([]byte, lineOutcome) {
	if l.afterCR && len(*piece) > 0 {
		l.afterCR = false
		if (*piece)[0] == '\n' {
			*piece = (*piece)[1:]
		}
	}
	end := lineEnd(*piece)
	if end < 0 {
		if len(*piece) > room-len(l.held) {
			return nil, lineTooLong
		}
		l.held = append(l.held, *piece...)
		*piece = nil
		return nil, lineUnfinished
	}
	head, tail := (*piece)[:end], (*piece)[end:]
	if len(head) > room-len(l.held) {
		return nil, lineTooLong
	}
	switch {
	case len(tail) > 1 && tail[0] == '\r' && tail[1] == '\n':
		*piece = tail[2:]
	case len(tail) == 1 && tail[0] == '\r':
		l.afterCR, *piece = true, nil
	default:
		*piece = tail[1:]
	}
	line := head
	if len(l.held) > 0 {
		line = append(l.held, head...)
		l.held = nil
	}
	return l.withoutMark(line), lineWhole
}

// finish gives the last line, where its end is missing.
func (l *lines) finish() []byte {
	line := l.held
	l.held, l.afterCR = nil, false
	return l.withoutMark(line)
}

// withoutMark takes off a byte order mark, which only the very first line may begin with.
func (l *lines) withoutMark(line []byte) []byte {
	if l.begun {
		return line
	}
	l.begun = true
	return bytes.TrimPrefix(line, []byte("\uFEFF"))
}

func lineEnd(piece []byte) int {
	feed := bytes.IndexByte(piece, '\n')
	if feed < 0 {
		return bytes.IndexByte(piece, '\r')
	}
	if back := bytes.IndexByte(piece[:feed], '\r'); back >= 0 {
		return back
	}
	return feed
}
