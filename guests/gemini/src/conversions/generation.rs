//! `generationConfig`: sampling, length, output form, thinking. Parameters that Gemini has no
//! counterpart for (`logit_bias`, `user`, …) are left out; README lists them.

use caisson_sdk::Result;
use caisson_sdk::api::{ChatRequest, Error, ResponseFormat};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::request::raw;
use crate::client::wire::{Fields, ThinkingConfig};

/// `include_thoughts` is the deployment's setting, if it has one.
pub(super) fn config(request: &ChatRequest, include_thoughts: Option<bool>) -> Result<Fields<'_>> {
    let mut config = Fields::default();
    let mut set = |name: &'static str, value: Option<_>| -> Result<()> {
        if let Some(value) = value {
            config.set(name, raw::<serde_json::Value>(&value)?);
        }
        Ok(())
    };
    set("maxOutputTokens", request.max_tokens.map(Into::into))?;
    set("temperature", request.temperature.map(Into::into))?;
    set("topP", request.top_p.map(Into::into))?;
    set("seed", request.seed.map(Into::into))?;
    set("presencePenalty", request.presence_penalty.map(Into::into))?;
    set("frequencyPenalty", request.frequency_penalty.map(Into::into))?;
    set("candidateCount", (request.n > 1).then(|| request.n.into()))?;
    set("responseLogprobs", request.logprobs.then(|| true.into()))?;
    set("logprobs", request.top_logprobs.map(Into::into))?;
    if !request.stop.is_empty() {
        config.set("stopSequences", raw(&request.stop)?);
    }
    if request.modalities.iter().any(|modality| modality != "text") {
        let modalities: Vec<String> = request.modalities.iter().map(|modality| modality.to_ascii_uppercase()).collect();
        config.set("responseModalities", raw(&modalities)?);
    }
    output_form(request, &mut config)?;
    if let Some(thinking) = thinking(request, include_thoughts)? {
        config.set("thinkingConfig", raw(&thinking)?);
    }
    Ok(config)
}

#[derive(Deserialize)]
struct JsonSchema<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

fn output_form<'a>(request: &'a ChatRequest, config: &mut Fields<'a>) -> Result<()> {
    let schema = match &request.response_format {
        None | Some(ResponseFormat::Text) => return Ok(()),
        Some(ResponseFormat::JsonObject) => None,
        Some(ResponseFormat::JsonSchema(json)) => {
            let format: JsonSchema<'a> = serde_json::from_str(json)
                .map_err(|error| Error::invalid_request(error.to_string()).param("response_format.json_schema"))?;
            format.schema
        }
        Some(ResponseFormat::Other(_)) => {
            return Err(Error::unsupported("a response format of this type").param("response_format.type"));
        }
    };
    config.set("responseMimeType", raw("application/json")?);
    if let Some(schema) = schema {
        config.set("responseJsonSchema", std::borrow::Cow::Borrowed(schema));
    }
    Ok(())
}

/// How a model is told how long to think.
#[derive(Clone, Copy, PartialEq)]
enum Thinking {
    /// Gemini 2.5 and before: a number of tokens, the smallest being this.
    Budget(u32),
    /// Gemini 3 and later: a level, the smallest being this.
    Level(&'static str),
}

impl Thinking {
    fn of(model: &str) -> Self {
        if !is_early(model) {
            // MINIMAL is for the smaller models of generation 3 and for Gemma.
            let small = model.starts_with("gemini-3") && model.contains("flash");
            let minimal = small || model.starts_with("gemma-");
            Self::Level(if minimal { "MINIMAL" } else { "LOW" })
        } else if model.contains("-pro") {
            // These cannot be told not to think.
            Self::Budget(128)
        } else {
            Self::Budget(0)
        }
    }
}

/// Whether this is a Gemini before generation 3. Names without a number, such as
/// `gemini-flash-latest`, stand for newer ones.
fn is_early(model: &str) -> bool {
    model.starts_with("gemini-1") || model.starts_with("gemini-2")
}

/// Whether a model refuses function calls that carry no signature.
pub(super) fn wants_signatures(model: &str) -> bool {
    model.starts_with("gemini-") && !is_early(model)
}

fn thinking(request: &ChatRequest, include_thoughts: Option<bool>) -> Result<Option<ThinkingConfig>> {
    let Some(effort) = request.reasoning_effort.as_deref() else {
        return Ok(include_thoughts.map(|include| ThinkingConfig {
            include_thoughts: Some(include),
            thinking_budget: None,
            thinking_level: None,
        }));
    };
    let (budget, level) = match (Thinking::of(&request.model), effort) {
        (Thinking::Budget(least), "none") => (Some(least), None),
        (Thinking::Budget(_), "minimal" | "low") => (Some(1024), None),
        (Thinking::Budget(_), "medium") => (Some(8192), None),
        (Thinking::Budget(_), "high" | "xhigh" | "max") => (Some(24_576), None),
        (Thinking::Level(least), "none" | "minimal") => (None, Some(least)),
        (Thinking::Level(_), "low") => (None, Some("LOW")),
        (Thinking::Level(_), "medium") => (None, Some("MEDIUM")),
        (Thinking::Level(_), "high" | "xhigh" | "max") => (None, Some("HIGH")),
        _ => {
            return Err(
                Error::invalid_request(format!("no such reasoning effort: `{effort}`")).param("reasoning_effort")
            );
        }
    };
    let wanted = include_thoughts.unwrap_or(true) && effort != "none";
    Ok(Some(ThinkingConfig { include_thoughts: Some(wanted), thinking_budget: budget, thinking_level: level }))
}
