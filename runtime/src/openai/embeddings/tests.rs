//! Every form of input, every refusal, both encodings.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use expect_test::{Expect, expect};

use super::*;

struct Seven;

impl Estimate for Seven {
    fn input(&self) -> u32 {
        7
    }

    fn output(&self, _: &str) -> u32 {
        unreachable!("embeddings have no output")
    }
}

#[track_caller]
fn check_input(input: &str, expected: EmbedInput) {
    let body = format!(r#"{{"model":"d/m","input":{input}}}"#);
    let parsed = parse_embeddings(body.as_bytes()).unwrap();
    assert_eq!(parsed.request.input, expected);
}

#[test]
fn each_of_openais_four_forms_of_input_is_read() {
    check_input(r#""a""#, EmbedInput::Texts(vec!["a".into()]));
    check_input(r#"["a","b"]"#, EmbedInput::Texts(vec!["a".into(), "b".into()]));
    check_input("[1, 2]", EmbedInput::Tokens(vec![vec![1, 2]]));
    check_input("[ [1],[2,3]]", EmbedInput::Tokens(vec![vec![1], vec![2, 3]]));
}

#[track_caller]
fn check_refused(body: &str, param: &str) {
    let error = parse_embeddings(body.as_bytes()).unwrap_err();
    assert_eq!(error.param.as_deref(), Some(param), "{error}");
}

#[test]
fn what_cannot_be_embedded_is_refused_by_path() {
    for (input, param) in [
        ("\"\"", "input"),
        ("[]", "input"),
        ("[[]]", "input[0]"),
        ("[\"a\",\"\"]", "input[1]"),
        ("[\"a\",1]", "input[1]"),
        ("[1,\"a\"]", "input[1]"),
        ("[[1],[-1]]", "input[1][0]"),
        ("{}", "input"),
        ("null", "input"),
    ] {
        check_refused(&format!(r#"{{"model":"m","input":{input}}}"#), param);
    }
    check_refused(r#"{"model":"m"}"#, "input");
    check_refused(r#"{"input":"a"}"#, "model");
    check_refused(r#"{"model":"m","input":"a","encoding_format":"hex"}"#, "encoding_format");
    check_refused(r#"{"model":"m","input":"a","dimensions":"8"}"#, "dimensions");
    check_refused(r#"{"model":"m","input":"a","user":1}"#, "user");
}

#[test]
fn unnamed_fields_reach_the_adapter_and_the_encoding_stays_here() {
    let body = br#"{"model":"d/m","input":"a","encoding_format":"base64","dimensions":8,"user":"u","x":{"y": 1}}"#;
    let parsed = parse_embeddings(body).unwrap();
    assert_eq!((parsed.encoding, parsed.inputs), (Encoding::Base64, 1));
    assert_eq!((parsed.request.dimensions, parsed.request.user.as_deref()), (Some(8), Some("u")));
    assert_eq!(parsed.request.extra, [("x".to_owned(), r#"{"y": 1}"#.to_owned())]);
}

fn answer(encoding: Encoding, inputs: usize, response: EmbedResponse) -> Result<EmbedAnswer, MalformedAnswer> {
    embeddings(&EmbedContext { model: "d/m".into(), encoding, inputs }, response, &Seven)
}

fn response(vectors: &[&[f32]]) -> EmbedResponse {
    EmbedResponse {
        model: None,
        vectors: vectors.iter().map(|vector| vector.to_vec()).collect(),
        usage: None,
        extra: Vec::new(),
    }
}

#[track_caller]
fn check_answer(encoding: Encoding, response: EmbedResponse, expected: Expect) {
    let inputs = response.vectors.len();
    let answer = answer(encoding, inputs, response).unwrap();
    expected.assert_eq(&String::from_utf8(answer.body).unwrap());
}

#[test]
fn floats_are_written_shortest_and_the_estimate_is_flagged() {
    check_answer(
        Encoding::Float,
        response(&[&[0.1, -2.0], &[1e-9]]),
        expect![[
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2.0]},{"object":"embedding","index":1,"embedding":[1e-9]}],"model":"d/m","usage":{"prompt_tokens":7,"total_tokens":7,"estimated":true}}"#
        ]],
    );
}

#[test]
fn base64_holds_little_endian_floats() {
    let mut response = response(&[&[1.0, -2.5]]);
    response.model = Some("m-1".into());
    response.usage = Some(Usage { cached_input: Some(1), ..estimated(3, 0) });
    response.extra = vec![("x".into(), "[1,\n2]".into()), ("model".into(), "\"no\"".into())];
    check_answer(
        Encoding::Base64,
        response,
        expect![[
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAIMA="}],"model":"m-1","usage":{"prompt_tokens":3,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":1}},"x":[1,2]}"#
        ]],
    );
}

#[test]
fn an_answer_that_no_client_could_read_is_refused() {
    let problem = |inputs, response| answer(Encoding::Float, inputs, response).unwrap_err();
    assert_eq!(problem(2, response(&[&[1.0]])).field, "data");
    assert_eq!(problem(2, response(&[&[1.0], &[f32::NAN]])).field, "data[1].embedding");
    let mut bad = response(&[&[1.0]]);
    bad.extra = vec![("x".into(), "{".into())];
    assert_eq!(problem(1, bad).field, "x");
}
