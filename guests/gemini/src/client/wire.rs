//! The shapes of Gemini's REST API (v1beta): `generateContent`, `streamGenerateContent`,
//! `batchEmbedContents` and errors. Requests borrow from the client's request and answers from
//! the provider's text, so that megabytes of base64 are not copied on the way through. What a
//! field means to an OpenAI client is the business of `conversions`, not of this file.

use std::borrow::Cow;

use caisson_sdk::json;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// JSON kept as text: a schema, a call's arguments, whatever must pass unchanged.
pub(crate) type Raw<'a> = Cow<'a, RawValue>;

/// Named JSON values in order, each name once. For the objects that a client may add Gemini's own
/// fields to: a typed struct would either drop those or write a name twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'a> Fields<'a> {
    /// Sets a field, in place of an earlier value.
    pub(crate) fn set(&mut self, name: impl Into<Cow<'a, str>>, value: Raw<'a>) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerateRequest<'a> {
    pub(crate) contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system_instruction: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub(crate) tool_config: Fields<'a>,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub(crate) generation_config: Fields<'a>,
    /// `safetySettings`, `cachedContent` and the like, as the client gave them.
    #[serde(flatten)]
    pub(crate) native: Fields<'a>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Content<'a> {
    /// `user` or `model`; none in a system instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    pub(crate) parts: Vec<Part<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(crate) enum Part<'a> {
    Text {
        #[serde(serialize_with = "json::long_text")]
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        thought_signature: Option<Cow<'a, str>>,
    },
    Inline {
        inline_data: Blob<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        thought_signature: Option<Cow<'a, str>>,
    },
    File {
        file_data: FileData<'a>,
    },
    Call {
        function_call: FunctionCall<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        thought_signature: Option<Cow<'a, str>>,
    },
    Response {
        function_response: FunctionResponse<'a>,
    },
    /// A part that came from Gemini and goes back as it was.
    Raw(Raw<'a>),
}

impl<'a> Part<'a> {
    /// Text that nobody signed.
    pub(crate) fn text(text: &'a str) -> Self {
        Self::Text { text, thought_signature: None }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blob<'a> {
    pub(crate) mime_type: Cow<'a, str>,
    #[serde(serialize_with = "json::long_text")]
    pub(crate) data: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mime_type: Option<Cow<'a, str>>,
    pub(crate) file_uri: &'a str,
}

#[derive(Debug, Serialize)]
pub(crate) struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) args: Raw<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) response: Raw<'a>,
    /// Images and files that belong to the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<Part<'a>>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tool<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) function_declarations: Vec<FunctionDeclaration<'a>>,
    /// One of Gemini's own tools, such as `googleSearch`.
    #[serde(flatten)]
    pub(crate) native: Fields<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FunctionDeclaration<'a> {
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    /// JSON Schema as the client wrote it; the older `parameters` takes only Google's own dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FunctionCallingConfig<'a> {
    pub(crate) mode: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allowed_function_names: Vec<Cow<'a, str>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThinkingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) include_thoughts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking_budget: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking_level: Option<&'static str>,
}

/// An answer, or one event of a stream: both have this shape.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerateResponse<'a> {
    #[serde(borrow, default)]
    pub(crate) candidates: Vec<Candidate<'a>>,
    #[serde(borrow)]
    pub(crate) prompt_feedback: Option<&'a RawValue>,
    pub(crate) usage_metadata: Option<UsageMetadata>,
    pub(crate) model_version: Option<String>,
    pub(crate) response_id: Option<String>,
    /// Where a stream fails after it began.
    pub(crate) error: Option<Failure>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Candidate<'a> {
    #[serde(borrow)]
    pub(crate) content: Option<CandidateContent<'a>>,
    #[serde(default)]
    pub(crate) index: u32,
    pub(crate) finish_reason: Option<String>,
    pub(crate) logprobs_result: Option<LogprobsResult>,
    #[serde(borrow)]
    pub(crate) finish_message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) safety_ratings: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) citation_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) grounding_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) grounding_attributions: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) url_context_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) avg_logprobs: Option<&'a RawValue>,
}

