//! A case as its file says it. The format is documented in `tests/conformance/README.md`.
//!
//! Whatever is wrong in a file is told with its line and with what was expected there, also inside of the JSON that a case holds.
//! Nothing here runs anything.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use toml::Spanned;

/// The longest pause that a reply may make.
const MAX_PAUSE_MS: u64 = 2_000;

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
        let source = Source { file, text };
        let written: Written = toml::from_str(text).map_err(|error| {
            source.mistake(error.span().unwrap_or(0..0), error.message().trim_end().replace('\n', ": "))
        })?;
        written.read(&source)
    }
}

impl Case {
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

/// A case's file, for telling where in it something is wrong.
struct Source<'s> {
    file: &'s str,
    text: &'s str,
}

impl Source<'_> {
    fn mistake(&self, at: Range<usize>, problem: impl Into<String>) -> Mistake {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Mistake { file: self.file.to_owned(), line, problem: problem.into() }
    }

    /// Reads the JSON that a string of the file holds.
    fn json(&self, text: &Spanned<String>) -> Result<Value, Mistake> {
        serde_json::from_str(text.get_ref()).map_err(|error| {
            let mut mistake = self.mistake(text.span(), format!("JSON was expected here: {error}"));
            // A string over lines begins on the line after its quotes.
            let raw = self.text.get(text.span()).unwrap_or_default();
            let skipped = usize::from(raw.starts_with("'''\n") || raw.starts_with("\"\"\"\n"));
            if raw.starts_with("'''") || raw.starts_with("\"\"\"") {
                mistake.line += error.line().saturating_sub(1) + skipped;
            }
            mistake
        })
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    shows: String,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    only_if_asked: bool,
    client: WrittenClient,
    #[serde(default)]
    adapter: Terms,
    #[serde(default, rename = "exchange")]
    exchanges: Vec<WrittenExchange>,
    expect: Spanned<WrittenExpect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenClient {
    #[serde(default, rename = "to")]
    path: Endpoint,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, Spanned<String>>,
    body: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenExchange {
    request: Option<WrittenRequest>,
    #[serde(default)]
    repeats: bool,
    reply: Spanned<WrittenReply>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenRequest {
    method: Option<String>,
    origin: Option<String>,
    path: Option<String>,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, HeaderWord>,
    body: Option<Spanned<String>>,
    #[serde(default)]
    ignore: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenReply {
    #[serde(default)]
    refused: bool,
    status: Option<Spanned<u16>>,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, Spanned<String>>,
    body: Option<Body>,
    #[serde(default)]
    splits: Splits,
    #[serde(default)]
    ends: Ends,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenExpect {
    answer: Option<Spanned<String>>,
    stream: Option<Spanned<String>>,
    error: Option<ExpectedError>,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, HeaderWord>,
    #[serde(default)]
    ignore: Vec<String>,
}

struct HeaderWord(ExpectedHeader);

struct Body(Vec<Piece>);

impl Written {
    fn read(self, source: &Source<'_>) -> Result<Case, Mistake> {
        let Self { shows, optional, only_if_asked, client, adapter, exchanges, expect } = self;
        let body = source.json(&client.body)?;
        if !body["model"].is_string() {
            return Err(source.mistake(client.body.span(), "the body is to be an object with a string `model`"));
        }
        let exchanges = exchanges.into_iter().map(|exchange| exchange.read(source)).collect::<Result<Vec<_>, _>>()?;
        let splitting = exchanges.iter().filter(|exchange| exchange.is_split()).count();
        if splitting > 1 {
            return Err(
                source.mistake(expect.span(), "at most one exchange of a case can have `splits = \"every-byte\"`")
            );
        }
        Ok(Case {
            shows,
            optional,
            only_if_asked,
            client: Client { path: client.path, headers: header_map(source, client.headers)?, body },
            adapter,
            exchanges,
            expect: read_expect(source, expect)?,
        })
    }
}

impl Exchange {
    pub(crate) fn is_split(&self) -> bool {
        matches!(&self.reply, Reply::Answer(answer) if answer.splits == Splits::EveryByte)
    }
}

impl WrittenExchange {
    fn read(self, source: &Source<'_>) -> Result<Exchange, Mistake> {
        let request = match self.request {
            Some(WrittenRequest { method, origin, path, headers, body, ignore }) => Some(ExpectedRequest {
                method,
                origin,
                path,
                headers: expected_headers(source, headers)?,
                body: body.map(|body| source.json(&body)).transpose()?,
                ignore,
            }),
            None => None,
        };
        let at = self.reply.span();
        let WrittenReply { refused, status, headers, body, splits, ends } = self.reply.into_inner();
        if refused {
            if status.is_some() || body.is_some() || !headers.is_empty() {
                return Err(source.mistake(at, "a reply that is `refused` has no status, headers and body"));
            }
            return Ok(Exchange { request, repeats: self.repeats, reply: Reply::Refusal });
        }
        let status = match status {
            Some(status) => StatusCode::from_u16(*status.get_ref())
                .ok()
                .filter(|code| !code.is_informational())
                .ok_or_else(|| source.mistake(status.span(), "a status from 200 to 999 was expected"))?,
            None => StatusCode::OK,
        };
        let pieces = body.map(|body| body.0).unwrap_or_default();
        let is_bytes = |piece: &Piece| matches!(piece, Piece::Bytes(_));
        if splits == Splits::EveryByte && !pieces.iter().all(is_bytes) {
            return Err(source.mistake(at, "a reply with `splits` has no pauses of its own"));
        }
        if ends == Ends::Endless && !pieces.iter().any(is_bytes) {
            return Err(source.mistake(at, "a reply that is endless needs a body to repeat"));
        }
        let headers = header_map(source, headers)?;
        let reply = Reply::Answer(Answer { status, headers, pieces, splits, ends });
        Ok(Exchange { request, repeats: self.repeats, reply })
    }
}

fn read_expect(source: &Source<'_>, expect: Spanned<WrittenExpect>) -> Result<Expect, Mistake> {
    let at = expect.span();
    let WrittenExpect { answer, stream, error, headers, ignore } = expect.into_inner();
    let outcome = match (answer, stream, error) {
        (Some(answer), None, None) => Outcome::Answer(source.json(&answer)?),
        (None, Some(stream), None) => {
            let steps = source.json(&stream)?;
            if !steps.is_array() {
                return Err(
                    source.mistake(stream.span(), "a list of steps was expected: `[{\"delta\": …}, …, \"[DONE]\"]`")
                );
            }
            Outcome::Stream(steps)
        }
        (None, None, Some(error)) => Outcome::Error(error),
        _ => return Err(source.mistake(at, "`expect` is to have one of `answer`, `stream` and `error`")),
    };
    Ok(Expect { outcome, headers: expected_headers(source, headers)?, ignore })
}

fn header_name(source: &Source<'_>, name: &Spanned<String>) -> Result<HeaderName, Mistake> {
    HeaderName::from_bytes(name.get_ref().as_bytes())
        .map_err(|_| source.mistake(name.span(), format!("`{}` is no header's name", name.get_ref())))
}

fn header_map(source: &Source<'_>, written: BTreeMap<Spanned<String>, Spanned<String>>) -> Result<HeaderMap, Mistake> {
    let mut headers = HeaderMap::new();
    for (name, value) in written {
        let parsed = HeaderValue::from_str(value.get_ref())
            .map_err(|_| source.mistake(value.span(), "a header's value has no line breaks and control characters"))?;
        headers.append(header_name(source, &name)?, parsed);
    }
    Ok(headers)
}

fn expected_headers(
    source: &Source<'_>,
    written: BTreeMap<Spanned<String>, HeaderWord>,
) -> Result<Vec<(HeaderName, ExpectedHeader)>, Mistake> {
    written.into_iter().map(|(name, HeaderWord(word))| Ok((header_name(source, &name)?, word))).collect()
}

impl<'de> Deserialize<'de> for HeaderWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = HeaderWord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a header's value, or `true` for any value, or `false` for none")
            }

            fn visit_str<E>(self, value: &str) -> Result<HeaderWord, E> {
                Ok(HeaderWord(ExpectedHeader::Is(value.to_owned())))
            }

            fn visit_bool<E>(self, present: bool) -> Result<HeaderWord, E> {
                Ok(HeaderWord(if present { ExpectedHeader::Present } else { ExpectedHeader::Absent }))
            }
        }
        deserializer.deserialize_any(Word)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl<'de> Visitor<'de> for Whole {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of pieces")
            }

            fn visit_str<E>(self, text: &str) -> Result<Body, E> {
                Ok(Body(vec![Piece::Bytes(Bytes::copy_from_slice(text.as_bytes()))]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Body, A::Error> {
                let mut pieces = Vec::new();
                while let Some(piece) = items.next_element()? {
                    pieces.push(piece);
                }
                Ok(Body(pieces))
            }
        }
        deserializer.deserialize_any(Whole)
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Piece;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a piece: a text, { base64 = \"…\" }, { pause-ms = 5 }, or { until-client-has = \"…\" }")
            }

            fn visit_str<E>(self, text: &str) -> Result<Piece, E> {
                Ok(Piece::Bytes(Bytes::copy_from_slice(text.as_bytes())))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Piece, A::Error> {
                const FIELDS: &[&str] = &["base64", "pause-ms", "until-client-has"];
                let Some(field) = map.next_key::<String>()? else {
                    return Err(de::Error::invalid_length(0, &self));
                };
                let piece = match field.as_str() {
                    "base64" => {
                        let text: String = map.next_value()?;
                        let bytes = base64::prelude::BASE64_STANDARD
                            .decode(text)
                            .map_err(|error| de::Error::custom(format_args!("base64 was expected: {error}")))?;
                        Piece::Bytes(bytes.into())
                    }
                    "pause-ms" => {
                        let pause: u64 = map.next_value()?;
                        if pause > MAX_PAUSE_MS {
                            return Err(de::Error::custom(format_args!(
                                "a pause of at most {MAX_PAUSE_MS} ms was expected"
                            )));
                        }
                        Piece::Pause(Duration::from_millis(pause))
                    }
                    "until-client-has" => Piece::UntilClientHas(map.next_value()?),
                    other => return Err(de::Error::unknown_field(other, FIELDS)),
                };
                match map.next_key::<String>()? {
                    None => Ok(piece),
                    Some(_) => Err(de::Error::custom("a piece is one thing")),
                }
            }
        }
        deserializer.deserialize_any(One)
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
