// What a client asks: conversations, tools, texts to embed. Mirrors the contract's request records.

package caisson

import (
	"encoding/json"
	"strings"
)

// ChatRequest is OpenAI's body of POST /v1/chat/completions. The host has checked types and shape, not what a model
// supports. A nil pointer means that the client didn't say.
type ChatRequest struct {
	// Model is without the deployment's prefix.
	Model string
	// Messages are the conversation, oldest first; at least one.
	Messages []Message
	// Tools are what the model may call.
	Tools []Tool
	// ToolChoice is a [ToolMode], a [NamedTool] or an [OtherToolChoice]; nil where the client didn't say.
	ToolChoice ToolChoice
	// ParallelToolCalls says whether one answer may hold several calls.
	ParallelToolCalls *bool
	// ResponseFormat is the form of the answer.
	ResponseFormat *ResponseFormat
	// MaxTokens is the most tokens of the answer, reasoning included.
	MaxTokens *uint32
	// Temperature is as the client sent it (OpenAI: 0 to 2).
	Temperature *float64
	// TopP is as the client sent it (OpenAI: 0 to 1).
	TopP *float64
	// N is how many choices, 1 to 128.
	N uint32
	// Stop are texts that end the answer.
	Stop []string
	// Seed is for answers that repeat as far as the provider can.
	Seed *int64
	// FrequencyPenalty is as the client sent it (OpenAI: -2 to 2).
	FrequencyPenalty *float64
	// PresencePenalty is as the client sent it (OpenAI: -2 to 2).
	PresencePenalty *float64
	// LogitBias is what to add to tokens' logits.
	LogitBias []TokenBias
	// Logprobs asks for the tokens' log probabilities.
	Logprobs bool
	// TopLogprobs is how many of the likeliest tokens at each position, if Logprobs.
	TopLogprobs *uint32
	// ReasoningEffort is OpenAI's word for it: minimal, low, medium, high …; others as the client sent them.
	ReasoningEffort string
	// Modalities are what to answer in: text, audio.
	Modalities []string
	// User is the client's name for its end user; nil where it gave none.
	User *string
	// Metadata are the client's own labels.
	Metadata Pairs
	// Extra are fields that the contract has no name for.
	Extra Fields
}

// TokenBias is a token id, as decimal text, and what to add to its logit.
type TokenBias struct {
	Token string
	Bias  float64
}

// Role is who speaks a message.
type Role string

// The roles.
const (
	// System gives instructions to the model.
	System Role = "system"
	// Developer gives instructions to a reasoning model; a provider without the role takes them as system.
	Developer Role = "developer"
	// User is the person or program that asks.
	User Role = "user"
	// Assistant is the model.
	Assistant Role = "assistant"
	// ToolResult is the result of a tool call, named by [Message.ToolCallID].
	ToolResult Role = "tool"
)

// Message is one message of the conversation, in a request or an answer.
type Message struct {
	Role Role
	// Name is the speaker's, where several share a role.
	Name string
	// Content is a [Text] or [Parts]; nil where null or absent.
	Content Content
	// Refusal is the model's, if it refused.
	Refusal string
	// Reasoning before the answer, in order.
	Reasoning []Reasoning
	// ToolCalls that the model asks for, in order.
	ToolCalls []ToolCall
	// ToolCallID is the call that this message answers; nil for OpenAI's legacy role function, which names none.
	ToolCallID *string
	// Extra are fields that the contract has no name for.
	Extra Fields
}

// Says makes a message of one text.
func Says(role Role, text string) Message { return Message{Role: role, Content: Text(text)} }

// Text gives all text of the message, parts joined with nothing between.
func (m *Message) Text() string {
	switch content := m.Content.(type) {
	case Text:
		return string(content)
	case Parts:
		var all strings.Builder
		for _, part := range content {
			if text, is := part.(TextPart); is {
				all.WriteString(text.Text)
			}
		}
		return all.String()
	}
	return ""
}

// Content is what a message says: [Text] or [Parts].
type Content interface{ content() }

// Text is content of one string.
type Text string

// Parts is content of several pieces, in order.
type Parts []Part

func (Text) content()  {}
func (Parts) content() {}

// Part is one piece of a message's content: [TextPart], [ImagePart], [AudioPart], [FilePart], [RefusalPart], [Reasoning]
// or [OtherPart].
type Part interface{ part() }

// TextPart is a run of text.
type TextPart struct {
	Text string
	// Extra is what the client put beside it, such as a provider's cache_control.
	Extra Fields
}

