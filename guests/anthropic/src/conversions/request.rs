//! A chat request → the body of `POST /v1/messages`. What has no counterpart is left out
//! as the README lists, or refused where leaving it out would change what the client
//! gets back.

use caisson_sdk::Result;
use caisson_sdk::api::{ChatRequest, Error, ResponseFormat};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{not_json, thinking, tools, turns};
use crate::client::fields::Fields;
use crate::client::request::{MessagesRequest, Metadata, OutputConfig, OutputFormat};

/// Fields of OpenAI's that Anthropic would refuse as unknown.
const OPENAI_ONLY: [&str; 14] = [
    "audio",
    "function_call",
    "functions",
    "moderation",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "store",
    "stream",
    "stream_options",
    "verbosity",
    "web_search_options",
];

/// `default_max` caps the answer where the client does not.
pub(crate) fn messages_request(request: &ChatRequest, default_max: u32, stream: bool) -> Result<MessagesRequest<'_>> {
    if request.n > 1 {
        return Err(Error::unsupported("more than one choice for a request").param("n"));
    }
    let mut extra = Fields::of_pairs(&request.extra).map_err(|name| not_json(name.to_owned()))?;
    let turns::Conversation { system, turns } = turns::conversation(&request.messages)?;
    let plan = thinking::plan(request, extra.find("thinking"), default_max);
    let mut output_config = output_config(request, extra.find("output_config"))?;
    if output_config.effort_is_free() {
        output_config.effort = plan.effort;
    }
    let tools = tools::tools(&request.tools)?;
    let service_tier = extra.take::<String>("service_tier").and_then(|tier| service_tier(&tier));
    let metadata = user_id(request, &extra).map(|user_id| Metadata { user_id });
    // The names written below must not appear twice.
    extra.retain(|name| {
        let written = match name {
            "model" | "max_tokens" | "messages" | "output_config" | "temperature" | "top_p" => true,
            "system" => !system.is_empty(),
            "tools" => !tools.is_empty(),
            "tool_choice" => request.tool_choice.is_some(),
            "stop_sequences" => !request.stop.is_empty(),
            "metadata" => metadata.is_some(),
            _ => false,
        };
        !written && !OPENAI_ONLY.contains(&name)
    });
    Ok(MessagesRequest {
        model: &request.model,
        max_tokens: plan.max_tokens,
        system,
        messages: turns,
        tool_choice: tools::choice(request)?,
        tools,
        thinking: plan.thinking,
        output_config,
        stop_sequences: &request.stop,
        // OpenAI's scale ends at 2, Anthropic's at 1.
        temperature: request.temperature.filter(|_| !plan.thinks).map(|value| value.min(1.0)),
        top_p: request.top_p.filter(|value| !plan.thinks || *value >= 0.95),
        metadata,
        service_tier,
        stream,
        extra,
    })
}

fn output_config<'a>(request: &'a ChatRequest, own: Option<&'a RawValue>) -> Result<OutputConfig<'a>> {
    let extra = match own {
        None => Fields::default(),
        Some(own) => serde_json::from_str(own.get()).map_err(|error| {
            Error::invalid_request(format!("this must be an object: {error}")).param("output_config")
        })?,
    };
    let format = output_format(request)?.filter(|_| !extra.contains("format"));
    Ok(OutputConfig { effort: None, format, extra })
}

impl OutputConfig<'_> {
    fn effort_is_free(&self) -> bool {
        !self.extra.contains("effort")
    }
}

/// A schema is enforced. OpenAI's bare JSON mode has no counterpart: the prompt asks for
/// JSON there by OpenAI's own rule, and Claude follows the prompt.
fn output_format(request: &ChatRequest) -> Result<Option<OutputFormat<'_>>> {
    #[derive(Deserialize)]
    struct JsonSchema<'a> {
        #[serde(borrow)]
        schema: &'a RawValue,
    }

    let invalid = |error: serde_json::Error| {
        Error::invalid_request(format!("this is not a response format: {error}")).param("response_format.json_schema")
    };
    Ok(match &request.response_format {
        None | Some(ResponseFormat::Text | ResponseFormat::JsonObject) => None,
        Some(ResponseFormat::JsonSchema(json)) => {
            let named: JsonSchema = serde_json::from_str(json).map_err(invalid)?;
            Some(OutputFormat::Schema(named.schema))
        }
        Some(ResponseFormat::Other(json)) => Some(OutputFormat::Verbatim(serde_json::from_str(json).map_err(invalid)?)),
    })
}

/// Anthropic's `auto` uses what priority capacity there is; none stands for tiers that
/// it has not got.
fn service_tier(tier: &str) -> Option<&'static str> {
    match tier {
        "auto" | "priority" => Some("auto"),
        "default" | "standard_only" => Some("standard_only"),
        _ => None,
    }
}

/// Anthropic's metadata holds nothing but this.
fn user_id<'a>(request: &'a ChatRequest, extra: &Fields<'a>) -> Option<&'a str> {
    let named = request.metadata.iter().find(|(name, _)| name == "user_id");
    let identifier = || serde_json::from_str(extra.find("safety_identifier")?.get()).ok();
    named.map(|(_, user_id)| user_id.as_str()).or(request.user.as_deref()).or_else(identifier)
}
