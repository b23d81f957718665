//go:build wasip1

// A streamed answer: the adapter's Stream as a coroutine of the host's calls. What it emitted is handed over when it is
// about to wait, and when there is much.

package component

import (
	"iter"

	"github.com/caisson/caisson/sdk/go/caisson"
	provider "github.com/caisson/caisson/sdk/go/internal/bindings/exports/export_caisson_adapter_provider"
	api "github.com/caisson/caisson/sdk/go/internal/bindings/imports/caisson_llm_api"
	wit "github.com/caisson/caisson/sdk/go/internal/bindings/wit/types"
	"github.com/caisson/caisson/sdk/go/internal/transport"
)

// The most events handed over together, so that an adapter that never waits is bounded in memory.
const batchAtMost = 256

// openStream runs until the adapter waits for the body of its provider's answer, and gives its refusal up to there.
func openStream(run func(emit func(caisson.Event)) error) (*provider.Events, error) {
	next, _ := iter.Pull2(batches(run))
	first, err, more := next()
	if err != nil {
		return nil, err
	}
	hasFirst := more
	return &provider.Events{Advance: func() wit.Result[wit.Option[[]api.Event], api.Error] {
		return guarded("Stream", func() (wit.Option[[]api.Event], error) {
			batch, ready := first, hasFirst
			if first, hasFirst = nil, false; !ready {
				var err error
				if batch, err, ready = next(); err != nil {
					return wit.None[[]api.Event](), err
				}
			}
			if !ready {
				return wit.None[[]api.Event](), nil
			}
			return wit.Some(batch), nil
		})
	}}, nil
}

// batches gives what is emitted between two waits, and an error as the last.
func batches(run func(emit func(caisson.Event)) error) iter.Seq2[[]api.Event, error] {
	return func(yield func([]api.Event, error) bool) {
		var batch []api.Event
		opened := false
		handOver := func() {
			events := batch
			batch, opened = nil, true
			yield(events, nil)
		}
		transport.OnWaiting(func(answered bool) {
			if len(batch) > 0 || answered && !opened {
				handOver()
			}
		})
		defer transport.OnWaiting(nil)
		_, err := recovered("Stream", func() (struct{}, error) {
			return struct{}{}, run(func(event caisson.Event) {
				lowered, err := lowerEvent(event)
				if err != nil {
					panic(err)
				}
				if batch = append(batch, lowered); len(batch) >= batchAtMost {
					handOver()
				}
			})
		})
		if len(batch) > 0 {
			handOver()
		}
		if err != nil {
			yield(nil, err)
		}
	}
}
