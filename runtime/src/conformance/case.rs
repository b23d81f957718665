//! A case as its file says it. The format is documented in `tests/conformance/README.md`.
//!
//! Whatever is wrong in a file is told with its line and with what was expected there, also inside of the JSON that a case holds.
//! Nothing here runs anything.

mod written;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::Value;

/// One exchange of a client with an adapter, and what the upstream plays meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What it shows, in a sentence without its full stop.
    pub(crate) shows: String,
    /// Whether an adapter may answer that it doesn't support this.
    pub(crate) optional: bool,
    /// Whether an adapter that can answer without its upstream is let off.
    pub(crate) only_if_asked: bool,
    pub(crate) client: Client,
    pub(crate) adapter: Terms,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) expect: Expect,
}

/// What the client sends.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) path: Endpoint,
    pub(crate) headers: HeaderMap,
    /// JSON; the model without the deployment's prefix.
    pub(crate) body: Value,
}

/// Which of the data plane's paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Endpoint {
    #[default]
    Chat,
    Embeddings,
}

/// What the adapter is given beside the dummies that it gets anyway.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Terms {
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) pass_headers: Vec<String>,
    pub(crate) limits: BTreeMap<String, u64>,
}

/// A request that the upstream expects, and what it answers.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Option<ExpectedRequest>,
    /// Whether it is played again for each further request.
    pub(crate) repeats: bool,
    pub(crate) reply: Reply,
}

#[derive(Clone, Debug)]
pub(crate) struct ExpectedRequest {
    pub(crate) method: Option<String>,
    /// The origin, as in `https://api.example.com`.
    pub(crate) origin: Option<String>,
    /// With its query.
    pub(crate) path: Option<String>,
    pub(crate) headers: Vec<(HeaderName, ExpectedHeader)>,
    pub(crate) body: Option<Value>,
    pub(crate) ignore: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedHeader {
    Is(String),
    Present,
    Absent,
}

/// What the upstream does.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Refuses the connection.
    Refusal,
    Answer(Answer),
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) splits: Splits,
    pub(crate) ends: Ends,
}

/// One step of a reply's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Bytes(Bytes),
    Pause(Duration),
    /// Goes on only once this text has reached the client.
    UntilClientHas(String),
}

/// How often, and in which pieces, the body is replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Splits {
    /// Once, as written.
    #[default]
    AsWritten,
    /// Once for each place between two bytes, cut there; and once with each byte on its own.
    EveryByte,
}

/// What comes after the last piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ends {
    /// The body's proper end.
    #[default]
    Whole,
    /// The connection breaks.
    Broken,
    /// The pieces again, for ever.
    Endless,
}

/// What the client is to get.
#[derive(Clone, Debug)]
pub(crate) struct Expect {
    pub(crate) outcome: Outcome,
    pub(crate) headers: Vec<(HeaderName, ExpectedHeader)>,
    pub(crate) ignore: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// A whole answer's JSON.
    Answer(Value),
    /// A streamed answer's steps.
    Stream(Value),
    Error(ExpectedError),
}

/// An error; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ExpectedError {
    pub(crate) status: Option<u16>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
    pub(crate) message: Option<String>,
    /// A part of the message.
    pub(crate) message_has: Option<String>,
    pub(crate) retry_after_ms: Option<u32>,
}

/// What is wrong in a case's file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl Case {
    /// Reads a case; `file` is what mistakes are told of.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Mistake> {
        written::read(file, text)
    }

    /// Whether a reply goes by what the client has.
    pub(crate) fn waits_for_client(&self) -> bool {
        self.exchanges.iter().any(|exchange| match &exchange.reply {
            Reply::Answer(answer) => answer.pieces.iter().any(|piece| matches!(piece, Piece::UntilClientHas(_))),
            Reply::Refusal => false,
        })
    }
}

impl Endpoint {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Embeddings => "/v1/embeddings",
        }
    }
}

impl Exchange {
    pub(crate) fn is_split(&self) -> bool {
        matches!(&self.reply, Reply::Answer(answer) if answer.splits == Splits::EveryByte)
    }
}

impl Answer {
    /// The body's bytes, without its pauses.
    pub(crate) fn bytes(&self) -> Bytes {
        let mut all = Vec::new();
        for piece in &self.pieces {
            if let Piece::Bytes(bytes) = piece {
                all.extend_from_slice(bytes);
            }
        }
        all.into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    const PLAIN: &str = r#"shows = "it"
client = { body = '{"model": "m"}' }
[[exchange]]
reply = { body = ["a", { base64 = "/w==" }, { pause-ms = 3 }, { until-client-has = "x" }], ends = "broken" }
[expect]
error = { status = 502 }
"#;

    fn mistake(from: &str, to: &str) -> (usize, String) {
        assert!(PLAIN.contains(from));
        let Mistake { line, problem, .. } = Case::parse("c", &PLAIN.replace(from, to)).unwrap_err();
        (line, problem)
    }

    #[test]
    fn pieces_are_texts_bytes_pauses_and_waits() {
        let case = Case::parse("c", PLAIN).unwrap();
        let Reply::Answer(answer) = &case.exchanges[0].reply else { panic!() };
        let expected = [
            Piece::Bytes(Bytes::from_static(b"a")),
            Piece::Bytes(Bytes::from_static(b"\xff")),
            Piece::Pause(Duration::from_millis(3)),
            Piece::UntilClientHas("x".into()),
        ];
        assert_eq!((&*answer.pieces, answer.ends), (&expected[..], Ends::Broken));
    }

    #[test]
    fn mistakes_have_a_line_and_say_what_was_expected() {
        for (from, to, line, said) in [
            ("\"m\"}", "\"m\"", 2, "JSON was expected here"),
            ("{\"model\": \"m\"}", "[]", 2, "a string `model`"),
            ("\"/w==\"", "\"/w\"", 4, "base64 was expected"),
            ("pause-ms = 3", "pause-ms = 3000", 4, "at most 2000 ms"),
            (
                "pause-ms = 3",
                "wait = 3",
                4,
                "unknown field `wait`, expected one of `base64`, `pause-ms`, `until-client-has`",
            ),
            ("\"a\", ", "7, ", 4, "a piece: a text, { base64"),
            ("ends = \"broken\"", "ends = \"whole\", splits = \"every-byte\"", 4, "has no pauses"),
            ("ends = \"broken\"", "status = 99", 4, "a status from 200"),
            ("error = { status = 502 }", "stream = '{}'", 6, "a list of steps"),
            ("error = { status = 502 }", "error = {}\nanswer = '{}'", 5, "one of `answer`, `stream` and `error`"),
            ("shows = \"it\"\n", "", 1, "missing field `shows`"),
        ] {
            let (at, problem) = mistake(from, to);
            assert!(at == line && problem.contains(said), "{at}: {problem}, for {to}");
        }
    }

    #[test]
    fn json_over_lines_has_its_mistake_on_its_own_line() {
        let text = PLAIN.replace("'{\"model\": \"m\"}'", "'''\n{\n  \"model\": \"m\",\n  oops\n}'''");
        assert_eq!(Case::parse("c", &text).unwrap_err().line, 5);
    }
}
