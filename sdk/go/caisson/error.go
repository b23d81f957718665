// The contract's error, and what faults on the way mean in it. A provider's refusals are refusal.go's.

package caisson

import (
	"fmt"
	"time"

	"github.com/caisson/caisson/sdk/go/internal/transport"
)

// Kind is whose fault an error is and what sort. In brackets the HTTP status that the client gets where the error has
// none of its own.
type Kind uint8

// The kinds, in the contract's order.
const (
	// Internal: the adapter itself is wrong, or its settings are (502).
	Internal Kind = iota
	// InvalidRequest can't be right for any model of this provider (400).
	InvalidRequest
	// Authentication: the provider doesn't accept the deployment's credential, or it is missing (401).
	Authentication
	// Permission: the credential is good, but not for this (403).
	Permission
	// NotFound: the provider has no such model, file or other object (404).
	NotFound
	// Conflict: the provider is in a state that contradicts the request (409).
	Conflict
	// TooLarge: the request has too many bytes for the provider (413).
	TooLarge
	// RateLimited: too many requests or tokens for now (429).
	RateLimited
	// QuotaExceeded: the account is out of money or allowance (429).
	QuotaExceeded
	// ContextLength: too many tokens for the model (400).
	ContextLength
	// ContentFiltered: the provider's policy refuses the prompt or withholds the answer (400).
	ContentFiltered
	// UnsupportedKind: this adapter, or this model, can't do what was asked (400).
	UnsupportedKind
	// Timeout: the provider took too long (504).
	Timeout
	// Upstream: the provider failed or could not be reached (502).
	Upstream
)

// Error is why there is no answer. It becomes the HTTP answer, or, once a stream has begun, the stream's last event.
type Error struct {
	Kind Kind
	// Message is for people; reaches the client.
	Message string
	// Status is the HTTP status that the provider answered with; 0 where it didn't. The client's too where it is an error.
	Status int
	// Param is the request's field at fault, as a path: messages[2].content.
	Param string
	// Code is the provider's own; reaches the client.
	Code string
	// RetryAfter is when another try makes sense; nil where nobody knows.
	RetryAfter *time.Duration
	// Body is the provider's answer, as far as it helps.
	Body string
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

// Errorf makes an error of this kind.
func Errorf(kind Kind, format string, values ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, values...)}
}

// Invalid refuses what a client asked for; param is the field at fault, as a path.
func Invalid(param, format string, values ...any) *Error {
	return &Error{Kind: InvalidRequest, Message: fmt.Sprintf(format, values...), Param: param}
}

// Unsupported says that the adapter lacks something; what is a plural, as in "embeddings".
func Unsupported(what string) *Error {
	return Errorf(UnsupportedKind, "this adapter does not support %s", what)
}

// UnsupportedParam says the same of a field of the request.
func UnsupportedParam(param, what string) *Error {
	return &Error{Kind: UnsupportedKind, Message: "this adapter does not support " + what, Param: param}
}

func errorOfFault(origin string, fault *transport.Fault) *Error {
	switch fault.Kind {
	case transport.Denied:
		return &Error{
			Kind:    Upstream,
			Message: fmt.Sprintf("egress denied: %s: %s", origin, fault.What),
			Code:    "egress_denied",
		}
	case transport.TimedOut:
		return Errorf(Timeout, "%s: %s", origin, fault.What)
	case transport.Unreachable:
		return Errorf(Upstream, "could not reach %s: %s", origin, fault.What)
	case transport.Malformed:
		return Errorf(Internal, "the request to %s can't be sent: %s", origin, fault.What)
	}
	return Errorf(Upstream, "%s: %s", origin, fault.What)
}
