// What an author implements. How it reaches the host is package component's.

package caisson

// Adapter is a program that speaks one provider's API.
//
// An error that is no *[Error] becomes one of kind internal, and so does a panic.
type Adapter interface {
	// Describe says what this adapter is and wants. Called at upload, without egress; the same answer every time.
	Describe() AdapterInfo

	// Complete gives one whole answer: a *[ChatAnswer] or a [RawAnswer].
	Complete(*Context, *ChatRequest) (ChatResponse, error)

	// Stream gives a streamed answer by calling emit with each event, and returns when it is over. Events reach the
	// client whenever the adapter waits for its provider. An error before the first event, and before the first wait
	// for a body read with [Response.SSE], [Response.NDJSON] or [Response.Chunk], still becomes an HTTP status; later
	// it can only be the stream's last event. When the client leaves, emit or a wait simply never returns.
	Stream(context *Context, request *ChatRequest, emit func(Event)) error

	// Embed gives one vector for each input, in order.
	Embed(*Context, *EmbedRequest) (*EmbedResponse, error)
}

// Base is for embedding: what an adapter leaves out is unsupported. Describe has no default.
type Base struct{}

// Complete refuses.
func (Base) Complete(*Context, *ChatRequest) (ChatResponse, error) {
	return nil, Unsupported("whole answers")
}

// Stream refuses.
func (Base) Stream(*Context, *ChatRequest, func(Event)) error {
	return Unsupported("streamed answers")
}

// Embed refuses.
func (Base) Embed(*Context, *EmbedRequest) (*EmbedResponse, error) {
	return nil, Unsupported("embeddings")
}
