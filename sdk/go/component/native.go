//go:build !wasip1

// Outside of a component there is no host to hand an adapter to.

package component

import "github.com/caisson/caisson/sdk/go/caisson"

// Export is called from an init function, once. The host calls the adapter's methods; main never runs.
func Export(caisson.Adapter) {}
