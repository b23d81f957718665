//go:build wasip1

// When garbage is collected. A collection that begins, or goes on, inside an allocation for the host (cabi_realloc) calls
// imports there, which is a trap. The host allocates before an export begins and in imports that give lists or texts: the
// collector is off at both, and on in all else, so that an adapter that makes much garbage stays within its memory.

package transport

import (
	"runtime/debug"

	witRuntime "github.com/caisson/caisson/sdk/go/internal/bindings/wit/runtime"
)

const percent = 100

func init() { debug.SetGCPercent(-1) }

// Entered is called first thing in an export, Left last.
func Entered() { debug.SetGCPercent(percent) }

// Left waits for a collection that is under way.
func Left() { debug.SetGCPercent(-1) }

// given calls an import that gives a list or a text.
func given[Value any](call func() Value) Value {
	debug.SetGCPercent(-1)
	value := call()
	// What the host allocated is pinned until the value that holds it is there.
	witRuntime.Unpin()
	debug.SetGCPercent(percent)
	return value
}
