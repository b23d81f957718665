// Anthropic over HTTP: one endpoint, its headers. The key is not here: the host adds it. What the bodies mean, refusals
// included, is package conversions'.

package main

import (
	"strconv"
	"strings"

	"github.com/caisson/caisson/guests/anthropic-go/conversions"
	"github.com/caisson/caisson/sdk/go/caisson"
)

const (
	// Where the API lives; what Anthropic's own SDK takes as its base URL.
	host = "https://api.anthropic.com"
	// The version of the API that the wire here follows.
	apiVersion = "2023-06-01"
	// Anthropic wants a cap on every answer; this is for requests without one.
	defaultMaxTokens = 4096
)

// send gives a refusal as an error with what the provider said.
func send(context *caisson.Context, body caisson.Fields) (*caisson.Response, error) {
	retry, err := caisson.RetryConfigured(context)
	if err != nil {
		return nil, err
	}
	version := context.Setting("anthropic-version")
	if version == "" {
		version = apiVersion
	}
	header := caisson.Pairs{{Name: "anthropic-version", Value: version}}
	if features := betaFeatures(context); features != "" {
		header = append(header, caisson.Pair{Name: "anthropic-beta", Value: features})
	}
	if context.Traceparent != "" {
		header = append(header, caisson.Pair{Name: "traceparent", Value: context.Traceparent})
	}
	request := caisson.Request{
		URL:     context.BaseURLOr(host) + "/v1/messages",
		Header:  header,
		JSON:    body,
		Timeout: context.Timeout,
		Retry:   retry,
	}
	response, err := request.Send()
	if err != nil {
		return nil, err
	}
	if response.Status >= 300 {
		return nil, conversions.Refusal(response)
	}
	return response, nil
}

// capOf gives the cap for requests that set none.
func capOf(context *caisson.Context) (uint32, error) {
	text := strings.TrimSpace(context.Setting("default-max-tokens"))
	if text == "" {
		return defaultMaxTokens, nil
	}
	cap, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, caisson.Errorf(caisson.Internal, "setting default-max-tokens is %q, not a whole number", text)
	}
	return uint32(cap), nil
}

// betaFeatures are the deployment's, and the client's where the deployment lets them pass.
func betaFeatures(context *caisson.Context) string {
	both := []string{context.Setting("anthropic-beta"), context.Header("anthropic-beta")}
	return strings.Trim(strings.Join(both, ","), ",")
}
