//! One choice of a stream: how far it is, its tool calls, its reasoning.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::answer::{AnswerContext, call_fields};
use super::super::json::Path;
use super::super::write::{MalformedAnswer, ObjectWriter};

/// More tool calls than a model makes in one message; a guest's indexes stay below too.
const MAX_CALLS: usize = 128;

/// How much of a reasoning block's text waits for its signature, in bytes; what is longer goes out in pieces.
const WAITING_TEXT: usize = 64 << 10;

#[derive(Default)]
pub(super) struct Choice {
    stage: Stage,
    calls: Vec<Call>,
    thinking: Thinking,
}

#[derive(Default, PartialEq)]
enum Stage {
    #[default]
    Unseen,
    Started,
    Finished,
}

struct Call {
    /// The adapter's index for it, which several calls may share.
    given: u32,
    /// The hash of the adapter's id, if it gave one: ids may be long (Gemini's carry signatures), and are only told apart.
    id: Option<u64>,
    named: bool,
    /// What its first fragment's kind says of them all.
    fields: Option<(&'static str, &'static str)>,
}

#[derive(Default)]
struct Thinking {
    /// Position of the current block.
    index: u32,
    /// The block's text that no client has seen as a block.
    waiting: String,
    begun: bool,
}

impl Choice {
    /// Notes that something of it is written; true the first time.
    pub(super) fn start(&mut self) -> bool {
        let first = self.stage == Stage::Unseen;
        if first {
            self.stage = Stage::Started;
        }
        first
    }

    pub(super) fn finish(&mut self) {
        self.stage = Stage::Finished;
    }

    pub(super) fn is_started(&self) -> bool {
        self.stage != Stage::Unseen
    }

    pub(super) fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    pub(super) fn has_tool_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Finds the call that a fragment belongs to, or opens one.
    ///
    /// Some providers give every call the same index, and some no index: an id and name that differ from those of the call at hand
    /// begin another call.
    pub(super) fn fragment<'f>(
        &mut self,
        given: Option<u32>,
        id: Option<&'f str>,
        name: Option<&'f str>,
        kind: &'f str,
    ) -> Result<Fragment<'f>, MalformedAnswer> {
        let (id, name) = (id.filter(|id| !id.is_empty()), name.filter(|name| !name.is_empty()));
        let known = match given {
            Some(given) => self.calls.iter().rposition(|call| call.given == given),
            None => self.calls.len().checked_sub(1),
        };
        let call = known.and_then(|position| Some((position, self.calls.get_mut(position)?)));
        match call {
            Some((position, call)) if !call.ends_before(given, id, name) => {
                let name = name.filter(|_| !call.named);
                call.named |= name.is_some();
                Ok(Fragment { position, opens: false, id: None, kind, name, fields: call.fields })
            }
            _ => self.open(given, id, name, kind),
        }
    }

    fn open<'f>(
        &mut self,
        given: Option<u32>,
        id: Option<&'f str>,
        name: Option<&'f str>,
        kind: &'f str,
    ) -> Result<Fragment<'f>, MalformedAnswer> {
        let position = self.calls.len();
        let given = given.unwrap_or(position as u32);
        if given as usize >= MAX_CALLS || position >= MAX_CALLS {
            let problem = format_args!("is {given}: a message has at most {MAX_CALLS} tool calls");
            return Err(MalformedAnswer::at(&Path::ROOT.field("tool_calls").field("index"), problem));
        }
        let fields = call_fields(kind);
        self.calls.push(Call { given, id: id.map(hash), named: name.is_some(), fields });
        Ok(Fragment { position, opens: true, id, kind, name, fields })
    }

    /// Takes in a piece of reasoning; gives what is to be said of its block now.
    ///
    /// A block goes out whole with its signature, so that clients which must send it back need not put it together.
    pub(super) fn thinking(&mut self, text: &str, signature: Option<&str>) -> Option<Block> {
        let thinking = &mut self.thinking;
        thinking.waiting.push_str(text);
        thinking.begun |= !text.is_empty();
        if signature.is_none() && thinking.waiting.len() <= WAITING_TEXT {
            return None;
        }
        let block = thinking.block(signature);
        if signature.is_some() {
            thinking.end();
        }
        Some(block)
    }

    /// Takes in a block whose text is withheld. The one at hand ends before it, and what waits of it goes out: no signature will come.
    pub(super) fn redacted(&mut self, data: Option<&str>) -> Vec<Block> {
        let thinking = &mut self.thinking;
        let mut blocks = Vec::new();
        if !thinking.waiting.is_empty() {
            blocks.push(thinking.block(None));
        }
        if thinking.begun {
            thinking.end();
        }
        blocks.push(Block { redacted: true, ..thinking.block(data) });
        thinking.end();
        blocks
    }

    /// The index of a block that an adapter gives in the client's own form: the given one, else that of the current block.
    pub(super) fn block(&mut self, given: Option<u32>, ends: bool) -> u32 {
        let index = given.unwrap_or(self.thinking.index);
        self.thinking.index = self.thinking.index.max(index.saturating_add(ends.into()));
        index
    }
}

impl Thinking {
    /// The current block, or as much of it as waits.
    fn block(&mut self, signature: Option<&str>) -> Block {
        let text = std::mem::take(&mut self.waiting);
        Block { index: self.index, text, signature: signature.map(str::to_owned), redacted: false }
    }

    fn end(&mut self) {
        self.index = self.index.saturating_add(1);
        self.begun = false;
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

impl Call {
    fn ends_before(&self, given: Option<u32>, id: Option<&str>, name: Option<&str>) -> bool {
        let other_id = id.is_some_and(|id| self.id != Some(hash(id)));
        self.named && name.is_some() && (other_id || (given.is_none() && id.is_none()))
    }
}

/// A fragment of a tool call, and what of it hasn't been said before.
pub(super) struct Fragment<'f> {
    position: usize,
    opens: bool,
    id: Option<&'f str>,
    kind: &'f str,
    /// The name, if it is the first that the call gets.
    pub(super) name: Option<&'f str>,
    /// Where the call has its name and its text, if its kind has a known shape.
    pub(super) fields: Option<(&'static str, &'static str)>,
}

impl Fragment<'_> {
    /// Whether it is the first of its call.
    pub(super) fn opens(&self) -> bool {
        self.opens
    }

    /// Writes the index and, on the first fragment, id and type.
    pub(super) fn write_head(&self, call: &mut ObjectWriter<'_>, context: &AnswerContext, choice: u32) {
        call.value("index", self.position);
        if !self.opens {
            call.reserve("id");
            call.reserve("type");
            return;
        }
        match self.id {
            Some(id) => call.value("id", id),
            None => call.value("id", context.tool_call_id(choice, self.position)),
        }
        call.value("type", self.kind);
    }
}

/// A block of reasoning, or a piece of a long one.
pub(super) struct Block {
    index: u32,
    text: String,
    signature: Option<String>,
    redacted: bool,
}

impl Block {
    /// Writes an item of `thinking_blocks`; the index lets clients join the pieces of one block.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.value("index", self.index);
        if self.redacted {
            object.value("type", "redacted_thinking");
            object.value("data", self.signature.as_deref().unwrap_or_default());
        } else {
            object.value("type", "thinking");
            object.value("thinking", &self.text);
            object.optional("signature", self.signature.as_deref());
        }
        object.close();
    }
}
