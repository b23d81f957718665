//! Tool calls in a stream: what is said once, and which call a fragment belongs to.

use super::*;

#[test]
fn a_tool_call_says_id_name_and_type_once_at_a_stable_index() {
    check(
        vec![
            tool(3, Some("a"), Some("look"), ""),
            tool(3, Some("a"), Some("look"), "{\"at\":"),
            tool(5, None, Some("hear"), "{}"),
            tool(3, None, None, "1}"),
            tool(5, Some("late"), None, " "),
            finish(0, FinishReason::Stop),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"look","arguments":""}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"at\":"}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_7_0_1","type":"function","function":{"name":"hear","arguments":"{}"}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":" "}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn another_id_and_name_at_the_same_index_are_another_call() {
    check(
        vec![
            tool(0, Some("a"), Some("f"), "{}"),
            tool(0, Some("b"), Some("f"), "{}"),
            tool(0, None, None, " "),
            finish(0, FinishReason::ToolCalls),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":" "}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn a_custom_call_streams_its_text_as_input() {
    check(
        vec![
            tool_of(Some("custom"), Some("shell"), "", &[("custom", r#"{"x":1,"name":"no"}"#)]),
            tool_of(None, None, "ls", &[]),
            tool_of(Some("function"), Some("late"), " -l", &[]),
            finish(0, FinishReason::Stop),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"call_7_0_0","type":"custom","custom":{"name":"shell","input":"","x":1}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"custom":{"input":"ls"}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"custom":{"input":" -l"}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn what_a_call_has_no_name_for_joins_the_fragment_it_comes_with() {
    let posing = [("id", "\"b\""), ("type", "\"custom\""), ("function", r#"{"name":"no","y":2}"#), ("index", "9")];
    check(
        vec![
            tool_of(Some(""), Some("f"), "", &[("extra_content", "{\"google\":\n{}}"), ("type", "\"x\"")]),
            tool_of(None, None, "{}", &posing),
            tool(1, Some("b"), Some("g"), ""),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"call_7_0_0","type":"function","function":{"name":"f","arguments":""},"extra_content":{"google":{}}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}","y":2}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn a_call_of_an_unknown_kind_is_what_its_extra_fields_say() {
    check(
        vec![tool_of(Some("mcp"), None, "", &[("mcp", "{\"server\":1}")]), tool_of(None, None, "", &[("x", "2")])],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"call_7_0_0","type":"mcp","mcp":{"server":1}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"x":2}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn tool_calls_passed_through_are_put_right() {
    check(
        vec![
            raw(
                r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"a","type":"function","function":{"name":"f","arguments":"","x":1},"y":2}]}}]}"#,
            ),
            raw(
                r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}"#,
            ),
            raw(
                r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"g","arguments":{"a": 1}}},{"function":{"name":"h"}}]}}]}"#,
            ),
            raw(
                r#"{"choices":[{"delta":{"tool_calls":[{"index":9,"id":"c","type":"custom","custom":{"name":"k","input":"free"}}]},"finish_reason":"stop"}]}"#,
            ),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"","x":1},"y":2}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_7_0_1","type":"function","function":{"name":"g","arguments":"{\"a\": 1}"}},{"index":2,"id":"call_7_0_2","type":"function","function":{"name":"h","arguments":""}}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":3,"id":"c","type":"custom","custom":{"name":"k","input":"free"}}]},"logprobs":null,"finish_reason":"tool_calls"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn a_guest_may_open_only_so_many_tool_calls() {
    let bytes = Bytes::default();
    let mut writer = ChunkWriter::new(context(), PLAIN, &bytes);
    let mut out = Vec::new();
    for call in 0..128 {
        writer.write(vec![tool(0, Some(&call.to_string()), Some("f"), "")], &mut out).unwrap();
    }
    let error = writer.write(vec![tool(0, Some("one more"), Some("f"), "")], &mut out).unwrap_err();
    assert_eq!(error.field, "tool_calls.index");
}
