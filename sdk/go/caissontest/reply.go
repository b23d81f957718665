// One scripted reply: an answer with its body in pieces, or a fault.

package caissontest

import (
	"bytes"
	"strings"

	"github.com/caisson/caisson/sdk/go/internal/transport"
)

// Reply is what the upstream does with one request.
type Reply struct {
	status  int
	headers [][2]string
	chunks  [][]byte
	// ending is how the body ends, where not well.
	ending *transport.Fault
	fault  *transport.Fault
}

// Answer has this status and body.
func Answer(status int, contentType, body string) *Reply {
	return &Reply{status: status, headers: [][2]string{{"content-type", contentType}}, chunks: [][]byte{[]byte(body)}}
}

// JSON answers with JSON.
func JSON(status int, body string) *Reply { return Answer(status, "application/json", body) }

// SSE answers 200 with server-sent events.
func SSE(body string) *Reply { return Answer(200, "text/event-stream", body) }

// NDJSON answers 200 with lines of JSON.
func NDJSON(body string) *Reply { return Answer(200, "application/x-ndjson", body) }

// ConnectionRefused doesn't answer: nobody listens there.
func ConnectionRefused() *Reply {
	return &Reply{fault: &transport.Fault{Kind: transport.Unreachable, What: "connection refused"}}
}

// Denied doesn't answer: the host has no grant for it.
func Denied() *Reply {
	return &Reply{fault: &transport.Fault{Kind: transport.Denied, What: "not granted to this deployment"}}
}

// TimedOut doesn't answer in time.
func TimedOut() *Reply {
	return &Reply{fault: &transport.Fault{Kind: transport.TimedOut, What: "the answer took too long"}}
}

// Header adds a header to the answer.
func (r *Reply) Header(name, value string) *Reply {
	r.headers = append(r.headers, [2]string{strings.ToLower(name), value})
	return r
}

// ChunkSize sends the body in pieces of this many bytes.
func (r *Reply) ChunkSize(size int) *Reply {
	whole := bytes.Join(r.chunks, nil)
	r.chunks = nil
	for len(whole) > 0 {
		now := min(max(size, 1), len(whole))
		r.chunks = append(r.chunks, whole[:now])
		whole = whole[now:]
	}
	return r
}

// SplitAt sends the body in two pieces, the first of this many bytes.
func (r *Reply) SplitAt(at int) *Reply {
	whole := bytes.Join(r.chunks, nil)
	at = min(max(at, 0), len(whole))
	r.chunks = [][]byte{whole[:at], whole[at:]}
	return r
}

// BreaksOff breaks the connection after the body sent so far.
func (r *Reply) BreaksOff() *Reply {
	r.ending = &transport.Fault{Kind: transport.Broken, What: "the answer broke off"}
	return r
}
