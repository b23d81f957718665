//! OpenAI's chat request, as far as Anthropic's API has a place for it. Texts stay the JSON that they came as: what is never looked
//! into needn't be unescaped and escaped again.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The field that decides where a request goes.
#[derive(Deserialize)]
pub(crate) struct Named<'a> {
    model: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct ChatRequest<'a> {
    pub(crate) model: &'a str,
    #[serde(borrow)]
    pub(crate) messages: Vec<Message<'a>>,
    #[serde(default)]
    pub(crate) stream: bool,
    stream_options: Option<StreamOptions>,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) max_completion_tokens: Option<u32>,
    pub(crate) temperature: Option<&'a RawValue>,
    pub(crate) top_p: Option<&'a RawValue>,
    pub(crate) stop: Option<&'a RawValue>,
    pub(crate) tools: Option<Vec<Tool<'a>>>,
    pub(crate) tool_choice: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
pub(crate) struct Message<'a> {
    pub(crate) role: Role,
    /// A string, an array of parts, or null.
    #[serde(borrow)]
    pub(crate) content: Option<&'a RawValue>,
    pub(crate) tool_calls: Option<Vec<ToolCall<'a>>>,
    pub(crate) tool_call_id: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

#[derive(Deserialize)]
pub(crate) struct Part<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    #[serde(borrow)]
    pub(crate) text: Option<&'a RawValue>,
    pub(crate) image_url: Option<ImageUrl<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct ImageUrl<'a> {
    #[serde(borrow)]
    pub(crate) url: &'a RawValue,
}

#[derive(Deserialize)]
pub(crate) struct ToolCall<'a> {
    #[serde(borrow)]
    pub(crate) id: &'a RawValue,
    pub(crate) function: Called<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Called<'a> {
    #[serde(borrow)]
    pub(crate) name: &'a RawValue,
    /// JSON, in a string.
    pub(crate) arguments: String,
}

#[derive(Deserialize)]
pub(crate) struct Tool<'a> {
    #[serde(borrow)]
    pub(crate) function: Function<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Function<'a> {
    #[serde(borrow)]
    pub(crate) name: &'a RawValue,
    pub(crate) description: Option<&'a RawValue>,
    pub(crate) parameters: Option<&'a RawValue>,
}

impl<'a> Named<'a> {
    /// The provider and its model.
    pub(crate) fn route(&self) -> Option<(&'a str, &'a str)> {
        self.model.split_once('/')
    }

    /// The request with the provider's own name of the model, all else as it came.
    pub(crate) fn without_route(&self, body: &Bytes) -> Bytes {
        let Some((route, _)) = self.route() else { return body.clone() };
        // `model` borrows from the body, so the distance is where it stands.
        let at = self.model.as_ptr() as usize - body.as_ptr() as usize;
        [&body[..at], &body[at + route.len() + 1..]].concat().into()
    }
}

impl ChatRequest<'_> {
    pub(crate) fn includes_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }
}

/// Appends a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing to a vector can't fail, and a string has a JSON form.
    let _ = serde_json::to_writer(out, text);
}

/// Appends a number.
pub(crate) fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
