// The rules, read from the deployment's settings. A setting that makes no sense fails the request and says so: rules that
// silently don't hold are worse than none.

package main

import (
	"strconv"
	"strings"

	"github.com/caisson/caisson/sdk/go/caisson"
)

var settings = []caisson.Setting{
	{
		Name:        "preamble",
		Description: "a system message put before the conversation; {{model}}, {{user}} and {{request-id}} in it are filled in",
	},
	{
		Name: "models",
		Description: "names that clients use and the upstream's models for each, tried in order: fast=small, best=large|small; " +
			"empty lets every name through",
	},
	{Name: "max-prompt-tokens", Description: "the most tokens of text that a request may have, counted by encoding"},
	{Name: "encoding", Description: "what prompt tokens are counted by", Default: new("o200k_base")},
	{Name: "max-answer-tokens", Description: "the most tokens of an answer, whatever the client asks for"},
	{Name: "refused-words", Description: "comma-separated words that no request and no answer may have, in any case of letters"},
	{Name: "max-retries", Description: "how often to send again before the next model is tried", Default: new("0")},
}

// rules of one deployment; a limit of 0 is none.
type rules struct {
	preamble        string
	models          map[string][]string
	maxPromptTokens uint32
	encoding        string
	maxAnswerTokens uint32
	refused         []string
}

func rulesOf(context *caisson.Context) (*rules, error) {
	rules := &rules{encoding: context.Setting("encoding")}
	var err error
	if rules.maxPromptTokens, err = limit(context, "max-prompt-tokens"); err != nil {
		return nil, err
	}
	if rules.maxAnswerTokens, err = limit(context, "max-answer-tokens"); err != nil {
		return nil, err
	}
	if rules.models, err = modelsOf(context.Setting("models")); err != nil {
		return nil, err
	}
	rules.preamble = context.Setting("preamble")
	for word := range strings.SplitSeq(context.Setting("refused-words"), ",") {
		if word = strings.ToLower(strings.TrimSpace(word)); word != "" {
			rules.refused = append(rules.refused, word)
		}
	}
	return rules, nil
}

func limit(context *caisson.Context, name string) (uint32, error) {
	text := strings.TrimSpace(context.Setting(name))
	if text == "" {
		return 0, nil
	}
	limit, err := strconv.ParseUint(text, 10, 32)
	if err != nil || limit == 0 {
		return 0, caisson.Errorf(caisson.Internal, "setting %s is %q, not a whole number from 1", name, text)
	}
	return uint32(limit), nil
}

// modelsOf reads fast=small, best=large|small.
func modelsOf(text string) (map[string][]string, error) {
	models := map[string][]string{}
	for entry := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, list, found := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)
		for model := range strings.SplitSeq(list, "|") {
			if model = strings.TrimSpace(model); model != "" {
				models[name] = append(models[name], model)
			}
		}
		if !found || name == "" || len(models[name]) == 0 {
			return nil, caisson.Errorf(caisson.Internal, "setting models has %q, not name=model or name=model|model", entry)
		}
	}
	return models, nil
}

// upstreamModels gives the models to try for a client's, in order.
func (r *rules) upstreamModels(name string) ([]string, error) {
	if len(r.models) == 0 {
		return []string{name}, nil
	}
	models, known := r.models[name]
	if !known {
		return nil, &caisson.Error{
			Kind: caisson.NotFound, Message: "this deployment has no model " + name, Param: "model", Code: "model_not_found",
		}
	}
	return models, nil
}

// preambleFor fills the preamble in.
func (r *rules) preambleFor(context *caisson.Context, request *caisson.ChatRequest) (string, error) {
	user := ""
	if request.User != nil {
		user = *request.User
	}
	known := map[string]string{"model": request.Model, "user": user, "request-id": context.RequestID}
	var filled strings.Builder
	// What is filled in is not looked at again: a client's name for its user is no template.
	for rest := r.preamble; ; {
		before, after, found := strings.Cut(rest, "{{")
		filled.WriteString(before)
		if !found {
			return filled.String(), nil
		}
		name, tail, closed := strings.Cut(after, "}}")
		value, is := known[strings.TrimSpace(name)]
		if !closed || !is {
			return "", caisson.Errorf(caisson.Internal, "setting preamble has {{%s, which is none of model, user, request-id",
				caisson.Cut(name, 40))
		}
		filled.WriteString(value)
		rest = tail
	}
}
