// Package caissontest tests an adapter natively, without Wasm and without a network, against recorded exchanges.
//
//	upstream := caissontest.New(caissontest.JSON(200, `{"answer":42}`))
//	upstream.Run(func() { answer, err = adapter.Complete(caissontest.Context(), request) })
//	upstream.Requests[0].Body // what the provider got to see
//
// Nothing sleeps: waits are recorded, and are the longest they could be. The host's part is not imitated: no grants, no
// credentials, no checks of the answer. One script plays at a time: tests that run in parallel wait for each other.
package caissontest

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/internal/transport"
)

// Upstream is a provider that answers with what it was told, one reply for each request, in order.
type Upstream struct {
	// OriginalBody is what [caisson.OriginalBody] gives.
	OriginalBody []byte
	// CountTokens is what [caisson.CountTokens] asks; without it no encoding is known.
	CountTokens func(encoding, text string) (uint32, bool)
	// Now is the time of day, in seconds since 1970.
	Now int64

	// Requests so far.
	Requests []Sent
	// Slept are the waits so far, between attempts.
	Slept []time.Duration
	// OpenBodies are answers that were neither read to their end nor closed.
	OpenBodies int

	replies []*Reply
}

// Sent is a request as the provider got it. The credential is not in it: the host would add that.
type Sent struct {
	Method string
	// URL is absolute, with its query.
	URL string
	// Headers in order, names in lower case.
	Headers caisson.Pairs
	// Body is empty where there was none.
	Body []byte
	// Timeout of each stage.
	Timeout time.Duration
}

// Header gives the first of this name; empty where there is none.
func (s Sent) Header(name string) string {
	value, _ := s.Headers.Get(strings.ToLower(name))
	return value
}

// JSON gives the body as encoding/json reads it into any; nil where it is none.
func (s Sent) JSON() any {
	var value any
	if json.Unmarshal(s.Body, &value) != nil {
		return nil
	}
	return value
}

// New makes an upstream of these replies.
func New(replies ...*Reply) *Upstream { return &Upstream{replies: replies} }

// RepliesLeft counts those that nothing has asked for yet.
func (u *Upstream) RepliesLeft() int { return len(u.replies) }

var playing sync.Mutex

// Run has this upstream stand in for the network while test runs.
func (u *Upstream) Run(test func()) {
	playing.Lock()
	transport.Current = world{u}
	defer func() {
		transport.Current = nil
		playing.Unlock()
	}()
	test()
}

// Context is as the host would give it to a deployment with these settings.
func Context(settings ...caisson.Pair) *caisson.Context {
	return &caisson.Context{RequestID: "req-test", Settings: settings, Timeout: time.Minute}
}

// Stream collects what an adapter's Stream emits, and how it ends. To be called inside [Upstream.Run].
func Stream(
	adapter caisson.Adapter, context *caisson.Context, request *caisson.ChatRequest,
) (events []caisson.Event, err error) {
	err = adapter.Stream(context, request, func(event caisson.Event) { events = append(events, event) })
	return events, err
}

// world is the upstream as the kit sees it.
type world struct{ *Upstream }

func (w world) Send(call *transport.Call) (*transport.Answer, *transport.Fault) {
	sent := Sent{
		Method: call.Method, URL: call.Origin() + call.Path, Body: append([]byte(nil), call.Body...), Timeout: call.Timeout,
	}
	for _, header := range call.Headers {
		sent.Headers = append(sent.Headers, caisson.Pair{Name: header[0], Value: header[1]})
	}
	w.Requests = append(w.Requests, sent)
	if len(w.replies) == 0 {
		return nil, &transport.Fault{Kind: transport.Broken, What: "the script has no reply left for this request"}
	}
	reply := w.replies[0]
	w.replies = w.replies[1:]
	if reply.fault != nil {
		return nil, reply.fault
	}
	w.OpenBodies++
	body := &body{upstream: w.Upstream, chunks: reply.chunks, ending: reply.ending, open: true}
	return &transport.Answer{Status: reply.status, Headers: reply.headers, Body: body}, nil
}

func (w world) Sleep(duration time.Duration) { w.Slept = append(w.Slept, duration) }

func (w world) Elapsed() time.Duration {
	var elapsed time.Duration
	for _, each := range w.Slept {
		elapsed += each
	}
	return elapsed
}

func (w world) UnixSeconds() int64 { return w.Now }

func (w world) Fraction() float64 { return 1 }

func (w world) OriginalBody() []byte { return w.Upstream.OriginalBody }

func (w world) CountTokens(encoding, text string) (uint32, bool) {
	if w.Upstream.CountTokens == nil {
		return 0, false
	}
	return w.Upstream.CountTokens(encoding, text)
}

// body comes in the pieces of its reply.
type body struct {
	upstream *Upstream
	chunks   [][]byte
	ending   *transport.Fault
	open     bool
}

func (b *body) Read() ([]byte, *transport.Fault) {
	for b.open && len(b.chunks) > 0 {
		chunk := b.chunks[0]
		b.chunks = b.chunks[1:]
		// The host never gives an empty piece.
		if len(chunk) > 0 {
			return chunk, nil
		}
	}
	ending := b.ending
	if !b.open {
		ending = nil
	}
	b.Close()
	return nil, ending
}

func (b *body) Close() {
	if b.open {
		b.open = false
		b.upstream.OpenBodies--
	}
}
