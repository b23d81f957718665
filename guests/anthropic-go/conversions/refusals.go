// The provider's refusals → the contract's errors, from a status or out of a stream. The type that the provider names
// decides; the status is for answers that name none, as a proxy in between gives.

package conversions

import (
	"fmt"
	"strings"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// Enough for any message of the provider's; a proxy's page of HTML is cut.
const longestText = 4 << 10

// known are the types, with the status that each has.
var known = map[string]struct {
	kind   caisson.Kind
	status int
}{
	"invalid_request_error": {caisson.InvalidRequest, 400},
	"authentication_error":  {caisson.Authentication, 401},
	"billing_error":         {caisson.QuotaExceeded, 402},
	"permission_error":      {caisson.Permission, 403},
	"not_found_error":       {caisson.NotFound, 404},
	"conflict_error":        {caisson.Conflict, 409},
	"request_too_large":     {caisson.TooLarge, 413},
	"rate_limit_error":      {caisson.RateLimited, 429},
	"api_error":             {caisson.Upstream, 500},
	"timeout_error":         {caisson.Timeout, 504},
	"overloaded_error":      {caisson.Upstream, 529},
}

// Refusal gives the error of an answer with a status of 300 or above.
func Refusal(response *caisson.Response) *caisson.Error {
	requestID := response.Header("request-id")
	refusal := response.Refusal()
	failure, _ := caisson.ParseObject([]byte(refusal.Body))
	if code, words, named := named(failure); named {
		if own, is := failure.Text("request_id"); is {
			requestID = own
		}
		refusal.Kind = kindOf(code, words, refusal.Kind)
		refusal.Message, refusal.Code = messageWith(code, words, requestID), code
	}
	refusal.Body = caisson.Cut(refusal.Body, longestText)
	return refusal
}

// refusalInStream gives the error that an error event brings, with the status it would have had.
func refusalInStream(failure caisson.Fields, data []byte) error {
	code, words, named := named(failure)
	if !named {
		return unreadable("an error without a type")
	}
	return &caisson.Error{
		Kind:    kindOf(code, words, caisson.Upstream),
		Status:  known[code].status,
		Message: messageWith(code, words, text(failure, "request_id")),
		Code:    code,
		Body:    caisson.Cut(string(data), longestText),
	}
}

// named gives the type that a failure names, and its words.
func named(failure caisson.Fields) (code, words string, is bool) {
	detail := failure.Object("error")
	code, is = detail.Text("type")
	return code, text(detail, "message"), is
}

func kindOf(code, words string, otherwise caisson.Kind) caisson.Kind {
	// One type covers what the contract keeps apart; only the message tells.
	if code == "invalid_request_error" {
		switch {
		case strings.Contains(words, "prompt is too long"), strings.Contains(words, "exceed context limit"):
			return caisson.ContextLength
		case strings.Contains(words, "credit balance is too low"), strings.Contains(words, "API usage limits"):
			return caisson.QuotaExceeded
		}
	}
	if known, is := known[code]; is {
		return known.kind
	}
	return otherwise
}

// messageWith gives the provider's words, with the id that its support asks for.
func messageWith(code, words, requestID string) string {
	if words == "" {
		words = code
	}
	words = caisson.Cut(words, longestText)
	if requestID == "" {
		return words
	}
	return fmt.Sprintf("%s (request %s)", words, caisson.Cut(requestID, longestText))
}
