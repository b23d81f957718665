// The adapter: what it says of itself, and how a request passes through it. The wire is client.go's, the mapping package
// conversions'.

package main

import (
	"strconv"

	"github.com/caisson/caisson/guests/anthropic-go/conversions"
	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/component"
)

const version = "0.1.0"

type anthropic struct{ caisson.Base }

func init() { component.Export(anthropic{}) }

func main() {}

// OpenAI's parameters that reach Anthropic in some form.
var parameters = []string{
	"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "max_tokens",
	"max_completion_tokens", "temperature", "top_p", "stop", "stream", "reasoning_effort", "user", "metadata",
	"service_tier",
}

func (anthropic) Describe() caisson.AdapterInfo {
	return caisson.AdapterInfo{
		Name:        "anthropic-go",
		Version:     version,
		Description: "Claude models over Anthropic's Messages API, written in Go",
		Models:      knownModels(),
		Parameters:  parameters,
		Hosts:       []string{host},
		Credentials: []caisson.CredentialSlot{{
			Name:        "api-key",
			Host:        host,
			Placement:   caisson.HeaderPlacement("x-api-key"),
			Description: "An API key from the Claude Console",
		}},
		Settings: []caisson.Setting{
			{Name: "anthropic-version", Description: "The API version to ask for", Default: new(apiVersion)},
			{Name: "anthropic-beta", Description: "Beta features to switch on, comma-separated"},
			{
				Name:        "default-max-tokens",
				Description: "The answer's cap where a request sets none",
				Default:     new(strconv.Itoa(defaultMaxTokens)),
			},
			{Name: "max-retries", Description: "How often to send a failed request again", Default: new("0")},
		},
		Suites: []string{"anthropic"},
	}
}

func (anthropic) Complete(context *caisson.Context, request *caisson.ChatRequest) (caisson.ChatResponse, error) {
	response, err := ask(context, request, false)
	if err != nil {
		return nil, err
	}
	body, err := response.Bytes()
	if err != nil {
		return nil, err
	}
	return conversions.Answer(body)
}

func (anthropic) Stream(context *caisson.Context, request *caisson.ChatRequest, emit func(caisson.Event)) error {
	response, err := ask(context, request, true)
	if err != nil {
		return err
	}
	var decoder conversions.Decoder
	for event, err := range response.SSE() {
		if err != nil {
			return err
		}
		if err := decoder.Decode([]byte(event.Data), emit); err != nil {
			return err
		}
		if decoder.Stopped {
			return nil
		}
	}
	return caisson.Errorf(caisson.Upstream, "the stream broke off before its end")
}

func ask(context *caisson.Context, request *caisson.ChatRequest, stream bool) (*caisson.Response, error) {
	cap, err := capOf(context)
	if err != nil {
		return nil, err
	}
	body, err := conversions.Request(request, cap, stream)
	if err != nil {
		return nil, err
	}
	return send(context, body)
}
