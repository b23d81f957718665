//! The contract's types (`caisson:llm/api`), with what Rust wants beside them: `Default`, constructors,
//! a few readers. Fields are public; struct update syntax is the usual way to fill the rest.
//!
//! Errors get their constructors in [`crate::error`].

pub use crate::bindings::caisson::llm::api::*;

impl Context {
    /// The operator's override, else `default`; without a trailing slash either way.
    #[must_use]
    pub fn base_url(&self, default: &str) -> String {
        let base = self.base_url.as_deref().filter(|url| !url.is_empty()).unwrap_or(default);
        base.trim_end_matches('/').to_owned()
    }

    /// One of the deployment's settings; `None` where it is unset.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        lookup(&self.settings, |key| key == name)
    }

    /// One of the client headers that the deployment passes on, by a name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        lookup(&self.headers, |key| key.eq_ignore_ascii_case(name))
    }
}

fn lookup(pairs: &[(String, String)], wanted: impl Fn(&str) -> bool) -> Option<&str> {
    pairs.iter().find(|(name, _)| wanted(name)).map(|(_, value)| value.as_str())
}

impl Message {
    /// A message of this role with one text.
    #[must_use]
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, content: Content::Text(text.into()), ..Self::default() }
    }

    /// What the user said.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, text)
    }

    /// What the model said.
    #[must_use]
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, text)
    }

    /// What the model is told before the conversation.
    #[must_use]
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, text)
    }

    /// The message's text, all text parts joined with nothing between.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.content {
            Content::Empty => String::new(),
            Content::Text(text) => text.clone(),
            Content::Parts(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Text(text) => Some(text.text.as_str()),
                    _ => None,
                })
                .collect(),
        }
    }
}

impl ChatAnswer {
    /// An answer of one choice whose message is this text, finished with `stop`.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { choices: vec![Choice { message: Message::assistant(text), ..Choice::default() }], ..Self::default() }
    }
}

impl From<ChatAnswer> for ChatResponse {
    fn from(answer: ChatAnswer) -> Self {
        Self::Answer(answer)
    }
}

impl Event {
    /// A piece of a choice's text.
    #[must_use]
    pub fn text(choice: u32, text: impl Into<String>) -> Self {
        Self::Text(TextDelta { choice, text: text.into() })
    }

    /// A piece of a choice's reasoning, unsigned.
    #[must_use]
    pub fn reasoning(choice: u32, text: impl Into<String>) -> Self {
        Self::Reasoning(ReasoningDelta { choice, text: text.into(), ..ReasoningDelta::default() })
    }

    /// The end of a choice.
    #[must_use]
    pub fn finish(choice: u32, reason: FinishReason) -> Self {
        Self::Finish(Finish { choice, reason })
    }
}

impl Usage {
    /// Tokens in and out, and nothing known beyond them.
    #[must_use]
    pub fn new(input: u32, output: u32) -> Self {
        Self { input, output, total: input.saturating_add(output), ..Self::default() }
    }
}

impl TextPart {
    /// A run of text with nothing beside it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), extra: Vec::new() }
    }
}

impl AdapterInfo {
    /// An adapter that wants nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), version: version.into(), ..Self::default() }
    }

    /// Says in a sentence what it is.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Asks for egress to one more host, as in `https://api.example.com`. The operator's `base-url`
    /// stands in for the first.
    #[must_use]
    pub fn host(mut self, grant: impl Into<String>) -> Self {
        self.hosts.push(grant.into());
        self
    }

    /// Asks for one more credential.
    #[must_use]
    pub fn credential(mut self, slot: CredentialSlot) -> Self {
        self.credentials.push(slot);
        self
    }

    /// Takes one more setting.
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    /// Knows one more model.
    #[must_use]
    pub fn model(mut self, model: ModelInfo) -> Self {
        self.models.push(model);
        self
    }
}

impl ModelInfo {
    /// A model by the provider's name, with what it can do: chat, stream, embed, tools, images, …
    #[must_use]
    pub fn new(id: impl Into<String>, capabilities: &[&str]) -> Self {
        let capabilities = capabilities.iter().map(|&name| name.to_owned()).collect();
        Self { id: id.into(), capabilities, ..Self::default() }
    }
}

impl CredentialSlot {
    /// A required credential sent as `authorization: Bearer …`.
    #[must_use]
    pub fn bearer(name: impl Into<String>, host: impl Into<String>) -> Self {
        Self::new(name, host, Placement::Bearer)
    }

    /// A required credential sent as the value of this header.
    #[must_use]
    pub fn header(name: impl Into<String>, host: impl Into<String>, header: impl Into<String>) -> Self {
        Self::new(name, host, Placement::Header(header.into()))
    }

    /// A required credential for the grant `host`, placed so.
    #[must_use]
    pub fn new(name: impl Into<String>, host: impl Into<String>, placement: Placement) -> Self {
        Self { name: name.into(), host: host.into(), placement, description: String::new(), required: true }
    }

