// A request, checked and sent, again where its Retry says so. Reading the answer is response.go's.

package caisson

import (
	"strings"
	"time"

	"github.com/caisson/caisson/sdk/go/internal/transport"
)

// Request goes to the provider. The host decides where it may go and adds the credential, host and what concerns the
// connection; it follows no redirect and neither does this.
type Request struct {
	// Method in capitals; POST where empty and there is a body, else GET.
	Method string
	// URL is absolute.
	URL string
	// Query is added to the URL, percent-encoded.
	Query Pairs
	// Header is sent as it is.
	Header Pairs
	// JSON is sent as a JSON body; [Fields] and json.RawMessage as they are.
	JSON any
	// Body is sent where JSON is nil; give its content-type in Header.
	Body []byte
	// Timeout holds for connecting, for the first byte and for each next piece, each by itself; the host's own where zero.
	Timeout time.Duration
	// Retry is how often to send again.
	Retry Retry
}

// Send waits for the answer's head, whatever its status. Errors are of kind [Timeout] where time ran out, [Upstream]
// where nobody answered or the host refused (code egress_denied), [Internal] where the request is not one to send.
func (r *Request) Send() (*Response, error) {
	call, err := r.call()
	if err != nil {
		return nil, err
	}
	attempts := r.Retry.start()
	for {
		transport.Waiting(false)
		answer, fault := transport.Send(call)
		wait, again := r.again(attempts, answer, fault)
		if !again {
			if fault != nil {
				return nil, errorOfFault(call.Origin(), fault)
			}
			return newResponse(call.Origin(), answer), nil
		}
		// Closes the connection of a refused attempt before waiting for the next.
		if answer != nil {
			answer.Body.Close()
		}
		transport.Sleep(wait)
	}
}

// SendOK sends it, and gives any status outside 2xx as the error it means; a redirect too, as none is followed.
func (r *Request) SendOK() (*Response, error) {
	response, err := r.Send()
	if err != nil {
		return nil, err
	}
	if response.Status < 200 || response.Status > 299 {
		return nil, response.Refusal()
	}
	return response, nil
}

func (r *Request) again(attempts *attempts, answer *transport.Answer, fault *transport.Fault) (time.Duration, bool) {
	if fault != nil {
		if fault.Kind != transport.Unreachable {
			return 0, false
		}
		return attempts.next(0, false)
	}
	headers := pairsOf(answer.Headers)
	if !mayHelp(answer.Status, headers) {
		return 0, false
	}
	return attempts.next(askedWait(headers))
}

func (r *Request) call() (*transport.Call, error) {
	parts, err := parseURL(r.URL)
	if err != nil {
		return nil, Errorf(Internal, "%q is no URL to send to: %v", r.URL, err)
	}
	call := &transport.Call{
		Method:    r.Method,
		Secure:    parts.secure,
		Authority: parts.authority,
		Path:      withQuery(parts.pathTail, r.Query),
		Body:      r.Body,
		Timeout:   r.Timeout,
	}
	for _, header := range r.Header {
		if err := checkHeader(header); err != nil {
			return nil, err
		}
		call.Headers = append(call.Headers, [2]string{strings.ToLower(header.Name), header.Value})
	}
	if r.JSON != nil {
		if call.Body, err = Marshal(r.JSON); err != nil {
			return nil, err
		}
		if headerIn(r.Header, "content-type") == "" {
			call.Headers = append(call.Headers, [2]string{"content-type", "application/json"})
		}
	}
	if call.Method == "" {
		call.Method = "GET"
		if call.Body != nil {
			call.Method = "POST"
		}
	}
	if call.Body == nil && (call.Method == "POST" || call.Method == "PUT" || call.Method == "PATCH") {
		call.Body = []byte{}
	}
	return call, nil
}

// What concerns the connection and the body's framing.
var hostsOwn = map[string]bool{
	"connection": true, "content-length": true, "host": true, "http2-settings": true, "keep-alive": true,
	"proxy-connection": true, "te": true, "transfer-encoding": true, "upgrade": true,
}

// checkHeader refuses what could be misread: a value often comes from a client, and a line break in it would be a header
// of its own.
func checkHeader(header Pair) error {
	notToken := func(r rune) bool {
		return r > 0x7e || !(unreserved(byte(r)) || strings.ContainsRune("!#$%&'*+^`|", r))
	}
	if header.Name == "" || strings.ContainsFunc(header.Name, notToken) {
		return Errorf(Internal, "%q is no header name", header.Name)
	}
	if hostsOwn[strings.ToLower(header.Name)] {
		return Errorf(Internal, "header %s is not for an adapter to set", header.Name)
	}
	for _, b := range []byte(header.Value) {
		if b < ' ' && b != '\t' || b == 0x7f {
			return Errorf(Internal, "the value of header %s has control characters", header.Name)
		}
	}
	return nil
}

func pairsOf(headers [][2]string) Pairs {
	pairs := make(Pairs, len(headers))
	for position, header := range headers {
		pairs[position] = Pair{header[0], header[1]}
	}
	return pairs
}
