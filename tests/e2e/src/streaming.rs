//! An answer that is read as it comes: server-sent events, one after another.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use crate::answer::{Answer, Receipt};
use crate::request::{Connection, Opened};
use crate::soon;

/// A streamed answer. Dropping it closes the connection, as a client that leaves does.
pub struct Streaming {
    pub status: u16,
    pub headers: HeaderMap,
    body: Incoming,
    waiting: Vec<u8>,
    _connection: Connection,
}

/// What stands between two empty lines of an event stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The JSON of a `data:` line.
    Chunk(Value),
    /// `data: [DONE]`
    Done,
    /// A comment, which clients skip.
    Comment(String),
}

/// Everything that was left of a stream.
#[derive(Debug)]
pub struct Transcript {
    pub items: Vec<Item>,
}

impl Streaming {
    pub(crate) fn of(opened: Opened) -> Self {
        let Opened { status, headers, body, connection } = opened;
        Self { status, headers, body, waiting: Vec::new(), _connection: connection }
    }

    /// The next bytes, as the connection gave them; none at the end.
    pub async fn bytes(&mut self) -> Option<Bytes> {
        let frame = soon("more of a stream", self.body.frame()).await?;
        Some(frame.expect("the stream breaks off").into_data().unwrap())
    }

    /// Waits for the next item; none at the end.
    pub async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(end) = self.waiting.windows(2).position(|pair| pair == b"\n\n") {
                let item: Vec<u8> = self.waiting.drain(..end + 2).collect();
                return Some(Item::of(std::str::from_utf8(&item[..end]).unwrap()));
            }
            match self.bytes().await {
                Some(bytes) => self.waiting.extend_from_slice(&bytes),
                None if self.waiting.is_empty() => return None,
                None => panic!("the stream ends within {:?}", String::from_utf8_lossy(&self.waiting)),
            }
        }
    }

    /// Waits for the next chunk that has text, and gives the text.
    pub async fn next_text(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Item::Chunk(chunk)) => {
                    if let Some(text) = chunk["choices"][0]["delta"]["content"].as_str().filter(|text| !text.is_empty())
                    {
                        return text.to_owned();
                    }
                }
                other => panic!("{other:?} where a text was to come"),
            }
        }
    }

    /// Reads to the end.
    pub async fn rest(mut self) -> Transcript {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item);
        }
        Transcript { items }
    }

    /// Reads to the end as an ordinary answer, for requests that got no stream.
    pub async fn whole(self) -> Answer {
        let body = soon("an answer's body", self.body.collect()).await.unwrap().to_bytes();
        Answer { status: self.status, headers: self.headers, body }
    }
}

impl Item {
    fn of(text: &str) -> Self {
        if let Some(comment) = text.strip_prefix(": ") {
            return Self::Comment(comment.to_owned());
        }
        match text.strip_prefix("data: ") {
            Some("[DONE]") => Self::Done,
            Some(data) => Self::Chunk(serde_json::from_str(data).unwrap_or_else(|error| panic!("{error} in {data}"))),
            None => panic!("no data and no comment: {text:?}"),
        }
    }
}

impl Transcript {
    /// The chunks alone.
    pub fn chunks(&self) -> Vec<&Value> {
        self.items.iter().filter_map(|item| if let Item::Chunk(chunk) = item { Some(chunk) } else { None }).collect()
    }

    /// The text of the first choice, put together.
    pub fn content(&self) -> String {
        self.chunks().iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
    }

    /// Whether it ended as it should.
    pub fn is_done(&self) -> bool {
        self.items.last() == Some(&Item::Done)
    }

    /// The first choice's finish reasons; one is right.
    pub fn finish_reasons(&self) -> Vec<String> {
        let reasons = self.chunks();
        reasons.iter().filter_map(|chunk| Some(chunk["choices"][0]["finish_reason"].as_str()?.to_owned())).collect()
    }

    /// The error that ended it: its last event, and no `[DONE]` after it.
    #[track_caller]
    pub fn expect_error(&self, code: &str) -> Value {
        let Some(Item::Chunk(last)) = self.items.last() else { panic!("the last is no event: {:?}", self.items) };
        assert_eq!(last["error"]["code"], code, "{last}");
        assert!(!self.items.contains(&Item::Done));
        last["error"].clone()
    }

    /// The receipt in the comment before `[DONE]`.
    #[track_caller]
    pub fn receipt(&self) -> Receipt {
        let [.., Item::Comment(comment), Item::Done] = self.items.as_slice() else {
            panic!("no comment before [DONE]: {:?}", self.items)
        };
        let field = |name: &str| {
            let found = comment.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            found.unwrap_or_else(|| panic!("no {name} in {comment}")).to_owned()
        };
        Receipt {
            fuel: field("fuel").parse().unwrap(),
            memory: field("memory").parse().unwrap(),
            revision: field("revision"),
        }
    }
}
