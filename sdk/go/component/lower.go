//go:build wasip1

// What an adapter gives, as the host takes it. Text that is no UTF-8 would trap: here it gets replacement characters.
// Values that the contract can't hold are the adapter's mistake, named by their place.

package component

import (
	"unicode/utf8"

	"github.com/caisson/caisson/sdk/go/caisson"
	api "github.com/caisson/caisson/sdk/go/internal/bindings/imports/caisson_llm_api"
	wit "github.com/caisson/caisson/sdk/go/internal/bindings/wit/types"
)

func lowerChatResponse(response caisson.ChatResponse) (api.ChatResponse, error) {
	switch response := response.(type) {
	case caisson.RawAnswer:
		return api.MakeChatResponseRaw(text(string(response))), nil
	case *caisson.ChatAnswer:
		if response != nil {
			return lowerAnswer(response)
		}
	}
	return api.ChatResponse{}, caisson.Errorf(caisson.Internal, "the adapter's Complete gave neither an answer nor an error")
}

func lowerAnswer(answer *caisson.ChatAnswer) (api.ChatResponse, error) {
	lowered := api.ChatAnswer{
		Id:                optional(answer.ID),
		Model:             optional(answer.Model),
		Usage:             lowerUsage(answer.Usage),
		ServiceTier:       optional(answer.ServiceTier),
		SystemFingerprint: optional(answer.SystemFingerprint),
		Extra:             lowerFields(answer.Extra),
	}
	for _, choice := range answer.Choices {
		message, err := lowerMessage(choice.Message)
		if err != nil {
			return api.ChatResponse{}, err
		}
		lowered.Choices = append(lowered.Choices, api.Choice{
			Index:        choice.Index,
			Message:      message,
			FinishReason: lowerReason(choice.FinishReason),
			Logprobs:     each(choice.Logprobs, lowerLogprob),
			Extra:        lowerFields(choice.Extra),
		})
	}
	return api.MakeChatResponseAnswer(lowered), nil
}

func lowerMessage(message caisson.Message) (api.Message, error) {
	lowered := api.Message{
		Role:       api.Role_Assistant,
		Name:       optional(message.Name),
		Refusal:    optional(message.Refusal),
		Reasoning:  each(message.Reasoning, lowerReasoning),
		ToolCalls:  each(message.ToolCalls, lowerToolCall),
		ToolCallId: optionalText(message.ToolCallID),
		Extra:      lowerFields(message.Extra),
	}
	switch content := message.Content.(type) {
	case nil:
		lowered.Content = api.MakeContentEmpty()
	case caisson.Text:
		lowered.Content = api.MakeContentText(text(string(content)))
	case caisson.Parts:
		parts := make([]api.Part, len(content))
		for position, part := range content {
			var err error
			if parts[position], err = lowerPart(part); err != nil {
				return lowered, err
			}
		}
		lowered.Content = api.MakeContentParts(parts)
	}
	return lowered, nil
}

func lowerPart(part caisson.Part) (api.Part, error) {
	switch part := part.(type) {
	case caisson.TextPart:
		return api.MakePartText(lowerText(part)), nil
	case caisson.RefusalPart:
		return api.MakePartRefusal(lowerText(caisson.TextPart(part))), nil
	case caisson.ImagePart:
		return api.MakePartImage(lowerMedia(caisson.Media(part))), nil
	case caisson.AudioPart:
		return api.MakePartAudio(lowerMedia(caisson.Media(part))), nil
	case caisson.FilePart:
		return api.MakePartFile(lowerMedia(caisson.Media(part))), nil
	case caisson.Reasoning:
		return api.MakePartReasoning(lowerReasoning(part)), nil
	case caisson.OtherPart:
		return api.MakePartOther(text(string(part))), nil
	}
	return api.Part{}, caisson.Errorf(caisson.Internal, "a part of the answer's content is nil")
}

func lowerText(part caisson.TextPart) api.TextPart {
	return api.TextPart{Text: text(part.Text), Extra: lowerFields(part.Extra)}
}

func lowerMedia(media caisson.Media) api.Media {
	source := api.MakeSourceUrl("")
	switch given := media.Source.(type) {
	case caisson.SourceURL:
		source = api.MakeSourceUrl(text(string(given)))
	case caisson.SourceBase64:
		source = api.MakeSourceBase64(text(string(given)))
	case caisson.SourceID:
		source = api.MakeSourceId(text(string(given)))
	}
	return api.Media{
		Source:   source,
		MimeType: optional(media.MimeType),
		FileName: optionalText(media.FileName),
		Detail:   optional(media.Detail),
		Extra:    lowerFields(media.Extra),
	}
}

