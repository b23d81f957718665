// reasoning_effort → thinking, and what thinking rules out. Models up to Claude 4.5 think within a budget of tokens; later
// ones, and any this adapter has not heard of, decide for themselves and are told an effort. The README of the Rust
// adapter has the tables. A client's own thinking field wins over the effort and is not second-guessed.

package conversions

import (
	"math"
	"slices"
	"strings"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// The smallest budget that Anthropic accepts.
const leastBudget = 1024

// Marks of model names that think within a budget.
var budgeted = []string{
	"claude-2", "claude-3", "claude-4-", "claude-instant", "haiku-4-5", "opus-4-0", "opus-4-1", "opus-4-2025", "opus-4-5",
	"opus-4@", "sonnet-4-0", "sonnet-4-2025", "sonnet-4-5",
}

// The budget for an effort; where the model decides itself, the room left for it.
var budgets = map[string]uint32{"minimal": leastBudget, "low": 2048, "high": 16_384, "xhigh": 32_000, "max": 32_000}

const otherBudget = 8192

// plan is how a request thinks, and the cap that leaves room for it.
type plan struct {
	maxTokens uint32
	// thinking is the field to write; nil for none.
	thinking any
	effort   string
	// thinks: Anthropic then fixes the temperature, and top_p but for its top end.
	thinks bool
}

func planOf(request *caisson.ChatRequest, extra caisson.Fields, defaultMax uint32) plan {
	if own := extra.Get("thinking"); own != nil {
		return planOfClient(request, extra.Object("thinking"), defaultMax)
	}
	made := plan{maxTokens: defaultMax}
	if request.MaxTokens != nil {
		made.maxTokens = *request.MaxTokens
	}
	effort := request.ReasoningEffort
	switch effort {
	case "":
		return made
	case "none":
		made.thinking = object("type", "disabled")
		return made
	}
	budget, known := budgets[effort]
	if !known {
		budget = otherBudget
	}
	if isBudgeted(request.Model) {
		fitting := budget
		if request.MaxTokens != nil {
			fitting = budgetWithin(budget, *request.MaxTokens)
		}
		if fitting == 0 || isForced(request) || isAmidUnthinkingCalls(request) {
			return made
		}
		made.thinking = object("type", "enabled", "budget_tokens", fitting)
	} else {
		made.effort = effort
		if effort == "minimal" {
			made.effort = "low"
		}
		if !isForced(request) {
			// Newer models leave the text out unless asked for it.
			made.thinking = object("type", "adaptive", "display", "summarized")
		}
	}
	if request.MaxTokens == nil {
		made.maxTokens = sum(defaultMax, budget)
	}
	made.thinks = made.thinking != nil
	return made
}

func planOfClient(request *caisson.ChatRequest, own caisson.Fields, defaultMax uint32) plan {
	kind := text(own, "type")
	made := plan{thinks: kind == "enabled" || kind == "adaptive"}
	if budget, _ := own.Count("budget_tokens"); request.MaxTokens == nil {
		made.maxTokens = sum(defaultMax, budget)
	} else {
		made.maxTokens = *request.MaxTokens
	}
	if kind == "adaptive" {
		made.effort = request.ReasoningEffort
	}
	return made
}

func isBudgeted(model string) bool {
	return slices.ContainsFunc(budgeted, func(mark string) bool { return strings.Contains(model, mark) }) ||
		strings.HasSuffix(model, "opus-4") || strings.HasSuffix(model, "sonnet-4")
}

// budgetWithin: the client's cap covers thinking and answer, as OpenAI's does: a quarter stays for the answer, and with too
// little for the least budget there is no thinking, which is 0.
func budgetWithin(budget, maxTokens uint32) uint32 {
	if most := maxTokens - maxTokens/4; most >= leastBudget {
		return min(budget, most)
	}
	if maxTokens > leastBudget {
		return leastBudget
	}
	return 0
}

// isAmidUnthinkingCalls: with a budget, Anthropic wants the thinking that led to tool calls back beside them. Most OpenAI
// clients drop it; their request is better answered without thinking than refused.
func isAmidUnthinkingCalls(request *caisson.ChatRequest) bool {
	for _, message := range slices.Backward(request.Messages) {
		if message.Role == caisson.Assistant && len(message.ToolCalls) > 0 {
			signed := func(each caisson.Reasoning) bool { return each.Signature != nil }
			return !message.Extra.Has(keptField) && !slices.ContainsFunc(message.Reasoning, signed)
		}
	}
	return false
}

func sum(a, b uint32) uint32 { return uint32(min(uint64(a)+uint64(b), math.MaxUint32)) }