    /// Says where an operator gets one.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// The adapter also works without it.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }
}

impl Setting {
    /// An optional setting without a default.
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self { name: name.into(), description: description.into(), ..Self::default() }
    }

    /// What holds while the operator sets nothing.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<String>) -> Self {
        self.default_value = Some(value.into());
        self
    }

    /// The adapter doesn't work without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

impl Default for Role {
    fn default() -> Self {
        Self::User
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Empty
    }
}

impl Default for FinishReason {
    fn default() -> Self {
        Self::Stop
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::Url(String::new())
    }
}

impl Default for EmbedInput {
    fn default() -> Self {
        Self::Texts(Vec::new())
    }
}

impl Default for ChatRequest {
    fn default() -> Self {
        Self {
            n: 1,
            model: String::new(),
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            response_format: None,
            max_tokens: None,
            temperature: None,
            top_p: None,
            stop: Vec::new(),
            seed: None,
            frequency_penalty: None,
            presence_penalty: None,
            logit_bias: Vec::new(),
            logprobs: false,
            top_logprobs: None,
            reasoning_effort: None,
            modalities: Vec::new(),
            user: None,
            metadata: Vec::new(),
            extra: Vec::new(),
        }
    }
}

/// `Default` for records: every field its type's own default, unless said otherwise.
macro_rules! defaults {
    ($($record:ident { $($field:ident $(= $value:expr)?),* $(,)? })*) => {$(
        impl Default for $record {
            fn default() -> Self {
                Self { $($field: defaults!(@value $($value)?)),* }
            }
        }
    )*};
    (@value) => { Default::default() };
    (@value $value:expr) => { $value };
}

defaults! {
    // Without a host there is no deadline to tell: ten minutes, as OpenAI's clients wait.
    Context { request_id, traceparent, base_url, settings, headers, timeout_ms = 600_000 }
    Media { source, mime_type, file_name, detail, extra }
    Reasoning { text, signature, redacted }
    TextPart { text, extra }
    ToolCall { id, kind = "function".to_owned(), name, arguments, extra }
    Message { role, name, content, refusal, reasoning, tool_calls, tool_call_id, extra }
    Tool { kind = "function".to_owned(), name, description, parameters, strict, extra }
    TopLogprob { token, logprob, bytes }
    TokenLogprob { token, logprob, bytes, top }
    Choice { index, message = Message { role: Role::Assistant, ..Message::default() }, finish_reason, logprobs, extra }
    Usage { input, output, total, cached_input, cache_write_input, audio_input, reasoning_output, audio_output, extra }
    ChatAnswer { id, model, choices, usage, service_tier, system_fingerprint, extra }
    StreamStart { id, model, service_tier, system_fingerprint, extra }
    ToolDelta { choice, index, id, kind, name, arguments, extra }
    ReasoningDelta { choice, text, signature, redacted }
    EmbedRequest { model, input, dimensions, user, extra }
    EmbedResponse { model, vectors, usage, extra }
    Setting { name, description, default_value, required }
    ModelInfo { id, capabilities, context_tokens, output_tokens, extra }
    AdapterInfo { name, version, description, homepage, models, parameters, hosts, credentials, settings, suites }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_base_url_comes_before_the_default() {
        let mut context = Context::default();
        assert_eq!(context.base_url("https://a.example/v1/"), "https://a.example/v1");
        context.base_url = Some("http://b.example/".to_owned());
        assert_eq!(context.base_url("https://a.example"), "http://b.example");
        context.base_url = Some(String::new());
        assert_eq!(context.base_url("https://a.example"), "https://a.example");
    }

    #[test]
    fn settings_are_exact_and_headers_are_not() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let context = Context {
            settings: vec![pair("a", "1"), pair("a", "2")],
            headers: vec![pair("x-a", "3")],
            ..Context::default()
        };
        assert_eq!((context.setting("a"), context.setting("A"), context.header("X-A")), (Some("1"), None, Some("3")));
    }

    #[test]
    fn a_messages_text_is_all_its_text_parts() {
        let parts = vec![
            Part::Text(TextPart::new("a")),
            Part::Image(Media::default()),
            Part::Reasoning(Reasoning::default()),
            Part::Text(TextPart::new("b")),
        ];
        assert_eq!(Message { content: Content::Parts(parts), ..Message::default() }.text(), "ab");
        assert_eq!((Message::user("a").text(), Message::default().text()), ("a".to_owned(), String::new()));
    }

    #[test]
    fn defaults_are_what_openai_means_by_nothing() {
        assert_eq!(ChatRequest::default().n, 1);
        assert_eq!(ToolCall::default().kind, "function");
        assert_eq!((ToolDelta::default().kind, ReasoningDelta::default().redacted), (None, false));
        assert_eq!(Choice::default().message.role, Role::Assistant);
        assert_eq!(Usage::new(u32::MAX, 1).total, u32::MAX);
    }
}
