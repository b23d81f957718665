// Package transport is the one seam between the kit and the world: outbound HTTP, time, chance, and the host's own
// functions. In a component it is the generated imports, elsewhere the test's script. It knows no policy: whether to send
// again and what an error means to a client is decided above.
package transport

import "time"

// Call is a request as it leaves: checked, and complete but for what the host adds.
type Call struct {
	Method    string
	Secure    bool
	Authority string
	// Path has its query with it.
	Path string
	// Headers have their names in lower case.
	Headers [][2]string
	// Body is nil for a request that has none at all, such as a GET.
	Body []byte
	// Timeout of each stage; the host's own where zero.
	Timeout time.Duration
}

// Origin is scheme and authority, as a grant names them.
func (c *Call) Origin() string {
	if c.Secure {
		return "https://" + c.Authority
	}
	return "http://" + c.Authority
}

// Answer is the head of an answer, and its body still to be read.
type Answer struct {
	Status  int
	Headers [][2]string
	Body    Body
}

// Body of an answer.
type Body interface {
	// Read waits for bytes and gives those that are there, never an empty piece; nil at the end, and after a fault or Close.
	Read() ([]byte, *Fault)
	// Close ends the exchange, read or not; again it does nothing.
	Close()
}

// FaultKind is what faults are, as far as anyone above treats them differently.
type FaultKind uint8

const (
	// Broken exchanges went wrong in another way than those below.
	Broken FaultKind = iota
	// Denied by the host: no grant.
	Denied
	// Unreachable: nobody answered there, or hung up before answering. Worth another try.
	Unreachable
	// TimedOut: somebody took too long.
	TimedOut
	// Malformed: the request itself can't be sent.
	Malformed
)

// Fault is why there is no answer, or no more of it.
type Fault struct {
	Kind FaultKind
	// What happened, to stand after "https://host: ".
	What string
}

// waiting is told of waits; set while a stream runs.
var waiting func(answered bool)

// Waiting says that the adapter is about to wait for a piece of a streamed body; answered, that its provider took the
// request.
func Waiting(answered bool) {
	if waiting != nil {
		waiting(answered)
	}
}

// OnWaiting sets who is told; nil for nobody.
func OnWaiting(told func(answered bool)) { waiting = told }
