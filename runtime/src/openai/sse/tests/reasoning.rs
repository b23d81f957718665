//! Reasoning in a stream: when a block goes out, and under which index.

use super::*;

fn redacted(text: &str, data: Option<&str>) -> Event {
    let signature = data.map(str::to_owned);
    Event::Reasoning(ReasoningDelta { choice: 0, text: text.into(), signature, redacted: true })
}

#[test]
fn a_signed_block_of_reasoning_goes_out_whole_with_its_signature() {
    check(
        vec![
            reasoning("let me", None),
            reasoning(" see", None),
            reasoning("", Some("sig-1")),
            reasoning("", Some("left out")),
            reasoning("more", Some("sig-2")),
            text(0, "hi"),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"let me"},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"reasoning_content":" see"},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"thinking_blocks":[{"index":0,"type":"thinking","thinking":"let me see","signature":"sig-1"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"thinking_blocks":[{"index":1,"type":"thinking","thinking":"","signature":"left out"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"reasoning_content":"more","thinking_blocks":[{"index":2,"type":"thinking","thinking":"more","signature":"sig-2"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"content":"hi"},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn a_redacted_block_is_whole_and_ends_the_one_before_it() {
    check(
        vec![
            redacted("", Some("a")),
            reasoning("hm", None),
            redacted("never shown", Some("b")),
            reasoning("so", Some("sig")),
            redacted("", None),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","thinking_blocks":[{"index":0,"type":"redacted_thinking","data":"a"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"reasoning_content":"hm"},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"thinking_blocks":[{"index":1,"type":"thinking","thinking":"hm"},{"index":2,"type":"redacted_thinking","data":"b"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"reasoning_content":"so","thinking_blocks":[{"index":3,"type":"thinking","thinking":"so","signature":"sig"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"thinking_blocks":[{"index":4,"type":"redacted_thinking","data":""}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn a_long_block_of_reasoning_goes_out_in_pieces_that_join() {
    let long = "x".repeat(40 << 10);
    let events = vec![reasoning(&long, None), reasoning(&long, None), reasoning("end", Some("s"))];
    let transcript = transcript(PLAIN, events);
    let chunks = transcript.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let blocks =
        chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["thinking_blocks"].as_array().cloned()).flatten();
    let blocks = blocks.collect::<Vec<_>>();
    let joined = blocks.iter().filter_map(|block| block["thinking"].as_str()).collect::<String>();
    assert_eq!(joined, format!("{long}{long}end"));
    assert!(blocks.len() == 2 && blocks.iter().all(|block| block["index"] == 0 && block["type"] == "thinking"));
    assert_eq!(blocks[1]["signature"], "s");
}

#[test]
fn blocks_in_the_clients_own_form_get_the_index_that_clients_join_them_by() {
    let other = |json: &str| Event::Other(OtherDelta { choice: 0, extra: pairs(&[("thinking_blocks", json)]) });
    let raw = |blocks: &str| raw(&format!(r#"{{"choices":[{{"delta":{{"thinking_blocks":{blocks}}}}}]}}"#));
    check(
        vec![
            other(r#" [{"type":"redacted_thinking","data":"a"},{"type":"thinking","thinking":"b","x":1}] "#),
            raw(r#"[{"type":"thinking","thinking":"c","signature":""},{"signature":"d"}]"#),
            raw(r#"[{"index":7,"signature":"e"},{"index":null,"thinking":"f"}]"#),
            reasoning("g", Some("h")),
            raw("null"),
            raw(r#"["i"]"#),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","thinking_blocks":[{"index":0,"type":"redacted_thinking","data":"a"},{"index":1,"type":"thinking","thinking":"b","x":1}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"thinking_blocks":[{"index":1,"type":"thinking","thinking":"c","signature":""},{"index":1,"signature":"d"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"thinking_blocks":[{"index":7,"signature":"e"},{"index":8,"thinking":"f"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"reasoning_content":"g","thinking_blocks":[{"index":8,"type":"thinking","thinking":"g","signature":"h"}]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"thinking_blocks":null},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"thinking_blocks":["i"]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}
