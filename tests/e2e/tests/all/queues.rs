//! How many requests of one deployment run at a time, how many wait, what the rest are told; and how long an answer may be.

use futures_util::future::{Either, select};

use caisson_e2e::{Caisson, OPENAI, adapter, guest, say, soon};

/// A server with `openai`, one request of which runs at a time while one waits, and a neighbour.
async fn narrow(queue_ms: u64) -> (Caisson, caisson_fake_providers::FakeProvider) {
    let (caisson, fake) = tokio::join!(Caisson::start(), OPENAI.fake());
    let push = caisson.push("openai", adapter("openai")).upstream(&fake);
    push.limit("concurrency", 1).limit("queue", 1).limit("queue-ms", queue_ms).await;
    caisson.push("echo", adapter("echo")).await;
    (caisson, fake)
}

#[tokio::test]
async fn a_request_waits_for_its_turn_and_the_next_is_told_to_come_back() {
    let (caisson, fake) = narrow(60_000).await;
    let (gate, streaming) = OPENAI.gated_stream(&caisson, &fake).await;
    // One of these two waits, and the other has no place beside it.
    let (one, other) = (caisson.chat(say(OPENAI.model(), "next")), caisson.chat(say(OPENAI.model(), "next")));
    let (one, other) = (Box::pin(one), Box::pin(other));
    let (refused, waiting) = match soon("a refusal", select(one, other)).await {
        Either::Left((refused, waiting)) => (refused, waiting),
        Either::Right((refused, waiting)) => (refused, waiting),
    };
    let error = refused.expect_error(503, "overloaded");
    assert!(error["message"].as_str().unwrap().contains("`openai` has as many requests as it may"), "{error}");
    assert_eq!((refused.header("retry-after"), refused.header("retry-after-ms")), ("1", "1000"));
    // Nobody else is any the worse.
    assert!(caisson.chat(say("echo/echo", "ahoy")).await.content().contains("ahoy"));
    gate.send(OPENAI.ending()).await;
    drop(gate);
    assert!(streaming.rest().await.is_done());
    assert!(soon("the turn of who waited", waiting).await.content().contains("next"));
}

#[tokio::test]
async fn a_wait_without_a_turn_ends_in_time() {
    let (caisson, fake) = narrow(50).await;
    let (gate, streaming) = OPENAI.gated_stream(&caisson, &fake).await;
    caisson.chat(say(OPENAI.model(), "second")).await.expect_error(503, "overloaded");
    drop((gate, streaming));
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_turn_to_the_next() {
    let (caisson, fake) = narrow(60_000).await;
    let (gate, streaming) = OPENAI.gated_stream(&caisson, &fake).await;
    drop(streaming);
    assert!(caisson.chat(say(OPENAI.model(), "next")).await.content().contains("next"));
    drop(gate);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_given() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).limit("answer-bytes", 2_000).await;
    let long = "x".repeat(3_000);
    caisson.chat(say("echo/echo", &long)).await.expect_error(502, "answer_too_large");
    assert!(caisson.chat(say("echo/echo", "short")).await.content().contains("short"));
    let transcript = caisson.stream(say("echo/echo", &"word ".repeat(1_000))).await.rest().await;
    transcript.expect_error("answer_too_large");
    assert!(caisson.stream(say("echo/echo", "short")).await.rest().await.is_done());
}

#[tokio::test]
async fn a_deployment_that_may_run_nothing_is_refused() {
    let caisson = Caisson::start().await;
    let answer = caisson.push("tell", guest("tell")).limit("concurrency", 0).answer().await;
    let error = answer.expect_error(422, "invalid_configuration");
    assert!(error["message"].as_str().unwrap().contains("`concurrency`"), "{error}");
}