func lowerReasoning(reasoning caisson.Reasoning) api.Reasoning {
	return api.Reasoning{
		Text: text(reasoning.Text), Signature: optionalText(reasoning.Signature), Redacted: reasoning.Redacted,
	}
}

func lowerToolCall(call caisson.ToolCall) api.ToolCall {
	kind := call.Kind
	if kind == "" {
		kind = "function"
	}
	return api.ToolCall{
		Id: text(call.ID), Kind: text(kind), Name: text(call.Name), Arguments: text(call.Arguments),
		Extra: lowerFields(call.Extra),
	}
}

func lowerReason(reason caisson.FinishReason) api.FinishReason {
	switch reason {
	case "", caisson.FinishStop:
		return api.MakeFinishReasonStop()
	case caisson.FinishLength:
		return api.MakeFinishReasonLength()
	case caisson.FinishToolCalls:
		return api.MakeFinishReasonToolCalls()
	case caisson.FinishContentFilter:
		return api.MakeFinishReasonContentFilter()
	}
	return api.MakeFinishReasonOther(text(string(reason)))
}

func lowerLogprob(token caisson.TokenLogprob) api.TokenLogprob {
	return api.TokenLogprob{
		Token:   text(token.Token),
		Logprob: token.Logprob,
		Bytes:   optionalBytes(token.Bytes),
		Top: each(token.Top, func(top caisson.TopLogprob) api.TopLogprob {
			return api.TopLogprob{Token: text(top.Token), Logprob: top.Logprob, Bytes: optionalBytes(top.Bytes)}
		}),
	}
}

func lowerUsage(usage *caisson.Usage) wit.Option[api.Usage] {
	if usage == nil {
		return wit.None[api.Usage]()
	}
	return wit.Some(api.Usage{
		Input:           usage.Input,
		Output:          usage.Output,
		Total:           usage.Total,
		CachedInput:     option(usage.CachedInput),
		CacheWriteInput: option(usage.CacheWriteInput),
		AudioInput:      option(usage.AudioInput),
		ReasoningOutput: option(usage.ReasoningOutput),
		AudioOutput:     option(usage.AudioOutput),
		Extra:           lowerFields(usage.Extra),
	})
}

func lowerEvent(event caisson.Event) (api.Event, error) {
	switch event := event.(type) {
	case caisson.TextDelta:
		return api.MakeEventText(api.TextDelta{Choice: event.Choice, Text: text(event.Text)}), nil
	case caisson.RefusalDelta:
		return api.MakeEventRefusal(api.TextDelta{Choice: event.Choice, Text: text(event.Text)}), nil
	case caisson.ReasoningDelta:
		return api.MakeEventReasoning(api.ReasoningDelta{
			Choice: event.Choice, Text: text(event.Text), Signature: optionalText(event.Signature), Redacted: event.Redacted,
		}), nil
	case caisson.ToolDelta:
		return api.MakeEventTool(api.ToolDelta{
			Choice: event.Choice, Index: event.Index, Id: optional(event.ID), Kind: optional(event.Kind),
			Name: optional(event.Name), Arguments: text(event.Arguments), Extra: lowerFields(event.Extra),
		}), nil
	case caisson.LogprobsDelta:
		return api.MakeEventLogprobs(api.LogprobsDelta{
			Choice: event.Choice, Tokens: each(event.Tokens, lowerLogprob),
		}), nil
	case caisson.Finish:
		return api.MakeEventFinish(api.Finish{Choice: event.Choice, Reason: lowerReason(event.Reason)}), nil
	case caisson.Usage:
		return api.MakeEventUsage(lowerUsage(&event).Some()), nil
	case caisson.OtherDelta:
		return api.MakeEventOther(api.OtherDelta{Choice: event.Choice, Extra: lowerFields(event.Extra)}), nil
	case caisson.RawEvent:
		return api.MakeEventRaw(text(string(event))), nil
	case caisson.StreamStart:
		return api.MakeEventStart(api.StreamStart{
			Id: optional(event.ID), Model: optional(event.Model), ServiceTier: optional(event.ServiceTier),
			SystemFingerprint: optional(event.SystemFingerprint), Extra: lowerFields(event.Extra),
		}), nil
	}
	return api.Event{}, caisson.Errorf(caisson.Internal, "the adapter emitted nil")
}

