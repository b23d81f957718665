// What the host offers beside HTTP.

package caisson

import "github.com/caisson/caisson/sdk/go/internal/transport"

// OriginalBody gives the client's request body as it came, the model with the deployment's prefix: for adapters that pass
// it through. Copied at each call and only then. Empty in Describe.
func OriginalBody() []byte { return transport.OriginalBody() }

// CountTokens gives the tokens of a text in an encoding (o200k_base, cl100k_base, …) or for a model's name; false where
// the encoding is unknown.
func CountTokens(encoding, text string) (uint32, bool) { return transport.CountTokens(encoding, text) }
