//! The adapter as the host sees it, natively: this is how an author tests one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use caisson_sdk::prelude::*;
use caisson_sdk::testing;
use echo::Echo;

fn ask(text: &str) -> ChatRequest {
    ChatRequest { model: "echo".into(), messages: vec![Message::user(text)], ..ChatRequest::default() }
}

/// A host that counts a token for each three bytes, so that the numbers are easily told.
fn host() -> testing::Upstream {
    testing::Upstream::new()
        .token_counter(|encoding, text| (encoding == "o200k_base").then(|| u32::try_from(text.len() / 3).unwrap()))
}

fn weather() -> Tool {
    Tool {
        name: "weather".into(),
        parameters: Some(
            r#"{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city","days"]}"#
                .into(),
        ),
        ..Tool::default()
    }
}

fn complete(request: ChatRequest) -> ChatAnswer {
    complete_in(testing::context(), request).unwrap()
}

fn complete_in(context: Context, request: ChatRequest) -> Result<ChatAnswer> {
    match host().run(|| Echo::complete(context, request))? {
        ChatResponse::Answer(answer) => Ok(answer),
        ChatResponse::Raw(raw) => panic!("echo answers in the contract's types: {raw}"),
    }
}

/// The stream's batches.
fn stream(request: ChatRequest) -> Vec<Vec<Event>> {
    host().run(|| {
        let mut source = Echo::open_stream(testing::context(), request).unwrap();
        std::iter::from_fn(|| source.next().unwrap()).collect()
    })
}

fn text(answer: &ChatAnswer) -> String {
    answer.choices[0].message.text()
}

#[test]
fn the_last_user_text_comes_back_verbatim() {
    let mut request = ask("first");
    request.messages.push(Message::assistant("between"));
    request.messages.push(Message::user("  second,\n twice  "));
    let answer = complete(request);
    assert_eq!(text(&answer), "  second,\n twice  ");
    assert_eq!(answer.choices[0].message.role, Role::Assistant);
    assert!(matches!(answer.choices[0].finish_reason, FinishReason::Stop));
    assert_eq!(answer.model.as_deref(), Some("echo"));
}

#[test]
fn the_text_parts_of_a_message_are_joined() {
    let parts =
        vec![Part::Text(TextPart::new("one ")), Part::Image(Media::default()), Part::Text(TextPart::new("two"))];
    let mut request = ask("");
    request.messages[0].content = Content::Parts(parts);
    assert_eq!(text(&complete(request)), "one two");
}

#[test]
fn a_conversation_without_a_user_gets_an_empty_answer() {
    let request = ChatRequest { messages: vec![Message::system("Be brief.")], ..ask("") };
    assert_eq!(text(&complete(request)), "");
}

#[test]
fn every_choice_is_there_and_is_the_same() {
    let answer = complete(ChatRequest { n: 3, ..ask("hi") });
    let choices: Vec<_> = answer.choices.iter().map(|choice| (choice.index, choice.message.text())).collect();
    assert_eq!(choices, [(0, "hi".into()), (1, "hi".into()), (2, "hi".into())]);
}

#[test]
fn more_choices_than_openai_allows_are_refused() {
    for n in [0, 129, u32::MAX] {
        let error = complete_in(testing::context(), ChatRequest { n, ..ask("hi") }).unwrap_err();
        assert_eq!((error.kind, error.param.as_deref()), (ErrorKind::InvalidRequest, Some("n")), "{n}");
    }
}

#[test]
fn the_prefix_setting_is_put_before_the_answer() {
    assert_eq!(text(&complete_in(testing::context_with(&[("prefix", "> ")]), ask("hi")).unwrap()), "> hi");
}

#[test]
fn max_tokens_counts_words_and_cuts_with_length() {
    for (max_tokens, expected, finish) in [
        (1, "one ", FinishReason::Length),
        (2, "one two ", FinishReason::Length),
        (3, "one two three", FinishReason::Stop),
        (9, "one two three", FinishReason::Stop),
    ] {
        let answer = complete(ChatRequest { max_tokens: Some(max_tokens), ..ask("one two three") });
        assert_eq!(text(&answer), expected);
        assert_eq!(format!("{:?}", answer.choices[0].finish_reason), format!("{finish:?}"));
    }
}

