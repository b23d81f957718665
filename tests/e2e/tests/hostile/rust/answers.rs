//! Guests whose answers are too much, too odd, or made to be taken for something else by the client.

use caisson_e2e::Item;
use serde_json::{Value, json};

use crate::attack::Ask::{Chat, Embed, Leave, Stream};
use crate::attack::{Attack, attack};
use crate::beside::Beside;
use crate::replies::Reply;

/// What no guest may make a client read.
const FORGED: &str = "forged";

/// Too much.
pub(super) fn floods() -> Vec<Attack> {
    vec![
        attack("huge-event", "huge_event", "gives an event of 80 MiB")
            .asks(&[Stream])
            .fails_with(&[(502, "memory_exhausted"), (200, "memory_exhausted")]),
        attack("huge-event-with-memory", "huge_event", "gives an event of 80 MiB, and has the memory for it")
            .asks(&[Stream])
            .often(2, 1)
            .limit("memory-bytes", 512 << 20)
            .fails_with(&[(200, "adapter_trap"), (200, "malformed_answer")]),
        attack("endless-events", "endless_events", "streams single letters for ever")
            .asks(&[Stream])
            .often(2, 1)
            .limit("fuel", 20_000_000)
            .fails_with(&[(200, "fuel_exhausted")]),
        attack("endless-events-left", "endless_events", "streams for ever to a client that leaves")
            .asks(&[Leave])
            .often(4, 4)
            .limit("fuel", 1_000_000_000_000)
            .answers("sandbox dropped with the client", |_, _| {}),
        attack("empty-batches", "empty_batches", "streams batches of nothing, for ever")
            .asks(&[Stream])
            .limit("fuel", 10_000_000)
            .fails_with(&[(200, "fuel_exhausted")]),
        attack("empty-batches-with-all-fuel", "empty_batches", "streams batches of nothing, with more fuel than time")
            .asks(&[Stream])
            .often(8, 1)
            .limit("fuel", 1_000_000_000_000)
            .limit("timeout-ms", 1_500)
            .fails_with(&[(200, "deadline_exceeded")]),
        attack("million-events", "million_events", "gives a million events in one batch")
            .asks(&[Stream])
            .often(2, 1)
            .limit("fuel", 5_000_000_000)
            .limit("memory-bytes", 512 << 20)
            .fails_with(&[(200, "adapter_trap"), (200, "malformed_answer")])
            // Taken 64 at a time there, until the answer is too long.
            .in_adapter_async(|attack| attack.fails(200, "answer_too_large")),
        attack("million-choices", "million_choices", "answers with a million choices")
            .often(2, 1)
            .limit("fuel", 5_000_000_000)
            .limit("memory-bytes", 512 << 20)
            .fails_with(&[(502, "adapter_trap"), (502, "malformed_answer")]),
        attack("million-extras", "million_extras", "answers with a hundred thousand unnamed fields")
            .limit("fuel", 5_000_000_000)
            .answers("names taken once", |reply, _| assert_eq!(reply.content(), "and more")),
        attack("huge-raw", "huge_raw", "answers with 32 MiB of JSON of its own")
            .often(2, 1)
            .limit("memory-bytes", 512 << 20)
            .answers("one answer's room", |reply, _| assert_eq!(reply.content().len(), 32 << 20)),
        attack("huge-raw-streamed", "huge_raw", "streams a chunk of 32 MiB of its own")
            .asks(&[Stream])
            .often(2, 1)
            .limit("memory-bytes", 512 << 20)
            .fails_with(&[(200, "malformed_answer")]),
        attack("vast-vector", "vast_vector", "answers with a vector of as many dimensions as memory holds")
            .asks(&[Embed])
            .often(2, 1)
            .limit("fuel", 5_000_000_000)
            .limit("memory-bytes", 512 << 20)
            .fails_with(&[(502, "memory_exhausted"), (502, "adapter_trap")]),
        attack("million-vectors", "million_vectors", "answers one input with a million vectors")
            .asks(&[Embed])
            .limit("fuel", 5_000_000_000)
            .fails(502, "malformed_answer"),
        attack("long-error", "long_error", "fails with ten megabytes in each field of its error")
            .asks(&[Chat, Stream, Embed])
            .limit("memory-bytes", 512 << 20)
            .limit("fuel", 5_000_000_000)
            .fails_with(&[(418, "provider_error"), (502, "adapter_trap")]),
    ]
}

