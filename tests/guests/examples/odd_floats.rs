//! Answers with numbers that JSON has no words for, and with the smallest that it has.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct OddFloats;

impl Adapter for OddFloats {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("odd-floats", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let token = |logprob: f64| TokenLogprob { token: "x".to_owned(), logprob, ..TokenLogprob::default() };
        let logprobs = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE / 2.0, -0.0].map(token).to_vec();
        let choice = Choice { logprobs, message: Message::assistant("x"), ..Choice::default() };
        Ok(ChatAnswer { choices: vec![choice], ..ChatAnswer::default() }.into())
    }

    fn embed(_context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        let vector = match request.model.as_str() {
            "nan" => vec![1.0, f32::NAN],
            "infinity" => vec![f32::NEG_INFINITY],
            _ => vec![f32::MIN_POSITIVE / 2.0, -0.0, f32::MAX, f32::from_bits(1)],
        };
        Ok(EmbedResponse { vectors: vec![vector], ..EmbedResponse::default() })
    }
}

caisson_sdk::export!(OrBehave<OddFloats>);
