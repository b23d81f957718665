// The adapter sample: text, whole or streamed, and embeddings, over the API that OpenAI made and many others speak.
//
// A beginning: put your provider's API in its place. It maps no functions, no images and no sampling parameters.

package main

import (
	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/component"
)

const host = "https://api.openai.com"

// SampleAdapter is the adapter.
type SampleAdapter struct{ caisson.Base }

func init() { component.Export(SampleAdapter{}) }

func main() {}

// Describe says what it is and wants.
func (SampleAdapter) Describe() caisson.AdapterInfo {
	return caisson.AdapterInfo{
		Name:        "sample",
		Version:     "0.1.0",
		Description: "Text and embeddings over OpenAI's API",
		Hosts:       []string{host},
		Credentials: []caisson.CredentialSlot{{Name: "api-key", Host: host, Description: "from platform.openai.com/api-keys"}},
		Models: []caisson.ModelInfo{
			{ID: "gpt-*", Capabilities: []string{"chat", "stream"}},
			{ID: "text-embedding-*", Capabilities: []string{"embed"}},
		},
	}
}

// Complete gives one whole answer.
func (SampleAdapter) Complete(context *caisson.Context, request *caisson.ChatRequest) (caisson.ChatResponse, error) {
	response, err := chat(context, request, false)
	if err != nil {
		return nil, err
	}
	var said said
	if err := response.Unmarshal(&said); err != nil {
		return nil, err
	}
	if len(said.Choices) == 0 {
		return nil, caisson.Errorf(caisson.Upstream, "the provider's answer has no choices")
	}
	answer := caisson.Answer(said.Choices[0].Message.Content)
	answer.Choices[0].FinishReason = caisson.FinishReason(said.Choices[0].FinishReason)
	answer.Usage = said.Usage.usage()
	return answer, nil
}

// Stream gives an answer in pieces. An error before the first event still becomes the answer's status.
func (SampleAdapter) Stream(context *caisson.Context, request *caisson.ChatRequest, emit func(caisson.Event)) error {
	response, err := chat(context, request, true)
	if err != nil {
		return err
	}
	for event, err := range response.SSE() {
		if err != nil || event.Done() {
			return err
		}
		var said said
		if err := caisson.Unmarshal([]byte(event.Data), &said); err != nil {
			return caisson.Errorf(caisson.Upstream, "the provider's stream makes no sense: %v", err)
		}
		if said.Error != nil {
			return caisson.Errorf(caisson.Upstream, "%s", said.Error.Message)
		}
		for _, choice := range said.Choices {
			if choice.Delta.Content != "" {
				emit(caisson.TextDelta{Text: choice.Delta.Content})
			}
			if choice.FinishReason != "" {
				emit(caisson.Finish{Reason: caisson.FinishReason(choice.FinishReason)})
			}
		}
		if usage := said.Usage.usage(); usage != nil {
			emit(*usage)
		}
	}
	return nil
}

// Embed gives a vector for each text.
func (SampleAdapter) Embed(context *caisson.Context, request *caisson.EmbedRequest) (*caisson.EmbedResponse, error) {
	if request.Texts == nil {
		return nil, caisson.Unsupported("token ids as input")
	}
	response, err := post(context, "embeddings", map[string]any{"model": request.Model, "input": request.Texts})
	if err != nil {
		return nil, err
	}
	var found struct {
		Data  []struct{ Embedding []float32 }
		Usage *counts
	}
	if err := response.Unmarshal(&found); err != nil {
		return nil, err
	}
	answer := &caisson.EmbedResponse{Usage: found.Usage.usage()}
	for _, item := range found.Data {
		answer.Vectors = append(answer.Vectors, item.Embedding)
	}
	return answer, nil
}

// An answer, or a piece of one.
type said struct {
	Choices []struct {
		Message, Delta struct{ Content string }
		FinishReason   string `json:"finish_reason"`
	}
	Usage *counts
	Error *struct{ Message string }
}

type counts struct {
	Prompt     uint32 `json:"prompt_tokens"`
	Completion uint32 `json:"completion_tokens"`
}

func (c *counts) usage() *caisson.Usage {
	if c == nil {
		return nil
	}
	return new(caisson.Tokens(c.Prompt, c.Completion))
}

func chat(context *caisson.Context, request *caisson.ChatRequest, stream bool) (*caisson.Response, error) {
	if len(request.Tools) > 0 {
		return nil, caisson.UnsupportedParam("tools", "tools")
	}
	var messages []map[string]string
	for _, message := range request.Messages {
		role := message.Role
		switch role {
		case caisson.Developer:
			role = caisson.System
		case caisson.ToolResult:
			role = caisson.User
		}
		messages = append(messages, map[string]string{"role": string(role), "content": message.Text()})
	}
	body := map[string]any{"model": request.Model, "messages": messages, "max_tokens": request.MaxTokens}
	if stream {
		body["stream"] = true
		body["stream_options"] = map[string]bool{"include_usage": true}
	}
	return post(context, "chat/completions", body)
}

// Sends a request, without the key: the host adds it. What is no success is an error with the provider's status and words.
func post(context *caisson.Context, path string, body any) (*caisson.Response, error) {
	url := context.BaseURLOr(host+"/v1") + "/" + path
	return (&caisson.Request{URL: url, JSON: body, Timeout: context.Timeout}).SendOK()
}
