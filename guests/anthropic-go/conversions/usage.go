// Token counts. Anthropic counts apart what came from the cache and what went into it; OpenAI's prompt tokens are all of
// it, so the three are added up.

package conversions

import "github.com/caisson/caisson/sdk/go/caisson"

// counts so far. A stream reports them twice, the second time with running totals.
type counts struct {
	// known: the provider counted at all.
	known                                bool
	input, output, read, written, thinks *uint32
	tier                                 string
	extra                                caisson.Fields
}

// update leaves what was known where fields are absent or null.
func (c *counts) update(usage caisson.Fields) {
	c.known = true
	note := func(into **uint32, fields caisson.Fields, name string) {
		if count, is := fields.Count(name); is {
			*into = &count
		}
	}
	note(&c.input, usage, "input_tokens")
	note(&c.output, usage, "output_tokens")
	note(&c.read, usage, "cache_read_input_tokens")
	note(&c.written, usage, "cache_creation_input_tokens")
	note(&c.thinks, usage.Object("output_tokens_details"), "thinking_tokens")
	if tier := text(usage, "service_tier"); tier != "" {
		c.tier = tier
	}
	for _, taken := range []string{
		"input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens_details",
		"service_tier",
	} {
		usage.Take(taken)
	}
	for _, field := range leftover(usage) {
		c.extra.Set(field.Name, field.Value)
	}
}

// serviceTier gives the tier in OpenAI's word, where it has one.
func (c *counts) serviceTier() string {
	if c.tier == "standard" {
		return "default"
	}
	return c.tier
}

func (c *counts) usage() *caisson.Usage {
	if !c.known {
		return nil
	}
	usage := caisson.Tokens(sum(sum(count(c.input), count(c.read)), count(c.written)), count(c.output))
	usage.CachedInput, usage.CacheWriteInput, usage.ReasoningOutput, usage.Extra = c.read, c.written, c.thinks, c.extra
	return &usage
}

func count(known *uint32) uint32 {
	if known == nil {
		return 0
	}
	return *known
}