#[test]
fn json_is_answered_with_json() {
    let format = Some(ResponseFormat::JsonObject);
    assert_eq!(text(&complete(ChatRequest { response_format: format, ..ask("a \"b\"") })), r#"{"echo":"a \"b\""}"#);

    let schema = r#"{"name":"n","schema":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"boolean"}},"required":["a","b"]}}"#;
    let format = Some(ResponseFormat::JsonSchema(schema.into()));
    assert_eq!(text(&complete(ChatRequest { response_format: format, ..ask("hi") })), r#"{"a":"hi","b":false}"#);
}

#[test]
fn a_user_with_tools_gets_a_call_of_the_first() {
    let other = Tool { name: "other".into(), ..Tool::default() };
    let answer = complete(ChatRequest { tools: vec![weather(), other], ..ask("hi") });
    let choice = &answer.choices[0];
    assert!(matches!(choice.finish_reason, FinishReason::ToolCalls));
    assert_eq!(choice.message.tool_calls.len(), 1);
    let call = &choice.message.tool_calls[0];
    assert_eq!((call.kind.as_str(), call.name.as_str()), ("function", "weather"));
    assert_eq!(call.arguments, r#"{"city":"echo","days":0}"#);
}

#[test]
fn the_named_tool_is_called_and_an_unknown_one_refused() {
    let tools = vec![weather(), Tool { name: "other".into(), ..Tool::default() }];
    let named = |name: &str| Some(ToolChoice::Named(name.into()));
    let answer = complete(ChatRequest { tools: tools.clone(), tool_choice: named("other"), ..ask("hi") });
    let call = &answer.choices[0].message.tool_calls[0];
    assert_eq!((call.name.as_str(), call.arguments.as_str()), ("other", "{}"));

    let request = ChatRequest { tools, tool_choice: named("third"), ..ask("hi") };
    let error = complete_in(testing::context(), request).unwrap_err();
    assert_eq!((error.kind, error.param.as_deref()), (ErrorKind::InvalidRequest, Some("tool_choice")));
}

#[test]
fn no_tool_is_called_where_the_client_wants_none() {
    let request = ChatRequest { tools: vec![weather()], tool_choice: Some(ToolChoice::None), ..ask("hi") };
    assert_eq!(text(&complete(request)), "hi");
}

#[test]
fn a_custom_tool_is_called_with_the_text() {
    let tool = Tool { kind: "custom".into(), name: "shell".into(), ..Tool::default() };
    let answer = complete(ChatRequest { tools: vec![tool], ..ask("ls -l") });
    let call = &answer.choices[0].message.tool_calls[0];
    assert_eq!((call.kind.as_str(), call.arguments.as_str()), ("custom", "ls -l"));
}

#[test]
fn what_a_tool_said_is_passed_on() {
    let mut request = ChatRequest { tools: vec![weather()], ..ask("hi") };
    request.messages.push(Message { role: Role::Assistant, ..Message::default() });
    request.messages.push(Message { tool_call_id: Some("call_1_0".into()), ..Message::new(Role::Tool, "rain") });
    assert_eq!(text(&complete(request)), "tool said: rain");
}

#[test]
fn usage_counts_all_messages_and_every_choice() {
    let mut request = ChatRequest { n: 2, ..ask("six by") };
    request.messages.insert(0, Message::system("nine byte"));
    let usage = complete(request).usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.total), (5, 4, 9));
}

#[test]
fn usage_is_left_to_the_host_where_it_cannot_count() {
    let answer = testing::Upstream::new().run(|| Echo::complete(testing::context(), ask("hi"))).unwrap();
    assert!(matches!(answer, ChatResponse::Answer(ChatAnswer { usage: None, .. })));
}

#[test]
fn a_stream_gives_a_batch_for_each_word() {
    let batches = stream(ask("one two\nthree"));
    let words: Vec<_> = batches
        .iter()
        .filter_map(|batch| match batch.as_slice() {
            [Event::Text(delta)] => Some((delta.choice, delta.text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(words, [(0, "one "), (0, "two\n"), (0, "three")]);
    assert!(matches!(batches.first().unwrap().as_slice(), [Event::Start(_)]));
    assert!(matches!(batches.last().unwrap().as_slice(), [Event::Usage(_)]));
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let shell = Tool { kind: "custom".into(), name: "shell".into(), ..Tool::default() };
    for request in [
        ChatRequest { n: 2, max_tokens: Some(2), ..ask("one two three") },
        ChatRequest { n: 2, tools: vec![weather()], ..ask("hi") },
        ChatRequest { n: 2, tools: vec![shell], ..ask("ls -l") },
    ] {
        let answer = complete(request.clone());
        let mut texts = vec![String::new(); 2];
        let mut calls = vec![ToolCall { kind: String::new(), ..ToolCall::default() }; 2];
        let mut finishes = Vec::new();
        for event in stream(request).into_iter().flatten() {
            match event {
                Event::Text(delta) => texts[delta.choice as usize].push_str(&delta.text),
                Event::Tool(delta) => {
                    let call = &mut calls[delta.choice as usize];
                    call.id.push_str(&delta.id.unwrap_or_default());
                    call.kind.push_str(&delta.kind.unwrap_or_default());
                    call.name.push_str(&delta.name.unwrap_or_default());
                    call.arguments.push_str(&delta.arguments);
                }
                Event::Finish(finish) => finishes.push((finish.choice, format!("{:?}", finish.reason))),
                _ => {}
            }
        }
        for (index, choice) in (0_u32..).zip(&answer.choices) {
            let place = index as usize;
            assert_eq!(texts[place], choice.message.text());
            assert_eq!(finishes[place], (index, format!("{:?}", choice.finish_reason)));
            if let [call] = choice.message.tool_calls.as_slice() {
                assert_eq!(&calls[place], call);
            }
        }
    }
}

fn embed(input: EmbedInput, dimensions: Option<u32>) -> Result<EmbedResponse> {
    let request = EmbedRequest { model: "echo".into(), input, dimensions, ..EmbedRequest::default() };
    host().run(|| Echo::embed(testing::context(), request))
}

#[test]
fn equal_inputs_get_equal_vectors_and_others_do_not() {
    let texts = |texts: &[&str]| EmbedInput::Texts(texts.iter().map(|text| (*text).into()).collect());
    let answer = embed(texts(&["a", "b", "a"]), None).unwrap();
    assert_eq!(answer.vectors.len(), 3);
    assert!(answer.vectors.iter().all(|vector| vector.len() == 8));
    assert_eq!(answer.vectors[0], answer.vectors[2]);
    assert_ne!(answer.vectors[0], answer.vectors[1]);
    assert_eq!(embed(texts(&["a"]), None).unwrap().vectors[0], answer.vectors[0]);

    let tokens = embed(EmbedInput::Tokens(vec![vec![1, 2], vec![1, 2], vec![2, 1]]), Some(3)).unwrap();
    assert_eq!(tokens.vectors[0], tokens.vectors[1]);
    assert_ne!(tokens.vectors[0], tokens.vectors[2]);
    assert_eq!(tokens.usage.unwrap().input, 6);
}

#[test]
fn dimensions_out_of_range_are_refused() {
    for dimensions in [0, 4097, u32::MAX] {
        let error = embed(EmbedInput::Texts(vec!["a".into()]), Some(dimensions)).unwrap_err();
        assert_eq!((error.kind, error.param.as_deref()), (ErrorKind::InvalidRequest, Some("dimensions")));
    }
}

#[test]
fn it_wants_no_host_and_no_key() {
    let info = Echo::describe();
    assert!(info.hosts.is_empty() && info.credentials.is_empty());
    let models: Vec<_> = info.models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(models, ["echo", "echo-*"]);
}
