//! OpenAI's wire is right whatever the adapter does.

use serde_json::{Value, json};

use caisson_e2e::{Caisson, guest, say};

#[tokio::test]
async fn a_careless_adapters_stream_is_put_right() {
    let caisson = Caisson::start().await;
    caisson.push("bad", guest("bad_stream")).await;
    let transcript = caisson.stream(say("bad/x", "x")).await.rest().await;
    let chunks = transcript.chunks();
    let roles = chunks.iter().filter(|chunk| chunk["choices"][0]["delta"].get("role").is_some()).count();
    assert_eq!(roles, 1, "{transcript:?}");
    assert_eq!(transcript.content(), "hello there");
    // A stop after tool calls means that the client is to make them.
    assert_eq!(transcript.finish_reasons(), ["tool_calls"]);

    let fragments: Vec<&Value> =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0)).collect();
    let opening: Vec<_> = fragments.iter().filter(|fragment| fragment.get("id").is_some()).collect();
    let names: Vec<_> =
        opening.iter().map(|call| (call["index"].as_u64(), call["function"]["name"].as_str())).collect();
    assert_eq!(names, [(Some(0), Some("first")), (Some(1), Some("second"))], "{fragments:?}");
    assert_ne!(opening[0]["id"], opening[1]["id"]);
    assert!(opening.iter().all(|call| call["type"] == "function"), "{opening:?}");
    let arguments = |index: u64| -> String {
        let own = fragments.iter().filter(|fragment| fragment["index"] == index);
        own.filter_map(|fragment| fragment["function"]["arguments"].as_str()).collect()
    };
    assert_eq!((&*arguments(0), &*arguments(1)), ("{\"a\":1}", "{}"));
    assert!(transcript.is_done());
}

#[tokio::test]
async fn a_choice_that_nobody_asked_for_ends_the_stream() {
    let caisson = Caisson::start().await;
    caisson.push("bad", guest("bad_stream")).set("how", "choice").await;
    let transcript = caisson.stream(say("bad/x", "x")).await.rest().await;
    assert_eq!(transcript.content(), "mine");
    let error = transcript.expect_error("malformed_answer");
    assert!(error["message"].as_str().unwrap().contains("choice"), "{error}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_put_right_is_the_adapters_fault() {
    let caisson = Caisson::start().await;
    for how in ["json", "shape", "choices"] {
        caisson.push(how, guest("bad_answer")).set("how", how).await;
        let answer = caisson.chat(say(&format!("{how}/x"), "x")).await;
        let error = answer.expect_error(502, "malformed_answer");
        assert_eq!(error["type"], "server_error", "{how}");
        assert_eq!(answer.receipt().revision, format!("{how}@1"));
    }
    let two = json!({ "model": "json/x", "input": ["one", "two"] });
    let error = caisson.embed(two).await.expect_error(502, "malformed_answer");
    assert!(error["message"].as_str().unwrap().contains("vectors"), "{error}");
}

#[tokio::test]
async fn a_whole_answer_has_all_that_clients_count_on() {
    let caisson = Caisson::start().await;
    caisson.push("counter", guest("counter")).await;
    let answer = caisson.chat(say("counter/x", "how many words are these")).await;
    let id = answer.header("x-request-id").trim_start_matches("req_").to_owned();
    let body = answer.expect(200);
    assert_eq!((&body["object"], &body["model"]), (&json!("chat.completion"), &json!("counter/x")));
    assert_eq!(body["id"], format!("chatcmpl-{id}"));
    assert!(body["created"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(body["choices"][0]["message"]["role"], "assistant");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    // The adapter gives no count, so the host estimates, and says so.
    let usage = &body["usage"];
    assert!(usage["prompt_tokens"].as_u64().unwrap() >= 5, "{usage}");
    assert_eq!(usage["completion_tokens"], 1, "{usage}");
    let flagged = usage.as_object().unwrap().iter().any(|(name, value)| name.contains("estimate") && value == true);
    assert!(flagged, "{usage}");
}
