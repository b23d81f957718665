//go:build wasip1

// The exports of a component, made of an adapter. What the adapter's methods are given is lift.go's, what they give is
// lower.go's; a stream runs in stream.go.

package component

import (
	"errors"
	"runtime/debug"

	"github.com/caisson/caisson/sdk/go/caisson"
	provider "github.com/caisson/caisson/sdk/go/internal/bindings/exports/export_caisson_adapter_provider"
	_ "github.com/caisson/caisson/sdk/go/internal/bindings/exports/wit_exports"
	api "github.com/caisson/caisson/sdk/go/internal/bindings/imports/caisson_llm_api"
	wit "github.com/caisson/caisson/sdk/go/internal/bindings/wit/types"
	"github.com/caisson/caisson/sdk/go/internal/transport"
)

// Export is called from an init function, once. The host calls the adapter's methods; main never runs.
func Export(adapter caisson.Adapter) {
	provider.Describe = func() api.AdapterInfo {
		return lowerInfo(adapter.Describe())
	}
	provider.Complete = func(context api.Context, request api.ChatRequest) wit.Result[api.ChatResponse, api.Error] {
		return guarded("Complete", func() (api.ChatResponse, error) {
			answer, err := adapter.Complete(liftContext(context), liftChatRequest(request))
			if err != nil {
				return api.ChatResponse{}, err
			}
			return lowerChatResponse(answer)
		})
	}
	provider.OpenStream = func(context api.Context, request api.ChatRequest) wit.Result[*provider.Events, api.Error] {
		return guarded("Stream", func() (*provider.Events, error) {
			return openStream(func(emit func(caisson.Event)) error {
				return adapter.Stream(liftContext(context), liftChatRequest(request), emit)
			})
		})
	}
	provider.Embed = func(context api.Context, request api.EmbedRequest) wit.Result[api.EmbedResponse, api.Error] {
		return guarded("Embed", func() (api.EmbedResponse, error) {
			answer, err := adapter.Embed(liftContext(context), liftEmbedRequest(request))
			if err != nil {
				return api.EmbedResponse{}, err
			}
			return lowerEmbedResponse(answer)
		})
	}
}

func guarded[Answer any](where string, call func() (Answer, error)) wit.Result[Answer, api.Error] {
	transport.Entered()
	defer transport.Left()
	answer, err := recovered(where, call)
	if err != nil {
		return wit.Err[Answer, api.Error](lowerError(err))
	}
	return wit.Ok[Answer, api.Error](answer)
}

// recovered turns a panic into an error: in a line for the client, in full in the log.
func recovered[Answer any](where string, call func() (Answer, error)) (answer Answer, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = caisson.Errorf(caisson.Internal, "the adapter failed in %s: %s", where, caisson.Cut(panicText(fault), 500))
			println(caisson.Cut(string(debug.Stack()), 8<<10))
		}
	}()
	return call()
}

func panicText(fault any) string {
	switch fault := fault.(type) {
	case error:
		return fault.Error()
	case string:
		return fault
	}
	return "panic"
}

// errorOf gives the contract's error that is, or is wrapped in, this one.
func errorOf(err error) *caisson.Error {
	var own *caisson.Error
	if errors.As(err, &own) {
		return own
	}
	return caisson.Errorf(caisson.Internal, "the adapter failed: %v", err)
}