func lowerEmbedResponse(response *caisson.EmbedResponse) (api.EmbedResponse, error) {
	if response == nil {
		return api.EmbedResponse{}, caisson.Errorf(caisson.Internal, "the adapter's Embed gave neither an answer nor an error")
	}
	return api.EmbedResponse{
		Model:   optional(response.Model),
		Vectors: response.Vectors,
		Usage:   lowerUsage(response.Usage),
		Extra:   lowerFields(response.Extra),
	}, nil
}

func lowerError(err error) api.Error {
	failure := errorOf(err)
	lowered := api.Error{
		Kind:         api.ErrorKind(failure.Kind),
		Message:      text(failure.Message),
		Status:       wit.None[uint16](),
		Param:        optional(failure.Param),
		Code:         optional(failure.Code),
		RetryAfterMs: wit.None[uint32](),
		Body:         optional(failure.Body),
	}
	if failure.Kind > caisson.Upstream {
		lowered.Kind = api.ErrorKind_Internal
	}
	if failure.Status > 0 && failure.Status < 1000 {
		lowered.Status = wit.Some(uint16(failure.Status))
	}
	if wait, known := failure.Milliseconds(); known {
		lowered.RetryAfterMs = wit.Some(wait)
	}
	return lowered
}

func lowerInfo(info caisson.AdapterInfo) api.AdapterInfo {
	return api.AdapterInfo{
		Name:        text(info.Name),
		Version:     text(info.Version),
		Description: text(info.Description),
		Homepage:    optional(info.Homepage),
		Models: each(info.Models, func(model caisson.ModelInfo) api.ModelInfo {
			return api.ModelInfo{
				Id: text(model.ID), Capabilities: each(model.Capabilities, text),
				ContextTokens: positive(model.ContextTokens), OutputTokens: positive(model.OutputTokens),
				Extra: lowerFields(model.Extra),
			}
		}),
		Parameters: each(info.Parameters, text),
		Hosts:      each(info.Hosts, text),
		Credentials: each(info.Credentials, func(slot caisson.CredentialSlot) api.CredentialSlot {
			return api.CredentialSlot{
				Name: text(slot.Name), Host: text(slot.Host), Placement: lowerPlacement(slot.Placement),
				Description: text(slot.Description), Required: !slot.Optional,
			}
		}),
		Settings: each(info.Settings, func(setting caisson.Setting) api.Setting {
			return api.Setting{
				Name: text(setting.Name), Description: text(setting.Description),
				DefaultValue: optionalText(setting.Default), Required: setting.Required,
			}
		}),
		Suites: each(info.Suites, text),
	}
}

func lowerPlacement(placement caisson.Placement) api.Placement {
	switch placement := placement.(type) {
	case caisson.HeaderPlacement:
		return api.MakePlacementHeader(text(string(placement)))
	case caisson.QueryPlacement:
		return api.MakePlacementQuery(text(string(placement)))
	case caisson.SigningScheme:
		return api.MakePlacementScheme(api.SigningScheme{
			Name: text(placement.Name), Parameters: lowerPairs(placement.Parameters),
		})
	}
	return api.MakePlacementBearer()
}

func lowerPairs(pairs caisson.Pairs) []wit.Tuple2[string, string] {
	return each(pairs, func(pair caisson.Pair) wit.Tuple2[string, string] {
		return wit.Tuple2[string, string]{F0: text(pair.Name), F1: text(pair.Value)}
	})
}

func lowerFields(fields caisson.Fields) []wit.Tuple2[string, string] {
	return each(fields, func(field caisson.Field) wit.Tuple2[string, string] {
		value := "null"
		if field.Value != nil {
			value = text(string(field.Value))
		}
		return wit.Tuple2[string, string]{F0: text(field.Name), F1: value}
	})
}

func text(given string) string {
	if utf8.ValidString(given) {
		return given
	}
	return string([]rune(given))
}

// optional is none where the text is empty.
func optional(given string) wit.Option[string] {
	if given == "" {
		return wit.None[string]()
	}
	return wit.Some(text(given))
}

func optionalText(given *string) wit.Option[string] {
	if given == nil {
		return wit.None[string]()
	}
	return wit.Some(text(*given))
}

func optionalBytes(given []byte) wit.Option[[]uint8] {
	if given == nil {
		return wit.None[[]uint8]()
	}
	return wit.Some(given)
}

func option[T any](given *T) wit.Option[T] {
	if given == nil {
		return wit.None[T]()
	}
	return wit.Some(*given)
}

func positive(given uint32) wit.Option[uint32] {
	if given == 0 {
		return wit.None[uint32]()
	}
	return wit.Some(given)
}
