//! The models that clients can ask for, as OpenAI's model objects.
//!
//! Beside OpenAI's four fields an object says what the adapter's `describe` says of the model. One adapter's mistake must not cost the
//! clients of the others their list, so an extra field that isn't JSON is left out.

use super::write::ObjectWriter;
use crate::chat::ModelInfo;

/// A model that is being served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServedModel<'m> {
    /// What clients call it: `deployment/model`, or an alias.
    pub(crate) id: &'m str,
    /// Seconds since 1970 at which the deployment began to serve it.
    pub(crate) created: u64,
    /// The deployment.
    pub(crate) owned_by: &'m str,
    /// What the adapter says of it, if it does.
    pub(crate) info: Option<&'m ModelInfo>,
}

/// Writes the answer to `GET /v1/models`.
pub(crate) fn model_list<'m>(models: impl IntoIterator<Item = ServedModel<'m>>) -> Vec<u8> {
    let mut body = Vec::new();
    let mut list = ObjectWriter::open(&mut body);
    list.value("object", "list");
    let out = list.field("data");
    out.push(b'[');
    for (index, model) in models.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, model);
    }
    out.push(b']');
    list.close();
    body
}

/// Writes the answer to `GET /v1/models/{id}`.
pub(crate) fn model(model: ServedModel<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    write(&mut body, model);
    body
}

fn write(out: &mut Vec<u8>, model: ServedModel<'_>) {
    let mut object = ObjectWriter::open(out);
    object.value("id", model.id);
    object.value("object", "model");
    object.value("created", model.created);
    object.value("owned_by", model.owned_by);
    if let Some(info) = model.info {
        if !info.capabilities.is_empty() {
            object.value("capabilities", &info.capabilities);
        }
        object.optional("context_window", info.context_tokens);
        object.optional("max_output_tokens", info.output_tokens);
        object.valid_extra(&info.extra);
    }
    object.close();
}

#[cfg(test)]
mod tests {
    //! What a list says of models that are known well, and of those that aren't.
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

    use expect_test::expect;

    use super::*;

    fn info(extra: &[(&str, &str)]) -> ModelInfo {
        ModelInfo {
            id: "claude-x".into(),
            capabilities: vec!["chat".into(), "tools".into()],
            context_tokens: Some(200_000),
            output_tokens: None,
            extra: extra.iter().map(|(name, json)| ((*name).into(), (*json).into())).collect(),
        }
    }

    fn served<'m>(id: &'m str, info: Option<&'m ModelInfo>) -> ServedModel<'m> {
        ServedModel { id, created: 1_700_000_000, owned_by: "anthropic", info }
    }

    #[test]
    fn a_model_says_what_its_adapter_says_of_it() {
        let info = info(&[("input_price", "3e-6"), ("id", "\"other\"")]);
        let body = String::from_utf8(model(served("anthropic/claude-x", Some(&info)))).unwrap();
        expect![[r#"{"id":"anthropic/claude-x","object":"model","created":1700000000,"owned_by":"anthropic","capabilities":["chat","tools"],"context_window":200000,"input_price":3e-6}"#]].assert_eq(&body);
    }

    #[test]
    fn one_adapters_bad_json_does_not_spoil_the_list() {
        let bad = info(&[("a", "{"), ("b", "1")]);
        let models = [served("anthropic/claude-x", Some(&bad)), served("anthropic/claude-y", None)];
        expect![[r#"{"object":"list","data":[{"id":"anthropic/claude-x","object":"model","created":1700000000,"owned_by":"anthropic","capabilities":["chat","tools"],"context_window":200000,"b":1},{"id":"anthropic/claude-y","object":"model","created":1700000000,"owned_by":"anthropic"}]}"#]].assert_eq(&String::from_utf8(model_list(models)).unwrap());
    }

    #[test]
    fn no_models_are_an_empty_list() {
        expect![[r#"{"object":"list","data":[]}"#]].assert_eq(&String::from_utf8(model_list([])).unwrap());
    }
}
