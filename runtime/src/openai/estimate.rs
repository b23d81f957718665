//! The host's own count of tokens, for answers whose adapter gives none.
//!
//! Counts with `o200k_base` whatever the model: an estimate, flagged as one on the wire. The request is read again only when the
//! count is really needed, and beyond a bound its length stands for the rest, so that no client can buy host time with a long prompt.

use std::cell::Cell;

use bytes::Bytes;

use super::{Estimate, parse_chat, parse_embeddings};
use crate::chat::{Content, EmbedInput, Message, Part};
use crate::sandbox::estimate_tokens;

/// How much text is really split into tokens, in bytes.
const COUNTED_BYTES: usize = 64 << 10;

/// Counts for one request.
pub(super) struct HostEstimate {
    body: Bytes,
    text_of: fn(&[u8]) -> String,
    /// What was counted of the answer so far.
    answer: Cell<Counted>,
}

/// Bytes that were split into tokens, and the tokens.
#[derive(Clone, Copy, Default)]
struct Counted {
    bytes: usize,
    tokens: u64,
}

impl HostEstimate {
    pub(super) fn of_chat(body: Bytes) -> Self {
        Self { body, text_of: chat_text, answer: Cell::default() }
    }

    pub(super) fn of_embeddings(body: Bytes) -> Self {
        Self { body, text_of: embeddings_text, answer: Cell::default() }
    }
}

impl Estimate for HostEstimate {
    fn input(&self) -> u32 {
        Counted::default().count(&(self.text_of)(&self.body))
    }

    fn output(&self, text: &str) -> u32 {
        let mut counted = self.answer.get();
        let tokens = counted.count(text);
        self.answer.set(counted);
        tokens
    }
}

impl Counted {
    /// Tokens of a further text: split as far as the bound allows, the rest in proportion to what was split before.
    fn count(&mut self, text: &str) -> u32 {
        let left = COUNTED_BYTES.saturating_sub(self.bytes);
        let split = &text[..text.floor_char_boundary(left)];
        let tokens = u64::from(estimate_tokens(split));
        self.bytes += split.len();
        self.tokens += tokens;
        let rest = (text.len() - split.len()) as u64;
        let in_proportion = rest.saturating_mul(self.tokens).checked_div(self.bytes as u64).unwrap_or(rest);
        u32::try_from(tokens.saturating_add(in_proportion)).unwrap_or(u32::MAX)
    }
}

fn chat_text(body: &[u8]) -> String {
    let mut text = String::new();
    // The body was read once already; it doesn't fail the second time.
    for message in parse_chat(body).map(|parsed| parsed.request.messages).unwrap_or_default() {
        add_message(&mut text, &message);
    }
    text
}

fn add_message(text: &mut String, message: &Message) {
    match &message.content {
        Content::Empty => {}
        Content::Text(content) => text.push_str(content),
        Content::Parts(parts) => {
            for part in parts {
                if let Part::Text(part) = part {
                    text.push_str(&part.text);
                }
            }
        }
    }
    for call in &message.tool_calls {
        text.push_str(&call.name);
        text.push_str(&call.arguments);
    }
    text.push('\n');
}

fn embeddings_text(body: &[u8]) -> String {
    match parse_embeddings(body).map(|parsed| parsed.request.input) {
        Ok(EmbedInput::Texts(texts)) => texts.join("\n"),
        // Token inputs have been counted by whoever made them; a word stands for each.
        Ok(EmbedInput::Tokens(tokens)) => " a".repeat(tokens.iter().map(Vec::len).sum::<usize>().min(COUNTED_BYTES)),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_all_messages_count() {
        let body = Bytes::from_static(br#"{"model":"m","messages":[{"role":"system","content":"hello world"},{"role":"user","content":[{"type":"text","text":"hello world"}]}]}"#);
        assert_eq!(HostEstimate::of_chat(body).input(), 2 * 2 + 2);
    }

    #[test]
    fn a_long_text_is_scaled_from_its_beginning() {
        let tokens = Counted::default().count(&"hello world ".repeat(100_000));
        assert!((190_000..=310_000).contains(&tokens), "{tokens}");
    }

    #[test]
    fn an_answer_in_many_pieces_is_scaled_all_the_same() {
        let mut counted = Counted::default();
        let piece = "hello world ".repeat(1000);
        let tokens: u32 = (0..100).map(|_| counted.count(&piece)).sum();
        assert!((190_000..=310_000).contains(&tokens), "{tokens}");
        assert!(counted.bytes <= COUNTED_BYTES);
    }
}
