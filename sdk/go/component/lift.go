//go:build wasip1

// What the host gives, as package caisson's types.

package component

import (
	"encoding/json"
	"time"

	"github.com/caisson/caisson/sdk/go/caisson"
	api "github.com/caisson/caisson/sdk/go/internal/bindings/imports/caisson_llm_api"
	wit "github.com/caisson/caisson/sdk/go/internal/bindings/wit/types"
)

func liftContext(context api.Context) *caisson.Context {
	return &caisson.Context{
		RequestID:   context.RequestId,
		Traceparent: context.Traceparent.SomeOr(""),
		BaseURL:     context.BaseUrl.SomeOr(""),
		Settings:    liftPairs(context.Settings),
		Headers:     liftPairs(context.Headers),
		Timeout:     time.Duration(context.TimeoutMs) * time.Millisecond,
	}
}

func liftChatRequest(request api.ChatRequest) *caisson.ChatRequest {
	return &caisson.ChatRequest{
		Model:             request.Model,
		Messages:          each(request.Messages, liftMessage),
		Tools:             each(request.Tools, liftTool),
		ToolChoice:        liftToolChoice(request.ToolChoice),
		ParallelToolCalls: pointer(request.ParallelToolCalls),
		ResponseFormat:    liftFormat(request.ResponseFormat),
		MaxTokens:         pointer(request.MaxTokens),
		Temperature:       pointer(request.Temperature),
		TopP:              pointer(request.TopP),
		N:                 request.N,
		Stop:              request.Stop,
		Seed:              pointer(request.Seed),
		FrequencyPenalty:  pointer(request.FrequencyPenalty),
		PresencePenalty:   pointer(request.PresencePenalty),
		LogitBias: each(request.LogitBias, func(bias wit.Tuple2[string, float64]) caisson.TokenBias {
			return caisson.TokenBias{Token: bias.F0, Bias: bias.F1}
		}),
		Logprobs:        request.Logprobs,
		TopLogprobs:     pointer(request.TopLogprobs),
		ReasoningEffort: request.ReasoningEffort.SomeOr(""),
		Modalities:      request.Modalities,
		User:            pointer(request.User),
		Metadata:        liftPairs(request.Metadata),
		Extra:           liftFields(request.Extra),
	}
}

func liftEmbedRequest(request api.EmbedRequest) *caisson.EmbedRequest {
	lifted := &caisson.EmbedRequest{
		Model:      request.Model,
		Dimensions: pointer(request.Dimensions),
		User:       pointer(request.User),
		Extra:      liftFields(request.Extra),
	}
	if request.Input.Tag() == api.EmbedInput_Tokens {
		lifted.Tokens = request.Input.Tokens()
	} else {
		lifted.Texts = request.Input.Texts()
	}
	return lifted
}

var roles = map[api.Role]caisson.Role{
	api.Role_System:    caisson.System,
	api.Role_Developer: caisson.Developer,
	api.Role_User:      caisson.User,
	api.Role_Assistant: caisson.Assistant,
	api.Role_Tool:      caisson.ToolResult,
}

func liftMessage(message api.Message) caisson.Message {
	return caisson.Message{
		Role:       roles[message.Role],
		Name:       message.Name.SomeOr(""),
		Content:    liftContent(message.Content),
		Refusal:    message.Refusal.SomeOr(""),
		Reasoning:  each(message.Reasoning, liftReasoning),
		ToolCalls:  each(message.ToolCalls, liftToolCall),
		ToolCallID: pointer(message.ToolCallId),
		Extra:      liftFields(message.Extra),
	}
}

func liftContent(content api.Content) caisson.Content {
	switch content.Tag() {
	case api.Content_Text:
		return caisson.Text(content.Text())
	case api.Content_Parts:
		return caisson.Parts(each(content.Parts(), liftPart))
	}
	return nil
}

func liftPart(part api.Part) caisson.Part {
	switch part.Tag() {
	case api.Part_Text:
		return liftText(part.Text())
	case api.Part_Image:
		return caisson.ImagePart(liftMedia(part.Image()))
	case api.Part_Audio:
		return caisson.AudioPart(liftMedia(part.Audio()))
	case api.Part_File:
		return caisson.FilePart(liftMedia(part.File()))
	case api.Part_Refusal:
		return caisson.RefusalPart(liftText(part.Refusal()))
	case api.Part_Reasoning:
		return liftReasoning(part.Reasoning())
	}
	return caisson.OtherPart(part.Other())
}

