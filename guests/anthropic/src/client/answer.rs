//! What the Messages API sends back: a message's blocks, and the events of a stream.
//! Every field is optional here, so that a block or event of a kind invented later is
//! still read; a message and its usage are `Fields`, since nothing of them may be lost.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fields::Fields;

/// A content block of any kind, whole or as a stream opens it.
#[derive(Deserialize)]
pub(crate) struct AnswerBlock<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    pub(crate) text: Option<String>,
    pub(crate) thinking: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) data: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(borrow)]
    pub(crate) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) citations: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) caller: Option<&'a RawValue>,
}

impl<'a> AnswerBlock<'a> {
    /// Who called the tool, unless it was the model itself, which goes without saying.
    pub(crate) fn indirect_caller(&self) -> Option<&'a RawValue> {
        #[derive(Deserialize)]
        struct Caller<'a> {
            #[serde(rename = "type", borrow)]
            kind: Cow<'a, str>,
        }

        self.caller
            .filter(|caller| serde_json::from_str::<Caller>(caller.get()).is_ok_and(|caller| caller.kind != "direct"))
    }

    /// Whether citations stand beside the text; an empty list says nothing.
    pub(crate) fn cites(&self) -> bool {
        self.citations.is_some_and(|citations| citations.get() != "[]")
    }
}

/// What every event's data says of itself.
#[derive(Deserialize)]
pub(crate) struct EventKind<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(crate) struct MessageStart<'a> {
    #[serde(borrow)]
    pub(crate) message: Option<Fields<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct BlockStart<'a> {
    pub(crate) index: Option<u32>,
    #[serde(borrow)]
    pub(crate) content_block: Option<&'a RawValue>,
}

/// A `content_block_delta`: nearly all of a stream is these.
#[derive(Deserialize)]
pub(crate) struct BlockPiece<'a> {
    pub(crate) index: Option<u32>,
    #[serde(borrow)]
    pub(crate) delta: Option<BlockDelta<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct BlockStop {
    pub(crate) index: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct MessageDelta<'a> {
    #[serde(borrow)]
    pub(crate) delta: Option<Fields<'a>>,
    #[serde(borrow)]
    pub(crate) usage: Option<Fields<'a>>,
}

/// The `delta` of a `content_block_delta`, whichever of its kinds.
#[derive(Deserialize)]
pub(crate) struct BlockDelta<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    pub(crate) text: Option<String>,
    pub(crate) partial_json: Option<String>,
    pub(crate) thinking: Option<String>,
    pub(crate) signature: Option<String>,
    #[serde(borrow)]
    pub(crate) citation: Option<&'a RawValue>,
}

impl BlockDelta<'_> {
    pub(crate) fn text(text: String) -> Self {
        Self {
            kind: "text_delta".into(),
            text: Some(text),
            partial_json: None,
            thinking: None,
            signature: None,
            citation: None,
        }
    }
}

/// The body of a refused request, and the data of a stream's `error` event.
#[derive(Deserialize)]
pub(crate) struct Failure {
    pub(crate) error: FailureDetail,
    pub(crate) request_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct FailureDetail {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: Option<String>,
}
