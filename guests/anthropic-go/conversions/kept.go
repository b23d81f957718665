// The provider's own list of blocks, kept beside the message wherever OpenAI's shape cannot hold it: server tools,
// citations, thinking between tool calls. A client that sends the message back sends the list back, and the provider sees
// what it wrote.
//
// It decides only whether a list must be kept. Lists that OpenAI's shape can hold (thinking, then one text, then tool
// calls) are not kept a second time.

package conversions

import (
	"encoding/json"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// The message field that holds the list.
const keptField = "anthropic_content"

// Past this many bytes a stream's blocks are no longer kept: a caller streams long answers so as not to hold them.
const keptAtMost = 4 << 20

// Where a block stands in a message rebuilt from OpenAI's fields.
var ranks = map[string]int{"thinking": 1, "redacted_thinking": 1, "text": 2, "tool_use": 3}

// isReadable says whether the block's known fields are of the known types; a kind invented later may differ.
func isReadable(fields caisson.Fields) bool {
	if _, is := fields.Text("type"); !is {
		return false
	}
	for _, name := range []string{"text", "thinking", "signature", "data", "id", "name"} {
		if _, is := fields.Text(name); !is && fields.Get(name) != nil {
			return false
		}
	}
	return true
}

// shape watches the order of blocks for one that OpenAI's cannot hold.
type shape struct {
	// lossy: something of the answer is only in the list.
	lossy bool
	last  int
}

func (s *shape) see(fields caisson.Fields) {
	rank := 0
	if isReadable(fields) {
		rank = ranks[text(fields, "type")]
	}
	if rank == 0 {
		s.lossy = true
		return
	}
	secondText := rank == s.last && rank == ranks["text"]
	// An empty list of citations says nothing.
	cites := fields.Get("citations") != nil && string(fields.Get("citations")) != "[]"
	s.lossy = s.lossy || rank < s.last || secondText || cites
	s.last = rank
}

// recordedBlock is one being put together.
type recordedBlock struct {
	index     uint32
	start     json.RawMessage
	texts     map[string][]byte
	citations []json.RawMessage
}

// whole gives it as a whole answer would hold it; false where the pieces make none.
func (b *recordedBlock) whole() (caisson.Fields, bool) {
	fields, err := caisson.ParseObject(b.start)
	if err != nil {
		return nil, false
	}
	for _, name := range []string{"text", "thinking", "signature"} {
		if more := b.texts[name]; len(more) > 0 {
			fields.Set(name, raw(text(fields, name)+string(more)))
		}
	}
	if arguments := b.texts["partial_json"]; len(arguments) > 0 {
		input, err := caisson.ParseJSON(arguments)
		if err != nil {
			return nil, false
		}
		fields.Set("input", input)
	}
	if len(b.citations) > 0 {
		fields.Set("citations", raw(append(fields.List("citations"), b.citations...)))
	}
	return fields, true
}

// recorder puts a stream's blocks together again.
type recorder struct {
	shape  shape
	blocks []*recordedBlock
	bytes  int
}

// start is told of a block and what it took on the wire.
func (r *recorder) start(index uint32, given json.RawMessage, fields caisson.Fields, size int) {
	r.shape.see(fields)
	if r.hasRoom(size) {
		r.blocks = append(r.blocks, &recordedBlock{index: index, start: given, texts: map[string][]byte{}})
	}
}

func (r *recorder) delta(index uint32, delta caisson.Fields, size int) {
	citation := delta.Get("citation")
	if citation != nil {
		r.shape.lossy = true
	}
	if !r.hasRoom(size) {
		return
	}
	for at := len(r.blocks) - 1; at >= 0; at-- {
		if block := r.blocks[at]; block.index == index {
			for _, name := range []string{"text", "thinking", "signature", "partial_json"} {
				if piece := text(delta, name); piece != "" {
					block.texts[name] = append(block.texts[name], piece...)
				}
			}
			if citation != nil {
				block.citations = append(block.citations, citation)
			}
			return
		}
	}
}

// finish gives the list as JSON, if it says more than the events did; else nil.
func (r *recorder) finish() json.RawMessage {
	if !r.shape.lossy || r.bytes > keptAtMost {
		return nil
	}
	list := []caisson.Fields{}
	for _, block := range r.blocks {
		fields, made := block.whole()
		if !made {
			return nil
		}
		list = append(list, fields)
	}
	return raw(list)
}

func (r *recorder) hasRoom(size int) bool {
	if r.bytes += size; r.bytes > keptAtMost {
		r.blocks = nil
	}
	return r.bytes <= keptAtMost
}
