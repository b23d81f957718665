//! A stream: written as a client gets it, read as an adapter reads its provider's.

use std::collections::BTreeMap;

use caisson::chat::{
    Event, Finish, FinishReason, OtherDelta, ReasoningDelta, StreamStart, TextDelta, ToolDelta, Usage,
};
use caisson::fuzzing::write_stream;
use caisson_sdk::sse::{self, Parser};
use serde_json::Value;

use crate::json;

const CHOICES: u32 = 3;

/// Bytes are read into the same events wherever they are split; and where they stand for a guest's events (see [`events`]), the stream
/// written of those can be read, keeps the wire's promises, and says what the guest said.
pub fn sse(bytes: &[u8]) {
    splits_anywhere(bytes);
    let events = events(bytes);
    let said = Said::by(&events);
    let include_usage = bytes.first().is_some_and(|byte| byte % 2 == 1);
    match write_stream(events, CHOICES, include_usage) {
        Ok(stream) => {
            let Some(chunks) = chunks(&stream, true) else { return };
            let heard = Said::to(&chunks);
            if let Some(said) = said {
                assert_eq!(said.text, heard.text, "what is said isn't what is heard");
            }
        }
        Err((stream, reason)) => {
            assert!(!reason.is_empty(), "an event refused without a reason");
            chunks(&stream, false);
        }
    }
}

fn splits_anywhere(bytes: &[u8]) {
    let whole = read(&[bytes]);
    // Each place of a short input, some of a long one, and every place at once.
    let step = bytes.len() / 32 + 1;
    for (head, tail) in (0..bytes.len()).step_by(step).filter_map(|place| bytes.split_at_checked(place)) {
        assert_eq!(whole, read(&[head, tail]), "split at {}", head.len());
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(whole, read(&single), "split everywhere");
}

fn read(pieces: &[&[u8]]) -> Vec<sse::Event> {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(parser.push(piece).expect("it's within the limit"));
    }
    events.extend(parser.finish().expect("it's within the limit"));
    events
}

/// The JSON of a stream's events, which begin with no other field and end with `[DONE]` if the stream is `whole`. None where one of them
/// can't be read but is JSON all the same.
fn chunks(stream: &[u8], whole: bool) -> Option<Vec<Value>> {
    assert!(stream.is_empty() || stream.ends_with(b"\n\n"), "it ends within an event");
    let mut events = read(&[stream]);
    if whole {
        assert!(events.pop().is_some_and(|last| last.is_done()), "it doesn't end with [DONE]");
    }
    let value = |event: sse::Event| {
        assert_eq!((event.event, event.id), (None, None), "a field got into the stream");
        json(event.data.as_bytes())
    };
    events.into_iter().map(value).collect()
}

/// The text of each choice.
struct Said {
    text: BTreeMap<u64, String>,
}

impl Said {
    /// What a guest says; none where it speaks JSON of its own, whose text isn't looked for here.
    fn by(events: &[Event]) -> Option<Self> {
        let mut text = BTreeMap::<u64, String>::new();
        let mut finished = Vec::new();
        for event in events {
            match event {
                Event::Text(delta) if !finished.contains(&delta.choice) => {
                    text.entry(delta.choice.into()).or_default().push_str(&delta.text);
                }
                Event::Finish(finish) => finished.push(finish.choice),
                Event::Raw(_) | Event::Other(_) => return None,
                _ => {}
            }
        }
        text.retain(|_, text| !text.is_empty());
        Some(Self { text })
    }

    /// What a client hears, which has to be in order.
    fn to(chunks: &[Value]) -> Self {
        let mut text = BTreeMap::<u64, String>::new();
        let mut roles = BTreeMap::<u64, u32>::new();
        let mut finishes = BTreeMap::<u64, u32>::new();
        let ids: Vec<&Value> = chunks.iter().map(|chunk| &chunk["id"]).collect();
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "the id changes");
        for chunk in chunks {
            assert_eq!(chunk["object"], "chat.completion.chunk");
            for choice in chunk["choices"].as_array().expect("a chunk has choices") {
                let index = choice["index"].as_u64().expect("a choice has its index");
                assert!(index < CHOICES.into(), "the choice {index}");
                *roles.entry(index).or_default() += u32::from(choice["delta"].get("role").is_some());
                *finishes.entry(index).or_default() += u32::from(!choice["finish_reason"].is_null());
                if let Some(content) = choice["delta"]["content"].as_str() {
                    text.entry(index).or_default().push_str(content);
                }
            }
        }
        assert!(roles.values().all(|count| *count == 1), "roles by choice: {roles:?}");
        assert!(finishes.values().all(|count| *count == 1), "finishes by choice: {finishes:?}");
        text.retain(|_, text| !text.is_empty());
        Self { text }
    }
}

/// Each line is an event: its kind as a letter, its choice as a digit, its text with `\n` and `\r` for line ends.
fn events(bytes: &[u8]) -> Vec<Event> {
    bytes.split(|byte| *byte == b'\n').filter_map(event).take(256).collect()
}

fn event(line: &[u8]) -> Option<Event> {
    let (&kind, rest) = line.split_first()?;
    let (&digit, text) = rest.split_first()?;
    let choice = u32::from(digit.wrapping_sub(b'0') % 8).min(CHOICES - u32::from(digit.is_ascii_digit()));
    let text = String::from_utf8_lossy(text).replace("\\n", "\n").replace("\\r", "\r");
    let (head, tail) = text.split_once('|').map_or((None, &*text), |(head, tail)| (Some(head.to_owned()), tail));
    let extra = || head.iter().map(|name| (name.clone(), tail.to_owned())).collect();
    Some(match kind {
        b's' => Event::Start(StreamStart {
            id: head.clone(),
            model: Some(tail.to_owned()),
            service_tier: None,
            system_fingerprint: None,
            extra: extra(),
        }),
        b't' => Event::Text(TextDelta { choice, text }),
        b'f' => Event::Refusal(TextDelta { choice, text }),
        b'g' => Event::Reasoning(ReasoningDelta {
            choice,
            text: tail.to_owned(),
            signature: head,
            redacted: digit % 2 == 1,
        }),
        b'c' => Event::Tool(ToolDelta {
            choice,
            index: u32::from(digit) % 4,
            id: head.clone(),
            kind: None,
            name: head,
            arguments: tail.to_owned(),
            extra: Vec::new(),
        }),
        b'e' => Event::Finish(Finish {
            choice,
            reason: if text.is_empty() { FinishReason::Stop } else { FinishReason::Other(text) },
        }),
        b'u' => Event::Usage(Usage {
            input: digit.into(),
            output: text.len() as u32,
            total: 0,
            cached_input: None,
            cache_write_input: None,
            audio_input: None,
            reasoning_output: None,
            audio_output: None,
            extra: extra(),
        }),
        b'o' => Event::Other(OtherDelta { choice, extra: extra() }),
        b'r' => Event::Raw(text),
        _ => return None,
    })
}
