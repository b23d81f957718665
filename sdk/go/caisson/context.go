// What surrounds a call: settings, headers, time. No secrets.

package caisson

import (
	"strings"
	"time"
)

// Context is what surrounds a call. It never holds a secret.
type Context struct {
	// RequestID is unique per client request; also in the client's x-request-id.
	RequestID string
	// Traceparent is a W3C trace context to hand on, if the client or host traces.
	Traceparent string
	// BaseURL is where the provider's API lives, if the operator overrides it; see [Context.BaseURLOr].
	BaseURL string
	// Settings of the deployment: what the operator set, and the defaults of the rest.
	Settings Pairs
	// Headers of the client's that the deployment passes on; names in lower case.
	Headers Pairs
	// Timeout is what is left until the host ends the call, stream included. Retries and waits have to fit in.
	Timeout time.Duration
}

// BaseURLOr gives the operator's override, else the default; without a trailing slash either way.
func (c *Context) BaseURLOr(otherwise string) string {
	base := c.BaseURL
	if base == "" {
		base = otherwise
	}
	return strings.TrimRight(base, "/")
}

// Setting gives one of the deployment's settings; empty where it is unset.
func (c *Context) Setting(name string) string {
	value, _ := c.Settings.Get(name)
	return value
}

// Header gives one of the client headers that the deployment passes on, by a name in any case; empty where there is none.
func (c *Context) Header(name string) string {
	return headerIn(c.Headers, name)
}

// Pair is a name and a plain text.
type Pair struct{ Name, Value string }

// Pairs are names and plain texts, in order. What is JSON is [Fields].
type Pairs []Pair

// Get gives the first value of this name.
func (p Pairs) Get(name string) (string, bool) {
	for _, pair := range p {
		if pair.Name == name {
			return pair.Value, true
		}
	}
	return "", false
}

// headerIn gives the first value of this name in any case.
func headerIn(headers Pairs, name string) string {
	for _, pair := range headers {
		if strings.EqualFold(pair.Name, name) {
			return pair.Value
		}
	}
	return ""
}
