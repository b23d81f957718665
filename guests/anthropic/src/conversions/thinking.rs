//! `reasoning_effort` → thinking, and what thinking rules out. Models up to Claude 4.5
//! think within a budget of tokens; later ones, and any this adapter has not heard of,
//! decide for themselves and are told an effort. The README has the tables.
//!
//! A client's own `thinking` field wins over the effort and is not second-guessed.

use caisson_sdk::api::{ChatRequest, Role};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{tools, verbatim};
use crate::client::request::Thinking;

/// The smallest budget that Anthropic accepts.
const LEAST_BUDGET: u32 = 1_024;

/// Marks of model names that think within a budget.
const BUDGETED: [&str; 13] = [
    "claude-2",
    "claude-3",
    "claude-4-",
    "claude-instant",
    "haiku-4-5",
    "opus-4-0",
    "opus-4-1",
    "opus-4-2025",
    "opus-4-5",
    "opus-4@",
    "sonnet-4-0",
    "sonnet-4-2025",
    "sonnet-4-5",
];

/// How a request thinks, and the cap that leaves room for it.
pub(super) struct Plan<'a> {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<&'a str>,
    pub(super) max_tokens: u32,
    /// Anthropic then fixes the temperature, and `top_p` but for its top end.
    pub(super) thinks: bool,
}

/// `own` is the client's `thinking` field, `default_max` the deployment's cap.
pub(super) fn plan<'a>(request: &'a ChatRequest, own: Option<&RawValue>, default_max: u32) -> Plan<'a> {
    let effort = request.reasoning_effort.as_deref();
    if let Some(own) = own {
        return plan_of_client(request, own, default_max);
    }
    let mut plan =
        Plan { thinking: None, effort: None, max_tokens: request.max_tokens.unwrap_or(default_max), thinks: false };
    let Some(effort) = effort else {
        return plan;
    };
    if effort == "none" {
        plan.thinking = Some(Thinking::Disabled);
        return plan;
    }
    let budget = budget(effort);
    let forced = tools::is_forced(request);
    if is_budgeted(&request.model) {
        let (max_tokens, budget) = match request.max_tokens {
            None => (default_max.saturating_add(budget), Some(budget)),
            Some(max_tokens) => (max_tokens, budget_within(budget, max_tokens)),
        };
        if let Some(budget_tokens) = budget
            && !forced
            && !is_amid_unthinking_calls(request)
        {
            plan.thinking = Some(Thinking::Enabled { budget_tokens });
            plan.max_tokens = max_tokens;
        }
    } else {
        plan.effort = Some(if effort == "minimal" { "low" } else { effort });
        if !forced {
            // Newer models leave the text out unless asked for it.
            plan.thinking = Some(Thinking::Adaptive { display: "summarized" });
        }
        if request.max_tokens.is_none() {
            plan.max_tokens = default_max.saturating_add(budget);
        }
    }
    plan.thinks = plan.thinking.is_some();
    plan
}

fn plan_of_client<'a>(request: &'a ChatRequest, own: &RawValue, default_max: u32) -> Plan<'a> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Own {
        #[serde(rename = "type")]
        kind: String,
        budget_tokens: u32,
    }

    let own: Own = serde_json::from_str(own.get()).unwrap_or_default();
    Plan {
        thinking: None,
        effort: request.reasoning_effort.as_deref().filter(|_| own.kind == "adaptive"),
        max_tokens: request.max_tokens.unwrap_or(default_max.saturating_add(own.budget_tokens)),
        thinks: own.kind == "enabled" || own.kind == "adaptive",
    }
}

fn is_budgeted(model: &str) -> bool {
    BUDGETED.iter().any(|mark| model.contains(mark)) || ["opus-4", "sonnet-4"].iter().any(|name| model.ends_with(name))
}

/// The budget for an effort; where the model decides itself, the room left for it.
fn budget(effort: &str) -> u32 {
    match effort {
        "minimal" => LEAST_BUDGET,
        "low" => 2_048,
        "high" => 16_384,
        "xhigh" | "max" => 32_000,
        _ => 8_192,
    }
}

/// The client's cap covers thinking and answer, as OpenAI's does: a quarter stays for
/// the answer, and with too little for the least budget there is no thinking.
fn budget_within(budget: u32, max_tokens: u32) -> Option<u32> {
    let most = max_tokens - max_tokens / 4;
    if most >= LEAST_BUDGET {
        return Some(budget.min(most));
    }
    (max_tokens > LEAST_BUDGET).then_some(LEAST_BUDGET)
}

/// With a budget, Anthropic wants the thinking that led to tool calls back beside them.
/// Most OpenAI clients drop it; their request is better answered without thinking than
/// refused.
fn is_amid_unthinking_calls(request: &ChatRequest) -> bool {
    let caller =
        request.messages.iter().rfind(|message| message.role == Role::Assistant && !message.tool_calls.is_empty());
    caller.is_some_and(|message| {
        !message.reasoning.iter().any(|reasoning| reasoning.signature.is_some())
            && !message.extra.iter().any(|(name, _)| name == verbatim::FIELD)
    })
}