// RefusalPart is the model's refusal, in an assistant message.
type RefusalPart TextPart

// ImagePart is OpenAI's image_url.
type ImagePart Media

// AudioPart is OpenAI's input_audio.
type AudioPart Media

// FilePart is OpenAI's file.
type FilePart Media

// OtherPart is a part that the contract has no name for, as the client sent it.
type OtherPart json.RawMessage

func (TextPart) part()    {}
func (RefusalPart) part() {}
func (ImagePart) part()   {}
func (AudioPart) part()   {}
func (FilePart) part()    {}
func (Reasoning) part()   {}
func (OtherPart) part()   {}

// Media is an image, audio clip or file in a message.
type Media struct {
	Source Source
	// MimeType is as in image/png; empty if only the provider knows.
	MimeType string
	// FileName is what the client named it; nil where it didn't.
	FileName *string
	// Detail is OpenAI's, of an image: low, high, auto.
	Detail string
	// Extra is what the client put beside it.
	Extra Fields
}

// Source is where media's bytes are: [SourceURL], [SourceBase64] or [SourceID].
type Source interface{ source() }

// SourceURL is an absolute URL for the provider to load.
type SourceURL string

// SourceBase64 is base64 text without a data URL's prefix.
type SourceBase64 string

// SourceID is an id that the provider gave for an uploaded file.
type SourceID string

func (SourceURL) source()    {}
func (SourceBase64) source() {}
func (SourceID) source()     {}

// Reasoning is one block of a model's reasoning.
type Reasoning struct {
	// Text is what the model thought, or the provider's summary; empty where redacted.
	Text string
	// Signature is the provider's proof or encrypted form, to be sent back unchanged; nil where there is none.
	Signature *string
	// Redacted is true where Text is withheld and Signature holds all there is.
	Redacted bool
}

// ToolCall is a call of a tool that the model asks the client to make.
type ToolCall struct {
	// ID ties the tool's result to the call. In an answer it may be empty: the host makes one.
	ID string
	// Kind is function where empty, or another kind of OpenAI's such as custom.
	Kind string
	Name string
	// Arguments are the model's text: JSON for a function, free text for a custom tool.
	Arguments string
	// Extra are fields of the call object that the contract has no name for.
	Extra Fields
}

// Tool is one that the model may call.
type Tool struct {
	// Kind is function where empty, or another kind of OpenAI's such as custom.
	Kind string
	// Name is what the model calls it by.
	Name string
	// Description is for the model; nil where there is none.
	Description *string
	// Parameters are the JSON Schema of a function's parameters, or a custom tool's format; nil where there are none.
	Parameters json.RawMessage
	// Strict says whether the arguments have to follow the schema exactly.
	Strict *bool
	// Extra are fields of the tool object that the contract has no name for.
	Extra Fields
}

// ToolChoice is which tools the model may or must call: [ToolMode], [NamedTool] or [OtherToolChoice].
type ToolChoice interface{ toolChoice() }

// ToolMode is a choice that names no tool.
type ToolMode string

// The modes.
const (
	// ToolsAuto lets the model decide.
	ToolsAuto ToolMode = "auto"
	// ToolsNone lets it call none.
	ToolsNone ToolMode = "none"
	// ToolsRequired wants at least one call, of the model's choosing.
	ToolsRequired ToolMode = "required"
)

// NamedTool wants this tool called.
type NamedTool string

// OtherToolChoice is JSON, as the client sent it.
type OtherToolChoice json.RawMessage

func (ToolMode) toolChoice()        {}
func (NamedTool) toolChoice()       {}
func (OtherToolChoice) toolChoice() {}

// ResponseFormat is the form of the answer's text.
type ResponseFormat struct {
	// Type is text, json_object or json_schema; other for what the contract has no name for.
	Type string
	// JSON is OpenAI's json_schema object (name, schema, strict), or the whole field as the client sent it where other.
	JSON json.RawMessage
}

// EmbedRequest is OpenAI's body of POST /v1/embeddings.
type EmbedRequest struct {
	// Model is without the deployment's prefix.
	Model string
	// Texts to embed; the client's one string is a list of one. Nil where it sent Tokens.
	Texts []string
	// Tokens are the token ids of each input.
	Tokens [][]uint32
	// Dimensions is the length of the vectors; the model's own where nil.
	Dimensions *uint32
	// User is the client's name for its end user; nil where it gave none.
	User *string
	// Extra are fields that the contract has no name for.
	Extra Fields
}
