//! Text as a model would see it: how many tokens it has, and the pieces a stream sends it in.

use serde_json::Value;

/// A stream has at most about this many text events.
const MAX_PIECES: usize = 4096;
/// What an attachment counts for, whatever its size.
const ATTACHMENT_TOKENS: u64 = 258;

/// Four bytes a token, and never none.
pub(crate) fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4).max(1)
}

/// The tokens of all strings in a value, but for those that say only what kind of thing it is.
pub(crate) fn tokens_of(value: &Value) -> u64 {
    match value {
        Value::String(text) => tokens(text),
        Value::Array(items) => items.iter().map(tokens_of).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("type" | "role" | "cache_control", _) => 0,
                ("data" | "url" | "file_data", Value::String(_)) => ATTACHMENT_TOKENS,
                _ => tokens_of(value),
            })
            .sum(),
        _ => 0,
    }
}

/// Words, each but the first with the space before it, as tokenisers cut them.
pub(crate) fn words(text: &str) -> Vec<&str> {
    if text.len() > MAX_PIECES * 4 {
        return fragments(text, text.len() / MAX_PIECES);
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().skip(1).find(|(_, c)| *c == ' ').map_or(rest.len(), |(at, _)| at);
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

/// Pieces of at least `size` bytes but for the last, cut between characters.
pub(crate) fn fragments(text: &str, size: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().map(|(at, _)| at).find(|at| *at >= size.max(1)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_put_together_are_the_text() {
        for text in ["", "one", "You said: hello  there ", "é漢字 ünd", &"漢 ".repeat(20_000)] {
            assert_eq!(words(text).concat(), text);
            assert_eq!(fragments(text, 3).concat(), text);
        }
        assert_eq!(words("You said: hi"), ["You", " said:", " hi"]);
        assert!(words(&"a ".repeat(1 << 20)).len() <= MAX_PIECES + 1);
    }

    #[test]
    fn an_attachment_counts_the_same_whatever_its_size() {
        let image = |data: String| tokens_of(&json!([{"type": "image", "source": {"data": data}}]));
        assert_eq!(image("A".repeat(8)), image("A".repeat(80_000)));
        assert_eq!(tokens_of(&json!({"text": "12345678"})), 2);
    }
}
