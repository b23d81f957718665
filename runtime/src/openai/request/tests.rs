//! What each field of a request becomes; that nothing is lost; which path a refusal names; that no bytes make the parser panic.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use super::*;
use crate::chat::{Content, Media, Message, Part, Reasoning, Role, Source, TextPart, Tool, ToolChoice};

/// A request with every field that has a name here, and an unknown one at every level.
const RICH: &str = include_str!("tests/rich.json");

fn parse(body: &str) -> ParsedChat {
    parse_chat(body.as_bytes()).unwrap()
}

/// A request with these further fields.
fn with(fields: &str) -> String {
    format!(r#"{{"model":"d/m","messages":[{{"role":"user","content":"hi"}}]{fields}}}"#)
}

fn with_messages(messages: &str) -> String {
    format!(r#"{{"model":"d/m","messages":[{messages}]}}"#)
}

fn message(json: &str) -> Message {
    parse(&with_messages(json)).request.messages.remove(0)
}

fn part(json: &str) -> Part {
    match message(&format!(r#"{{"role":"user","content":[{json}]}}"#)).content {
        Content::Parts(mut parts) => parts.remove(0),
        other => panic!("{other:?}"),
    }
}

fn pairs(expected: &[(&str, &str)]) -> Pairs {
    expected.iter().map(|(name, json)| ((*name).to_owned(), (*json).to_owned())).collect()
}

fn media(source: Source, mime_type: Option<&str>) -> Media {
    Media { source, mime_type: mime_type.map(str::to_owned), file_name: None, detail: None, extra: Vec::new() }
}

#[test]
fn a_plain_request_has_openais_defaults() {
    let parsed = parse(&with(""));
    assert_eq!((parsed.model.as_str(), parsed.stream, parsed.include_usage), ("d/m", false, false));
    let request = parsed.request;
    assert_eq!((request.model.as_str(), request.n, request.logprobs), ("d/m", 1, false));
    assert_eq!(request.messages[0].content, Content::Text("hi".into()));
    assert!(request.extra.is_empty() && request.stop.is_empty() && request.tool_choice.is_none());
}

#[test]
fn every_sampling_field_is_typed() {
    let request = parse(RICH).request;
    assert_eq!(request.temperature, Some(0.7));
    assert_eq!(request.top_p, Some(0.9));
    assert_eq!(request.n, 2);
    assert_eq!(request.stop, ["END", "\n"]);
    assert_eq!(request.seed, Some(-9_007_199_254_740_993));
    assert_eq!((request.frequency_penalty, request.presence_penalty), (Some(-0.5), Some(0.5)));
    assert_eq!(request.logit_bias, [("50256".to_owned(), -100.0), ("1".to_owned(), 0.5)]);
    assert_eq!((request.logprobs, request.top_logprobs), (true, Some(5)));
    assert_eq!(request.reasoning_effort.as_deref(), Some("high"));
    assert_eq!(request.modalities, ["text", "audio"]);
    assert_eq!(request.user.as_deref(), Some("u-1"));
    assert_eq!(request.metadata, pairs(&[("order", "42"), ("who", "é")]));
    assert_eq!(request.parallel_tool_calls, Some(false));
    assert_eq!(request.max_tokens, Some(100));
    assert!(
        matches!(request.response_format, Some(ResponseFormat::JsonSchema(schema)) if schema.contains("\"strict\": true"))
    );
}

#[test]
fn an_unknown_field_survives_at_every_level() {
    let parsed = parse(RICH);
    assert!(parsed.stream && parsed.include_usage);
    let request = parsed.request;
    assert_eq!(
        request.extra,
        pairs(&[
            ("stream_options", r#"{"x_stream":1}"#),
            ("max_tokens", "50"),
            ("x_top", "{ \"deep\": [1, 2.50] }"),
            ("functions", "[{\"name\":\"old\"}]"),
            ("service_tier", "\"auto\""),
            ("x_null", "null"),
        ])
    );
    let [system, user, assistant, tool] = &request.messages[..] else { panic!("four messages") };
    assert_eq!(system.extra, pairs(&[("x_message", "true")]));
    assert_eq!(assistant.extra, pairs(&[("audio", r#"{"id":"a1"}"#)]));
    assert_eq!(tool.tool_call_id.as_deref(), Some("call_1"));
    let Content::Parts(parts) = &user.content else { panic!("parts") };
    let extras = parts.iter().map(|part| match part {
        Part::Text(text) | Part::Refusal(text) => text.extra.clone(),
        Part::Image(media) | Part::Audio(media) | Part::File(media) => media.extra.clone(),
        Part::Reasoning(_) => Vec::new(),
        Part::Other(json) => vec![("other".to_owned(), json.clone())],
    });
    let expected = [
        pairs(&[("cache_control", r#"{"type":"ephemeral"}"#)]),
        pairs(&[("image_url", r#"{"x_inner":1}"#), ("x_part", "2")]),
        pairs(&[("input_audio", r#"{"x_audio":3}"#)]),
        pairs(&[("file", r#"{"x_file":4}"#)]),
        pairs(&[("other", r#"{"type":"video_url","video_url":{"url":"https://x/v"}}"#)]),
    ];
    assert_eq!(extras.collect::<Vec<_>>(), expected);
    assert_eq!(request.tools[0].extra, pairs(&[("function", r#"{"x_function":[]}"#), ("x_tool", "5")]));
    let call = &assistant.tool_calls[0];
    assert_eq!(call.extra, pairs(&[("function", r#"{"x_called":6}"#), ("x_call", "7")]));
}

#[test]
fn the_newer_token_limit_wins_and_the_older_is_kept() {
    let request = |fields| parse(&with(fields)).request;
    assert_eq!(request(r#","max_tokens":5"#).max_tokens, Some(5));
    assert!(request(r#","max_tokens":5"#).extra.is_empty());
    let both = request(r#","max_tokens":5,"max_completion_tokens":7"#);
    assert_eq!((both.max_tokens, both.extra), (Some(7), pairs(&[("max_tokens", "5")])));
}

#[test]
fn null_is_absent_for_every_named_field() {
    let nulls = [
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "n",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "reasoning_effort",
        "modalities",
        "user",
        "metadata",
    ];
    let fields = nulls.iter().map(|name| format!(",\"{name}\":null")).collect::<String>();
    assert_eq!(parse(&with(&fields)).request, parse(&with("")).request);
}

#[track_caller]
fn check_part(json: &str, expected: Part) {
    assert_eq!(part(json), expected);
}

#[test]
fn parts_become_media_with_source_and_type() {
    let image = |url: &str| format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
    let base64 = |data: &str| Source::Base64(data.to_owned());
    check_part(&image("https://x/a.png"), Part::Image(media(Source::Url("https://x/a.png".into()), None)));
    check_part(&image("data:image/png;base64,QUJD"), Part::Image(media(base64("QUJD"), Some("image/png"))));
    check_part(&image("DATA:image/png;x=y;BASE64,QQ=="), Part::Image(media(base64("QQ=="), Some("image/png;x=y"))));
    check_part(&image("data:;base64,QQ=="), Part::Image(media(base64("QQ=="), None)));
    for url in ["data:text/plain,hi", "data:", "data:base64,QQ==", "dataé;base64,QQ=="] {
        check_part(&image(url), Part::Image(media(Source::Url(url.into()), None)));
    }
    check_part(
        r#"{"type":"image_url","image_url":{"url":"u","detail":"low"}}"#,
        Part::Image(Media { detail: Some("low".into()), ..media(Source::Url("u".into()), None) }),
    );
    let audio =
        |format: &str| format!(r#"{{"type":"input_audio","input_audio":{{"data":"QQ==","format":"{format}"}}}}"#);
    check_part(&audio("wav"), Part::Audio(media(base64("QQ=="), Some("audio/wav"))));
    check_part(&audio("mp3"), Part::Audio(media(base64("QQ=="), Some("audio/mpeg"))));
    check_part(r#"{"type":"file","file":{"file_id":"f1"}}"#, Part::File(media(Source::Id("f1".into()), None)));
    check_part(
        r#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,QQ=="}}"#,
        Part::File(Media { file_name: Some("a.pdf".into()), ..media(base64("QQ=="), Some("application/pdf")) }),
    );
    check_part(r#"{"type":"file","file":{"file_data":"QQ=="}}"#, Part::File(media(base64("QQ=="), None)));
    check_part(
        r#"{"type":"file","file":{"file_id":"f1","file_data":"QQ=="}}"#,
        Part::File(Media {
            extra: pairs(&[("file", r#"{"file_data":"QQ=="}"#)]),
            ..media(Source::Id("f1".into()), None)
        }),
    );
    let text = TextPart { text: "no".into(), extra: Vec::new() };
    check_part(r#"{"type":"refusal","refusal":"no"}"#, Part::Refusal(text));
    let thought = Reasoning { text: "hm".into(), signature: Some("s".into()), redacted: false };
    check_part(r#"{"type":"thinking","thinking":"hm","signature":"s"}"#, Part::Reasoning(thought));
    let marked = r#"{"type":"thinking","thinking":"hm","cache_control":1}"#;
    check_part(marked, Part::Other(marked.into()));
}

#[track_caller]
fn check_reasoning(fields: &str, expected: &[(&str, Option<&str>, bool)], extra: &[(&str, &str)]) {
    let message = message(&format!(r#"{{"role":"assistant",{fields}}}"#));
    let reasoning = message.reasoning.iter().map(|block| (&*block.text, block.signature.as_deref(), block.redacted));
    assert_eq!(reasoning.collect::<Vec<_>>(), expected);
    assert_eq!(message.extra, pairs(extra));
}

#[test]
fn reasoning_that_comes_back_keeps_its_signatures() {
    check_reasoning(
        r#""thinking_blocks":[{"type":"thinking","thinking":"a","signature":"s"},{"type":"redacted_thinking","data":"d"}],"reasoning_content":"a""#,
        &[("a", Some("s"), false), ("", Some("d"), true)],
        &[],
    );
    check_reasoning(r#""reasoning_content":"a""#, &[("a", None, false)], &[]);
    check_reasoning(r#""reasoning":"a""#, &[("a", None, false)], &[]);
    check_reasoning(r#""reasoning":"a","reasoning_content":"b""#, &[("b", None, false)], &[("reasoning", "\"a\"")]);
    check_reasoning(r#""reasoning":{"effort":1}"#, &[], &[("reasoning", r#"{"effort":1}"#)]);
    let odd = r#"[{"type":"thinking","thinking":"a","x":1}]"#;
    check_reasoning(&format!("\"thinking_blocks\":{odd}"), &[], &[("thinking_blocks", odd)]);
}

#[test]
fn the_legacy_function_role_is_a_tool_that_says_so() {
    let message = message(r#"{"role":"function","name":"f","content":null}"#);
    assert_eq!((message.role, message.name.as_deref()), (Role::Tool, Some("f")));
    assert_eq!(message.extra, pairs(&[("role", "\"function\"")]));
    let legacy = r#"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}}"#;
    assert_eq!(super::tests::message(legacy).extra, pairs(&[("function_call", r#"{"name":"f","arguments":"{}"}"#)]));
}

#[track_caller]
fn check_tool_choice(json: &str, expected: ToolChoice) {
    assert_eq!(parse(&with(&format!(",\"tool_choice\":{json}"))).request.tool_choice, Some(expected));
}

#[test]
fn a_tool_choice_is_a_word_a_name_or_kept_whole() {
    check_tool_choice("\"auto\"", ToolChoice::Auto);
    check_tool_choice("\"none\"", ToolChoice::None);
    check_tool_choice("\"required\"", ToolChoice::Required);
    check_tool_choice("\"any\"", ToolChoice::Other("\"any\"".into()));
    check_tool_choice(r#"{"type":"function","function":{"name":"f"}}"#, ToolChoice::Named("f".into()));
    for other in [
        r#"{"type":"custom","custom":{"name":"f"}}"#,
        r#"{"type":"function","function":{"name":"f","x":1}}"#,
        r#"{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}"#,
    ] {
        check_tool_choice(other, ToolChoice::Other(other.into()));
    }
}

#[track_caller]
fn check_format(json: &str, expected: ResponseFormat) {
    assert_eq!(parse(&with(&format!(",\"response_format\":{json}"))).request.response_format, Some(expected));
}

#[test]
fn a_response_format_with_more_than_its_name_says_is_kept_whole() {
    check_format(r#"{"type":"text"}"#, ResponseFormat::Text);
    check_format(r#"{"type":"json_object"}"#, ResponseFormat::JsonObject);
    check_format(
        r#"{"type":"json_schema","json_schema":{"name":"n"}}"#,
        ResponseFormat::JsonSchema(r#"{"name":"n"}"#.into()),
    );
    for other in [
        r#"{"type":"json_object","schema":{}}"#,
        r#"{"type":"json_schema","json_schema":{"name":"n"},"x":1}"#,
        r#"{"type":"grammar","grammar":"g"}"#,
    ] {
        check_format(other, ResponseFormat::Other(other.into()));
    }
}

#[test]
fn tools_of_other_kinds_keep_all_their_fields() {
    let request = parse(&with(concat!(
        r#","tools":[{"type":"custom","custom":{"name":"c","description":"d","format":{"type":"text"}}},"#,
        r#"{"type":"web_search","name":"w","size":1}]"#
    )))
    .request;
    let [custom, other] = &request.tools[..] else { panic!("two tools") };
    let expected = Tool {
        kind: "custom".into(),
        name: "c".into(),
        description: Some("d".into()),
        parameters: Some(r#"{"type":"text"}"#.into()),
        strict: None,
        extra: Vec::new(),
    };
    assert_eq!(custom, &expected);
    assert_eq!((other.kind.as_str(), other.name.as_str()), ("web_search", ""));
    assert_eq!(other.extra, pairs(&[("name", "\"w\""), ("size", "1")]));
    let calls = message(
        r#"{"role":"assistant","tool_calls":[{"id":"1","type":"custom","custom":{"name":"c","input":"free"}}]}"#,
    )
    .tool_calls;
    assert_eq!((calls[0].name.as_str(), calls[0].arguments.as_str()), ("c", "free"));
}

#[track_caller]
fn check_refused(body: &str, param: &str, says: &str) {
    let error = parse_chat(body.as_bytes()).map(|parsed| parsed.request).unwrap_err();
    assert_eq!(error.param.as_deref(), Some(param), "{error}");
    assert!(error.message.contains(says), "{error}");
    assert_eq!(error.position, None);
}

#[test]
fn a_missing_or_mistyped_field_is_refused_by_path() {
    check_refused("{}", "model", "is missing");
    check_refused(r#"{"model":""}"#, "model", "is empty");
    check_refused(r#"{"model":1}"#, "model", "must be a string, but is 1");
    check_refused(r#"{"model":"m"}"#, "messages", "is missing");
    check_refused(r#"{"model":"m","messages":[]}"#, "messages", "is empty");
    check_refused(r#"{"model":"m","messages":{}}"#, "messages", "must be an array, but is an object");
    check_refused(&format!("{{\"model\":\"m\",{}", &with("")[1..]), "model", "is given twice");
    for (field, value, says) in [
        ("stream", "1", "must be a boolean"),
        ("stream_options", "true", "must be an object"),
        ("temperature", "\"1\"", "must be a number, but is a string"),
        ("temperature", "1e999", "must be a number"),
        ("top_p", "[]", "must be a number"),
        ("n", "0", "from 1 to 128, but is 0"),
        ("n", "129", "from 1 to 128"),
        ("n", "1.5", "from 1 to 128"),
        ("stop", "1", "a string or an array of strings"),
        ("seed", "9223372036854775808", "an integer of 64 bits"),
        ("max_tokens", "-1", "an integer from 0"),
        ("max_completion_tokens", "1.5", "an integer from 0"),
        ("logprobs", "5", "must be a boolean"),
        ("top_logprobs", "true", "an integer"),
        ("logit_bias", "[]", "must be an object"),
        ("metadata", "\"a\"", "must be an object"),
        ("modalities", "\"text\"", "must be an array"),
        ("reasoning_effort", "1", "must be a string"),
        ("user", "{}", "must be a string"),
        ("parallel_tool_calls", "\"yes\"", "must be a boolean"),
        ("tools", "{}", "must be an array"),
        ("tool_choice", "1", "a string or an object"),
        ("response_format", "\"text\"", "must be an object"),
    ] {
        check_refused(&with(&format!(",\"{field}\":{value}")), field, says);
    }
    for (field, param, says) in [
        (r#""stream_options":{"include_usage":1}"#, "stream_options.include_usage", "must be a boolean"),
        (r#""stop":["a",1]"#, "stop[1]", "must be a string"),
        (r#""logit_bias":{"5":"x"}"#, "logit_bias.5", "must be a number"),
        (r#""metadata":{"a":1}"#, "metadata.a", "must be a string"),
        (r#""modalities":[null]"#, "modalities[0]", "but is null"),
        (r#""tools":[{"type":"function"}]"#, "tools[0].function", "is missing"),
        (r#""tools":[{"type":"function","function":{}}]"#, "tools[0].function.name", "is missing"),
        (r#""tools":[{}]"#, "tools[0].type", "is missing"),
        (
            r#""tools":[{"type":"function","function":{"name":"f","parameters":"x"}}]"#,
            "tools[0].function.parameters",
            "an object",
        ),
        (
            r#""tools":[{"type":"function","function":{"name":"f","strict":1}}]"#,
            "tools[0].function.strict",
            "a boolean",
        ),
        (r#""tool_choice":{}"#, "tool_choice.type", "is missing"),
        (r#""tool_choice":{"type":"function","function":{}}"#, "tool_choice.function.name", "is missing"),
        (r#""response_format":{}"#, "response_format.type", "is missing"),
        (r#""response_format":{"type":"json_schema"}"#, "response_format.json_schema", "is missing"),
    ] {
        check_refused(&with(&format!(",{field}")), param, says);
    }
}

#[test]
fn a_message_at_fault_is_named_to_the_field() {
    for (message, param, says) in [
        ("1", "messages[1]", "must be an object, but is 1"),
        ("{}", "messages[1].role", "is missing"),
        (r#"{"role":"robot","content":""}"#, "messages[1].role", "must be one of system"),
        (r#"{"role":"user"}"#, "messages[1].content", "is missing"),
        (r#"{"role":"user","content":null}"#, "messages[1].content", "is missing"),
        (r#"{"role":"user","content":5}"#, "messages[1].content", "a string or an array of parts, but is 5"),
        (r#"{"role":"user","content":["a"]}"#, "messages[1].content[0]", "must be an object"),
        (r#"{"role":"user","content":[{"text":"a"}]}"#, "messages[1].content[0].type", "is missing"),
        (r#"{"role":"user","content":[{"type":"text"}]}"#, "messages[1].content[0].text", "is missing"),
        (r#"{"role":"user","content":[{"type":"image_url"}]}"#, "messages[1].content[0].image_url", "is missing"),
        (
            r#"{"role":"user","content":[{"type":"image_url","image_url":"u"}]}"#,
            "messages[1].content[0].image_url",
            "an object",
        ),
        (
            r#"{"role":"user","content":[{"type":"image_url","image_url":{}}]}"#,
            "messages[1].content[0].image_url.url",
            "is missing",
        ),
        (
            r#"{"role":"user","content":[{"type":"input_audio","input_audio":{"data":""}}]}"#,
            "messages[1].content[0].input_audio.format",
            "is missing",
        ),
        (
            r#"{"role":"user","content":[{"type":"file","file":{}}]}"#,
            "messages[1].content[0].file",
            "needs a `file_id` or `file_data`",
        ),
        (r#"{"role":"user","content":"\ud800"}"#, "messages[1].content", "surrogate"),
        (r#"{"role":"user","content":"a","name":1}"#, "messages[1].name", "must be a string"),
        (r#"{"role":"tool","content":"a"}"#, "messages[1].tool_call_id", "is missing"),
        (r#"{"role":"assistant","refusal":1}"#, "messages[1].refusal", "must be a string"),
        (r#"{"role":"assistant","tool_calls":{}}"#, "messages[1].tool_calls", "must be an array"),
        (r#"{"role":"assistant","tool_calls":[{"type":"function"}]}"#, "messages[1].tool_calls[0].id", "is missing"),
        (r#"{"role":"assistant","tool_calls":[{"id":"1"}]}"#, "messages[1].tool_calls[0].type", "is missing"),
        (
            r#"{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":{}}}]}"#,
            "messages[1].tool_calls[0].function.arguments",
            "must be a string, but is an object",
        ),
    ] {
        check_refused(&with_messages(&format!(r#"{{"role":"user","content":"a"}},{message}"#)), param, says);
    }
}

#[test]
fn no_truncation_and_no_changed_byte_makes_the_parser_panic() {
    let rich = RICH.as_bytes();
    for end in 0..rich.len().saturating_sub(2) {
        assert!(parse_chat(&rich[..end]).is_err(), "cut at {end}");
    }
    let mut bytes = rich.to_vec();
    for at in 0..rich.len() {
        for change in [0, b'"', b'\\', b'{', b'[', b']', b'9', b'-', 0xff, rich[at] ^ 0x20] {
            bytes[at] = change;
            if let Err(error) = parse_chat(&bytes) {
                assert!(error.position.is_none_or(|position| position <= rich.len()), "{error:?}");
            }
        }
        bytes[at] = rich[at];
    }
}
