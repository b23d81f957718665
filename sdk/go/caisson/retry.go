// Sending again: when it may help, how long to wait, when to give up. Off unless asked for, since OpenAI's clients send
// again themselves and get the provider's retry-after from us.

package caisson

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/caisson/caisson/sdk/go/internal/transport"
)

// A provider that asks for a longer wait gets none: the client hears of it and may choose.
const longestAsked = time.Minute

// Retry is how often and how patiently to send again; the zero value never does.
//
// Sent again are requests that found nobody to answer them, and answers with 408, 409, 429 or 5xx, unless the provider's
// x-should-retry says otherwise. Waits grow twofold from Base to Cap, each drawn evenly from nothing to that ("full
// jitter"), so that many clients don't return at once. A retry-after-ms or retry-after of up to a minute is obeyed instead.
type Retry struct {
	// Times is how often more, after the first.
	Times int
	// Base is the upper end of the first wait; half a second where zero.
	Base time.Duration
	// Cap is the upper end of any wait that the provider doesn't ask for; eight seconds where zero.
	Cap time.Duration
	// Within gives up rather than wait past this long after the first attempt began; zero for no such end.
	Within time.Duration
}

// RetryConfigured sends again as often as the deployment's setting max-retries says (default 0), within the call's deadline.
func RetryConfigured(context *Context) (Retry, error) {
	text := strings.TrimSpace(context.Setting("max-retries"))
	if text == "" {
		return Retry{}, nil
	}
	times, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return Retry{}, Errorf(Internal, "setting max-retries is %q, not a whole number", text)
	}
	return Retry{Times: int(times), Within: context.Timeout}, nil
}

// attempts of one request.
type attempts struct {
	policy Retry
	made   int
	began  time.Duration
}

func (r Retry) start() *attempts {
	if r.Base == 0 {
		r.Base = 500 * time.Millisecond
	}
	if r.Cap == 0 {
		r.Cap = 8 * time.Second
	}
	return &attempts{policy: r, began: transport.Elapsed()}
}

// next gives how long to wait before the next attempt; false where there should be none.
func (a *attempts) next(asked time.Duration, isAsked bool) (time.Duration, bool) {
	if a.made >= a.policy.Times {
		return 0, false
	}
	wait := asked
	if !isAsked {
		wait = a.backoff(transport.Fraction())
	} else if asked > longestAsked {
		return 0, false
	}
	spent := transport.Elapsed() - a.began
	if a.policy.Within > 0 && spent+wait >= a.policy.Within {
		return 0, false
	}
	a.made++
	return wait, true
}

func (a *attempts) backoff(fraction float64) time.Duration {
	// Past 2^60 every cap is reached, and a duration would overflow long after.
	ceiling := float64(a.policy.Base) * math.Pow(2, float64(min(a.made, 60)))
	return time.Duration(min(ceiling, float64(a.policy.Cap)) * fraction)
}

// mayHelp says whether an answer is one that another attempt may better.
func mayHelp(status int, headers Pairs) bool {
	if status < 400 {
		return false
	}
	switch strings.TrimSpace(headerIn(headers, "x-should-retry")) {
	case "true":
		return true
	case "false":
		return false
	}
	return status == 408 || status == 409 || status == 429 || status >= 500 && status <= 599
}

// askedWait gives the wait that an answer asks for: retry-after-ms, else retry-after in seconds or as a date.
func askedWait(headers Pairs) (time.Duration, bool) {
	if wait, is := waitOf(headerIn(headers, "retry-after-ms"), float64(time.Millisecond)); is {
		return wait, true
	}
	after := headerIn(headers, "retry-after")
	if wait, is := waitOf(after, float64(time.Second)); is {
		return wait, true
	}
	until, is := parseDate(after)
	if !is {
		return 0, false
	}
	// By the provider's own clock where it tells: ours may differ.
	now, is := parseDate(headerIn(headers, "date"))
	if !is {
		now = transport.UnixSeconds()
	}
	return waitOf(strconv.FormatInt(max(until-now, 0), 10), float64(time.Second))
}

func waitOf(text string, unit float64) (time.Duration, bool) {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(value >= 0) {
		return 0, false
	}
	// As far as the contract's milliseconds go.
	return time.Duration(min(value*unit, math.MaxUint32*float64(time.Millisecond))), true
}
