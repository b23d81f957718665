//go:build wasip1

// The seam in a component: wasi:http, wasi:clocks, wasi:random and the host interface.
//
// Order matters here. A resource traps when dropped before its children, and the bindings drop what the collector finds
// unused, in any order: so every handle is dropped by name, a pollable before what it was taken from, then stream, body,
// response, and what is still open is kept out of the collector's reach.

package transport

import (
	"strconv"
	"strings"
	"time"

	"github.com/caisson/caisson/sdk/go/internal/bindings/imports/caisson_llm_host"
	"github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_clocks_monotonic_clock"
	"github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_clocks_wall_clock"
	handler "github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_http_outgoing_handler"
	http "github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_http_types"
	"github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_io_poll"
	"github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_io_streams"
	"github.com/caisson/caisson/sdk/go/internal/bindings/imports/wasi_random_random"
	wit "github.com/caisson/caisson/sdk/go/internal/bindings/wit/types"
)

// The most one read takes: what comes as it comes, never more.
const readAtMost = 64 << 10

// open holds the bodies that are being read.
var open = map[*incomingBody]struct{}{}

type sent = wit.Result[*http.FutureIncomingResponse, http.ErrorCode]

// Send sends one request and waits for the head of its answer.
func Send(call *Call) (*Answer, *Fault) {
	request, fault := outgoingRequest(call)
	if fault != nil {
		return nil, fault
	}
	var upload upload
	if call.Body != nil {
		if fault := upload.start(request, call.Body); fault != nil {
			return nil, fault
		}
		// What fits the host's buffer is there before the request starts, and the rest follows it.
		upload.writeWhatFits()
		upload.finishIfWritten()
	}
	defer upload.abandon()
	options := wit.Some(requestOptions(call.Timeout))
	sent := given(func() sent { return handler.Handle(request, options) })
	if sent.IsErr() {
		return nil, faultOf(sent.Err())
	}
	future := sent.Ok()
	defer future.Drop()
	response, fault := upload.run(future)
	if response == nil && fault == nil {
		response, fault = wait(future)
	}
	if fault != nil {
		return nil, fault
	}
	return answerOf(response)
}

func outgoingRequest(call *Call) (*http.OutgoingRequest, *Fault) {
	fields := http.MakeFields()
	headers := call.Headers
	if call.Body != nil {
		headers = append(headers, [2]string{"content-length", strconv.Itoa(len(call.Body))})
	}
	for _, header := range headers {
		if fields.Append(header[0], []byte(header[1])).IsErr() {
			return nil, &Fault{Malformed, "header " + header[0] + " can't be sent"}
		}
	}
	request := http.MakeOutgoingRequest(fields)
	scheme := http.MakeSchemeHttp()
	if call.Secure {
		scheme = http.MakeSchemeHttps()
	}
	switch {
	case request.SetMethod(methodOf(call.Method)).IsErr():
		return nil, &Fault{Malformed, "not a method: " + call.Method}
	case request.SetScheme(wit.Some(scheme)).IsErr():
		return nil, &Fault{Malformed, "the scheme can't be sent"}
	case request.SetAuthority(wit.Some(call.Authority)).IsErr():
		return nil, &Fault{Malformed, "not a host: " + call.Authority}
	case request.SetPathWithQuery(wit.Some(call.Path)).IsErr():
		return nil, &Fault{Malformed, "not a path: " + call.Path}
	}
	return request, nil
}

func methodOf(name string) http.Method {
	switch name {
	case "GET":
		return http.MakeMethodGet()
	case "HEAD":
		return http.MakeMethodHead()
	case "POST":
		return http.MakeMethodPost()
	case "PUT":
		return http.MakeMethodPut()
	case "DELETE":
		return http.MakeMethodDelete()
	case "OPTIONS":
		return http.MakeMethodOptions()
	case "PATCH":
		return http.MakeMethodPatch()
	}
	return http.MakeMethodOther(name)
}

// requestOptions: a host that can't keep one of these says so by refusing it; its own timeouts hold then.
func requestOptions(timeout time.Duration) *http.RequestOptions {
	options := http.MakeRequestOptions()
	if timeout > 0 {
		options.SetConnectTimeout(wit.Some(uint64(timeout)))
		options.SetFirstByteTimeout(wit.Some(uint64(timeout)))
		options.SetBetweenBytesTimeout(wit.Some(uint64(timeout)))
	}
	return options
}

// upload is a request body being written; the stream is dropped before the body. Write errors are not reported: the host
// closes the body when the request fails, and the reason is in the response.
type upload struct {
	body   *http.OutgoingBody
	stream *wasi_io_streams.OutputStream
	left   []byte
}

func (u *upload) start(request *http.OutgoingRequest, bytes []byte) *Fault {
	taken := &Fault{Malformed, "the request has no body to write"}
	body := request.Body()
	if body.IsErr() {
		return taken
	}
	u.body, u.left = body.Ok(), bytes
	stream := u.body.Write()
	if stream.IsErr() {
		return taken
	}
	u.stream = stream.Ok()
	return nil
}

// writeWhatFits without waiting.
func (u *upload) writeWhatFits() {
	for u.stream != nil && len(u.left) > 0 {
		room := u.stream.CheckWrite()
		if room.IsErr() {
			u.abandon()
			return
		}
		fits := min(room.Ok(), uint64(len(u.left)))
		if fits == 0 {
			return
		}
		written := u.stream.Write(u.left[:fits])
		if written.IsErr() {
			u.abandon()
			return
		}
		u.left = u.left[fits:]
	}
}

