// What an adapter says of itself, for the operator to see at upload.

package caisson

// AdapterInfo is what Describe gives.
type AdapterInfo struct {
	// Name is the adapter's own, as in anthropic; the operator may deploy it under another.
	Name string
	// Version is the adapter's own.
	Version string
	// Description says in a sentence what it is.
	Description string
	// Homepage is a web page about it.
	Homepage string
	// Models known by name; empty where the provider decides, and any is let through.
	Models []ModelInfo
	// Parameters of OpenAI's that it maps; empty means it looks at all of them.
	Parameters []string
	// Hosts are the egress it asks for, as grants: scheme://host[:port]. [Context.BaseURL] stands in for the first.
	Hosts []string
	// Credentials that its requests need.
	Credentials []CredentialSlot
	// Settings that the operator may make.
	Settings []Setting
	// Suites of conformance that it claims, as in anthropic.
	Suites []string
}

// ModelInfo is a model that the adapter offers.
type ModelInfo struct {
	// ID is the provider's name for it; a * at the end admits every model that begins so, and is not listed.
	ID string
	// Capabilities: chat, stream, embed, tools, images, audio, reasoning, json-schema …
	Capabilities []string
	// ContextTokens are the most of prompt and answer together; 0 where unknown.
	ContextTokens uint32
	// OutputTokens are the most of an answer; 0 where unknown.
	OutputTokens uint32
	// Extra are more fields for the model's object in GET /v1/models.
	Extra Fields
}

// CredentialSlot is a secret that the adapter's requests need. The host puts it on those that go to Host.
type CredentialSlot struct {
	// Name is what the operator fills it by, as in api-key.
	Name string
	// Host is the grant it belongs to, as in https://api.example.com.
	Host string
	// Placement is where it goes; [Bearer] where nil.
	Placement Placement
	// Description says what it is and where to find it.
	Description string
	// Optional is true where the adapter works without.
	Optional bool
}

// Placement is where a credential goes on an outgoing request: [Bearer], [HeaderPlacement], [QueryPlacement] or
// [SigningScheme].
type Placement interface{ placement() }

// Bearer is authorization: Bearer …
type Bearer struct{}

// HeaderPlacement is this header, the value alone.
type HeaderPlacement string

// QueryPlacement is this query parameter.
type QueryPlacement string

// SigningScheme is a way of signing that the host knows by name, with its public parameters.
type SigningScheme struct {
	Name       string
	Parameters Pairs
}

func (Bearer) placement()          {}
func (HeaderPlacement) placement() {}
func (QueryPlacement) placement()  {}
func (SigningScheme) placement()   {}

// Setting is something the operator may set for a deployment. Not for secrets.
type Setting struct {
	// Name is what [Context.Setting] holds it under, as in max-retries.
	Name string
	// Description says what it does and which values it takes.
	Description string
	// Default is what holds where the operator says nothing; nil for no default.
	Default *string
	// Required is true where the adapter can't work without.
	Required bool
}