impl<'a> Candidate<'a> {
    /// What no OpenAI field has room for, under Gemini's own names.
    pub(crate) fn extras(&self) -> impl Iterator<Item = (&'static str, &'a RawValue)> + use<'a> {
        [
            ("finishMessage", self.finish_message),
            ("safetyRatings", self.safety_ratings),
            ("citationMetadata", self.citation_metadata),
            ("groundingMetadata", self.grounding_metadata),
            ("groundingAttributions", self.grounding_attributions),
            ("urlContextMetadata", self.url_context_metadata),
            ("avgLogprobs", self.avg_logprobs),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct CandidateContent<'a> {
    /// Each part twice parsed: once here to keep its text, once as [`AnswerPart`]. A part of a
    /// kind that we do not know then still reaches the client whole.
    #[serde(borrow, default)]
    pub(crate) parts: Vec<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnswerPart<'a> {
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) thought: bool,
    pub(crate) thought_signature: Option<String>,
    #[serde(borrow)]
    pub(crate) function_call: Option<AnswerCall<'a>>,
    pub(crate) inline_data: Option<AnswerBlob>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AnswerCall<'a> {
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(borrow)]
    pub(crate) args: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnswerBlob {
    #[serde(default)]
    pub(crate) mime_type: String,
    #[serde(default)]
    pub(crate) data: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PromptFeedback {
    pub(crate) block_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LogprobsResult {
    pub(crate) chosen_candidates: Vec<LogprobsCandidate>,
    pub(crate) top_candidates: Vec<TopCandidates>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TopCandidates {
    pub(crate) candidates: Vec<LogprobsCandidate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LogprobsCandidate {
    pub(crate) token: String,
    pub(crate) log_probability: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UsageMetadata {
    pub(crate) prompt_token_count: u32,
    pub(crate) tool_use_prompt_token_count: u32,
    pub(crate) candidates_token_count: u32,
    pub(crate) thoughts_token_count: Option<u32>,
    pub(crate) cached_content_token_count: Option<u32>,
    pub(crate) total_token_count: u32,
    pub(crate) prompt_tokens_details: Vec<ModalityCount>,
    pub(crate) candidates_tokens_details: Vec<ModalityCount>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ModalityCount {
    pub(crate) modality: String,
    pub(crate) token_count: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct BatchEmbedRequest<'a> {
    pub(crate) requests: Vec<EmbedContentRequest<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmbedContentRequest<'a> {
    pub(crate) model: &'a str,
    pub(crate) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_dimensionality: Option<u32>,
    /// `taskType` and `title`.
    #[serde(flatten)]
    pub(crate) native: Fields<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchEmbedResponse {
    #[serde(default)]
    pub(crate) embeddings: Vec<Embedding>,
    pub(crate) usage_metadata: Option<UsageMetadata>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Embedding {
    #[serde(default)]
    pub(crate) values: Vec<f32>,
}

/// `{"error": …}`: the body of a refused call.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorBody {
    pub(crate) error: Failure,
}

/// google.rpc.Status as JSON.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    pub(crate) message: String,
    pub(crate) status: String,
    details: Vec<Box<RawValue>>,
}

impl Failure {
    /// The details that can be read; one of a shape we don't know must not hide the error itself.
    pub(crate) fn details(&self) -> impl Iterator<Item = FailureDetail> + '_ {
        self.details.iter().filter_map(|detail| serde_json::from_str(detail.get()).ok())
    }
}

/// The members we act on of ErrorInfo, RetryInfo and QuotaFailure; `@type` need not be looked at,
/// since their names do not overlap.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct FailureDetail {
    pub(crate) reason: Option<String>,
    pub(crate) retry_delay: Option<String>,
    pub(crate) violations: Vec<QuotaViolation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct QuotaViolation {
    pub(crate) quota_id: String,
    pub(crate) quota_value: Option<String>,
}
