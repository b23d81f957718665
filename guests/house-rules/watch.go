// The rules on the way out: no refused word reaches the client, not even one that comes in pieces. Of a stream as much is
// held back as might be the beginning of such a word; without refused words nothing is.

package main

import (
	"strconv"
	"strings"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// watch looks at one answer.
type watch struct {
	words []string
	// choices seen so far, by index.
	choices map[uint64]*watched
	held    []heldChunk
}

// watched is one choice.
type watched struct {
	// tail of the text that may still be part of a word, in lower case.
	tail     string
	seen     int
	finished bool
}

// heldChunk waits until what it says can't be part of a word any more.
type heldChunk struct {
	event caisson.Event
	// ends is how long each choice's text was with it.
	ends map[uint64]int
}

// refuses says whether more text of a choice makes a refused word.
func (w *watch) refuses(index uint64, text string) bool {
	choice := w.choice(index)
	if len(w.words) == 0 || text == "" {
		return false
	}
	text = strings.ToLower(text)
	choice.seen += len(text)
	choice.tail += text
	if hasAny(choice.tail, w.words) {
		return true
	}
	choice.tail = choice.tail[max(len(choice.tail)-w.reach(), 0):]
	return false
}

// see takes a chunk of a stream, and emits those that can't be part of a refused word any more.
func (w *watch) see(chunk caisson.Fields, event caisson.Event, emit func(caisson.Event)) error {
	held := heldChunk{event, map[uint64]int{}}
	for position, each := range chunk.Objects("choices") {
		index := indexOf(each, position)
		if w.refuses(index, textOf(each.Object("delta"))) {
			return refusedAnswer()
		}
		choice := w.choice(index)
		choice.finished = choice.finished || each.Get("finish_reason") != nil
		held.ends[index] = choice.seen
	}
	w.held = append(w.held, held)
	for len(w.held) > 0 && w.isClear(w.held[0]) {
		emit(w.held[0].event)
		w.held = w.held[1:]
	}
	return nil
}

// end emits what was held: there is no more text that could make it a word.
func (w *watch) end(emit func(caisson.Event)) error {
	for _, held := range w.held {
		emit(held.event)
	}
	w.held = nil
	return nil
}

// finished says whether every choice had its finish reason, if there were any.
func (w *watch) finished() bool {
	for _, choice := range w.choices {
		if !choice.finished {
			return false
		}
	}
	return len(w.choices) > 0
}

func (w *watch) isClear(held heldChunk) bool {
	for index, end := range held.ends {
		if choice := w.choice(index); !choice.finished && end > choice.seen-w.reach() {
			return false
		}
	}
	return true
}

// reach is how much of a text may be the beginning of a word that is not whole yet.
func (w *watch) reach() int {
	longest := 1
	for _, word := range w.words {
		longest = max(longest, len(word))
	}
	return longest - 1
}

func (w *watch) choice(index uint64) *watched {
	if w.choices == nil {
		w.choices = map[uint64]*watched{}
	}
	if w.choices[index] == nil {
		w.choices[index] = &watched{}
	}
	return w.choices[index]
}

func indexOf(choice caisson.Fields, position int) uint64 {
	index, err := strconv.ParseUint(string(choice.Get("index")), 10, 32)
	if err != nil {
		return uint64(position)
	}
	return index
}

// textOf gives what a message or delta says to its reader.
func textOf(message caisson.Fields) string {
	content, _ := message.Text("content")
	refusal, _ := message.Text("refusal")
	return content + refusal
}
