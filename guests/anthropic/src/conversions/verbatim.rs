//! The provider's own list of blocks, kept beside the message wherever OpenAI's shape
//! cannot hold it: server tools, citations, thinking between tool calls. A client that
//! sends the message back sends the list back, and the provider sees what it wrote.
//!
//! It decides only *whether* a list must be kept. Lists that OpenAI's shape can hold
//! (thinking, then one text, then tool calls) are not kept a second time.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::client::answer::{AnswerBlock, BlockDelta};

/// The message field that holds the list.
pub(crate) const FIELD: &str = "anthropic_content";

/// Past this many bytes a stream's blocks are no longer kept: a caller streams long
/// answers so as not to hold them.
const KEPT_BYTES: usize = 4 << 20;

/// Watches the order of blocks for one that OpenAI's shape cannot hold.
#[derive(Default)]
pub(super) struct Shape {
    last: Rank,
    lost: bool,
}

/// Where a block stands in a message rebuilt from OpenAI's fields.
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
enum Rank {
    #[default]
    Thinking,
    Text,
    ToolUse,
}

impl Shape {
    pub(super) fn see(&mut self, block: &AnswerBlock) {
        let rank = match block.kind.as_ref() {
            "thinking" | "redacted_thinking" => Rank::Thinking,
            "text" => Rank::Text,
            "tool_use" => Rank::ToolUse,
            _ => {
                self.lost = true;
                return;
            }
        };
        let second_text = rank == Rank::Text && self.last == Rank::Text;
        self.lost |= rank < self.last || second_text || block.cites();
        self.last = rank;
    }

    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    /// Whether something of the answer is only in the list.
    pub(super) fn is_lossy(&self) -> bool {
        self.lost
    }
}

/// A stream's blocks, put together again as a whole answer would hold them.
#[derive(Default)]
pub(super) struct Recorder {
    shape: Shape,
    blocks: Vec<Recorded>,
    bytes: usize,
}

struct Recorded {
    index: u32,
    start: String,
    text: String,
    thinking: String,
    signature: String,
    input: String,
    citations: Vec<String>,
}

impl Recorder {
    pub(super) fn start(&mut self, index: u32, raw: &RawValue, block: &AnswerBlock) {
        self.shape.see(block);
        if self.has_room(raw.get().len()) {
            self.blocks.push(Recorded {
                index,
                start: raw.get().to_owned(),
                text: String::new(),
                thinking: String::new(),
                signature: String::new(),
                input: String::new(),
                citations: Vec::new(),
            });
        }
    }

    /// A block that could not be read: its text is all there is to keep.
    pub(super) fn start_unread(&mut self, index: u32, raw: &RawValue) {
        let block = AnswerBlock {
            kind: "".into(),
            text: None,
            thinking: None,
            signature: None,
            data: None,
            id: None,
            name: None,
            input: None,
            citations: None,
            caller: None,
        };
        self.start(index, raw, &block);
    }

    pub(super) fn delta(&mut self, index: u32, delta: &BlockDelta) {
        let citation = delta.citation.map(RawValue::get);
        let texts = [&delta.text, &delta.thinking, &delta.signature, &delta.partial_json];
        let bytes = texts.into_iter().flatten().map(String::len).sum::<usize>() + citation.map_or(0, str::len);
        if citation.is_some() {
            self.shape.lose();
        }
        if !self.has_room(bytes) {
            return;
        }
        let Some(block) = self.blocks.iter_mut().rfind(|block| block.index == index) else {
            return;
        };
        let append = |whole: &mut String, piece: &Option<String>| {
            if let Some(piece) = piece {
                whole.push_str(piece);
            }
        };
        append(&mut block.text, &delta.text);
        append(&mut block.thinking, &delta.thinking);
        append(&mut block.signature, &delta.signature);
        append(&mut block.input, &delta.partial_json);
        block.citations.extend(citation.map(str::to_owned));
    }

    /// The list as JSON, if it says more than the events did.
    pub(super) fn finish(self) -> Option<String> {
        if !self.shape.is_lossy() || self.bytes > KEPT_BYTES {
            return None;
        }
        let blocks: Option<Vec<Value>> = self.blocks.into_iter().map(Recorded::whole).collect();
        serde_json::to_string(&blocks?).ok()
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > KEPT_BYTES {
            self.blocks = Vec::new();
        }
        self.bytes <= KEPT_BYTES
    }
}

impl Recorded {
    fn whole(self) -> Option<Value> {
        let mut block: Map<String, Value> = serde_json::from_str(&self.start).ok()?;
        for (name, piece) in [("text", self.text), ("thinking", self.thinking), ("signature", self.signature)] {
            if !piece.is_empty() {
                let begun = block.get(name).and_then(Value::as_str).unwrap_or_default();
                block.insert(name.to_owned(), Value::String(format!("{begun}{piece}")));
            }
        }
        if !self.input.is_empty() {
            block.insert("input".to_owned(), serde_json::from_str(&self.input).ok()?);
        }
        if !self.citations.is_empty() {
            let mut all = match block.remove("citations") {
                Some(Value::Array(begun)) => begun,
                _ => Vec::new(),
            };
            for citation in &self.citations {
                all.push(serde_json::from_str(citation).ok()?);
            }
            block.insert("citations".to_owned(), Value::Array(all));
        }
        Some(Value::Object(block))
    }
}
