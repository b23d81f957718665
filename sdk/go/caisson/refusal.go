// A provider's refusal, whatever its shape, as an Error. Knows HTTP and the error shapes that many providers share; what
// only one provider does belongs into its adapter, which may change the result.

package caisson

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// How much of a refusal's body is read, and how much of it goes where.
	refusalReadAtMost = 64 << 10
	bodyAtMost        = 16 << 10
	messageAtMost     = 4 << 10
	lineAtMost        = 500
)

// RefusalOf gives what a provider's answer outside 2xx means: its status, message, code and param, the wait it asks for,
// and the beginning of its body.
func RefusalOf(status int, headers Pairs, body []byte) *Error {
	said := readRefusal(status, body)
	if said.message == "" {
		said.message = fmt.Sprintf("the provider answered with status %d", status)
		if status >= 300 && status < 400 {
			said.message = fmt.Sprintf("the provider answered with a redirect (status %d), and none is followed", status)
		}
	}
	refusal := &Error{
		Kind:    said.kind(status),
		Message: Cut(said.message, messageAtMost),
		Status:  status,
		Param:   said.param,
		Code:    said.code,
		Body:    excerpt(body),
	}
	if wait, asked := askedWait(headers); asked {
		refusal.RetryAfter = &wait
	}
	return refusal
}

// KindOfStatus gives what a provider's HTTP status means where nothing else is known.
func KindOfStatus(status int) Kind {
	switch status {
	case 401:
		return Authentication
	case 402:
		return QuotaExceeded
	case 403:
		return Permission
	case 404, 410:
		return NotFound
	case 408, 504:
		return Timeout
	case 409:
		return Conflict
	case 413:
		return TooLarge
	case 429:
		return RateLimited
	}
	if status >= 400 && status < 500 {
		return InvalidRequest
	}
	return Upstream
}

// Cut gives the beginning of a text that is at most so many bytes, whole characters only.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// excerpt is the beginning of a body, for Error.Body.
func excerpt(body []byte) string {
	text := strings.ToValidUTF8(string(body[:min(len(body), bodyAtMost)]), "\uFFFD")
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return text
}

// refusal is what a refusal's body says.
type refusal struct{ message, code, param string }

func readRefusal(status int, body []byte) refusal {
	value, err := ParseJSON(body)
	if err != nil {
		return refusal{message: plainText(status, body)}
	}
	// The shapes in use: {"error":{…}}, {"error":"…"}, the same in a list, and flat objects.
	if items := listOf(value); len(items) > 0 {
		value = items[0]
	}
	if text, is := stringOf(value); is {
		return refusal{message: text}
	}
	whole := objectOf(value)
	inner := whole
	if raw := whole.Get("error"); raw != nil {
		if text, is := stringOf(raw); is {
			return refusal{message: text, code: textOf(whole.Get("code"), status)}
		}
		if object := objectOf(raw); object != nil {
			inner = object
		}
	}
	first := func(names ...string) string {
		for _, name := range names {
			if text := textOf(inner.Get(name), status); text != "" {
				return text
			}
		}
		return ""
	}
	inList := func(list, name string) string {
		for _, item := range listOf(inner.Get(list)) {
			if text := textOf(objectOf(item).Get(name), status); text != "" {
				return text
			}
		}
		return ""
	}
	message := first("message", "detail", "error_description", "error_message", "msg")
	if message == "" {
		message = inList("errors", "message")
	}
	if message == "" {
		message = inList("detail", "msg")
	}
	return refusal{message, first("code", "type", "status"), first("param")}
}

// kind is more exact than the status where the code is one that many providers share.
func (r refusal) kind(status int) Kind {
	switch r.code {
	case "insufficient_quota", "quota_exceeded", "billing_hard_limit_reached":
		return QuotaExceeded
	case "context_length_exceeded":
		return ContextLength
	case "content_filter", "content_policy_violation":
		return ContentFiltered
	case "model_not_found":
		return NotFound
	case "invalid_api_key":
		return Authentication
	case "rate_limit_exceeded":
		return RateLimited
	}
	if strings.Contains(r.message, "maximum context length") {
		return ContextLength
	}
	return KindOfStatus(status)
}

// textOf gives a string as it is, and a number as text unless it only repeats the status.
func textOf(value json.RawMessage, status int) string {
	if text, is := stringOf(value); is {
		return text
	}
	if len(value) > 0 && (value[0] == '-' || value[0] >= '0' && value[0] <= '9') && string(value) != strconv.Itoa(status) {
		return string(value)
	}
	return ""
}

// plainText gives the first line of a plain text; a page of HTML from some proxy says nothing.
func plainText(status int, body []byte) string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(body[:min(len(body), bodyAtMost)]), "\uFFFD"))
	if text == "" || text[0] == '<' {
		return ""
	}
	line, _, _ := strings.Cut(text, "\n")
	return fmt.Sprintf("the provider answered with status %d: %s", status, Cut(strings.TrimSpace(line), lineAtMost))
}

// milliseconds as the contract carries them.
func milliseconds(wait time.Duration) uint32 {
	return uint32(min(max(wait.Milliseconds(), 0), math.MaxUint32))
}

// Milliseconds gives RetryAfter as the contract carries it, if there is one.
func (e *Error) Milliseconds() (uint32, bool) {
	if e.RetryAfter == nil {
		return 0, false
	}
	return milliseconds(*e.RetryAfter), true
}
