// What the generated exports call, which wants to lie in this package of theirs. Package component fills it in; nothing
// else is here.

package export_caisson_adapter_provider

import (
	"runtime"

	api "github.com/caisson/caisson/sdk/go/internal/bindings/imports/caisson_llm_api"
	wit "github.com/caisson/caisson/sdk/go/internal/bindings/wit/types"
)

// What the host calls; set before it does.
var (
	Describe   func() api.AdapterInfo
	Complete   func(api.Context, api.ChatRequest) wit.Result[api.ChatResponse, api.Error]
	OpenStream func(api.Context, api.ChatRequest) wit.Result[*Events, api.Error]
	Embed      func(api.Context, api.EmbedRequest) wit.Result[api.EmbedResponse, api.Error]
)

// Events is the exported resource: one streamed answer being read. The two fields without a use here are the generated
// code's.
type Events struct {
	pinner runtime.Pinner
	handle int32

	// Advance gives what is ready.
	Advance func() wit.Result[wit.Option[[]api.Event], api.Error]
}

// Next is called by the host.
func (e *Events) Next() wit.Result[wit.Option[[]api.Event], api.Error] { return e.Advance() }

// OnDrop has nothing to do: the host discards the instance.
func (e *Events) OnDrop() {}
