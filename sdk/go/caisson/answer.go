// What an adapter answers: whole answers, events of a stream, vectors. Mirrors the contract's answer records.

package caisson

import (
	"encoding/json"
	"math"
)

// ChatResponse is a whole answer: *[ChatAnswer] or [RawAnswer].
type ChatResponse interface{ chatResponse() }

// ChatAnswer is an answer taken apart.
type ChatAnswer struct {
	// ID is the provider's; the host makes one where it is empty.
	ID string
	// Model that answered, as the provider names it; the client's word where empty.
	Model string
	// Choices, one for each that was asked for.
	Choices []Choice
	// Usage is the provider's count; nil lets the host estimate.
	Usage *Usage
	// ServiceTier is OpenAI's service_tier.
	ServiceTier string
	// SystemFingerprint is OpenAI's system_fingerprint.
	SystemFingerprint string
	// Extra are fields that the contract has no name for.
	Extra Fields
}

// RawAnswer is a whole OpenAI chat.completion object, passed through. The host still sees to what the wire demands.
type RawAnswer json.RawMessage

func (*ChatAnswer) chatResponse() {}
func (RawAnswer) chatResponse()   {}

// Answer makes an answer of one choice whose message is this text.
func Answer(text string) *ChatAnswer {
	return &ChatAnswer{Choices: []Choice{{Message: Says(Assistant, text)}}}
}

// Choice is one of the answers to a request.
type Choice struct {
	// Index is from 0, below ChatRequest.N.
	Index uint32
	// Message is what the model said; its role is assistant whatever it says.
	Message Message
	// FinishReason is stop where empty.
	FinishReason FinishReason
	// Logprobs are the tokens of the content; empty where not asked for.
	Logprobs []TokenLogprob
	// Extra are fields of the choice that the contract has no name for.
	Extra Fields
}

// FinishReason is why a choice ended; a word that is none of the constants' reaches the client as it is.
type FinishReason string

// OpenAI's reasons.
const (
	// FinishStop: the model was done, or met one of the stop texts. The empty word means it too.
	FinishStop FinishReason = "stop"
	// FinishLength: the tokens or the model's context are used up.
	FinishLength FinishReason = "length"
	// FinishToolCalls: the model waits for the results of its calls.
	FinishToolCalls FinishReason = "tool_calls"
	// FinishContentFilter: the provider withheld the rest.
	FinishContentFilter FinishReason = "content_filter"
)

// TopLogprob is a token that could have stood at a position.
type TopLogprob struct {
	Token string
	// Logprob is the natural logarithm of its probability.
	Logprob float64
	// Bytes of the token; nil if the provider doesn't say.
	Bytes []byte
}

// TokenLogprob is a token of the answer.
type TokenLogprob struct {
	Token string
	// Logprob is the natural logarithm of its probability.
	Logprob float64
	// Bytes of the token; nil if the provider doesn't say.
	Bytes []byte
	// Top are the likeliest tokens at this position.
	Top []TopLogprob
}

// Usage counts tokens.
type Usage struct {
	// Input is all of the prompt, cached tokens included.
	Input uint32
	// Output is all of the answer, reasoning included.
	Output uint32
	// Total is as the provider says.
	Total uint32
	// CachedInput of Input came from a cache.
	CachedInput *uint32
	// CacheWriteInput of Input was written to one.
	CacheWriteInput *uint32
	AudioInput      *uint32
	ReasoningOutput *uint32
	AudioOutput     *uint32
	// Extra are fields of the usage object that the contract has no name for.
	Extra Fields
}

// Tokens makes a count of tokens in and out.
func Tokens(input, output uint32) Usage {
	return Usage{Input: input, Output: output, Total: uint32(min(uint64(input)+uint64(output), math.MaxUint32))}
}

// EmbedResponse is what Embed gives.
type EmbedResponse struct {
	// Model that answered, as the provider names it; the client's word where empty.
	Model string
	// Vectors, one for each input, in order; finite numbers.
	Vectors [][]float32
	// Usage is the provider's count; nil lets the host estimate.
	Usage *Usage
	// Extra are fields that the contract has no name for.
	Extra Fields
}

// Event is one step of a streamed answer: [StreamStart], [TextDelta], [RefusalDelta], [ReasoningDelta], [ToolDelta],
// [LogprobsDelta], [Finish], [Usage], [OtherDelta] or [RawEvent]. Within a choice their order is the client's order.
type Event interface{ event() }

// StreamStart is what is known before the first word. Once, before all others; may be left out.
type StreamStart struct {
	ID                string
	Model             string
	ServiceTier       string
	SystemFingerprint string
	Extra             Fields
}

// TextDelta is more text of a choice.
type TextDelta struct {
	Choice uint32
	// Text to append; whole characters.
	Text string
}

// RefusalDelta is more of the model's refusal.
type RefusalDelta TextDelta

// ReasoningDelta is more reasoning of a choice.
type ReasoningDelta struct {
	Choice uint32
	Text   string
	// Signature is the block's, with its last delta; nil before.
	Signature *string
	// Redacted is true where this is a block of its own whose text is withheld: Signature holds all there is.
	Redacted bool
}

// ToolDelta is a fragment of a tool call. The first of a call carries ID and Name.
type ToolDelta struct {
	Choice uint32
	// Index is the position of the call within the message, from 0.
	Index uint32
	// ID, once; the host makes one where the first fragment has none.
	ID string
	// Kind is function where the first fragment has none.
	Kind string
	// Name, whole and once.
	Name string
	// Arguments is what to append to the argument text.
	Arguments string
	Extra     Fields
}

// LogprobsDelta has the log probabilities of tokens just sent.
type LogprobsDelta struct {
	Choice uint32
	Tokens []TokenLogprob
}

// Finish is the end of a choice, once, after its other events. Where it is missing the host writes a stop.
type Finish struct {
	Choice uint32
	// Reason is stop where empty.
	Reason FinishReason
}

// OtherDelta has fields to merge into a choice's delta that the contract has no name for.
type OtherDelta struct {
	Choice uint32
	Extra  Fields
}

// RawEvent is a whole OpenAI chat.completion.chunk object, passed through. The host still sees to what the wire demands.
type RawEvent json.RawMessage

func (StreamStart) event()    {}
func (TextDelta) event()      {}
func (RefusalDelta) event()   {}
func (ReasoningDelta) event() {}
func (ToolDelta) event()      {}
func (LogprobsDelta) event()  {}
func (Finish) event()         {}
func (Usage) event()          {}
func (OtherDelta) event()     {}
func (RawEvent) event()       {}