func liftText(part api.TextPart) caisson.TextPart {
	return caisson.TextPart{Text: part.Text, Extra: liftFields(part.Extra)}
}

func liftMedia(media api.Media) caisson.Media {
	return caisson.Media{
		Source:   liftSource(media.Source),
		MimeType: media.MimeType.SomeOr(""),
		FileName: pointer(media.FileName),
		Detail:   media.Detail.SomeOr(""),
		Extra:    liftFields(media.Extra),
	}
}

func liftSource(source api.Source) caisson.Source {
	switch source.Tag() {
	case api.Source_Url:
		return caisson.SourceURL(source.Url())
	case api.Source_Base64:
		return caisson.SourceBase64(source.Base64())
	}
	return caisson.SourceID(source.Id())
}

func liftReasoning(reasoning api.Reasoning) caisson.Reasoning {
	return caisson.Reasoning{
		Text: reasoning.Text, Signature: pointer(reasoning.Signature), Redacted: reasoning.Redacted,
	}
}

func liftToolCall(call api.ToolCall) caisson.ToolCall {
	return caisson.ToolCall{
		ID: call.Id, Kind: call.Kind, Name: call.Name, Arguments: call.Arguments, Extra: liftFields(call.Extra),
	}
}

func liftTool(tool api.Tool) caisson.Tool {
	lifted := caisson.Tool{
		Kind:        tool.Kind,
		Name:        tool.Name,
		Description: pointer(tool.Description),
		Strict:      pointer(tool.Strict),
		Extra:       liftFields(tool.Extra),
	}
	if tool.Parameters.IsSome() {
		lifted.Parameters = json.RawMessage(tool.Parameters.Some())
	}
	return lifted
}

func liftToolChoice(choice wit.Option[api.ToolChoice]) caisson.ToolChoice {
	if choice.IsNone() {
		return nil
	}
	switch choice := choice.Some(); choice.Tag() {
	case api.ToolChoice_None:
		return caisson.ToolsNone
	case api.ToolChoice_Required:
		return caisson.ToolsRequired
	case api.ToolChoice_Named:
		return caisson.NamedTool(choice.Named())
	case api.ToolChoice_Other:
		return caisson.OtherToolChoice(choice.Other())
	}
	return caisson.ToolsAuto
}

func liftFormat(format wit.Option[api.ResponseFormat]) *caisson.ResponseFormat {
	if format.IsNone() {
		return nil
	}
	switch format := format.Some(); format.Tag() {
	case api.ResponseFormat_JsonObject:
		return &caisson.ResponseFormat{Type: "json_object"}
	case api.ResponseFormat_JsonSchema:
		return &caisson.ResponseFormat{Type: "json_schema", JSON: json.RawMessage(format.JsonSchema())}
	case api.ResponseFormat_Other:
		return &caisson.ResponseFormat{Type: "other", JSON: json.RawMessage(format.Other())}
	}
	return &caisson.ResponseFormat{Type: "text"}
}

func liftPairs(pairs []wit.Tuple2[string, string]) caisson.Pairs {
	return each(pairs, func(pair wit.Tuple2[string, string]) caisson.Pair {
		return caisson.Pair{Name: pair.F0, Value: pair.F1}
	})
}

func liftFields(pairs []wit.Tuple2[string, string]) caisson.Fields {
	return each(pairs, func(pair wit.Tuple2[string, string]) caisson.Field {
		return caisson.Field{Name: pair.F0, Value: json.RawMessage(pair.F1)}
	})
}

// each gives nil for an empty list, as Go has it.
func each[From, To any](items []From, convert func(From) To) []To {
	if len(items) == 0 {
		return nil
	}
	converted := make([]To, len(items))
	for position, item := range items {
		converted[position] = convert(item)
	}
	return converted
}

func pointer[T any](option wit.Option[T]) *T {
	if option.IsNone() {
		return nil
	}
	return new(option.Some())
}
