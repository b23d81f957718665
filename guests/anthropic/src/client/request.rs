//! What `POST /v1/messages` takes: the wire's shapes, borrowing from the chat request.
//! No decisions here; which of them a request needs is the conversions' affair.

use std::borrow::Cow;

use caisson_sdk::json;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::value::RawValue;

use super::fields::Fields;

/// The whole body.
#[derive(serde::Serialize)]
pub(crate) struct MessagesRequest<'a> {
    pub(crate) model: &'a str,
    pub(crate) max_tokens: u32,
    #[serde(skip_serializing_if = "Blocks::is_empty")]
    pub(crate) system: Blocks<'a>,
    pub(crate) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    pub(crate) output_config: OutputConfig<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stream: bool,
    /// The client's own fields, by names that none of the above has.
    #[serde(flatten)]
    pub(crate) extra: Fields<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Speaker {
    User,
    Assistant,
}

/// One turn; neighbours never share a speaker.
#[derive(serde::Serialize)]
pub(crate) struct Turn<'a> {
    pub(crate) role: Speaker,
    pub(crate) content: Blocks<'a>,
}

/// A list of blocks; a lone plain text goes over the wire as a string.
#[derive(Default)]
pub(crate) struct Blocks<'a>(pub(crate) Vec<Block<'a>>);

impl Blocks<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Blocks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [Block::Text { text, extra }] if extra.is_empty() => json::long_text(text, serializer),
            blocks => blocks.serialize(serializer),
        }
    }
}

#[derive(serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Block<'a> {
    Text {
        #[serde(serialize_with = "json::long_text")]
        text: &'a str,
        #[serde(flatten)]
        extra: Fields<'a>,
    },
    Image {
        source: Source<'a>,
        #[serde(flatten)]
        extra: Fields<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
        #[serde(flatten)]
        extra: Fields<'a>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: ToolInput<'a>,
        #[serde(flatten)]
        extra: Fields<'a>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Blocks::is_empty")]
        content: Blocks<'a>,
        #[serde(flatten)]
        extra: Fields<'a>,
    },
    /// A block as the client, or the provider before, wrote it.
    #[serde(untagged)]
    Verbatim(&'a RawValue),
}

impl<'a> Block<'a> {
    /// Where this block keeps `cache_control` and its like; thinking has no such place.
    pub(crate) fn extra(&mut self) -> Option<&mut Fields<'a>> {
        match self {
            Block::Text { extra, .. }
            | Block::Image { extra, .. }
            | Block::Document { extra, .. }
            | Block::ToolUse { extra, .. }
            | Block::ToolResult { extra, .. } => Some(extra),
            Block::Thinking { .. } | Block::RedactedThinking { .. } | Block::Verbatim(_) => None,
        }
    }
}

#[derive(serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Source<'a> {
    Base64 {
        media_type: &'a str,
        #[serde(serialize_with = "json::long_text")]
        data: &'a str,
    },
    Url {
        url: &'a str,
    },
    File {
        file_id: &'a str,
    },
    Text {
        media_type: &'static str,
        #[serde(serialize_with = "json::long_text")]
        data: String,
    },
}

#[derive(serde::Serialize)]
#[serde(untagged)]
pub(crate) enum ToolInput<'a> {
    /// A function's arguments, already seen to be an object.
    Object(&'a RawValue),
    /// A free-text tool's argument: an input must be an object here.
    Wrapped { input: &'a str },
}

#[derive(serde::Serialize)]
pub(crate) struct Tool<'a> {
    /// Names one of Anthropic's own tools; absent for a function.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) input_schema: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) strict: bool,
    #[serde(flatten)]
    pub(crate) extra: Fields<'a>,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
pub(crate) enum ToolChoice<'a> {
    Known(KnownChoice<'a>),
    Verbatim(&'a RawValue),
}

#[derive(serde::Serialize)]
pub(crate) struct KnownChoice<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) disable_parallel_tool_use: bool,
}

#[derive(Debug, PartialEq, serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Thinking {
    Enabled { budget_tokens: u32 },
    Adaptive { display: &'static str },
    Disabled,
}

/// `effort` and `format`, beside what the client put there itself.
#[derive(Default, serde::Serialize)]
pub(crate) struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<OutputFormat<'a>>,
    #[serde(flatten)]
    pub(crate) extra: Fields<'a>,
}

impl OutputConfig<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none() && self.extra.is_empty()
    }
}

pub(crate) enum OutputFormat<'a> {
    Schema(&'a RawValue),
    Verbatim(&'a RawValue),
}

impl Serialize for OutputFormat<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            OutputFormat::Schema(schema) => {
                let mut format = serializer.serialize_struct("OutputFormat", 2)?;
                format.serialize_field("type", "json_schema")?;
                format.serialize_field("schema", schema)?;
                format.end()
            }
            OutputFormat::Verbatim(format) => format.serialize(serializer),
        }
    }
}

#[derive(serde::Serialize)]
pub(crate) struct Metadata<'a> {
    pub(crate) user_id: &'a str,
}
