//go:build wasip1

// When to collect garbage. A collection that begins inside an allocation of the host's (cabi_realloc) would call imports
// there, which is a trap: so none begins by itself, and the kit collects where imports may be called.

package transport

import (
	"runtime"
	"runtime/debug"

	witRuntime "github.com/caisson/caisson/sdk/go/internal/bindings/wit/runtime"
)

func init() { debug.SetGCPercent(-1) }

// Entered is called first thing in an export.
func Entered() { runtime.GC() }

// collect is told of bytes that came from the host.
func collect(int) { witRuntime.Unpin() }
