// An answer being read: in pieces as they arrive, or whole within a limit.

package caisson

import (
	"github.com/caisson/caisson/sdk/go/internal/transport"
)

// What Bytes and its like read at most, unless told otherwise: 32 MiB.
const responseLimit = 32 << 20

// Response is an answer whose head has arrived. Read to its end it is closed; left before, Close ends the exchange, and
// the end of the call does at the latest.
type Response struct {
	// Status is HTTP's.
	Status int
	// Headers in order, names in lower case.
	Headers Pairs
	// Limit is how many bytes Bytes, Object and Unmarshal read at most: 32 MiB. Streams have limits of their own.
	Limit int

	origin string
	body   transport.Body
}

func newResponse(origin string, answer *transport.Answer) *Response {
	return &Response{
		Status: answer.Status, Headers: pairsOf(answer.Headers), Limit: responseLimit, origin: origin, body: answer.Body,
	}
}

// Header gives the first of this name, in any case; empty where there is none.
func (r *Response) Header(name string) string { return headerIn(r.Headers, name) }

// Close ends the exchange, read or not.
func (r *Response) Close() { r.body.Close() }

// Chunk waits for bytes of a streamed body and gives those that are there, up to 64 KiB; nil once it is over. In Stream,
// a wait here is where the client gets its status and what was emitted.
func (r *Response) Chunk() ([]byte, error) {
	transport.Waiting(r.Status >= 200 && r.Status < 300)
	return r.read()
}

// Bytes gives the whole body.
func (r *Response) Bytes() ([]byte, error) {
	var whole []byte
	for {
		chunk, err := r.chunk()
		if err != nil {
			return nil, err
		}
		if chunk == nil {
			return whole, nil
		}
		if len(chunk) > r.Limit-len(whole) {
			r.Close()
			return nil, Errorf(Upstream, "the answer of %s is over %d bytes", r.origin, r.Limit)
		}
		whole = append(whole, chunk...)
	}
}

// Object gives the whole body where it is a JSON object; an Upstream error where it is none.
func (r *Response) Object() (Fields, error) {
	body, err := r.Bytes()
	if err != nil {
		return nil, err
	}
	fields, err := ParseObject(body)
	if err != nil {
		return nil, r.unexpected(err, body)
	}
	return fields, nil
}

// Unmarshal reads the whole body into a struct; an Upstream error where it is no JSON of this shape.
func (r *Response) Unmarshal(into any) error {
	body, err := r.Bytes()
	if err != nil {
		return err
	}
	if err := Unmarshal(body, into); err != nil {
		return r.unexpected(err, body)
	}
	return nil
}

// Refusal gives what this answer means as an error; reads the beginning of its body, and closes it.
func (r *Response) Refusal() *Error {
	defer r.Close()
	var beginning []byte
	for len(beginning) < refusalReadAtMost {
		chunk, err := r.chunk()
		if chunk == nil || err != nil {
			// It is an error already; what came of its body is enough.
			break
		}
		beginning = append(beginning, chunk...)
	}
	return RefusalOf(r.Status, r.Headers, beginning[:min(len(beginning), refusalReadAtMost)])
}

func (r *Response) chunk() ([]byte, error) {
	transport.Waiting(false)
	return r.read()
}

func (r *Response) read() ([]byte, error) {
	chunk, fault := r.body.Read()
	if fault != nil {
		return nil, errorOfFault(r.origin, fault)
	}
	return chunk, nil
}

func (r *Response) unexpected(why error, body []byte) *Error {
	failure := Errorf(Upstream, "the answer of %s is not the JSON expected: %v", r.origin, why)
	failure.Status, failure.Body = r.Status, excerpt(body)
	return failure
}
