//! Streams flow: what the provider says reaches the client before the provider says more.

use serde_json::json;

use caisson_e2e::{Item, PROVIDERS, say};

#[tokio::test]
async fn each_word_reaches_the_client_before_the_next_is_sent() {
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        // The head comes as soon as the provider's does, before any word.
        let (gate, mut streaming) = provider.gated_stream(&caisson, &fake).await;
        let content_type = streaming.headers["content-type"].to_str().unwrap();
        assert_eq!((streaming.status, content_type), (200, "text/event-stream; charset=utf-8"));
        for number in 0..20 {
            let word = format!("word-{number} ");
            gate.send(provider.word(&word)).await;
            // Only this word was sent: nothing can be waiting for company.
            assert_eq!(streaming.next_text().await, word, "{}", provider.name);
        }
        gate.send(provider.ending()).await;
        drop(gate);
        let rest = streaming.rest().await;
        assert!(rest.is_done(), "{}: {rest:?}", provider.name);
        assert_eq!(rest.finish_reasons(), ["stop"], "{}", provider.name);
    }
}

#[tokio::test]
async fn words_cut_between_packets_arrive_whole() {
    const WORDS: &str = "na\u{ef}ve caf\u{e9} \u{1f30a}";
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        let (gate, streaming) = provider.gated_stream(&caisson, &fake).await;
        let bytes = [provider.word(WORDS), provider.ending()].concat();
        let send_each = async move {
            for byte in bytes {
                gate.send(vec![byte]).await;
            }
        };
        let ((), transcript) = tokio::join!(send_each, streaming.rest());
        assert_eq!(transcript.content(), WORDS, "{}", provider.name);
        assert!(transcript.is_done());
    }
}

#[tokio::test]
async fn usage_comes_last_and_only_to_those_who_ask() {
    for provider in PROVIDERS {
        let (caisson, _fake) = provider.served().await;
        let plain = caisson.stream(say(provider.model(), "hello")).await.rest().await;
        assert!(plain.chunks().iter().all(|chunk| chunk.get("usage").is_none()), "{plain:?}");

        let mut request = say(provider.model(), "hello");
        request["stream_options"] = json!({ "include_usage": true });
        let asked = caisson.stream(request).await.rest().await;
        let chunks = asked.chunks();
        let (last, before) = chunks.split_last().unwrap();
        assert!(before.iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()), "{asked:?}");
        assert_eq!(last["choices"], json!([]), "{last}");
        let usage = &last["usage"];
        let sum = usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
        assert!(sum > 1 && usage["total_tokens"] == sum, "{}: {usage}", provider.name);
        assert!(asked.is_done());
    }
}

#[tokio::test]
async fn every_chunk_of_a_stream_has_the_same_head() {
    for provider in PROVIDERS {
        let (caisson, _fake) = provider.served().await;
        let transcript = caisson.stream(say(provider.model(), "one two three")).await.rest().await;
        let chunks = transcript.chunks();
        assert!(chunks.len() > 3);
        for chunk in &chunks {
            assert_eq!(chunk["object"], "chat.completion.chunk");
            for field in ["id", "created", "model"] {
                assert_eq!(chunk[field], chunks[0][field], "{}: {chunk}", provider.name);
            }
        }
        let roles = chunks.iter().filter(|chunk| chunk["choices"][0]["delta"].get("role").is_some()).count();
        assert_eq!((roles, &chunks[0]["choices"][0]["delta"]["role"]), (1, &json!("assistant")), "{}", provider.name);
        assert_eq!(transcript.finish_reasons(), ["stop"]);
        assert!(matches!(transcript.items.as_slice(), [.., Item::Comment(_), Item::Done]), "{:?}", transcript.items);
    }
}
