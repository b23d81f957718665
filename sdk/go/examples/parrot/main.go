// An adapter for a made-up JSON API, as short as they get. Not for any real provider.

package main

import (
	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/component"
)

const host = "https://api.parrot.example"

type parrot struct{ caisson.Base }

func init() { component.Export(parrot{}) }

func main() {}

func (parrot) Describe() caisson.AdapterInfo {
	return caisson.AdapterInfo{
		Name:        "parrot",
		Version:     "0.1.0",
		Description: "Parrot's speech API",
		Hosts:       []string{host},
		Credentials: []caisson.CredentialSlot{{Name: "api-key", Host: host, Description: "from parrot.example/keys"}},
		Settings:    []caisson.Setting{{Name: "max-retries", Description: "how often to send again", Default: new("0")}},
		Models:      []caisson.ModelInfo{{ID: "macaw-*", Capabilities: []string{"chat", "stream"}}},
	}
}

type word struct {
	Said       string
	WordsHeard uint32 `json:"words_heard"`
	WordsSaid  uint32 `json:"words_said"`
}

func (parrot) Complete(context *caisson.Context, request *caisson.ChatRequest) (caisson.ChatResponse, error) {
	response, err := speak(context, request, false)
	if err != nil {
		return nil, err
	}
	var speech word
	if err := response.Unmarshal(&speech); err != nil {
		return nil, err
	}
	answer := caisson.Answer(speech.Said)
	answer.Usage = new(caisson.Tokens(speech.WordsHeard, speech.WordsSaid))
	return answer, nil
}

func (parrot) Stream(context *caisson.Context, request *caisson.ChatRequest, emit func(caisson.Event)) error {
	response, err := speak(context, request, true)
	if err != nil {
		return err
	}
	for event, err := range response.SSE() {
		if err != nil {
			return err
		}
		var word word
		if err := caisson.Unmarshal([]byte(event.Data), &word); err != nil {
			return caisson.Errorf(caisson.Upstream, "an event could not be read: %v", err)
		}
		if word.Said != "" {
			emit(caisson.TextDelta{Text: word.Said})
		} else {
			emit(caisson.Finish{})
			emit(caisson.Tokens(word.WordsHeard, word.WordsSaid))
		}
	}
	return nil
}

func speak(context *caisson.Context, request *caisson.ChatRequest, stream bool) (*caisson.Response, error) {
	question := request.Messages[len(request.Messages)-1].Text()
	if question == "" {
		return nil, caisson.Invalid("messages", "the last message has no text")
	}
	retry, err := caisson.RetryConfigured(context)
	if err != nil {
		return nil, err
	}
	ask := caisson.Request{
		URL:     context.BaseURLOr(host) + "/v1/speak",
		JSON:    map[string]any{"bird": request.Model, "question": question, "stream": stream},
		Timeout: context.Timeout,
		Retry:   retry,
	}
	return ask.SendOK()
}
