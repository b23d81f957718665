// A chat request → the body of POST /v1/messages. What has no counterpart is left out as the README lists, or refused
// where leaving it out would change what the client gets back.

package conversions

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// Fields of OpenAI's that Anthropic would refuse as unknown.
var openAIOnly = []string{
	"audio", "function_call", "functions", "moderation", "prediction", "prompt_cache_key", "prompt_cache_options",
	"prompt_cache_retention", "safety_identifier", "store", "stream", "stream_options", "verbosity", "web_search_options",
}

// Written from the request's own fields or not at all, whatever a client names so.
var ours = []string{"model", "max_tokens", "messages", "output_config", "temperature", "top_p", "service_tier"}

// Anthropic's auto uses what priority capacity there is; other tiers it has not got.
var tiers = map[string]string{
	"auto": "auto", "priority": "auto", "default": "standard_only", "standard_only": "standard_only",
}

// Request gives the body; defaultMax caps the answer where the client does not.
func Request(request *caisson.ChatRequest, defaultMax uint32, stream bool) (caisson.Fields, error) {
	if request.N > 1 {
		return nil, caisson.UnsupportedParam("n", "more than one choice for a request")
	}
	extra, err := checked(request.Extra, "")
	if err != nil {
		return nil, err
	}
	system, turns, err := conversation(request.Messages)
	if err != nil {
		return nil, err
	}
	tools, err := toolList(request.Tools)
	if err != nil {
		return nil, err
	}
	choice, err := toolChoice(request)
	if err != nil {
		return nil, err
	}
	plan := planOf(request, extra, defaultMax)
	config, err := outputConfig(request, extra, plan.effort)
	if err != nil {
		return nil, err
	}
	body := object(
		"model", request.Model,
		"max_tokens", plan.maxTokens,
		"system", system,
		"messages", turns,
		"tools", tools,
		"tool_choice", choice,
		"thinking", plan.thinking,
		"output_config", config,
		"stop_sequences", nilIfEmpty(request.Stop),
		"temperature", temperature(request, plan),
		"top_p", topP(request, plan),
		"metadata", metadata(request, extra),
		"service_tier", tier(extra),
		"stream", nilUnless(stream, true),
	)
	for _, field := range extra {
		if !body.Has(field.Name) && !slices.Contains(ours, field.Name) && !slices.Contains(openAIOnly, field.Name) {
			body = append(body, field)
		}
	}
	return body, nil
}

// temperature: OpenAI's scale ends at 2, Anthropic's at 1.
func temperature(request *caisson.ChatRequest, plan plan) any {
	if plan.thinks || request.Temperature == nil {
		return nil
	}
	return min(*request.Temperature, 1)
}

func topP(request *caisson.ChatRequest, plan plan) any {
	if request.TopP == nil || plan.thinks && *request.TopP < 0.95 {
		return nil
	}
	return *request.TopP
}

func tier(extra caisson.Fields) any {
	word, known := tiers[text(extra, "service_tier")]
	return nilUnless(known, word)
}

// outputConfig has effort and format, beside what the client put there itself, which wins.
func outputConfig(request *caisson.ChatRequest, extra caisson.Fields, effort string) (json.RawMessage, error) {
	own := extra.Get("output_config")
	config := extra.Object("output_config")
	if own != nil && config == nil {
		return nil, caisson.Invalid("output_config", "this must be an object")
	}
	format, err := outputFormat(request.ResponseFormat)
	if err != nil {
		return nil, err
	}
	config.Add(object("effort", nilUnless(effort != "", effort), "format", format))
	if len(config) == 0 {
		return nil, nil
	}
	return raw(config), nil
}

// outputFormat: a schema is enforced. OpenAI's bare JSON mode has no counterpart: the prompt asks for JSON there by
// OpenAI's own rule, and Claude follows the prompt.
func outputFormat(format *caisson.ResponseFormat) (json.RawMessage, error) {
	if format == nil {
		return nil, nil
	}
	var err error
	switch format.Type {
	case "json_schema":
		var fields caisson.Fields
		if fields, err = caisson.ParseObject(format.JSON); err == nil {
			if schema := fields.Get("schema"); schema != nil {
				return raw(object("type", "json_schema", "schema", schema)), nil
			}
			err = errors.New("it has no schema")
		}
	case "other":
		var value json.RawMessage
		if value, err = caisson.ParseJSON(format.JSON); err == nil {
			return value, nil
		}
	default:
		return nil, nil
	}
	return nil, caisson.Invalid("response_format.json_schema", "this is not a response format: %v", err)
}

// metadata of Anthropic's holds nothing but the end user.
func metadata(request *caisson.ChatRequest, extra caisson.Fields) any {
	if name, named := request.Metadata.Get("user_id"); named {
		return object("user_id", name)
	}
	if request.User != nil {
		return object("user_id", *request.User)
	}
	if name, named := extra.Text("safety_identifier"); named {
		return object("user_id", name)
	}
	return nil
}

func nilUnless(wanted bool, value any) any {
	if wanted {
		return value
	}
	return nil
}

func nilIfEmpty[T any](items []T) any { return nilUnless(len(items) > 0, items) }