func (u *upload) finishIfWritten() {
	if len(u.left) > 0 || u.body == nil {
		return
	}
	u.stream.Flush()
	u.stream.Drop()
	http.OutgoingBodyFinish(u.body, wit.None[*http.Fields]())
	u.stream, u.body = nil, nil
}

// abandon drops what is not finished; nothing where it is.
func (u *upload) abandon() {
	if u.stream != nil {
		u.stream.Drop()
	}
	if u.body != nil {
		u.body.Drop()
	}
	u.stream, u.body, u.left = nil, nil, nil
}

// run writes what is left while the request runs. Gives the response if it came first.
func (u *upload) run(future *http.FutureIncomingResponse) (early *http.IncomingResponse, fault *Fault) {
	for u.stream != nil && len(u.left) > 0 {
		writable := u.stream.Subscribe()
		if early == nil {
			answered := future.Subscribe()
			given(func() []uint32 { return wasi_io_poll.Poll([]*wasi_io_poll.Pollable{writable, answered}) })
			answered.Drop()
		} else {
			writable.Block()
		}
		writable.Drop()
		if early == nil {
			early, fault = taken(future)
		}
		// A refusal before the last byte, such as 413: nobody wants the rest.
		if fault != nil || early != nil && early.Status() >= 300 {
			u.abandon()
			return early, fault
		}
		u.writeWhatFits()
	}
	u.finishIfWritten()
	return early, nil
}

func wait(future *http.FutureIncomingResponse) (*http.IncomingResponse, *Fault) {
	for {
		if response, fault := taken(future); response != nil || fault != nil {
			return response, fault
		}
		answered := future.Subscribe()
		answered.Block()
		answered.Drop()
	}
}

// taken gives what the future holds; neither where that is nothing yet.
func taken(future *http.FutureIncomingResponse) (*http.IncomingResponse, *Fault) {
	outcome := given(future.Get)
	if outcome.IsNone() {
		return nil, nil
	}
	if outcome.Some().IsErr() {
		return nil, &Fault{Broken, "the response was already taken"}
	}
	response := outcome.Some().Ok()
	if response.IsErr() {
		return nil, faultOf(response.Err())
	}
	return response.Ok(), nil
}

func answerOf(response *http.IncomingResponse) (*Answer, *Fault) {
	answer := &Answer{Status: int(response.Status())}
	fields := response.Headers()
	entries := given(fields.Entries)
	fields.Drop()
	for _, entry := range entries {
		name, value := strings.ToLower(entry.F0), strings.ToValidUTF8(string(entry.F1), "\uFFFD")
		answer.Headers = append(answer.Headers, [2]string{name, value})
	}
	body := response.Consume()
	if body.IsErr() {
		return nil, &Fault{Broken, "the response has no body to read"}
	}
	stream := body.Ok().Stream()
	if stream.IsErr() {
		return nil, &Fault{Broken, "the response has no body to read"}
	}
	incoming := &incomingBody{stream.Ok(), body.Ok(), response}
	open[incoming] = struct{}{}
	answer.Body = incoming
	return answer, nil
}

type read = wit.Result[[]uint8, wasi_io_streams.StreamError]

// incomingBody is a response body being read.
type incomingBody struct {
	stream   *wasi_io_streams.InputStream
	body     *http.IncomingBody
	response *http.IncomingResponse
}

func (b *incomingBody) Read() ([]byte, *Fault) {
	for b.stream != nil {
		outcome := given(func() read { return b.stream.BlockingRead(readAtMost) })
		if outcome.IsErr() {
			failure := outcome.Err()
			var fault *Fault
			if failure.Tag() == wasi_io_streams.StreamError_LastOperationFailed {
				fault = bodyFault(failure.LastOperationFailed())
			}
			b.Close()
			return nil, fault
		}
		if len(outcome.Ok()) > 0 {
			return outcome.Ok(), nil
		}
		readable := b.stream.Subscribe()
		readable.Block()
		readable.Drop()
	}
	return nil, nil
}

func (b *incomingBody) Close() {
	if b.stream == nil {
		return
	}
	b.stream.Drop()
	b.body.Drop()
	b.response.Drop()
	b.stream = nil
	delete(open, b)
}

// Sleep waits.
func Sleep(duration time.Duration) {
	timer := wasi_clocks_monotonic_clock.SubscribeDuration(uint64(max(duration, 0)))
	timer.Block()
	timer.Drop()
}

// Elapsed gives time since some fixed moment.
func Elapsed() time.Duration { return time.Duration(wasi_clocks_monotonic_clock.Now()) }

// UnixSeconds gives the time of day.
func UnixSeconds() int64 { return int64(wasi_clocks_wall_clock.Now().Seconds) }

// Fraction gives a number evenly spread over 0 to 1.
func Fraction() float64 {
	// 53 bits are what a double holds exactly.
	return float64(wasi_random_random.GetRandomU64()>>11) / (1<<53 - 1)
}

// OriginalBody gives the client's request body.
func OriginalBody() []byte { return given(caisson_llm_host.OriginalBody) }

// CountTokens asks the host.
func CountTokens(encoding, text string) (uint32, bool) {
	count := caisson_llm_host.CountTokens(strings.ToValidUTF8(encoding, "\uFFFD"), strings.ToValidUTF8(text, "\uFFFD"))
	return count.SomeOr(0), count.IsSome()
}
