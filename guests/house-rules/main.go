// A wrapper: an operator's rules in front of any upstream that speaks OpenAI's API. What the rules are is rules.go's, what
// they do to a request prompt.go's and to an answer watch.go's, the HTTP upstream.go's. All else passes through as it came.

package main

import (
	"github.com/caisson/caisson/sdk/go/caisson"
	"github.com/caisson/caisson/sdk/go/component"
)

const version = "0.1.0"

type houseRules struct{ caisson.Base }

func init() { component.Export(houseRules{}) }

func main() {}

func (houseRules) Describe() caisson.AdapterInfo {
	return caisson.AdapterInfo{
		Name:        "house-rules",
		Version:     version,
		Description: "An operator's rules in front of any upstream that speaks OpenAI's API",
		Hosts:       []string{host},
		Credentials: []caisson.CredentialSlot{{
			Name: "api-key", Host: host, Optional: true,
			Description: "API key, sent as a bearer token; most local servers need none",
		}},
		Settings: settings,
	}
}

func (houseRules) Complete(context *caisson.Context, request *caisson.ChatRequest) (caisson.ChatResponse, error) {
	rules, err := rulesOf(context)
	if err != nil {
		return nil, err
	}
	response, err := rules.chat(context, request)
	if err != nil {
		return nil, err
	}
	answer, err := response.Object()
	if err != nil {
		return nil, err
	}
	if answer.List("choices") == nil {
		return nil, notTheAPI("a chat completion")
	}
	watch := watch{words: rules.refused}
	for position, choice := range answer.Objects("choices") {
		if watch.refuses(indexOf(choice, position), textOf(choice.Object("message"))) {
			return nil, refusedAnswer()
		}
	}
	text, err := caisson.Marshal(answer)
	return caisson.RawAnswer(text), err
}

func (houseRules) Stream(context *caisson.Context, request *caisson.ChatRequest, emit func(caisson.Event)) error {
	rules, err := rulesOf(context)
	if err != nil {
		return err
	}
	response, err := rules.chat(context, request)
	if err != nil {
		return err
	}
	watch := watch{words: rules.refused}
	for event, err := range response.SSE() {
		if err != nil {
			return err
		}
		if event.Done() {
			return watch.end(emit)
		}
		chunk, err := caisson.ParseObject([]byte(event.Data))
		if err != nil {
			return notTheAPI("a chunk of a chat completion")
		}
		if chunk.Get("error") != nil {
			return caisson.RefusalOf(502, nil, []byte(event.Data))
		}
		if err := watch.see(chunk, caisson.RawEvent(event.Data), emit); err != nil {
			return err
		}
	}
	// Many servers leave [DONE] out; a stream in which every choice had its finish reason is whole all the same.
	if watch.finished() {
		return watch.end(emit)
	}
	return caisson.Errorf(caisson.Upstream, "the upstream's stream broke off before the answer was finished")
}

func (houseRules) Embed(context *caisson.Context, request *caisson.EmbedRequest) (*caisson.EmbedResponse, error) {
	rules, err := rulesOf(context)
	if err != nil {
		return nil, err
	}
	response, err := rules.embeddings(context, request)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Model string
		Data  []struct {
			Index     int
			Embedding []float32
		}
		Usage *struct {
			Prompt uint32 `json:"prompt_tokens"`
		}
	}
	if err := response.Unmarshal(&answer); err != nil {
		return nil, err
	}
	embedded := &caisson.EmbedResponse{Model: answer.Model, Vectors: make([][]float32, len(answer.Data))}
	for _, each := range answer.Data {
		if each.Index < 0 || each.Index >= len(answer.Data) || embedded.Vectors[each.Index] != nil {
			return nil, notTheAPI("an embeddings answer")
		}
		embedded.Vectors[each.Index] = each.Embedding
	}
	if answer.Usage != nil {
		embedded.Usage = new(caisson.Tokens(answer.Usage.Prompt, 0))
	}
	return embedded, nil
}

func notTheAPI(what string) error {
	return caisson.Errorf(caisson.Upstream, "the upstream did not answer with %s", what)
}

func refusedAnswer() error {
	return &caisson.Error{
		Kind: caisson.ContentFiltered, Message: "the answer has a word that this deployment refuses", Code: "refused_word",
	}
}
