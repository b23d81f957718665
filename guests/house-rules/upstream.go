// The upstream over HTTP, and which model is asked when one can't answer. The key is not here: the host adds it.

package main

import (
	"github.com/caisson/caisson/sdk/go/caisson"
)

// What OpenAI's own SDK takes for base_url is host and /v1.
const (
	host    = "https://api.openai.com"
	baseURL = host + "/v1"
)

func (r *rules) chat(context *caisson.Context, request *caisson.ChatRequest) (*caisson.Response, error) {
	body, err := r.body(context, request)
	if err != nil {
		return nil, err
	}
	return r.ask(context, "/chat/completions", request.Model, body)
}

func (r *rules) embeddings(context *caisson.Context, request *caisson.EmbedRequest) (*caisson.Response, error) {
	body, err := r.embedBody(request)
	if err != nil {
		return nil, err
	}
	return r.ask(context, "/embeddings", request.Model, body)
}

// ask tries the models in order, as long as one can't answer.
func (r *rules) ask(context *caisson.Context, path, name string, body caisson.Fields) (*caisson.Response, error) {
	models, err := r.upstreamModels(name)
	if err != nil {
		return nil, err
	}
	retry, err := caisson.RetryConfigured(context)
	if err != nil {
		return nil, err
	}
	var failure error
	for position, model := range models {
		quoted, err := caisson.Marshal(model)
		if err != nil {
			return nil, err
		}
		body.Set("model", quoted)
		request := caisson.Request{
			URL: context.BaseURLOr(baseURL) + path, JSON: body, Timeout: context.Timeout, Retry: retry,
		}
		if context.Traceparent != "" {
			request.Header = caisson.Pairs{{Name: "traceparent", Value: context.Traceparent}}
		}
		response, err := request.SendOK()
		if err == nil || !anotherMayAnswer(err) {
			return response, err
		}
		failure = err
		if position+1 < len(models) {
			caisson.LogWarn("model %s can't answer, %s is asked: %v", model, models[position+1], err)
		}
	}
	return nil, failure
}

// anotherMayAnswer: what is wrong with the request itself is wrong for the next model too.
func anotherMayAnswer(err error) bool {
	failure, is := err.(*caisson.Error)
	if !is || failure.Code == "egress_denied" {
		return false
	}
	switch failure.Kind {
	case caisson.RateLimited, caisson.QuotaExceeded, caisson.NotFound, caisson.Timeout, caisson.Upstream:
		return true
	}
	return false
}
