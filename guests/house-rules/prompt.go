// The rules on the way in: what a request may say, and what is changed of it. The client's own body goes upstream, field by
// field as it came, but for those that a rule sets.

package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// body gives what goes upstream, but for the model.
func (r *rules) body(context *caisson.Context, request *caisson.ChatRequest) (caisson.Fields, error) {
	body, err := caisson.ParseObject(caisson.OriginalBody())
	if err != nil {
		return nil, caisson.Errorf(caisson.Internal, "the request body is not a JSON object: %v", err)
	}
	if err := r.check(request); err != nil {
		return nil, err
	}
	if r.preamble != "" {
		text, err := r.preambleFor(context, request)
		if err != nil {
			return nil, err
		}
		said, err := caisson.Marshal(text)
		if err != nil {
			return nil, err
		}
		first, err := caisson.Marshal(caisson.Fields{{Name: "role", Value: []byte(`"system"`)}, {Name: "content", Value: said}})
		if err != nil {
			return nil, err
		}
		messages, err := caisson.Marshal(slices.Insert(body.List("messages"), 0, first))
		if err != nil {
			return nil, err
		}
		body.Set("messages", messages)
	}
	if r.maxAnswerTokens > 0 && (request.MaxTokens == nil || *request.MaxTokens > r.maxAnswerTokens) {
		// The older field where the client used it, since its upstream may know no other.
		name := "max_completion_tokens"
		if body.Get(name) == nil && body.Get("max_tokens") != nil {
			name = "max_tokens"
		}
		most, err := caisson.Marshal(r.maxAnswerTokens)
		if err != nil {
			return nil, err
		}
		body.Set(name, most)
	}
	return body, nil
}

// check refuses what the rules forbid.
func (r *rules) check(request *caisson.ChatRequest) error {
	var tokens uint64
	for position := range request.Messages {
		message := &request.Messages[position]
		texts := []string{message.Text(), message.Refusal}
		for _, call := range message.ToolCalls {
			texts = append(texts, call.Arguments)
		}
		for _, text := range texts {
			if hasAny(text, r.refused) {
				return refusedPrompt("messages")
			}
			if r.maxPromptTokens == 0 {
				continue
			}
			count, known := caisson.CountTokens(r.encoding, text)
			if !known {
				return caisson.Errorf(caisson.Internal, "setting encoding is %q, which the host can't count by", r.encoding)
			}
			if tokens += uint64(count); tokens > uint64(r.maxPromptTokens) {
				return &caisson.Error{
					Kind:    caisson.ContextLength,
					Message: "the messages have more tokens than this deployment allows",
					Param:   "messages",
					Code:    "context_length_exceeded",
				}
			}
		}
	}
	return nil
}

// embedBody gives what goes upstream, but for the model.
func (r *rules) embedBody(request *caisson.EmbedRequest) (caisson.Fields, error) {
	body, err := caisson.ParseObject(caisson.OriginalBody())
	if err != nil {
		return nil, caisson.Errorf(caisson.Internal, "the request body is not a JSON object: %v", err)
	}
	for _, text := range request.Texts {
		if hasAny(text, r.refused) {
			return nil, refusedPrompt("input")
		}
	}
	body.Set("encoding_format", json.RawMessage(`"float"`))
	return body, nil
}

func refusedPrompt(param string) error {
	return &caisson.Error{
		Kind: caisson.ContentFiltered, Message: "the request has a word that this deployment refuses", Param: param,
		Code: "refused_word",
	}
}

func hasAny(text string, words []string) bool {
	if len(words) == 0 || text == "" {
		return false
	}
	text = strings.ToLower(text)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