/// Too odd.
pub(super) fn oddities() -> Vec<Attack> {
    vec![
        attack("tool-indexes", "tool_indexes", "streams tool calls at the highest indexes there are")
            .asks(&[Stream])
            .fails_with(&[(200, "malformed_answer")]),
        attack("choice-indexes", "choice_indexes", "answers with choices under the highest index there is").answers(
            "indexes renumbered",
            |reply, _| {
                let Reply::Whole(answer) = reply else { panic!("{reply:?}") };
                let choices = answer.json()["choices"].take();
                let indexes: Vec<_> = choices.as_array().unwrap().iter().map(|choice| &choice["index"]).collect();
                assert_eq!(indexes, [0, 1, 2, 3]);
            },
        ),
        attack("choice-indexes-streamed", "choice_indexes", "streams a choice under the highest index there is")
            .asks(&[Stream])
            .fails_with(&[(200, "malformed_answer")]),
        attack("odd-floats", "odd_floats", "answers with log probabilities that JSON has no words for").answers(
            "numbers put right",
            |reply, _| {
                let Reply::Whole(answer) = reply else { panic!("{reply:?}") };
                let tokens = answer.json()["choices"][0]["logprobs"]["content"].take();
                let numbers: Vec<_> =
                    tokens.as_array().unwrap().iter().map(|token| token["logprob"].as_f64()).collect();
                assert!(numbers.len() == 5 && numbers.iter().all(Option::is_some), "{numbers:?}");
            },
        ),
        attack("odd-vectors", "odd_floats", "embeds as the smallest and largest numbers there are")
            .asks(&[Embed])
            .answers("numbers written whole", |reply, _| {
                let Reply::Whole(answer) = reply else { panic!("{reply:?}") };
                let vector = answer.json()["data"][0]["embedding"].take();
                let numbers: Vec<f64> = serde_json::from_value(vector).unwrap();
                assert!(numbers.len() == 4 && numbers[2] > 3e38 && numbers[3] > 0.0, "{numbers:?}");
            }),
        attack("vector-of-no-number", "odd_floats", "embeds as what is not a number")
            .asks(&[Embed])
            .body(|body| body["model"] = "vector-of-no-number/nan".into())
            .fails(502, "malformed_answer"),
        attack("vector-of-infinity", "odd_floats", "embeds as infinity")
            .asks(&[Embed])
            .body(|body| body["model"] = "vector-of-infinity/infinity".into())
            .fails(502, "malformed_answer"),
        attack("endless-usage", "endless_usage", "counts more tokens than a number holds")
            .asks(&[Chat, Stream])
            .body(|body| {
                if body["stream"] == true {
                    body["stream_options"] = json!({ "include_usage": true });
                }
            })
            .answers("counts that hold", check_usage),
        attack("endless-usage-in-its-own-words", "endless_usage", "counts more tokens than a number holds, as JSON")
            .set("raw", "{\"prompt_tokens\":99999999999999999999,\"completion_tokens\":-1,\"total_tokens\":1e400}")
            .answers("the host's own estimate", check_usage),
        attack("deep-raw", "deep_raw", "answers with JSON of a hundred thousand levels")
            .asks(&[Chat, Stream])
            .fails_with(&[(502, "malformed_answer"), (200, "malformed_answer")]),
    ]
}

/// Made to be misread.
pub(super) fn forgeries() -> Vec<Attack> {
    vec![
        attack("inject-events", "inject_events", "writes events and the end of the stream into every text")
            .asks(&[Chat, Stream])
            .answers("JSON's own escapes", check_nothing_forged),
        attack("double-keys", "double_keys", "says everything twice in JSON of its own").fails(502, "malformed_answer"),
        attack("double-keys-streamed", "double_keys", "says everything twice in a chunk of its own")
            .asks(&[Stream])
            .fails(200, "malformed_answer"),
        attack("split-headers", "split_headers", "writes line breaks and headers into its error")
            .fails(502, "x set-cookie: forged=1 forged body"),
    ]
}

/// The client reads the guest's words as words alone: no chunk, no end, no field, no header of theirs.
fn check_nothing_forged(reply: &Reply, _: &Beside) {
    match reply {
        Reply::Whole(answer) => {
            assert!(!format!("{:?}", answer.headers).contains(FORGED), "{:?}", answer.headers);
            let choice = answer.json()["choices"][0].take();
            assert_eq!(choice["message"]["role"], "assistant", "{choice}");
            assert!(choice["message"]["content"].is_string(), "{choice}");
            assert_ne!(choice["message"]["content"], FORGED, "{choice}");
            assert!(choice["finish_reason"].is_string(), "{choice}");
            check_keys(&answer.text());
        }
        Reply::Streamed(transcript) => {
            assert!(transcript.is_done(), "{transcript:?}");
            assert_eq!(transcript.items.iter().filter(|item| **item == Item::Done).count(), 1);
            for chunk in items(reply) {
                assert_ne!(chunk["choices"][0]["delta"]["content"], FORGED, "{chunk}");
                assert!(chunk.get("error").is_none(), "{chunk}");
            }
        }
        Reply::Left(_) => unreachable!("nobody leaves"),
    }
}

/// The counts are whole numbers.
fn check_usage(reply: &Reply, _: &Beside) {
    let usage = match reply {
        Reply::Whole(answer) => answer.json()["usage"].take(),
        _ => items(reply).pop().unwrap()["usage"].take(),
    };
    for count in ["prompt_tokens", "completion_tokens", "total_tokens"] {
        assert!(usage[count].is_u64(), "{usage}");
    }
}

/// No object of an answer says a thing twice: readers of JSON disagree on which of the two counts.
#[track_caller]
fn check_keys(text: &str) {
    for name in ["\"choices\":[", "\"role\":", "\"finish_reason\":", "\"prompt_tokens\":"] {
        assert!(text.matches(name).count() <= 1, "{name} comes twice: {text}");
    }
}

fn items(reply: &Reply) -> Vec<Value> {
    let Reply::Streamed(transcript) = reply else { panic!("{reply:?}") };
    transcript.chunks().into_iter().cloned().collect()
}
