//! A case's file as it is written, and the way from there to a [`Case`]. Says of each mistake where it is; knows no file system.

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

use super::{
    Answer, Case, Client, Endpoint, Ends, Exchange, Expect, ExpectedError, ExpectedHeader, ExpectedRequest, Mistake,
    Outcome, Piece, Reply, Splits, Terms,
};

/// The longest pause that a reply may make.
const MAX_PAUSE_MS: u64 = 2_000;

/// Reads a case; `file` is what mistakes are told of.
pub(super) fn read(file: &str, text: &str) -> Result<Case, Mistake> {
    let source = Source { file, text };
    let written: Written = toml::from_str(text).map_err(|error| {
        source.mistake(error.span().unwrap_or(0..0), error.message().trim_end().replace('\n', ": "))
    })?;
    written.read(&source)
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
