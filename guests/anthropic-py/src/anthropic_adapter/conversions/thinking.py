"""`reasoning_effort` → thinking, and what thinking rules out. Models up to Claude 4.5 think within a budget of
tokens; later ones, and any this adapter has not heard of, decide for themselves and are told an effort. The
README of the Rust adapter has the tables.

A client's own `thinking` field wins over the effort and is not second-guessed.
"""

from dataclasses import dataclass

from caisson import ChatRequest, Role, json
from caisson.json import Json

from anthropic_adapter.conversions import kept, tools

# The smallest budget that Anthropic accepts.
_LEAST_BUDGET = 1_024

# Marks of model names that think within a budget.
_BUDGETED = (
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
)

# The budget for an effort; where the model decides itself, the room left for it.
_BUDGETS = {"minimal": _LEAST_BUDGET, "low": 2_048, "high": 16_384, "xhigh": 32_000, "max": 32_000}
_OTHER_BUDGET = 8_192


@dataclass
class Plan:
    """How a request thinks, and the cap that leaves room for it."""

    max_tokens: int
    thinking: dict[str, Json] | None = None
    effort: str | None = None
    thinks: bool = False
    """Anthropic then fixes the temperature, and `top_p` but for its top end."""


def plan(request: ChatRequest, own: Json, default_max: int) -> Plan:
    """`own` is the client's `thinking` field, `default_max` the deployment's cap."""
    if own is not None:
        return _plan_of_client(request, own if isinstance(own, dict) else {}, default_max)
    effort = request.reasoning_effort
    cap = request.max_tokens
    made = Plan(default_max if cap is None else cap)
    if effort is None:
        return made
    if effort == "none":
        made.thinking = {"type": "disabled"}
        return made
    budget = _BUDGETS.get(effort, _OTHER_BUDGET)
    forced = tools.is_forced(request)
    if _is_budgeted(request.model):
        fitting = budget if cap is None else _budget_within(budget, cap)
        if fitting is not None and not forced and not _is_amid_unthinking_calls(request):
            made.thinking = {"type": "enabled", "budget_tokens": fitting}
            made.max_tokens = default_max + budget if cap is None else cap
    else:
        made.effort = "low" if effort == "minimal" else effort
        if not forced:
            # Newer models leave the text out unless asked for it.
            made.thinking = {"type": "adaptive", "display": "summarized"}
        if cap is None:
            made.max_tokens = default_max + budget
    made.thinks = made.thinking is not None
    return made


def _plan_of_client(request: ChatRequest, own: dict[str, Json], default_max: int) -> Plan:
    kind = json.text(own, "type")
    room = default_max + (json.count(own, "budget_tokens") or 0)
    return Plan(
        room if request.max_tokens is None else request.max_tokens,
        effort=request.reasoning_effort if kind == "adaptive" else None,
        thinks=kind in ("enabled", "adaptive"),
    )


def _is_budgeted(model: str) -> bool:
    return any(mark in model for mark in _BUDGETED) or model.endswith(("opus-4", "sonnet-4"))


def _budget_within(budget: int, max_tokens: int) -> int | None:
    """The client's cap covers thinking and answer, as OpenAI's does: a quarter stays for the answer, and with
    too little for the least budget there is no thinking."""
    most = max_tokens - max_tokens // 4
    if most >= _LEAST_BUDGET:
        return min(budget, most)
    return _LEAST_BUDGET if max_tokens > _LEAST_BUDGET else None


def _is_amid_unthinking_calls(request: ChatRequest) -> bool:
    """With a budget, Anthropic wants the thinking that led to tool calls back beside them. Most OpenAI clients
    drop it; their request is better answered without thinking than refused."""
    callers = (each for each in reversed(request.messages) if each.role is Role.ASSISTANT and each.tool_calls)
    caller = next(callers, None)
    if caller is None:
        return False
    return kept.FIELD not in caller.extra and not any(each.signature is not None for each in caller.reasoning)
