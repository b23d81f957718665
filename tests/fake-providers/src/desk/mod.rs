//! A company's own job service, made up: forms in, a ticket, output in binary frames, refusals with status 200. The README of
//! `guests/intranet` documents the wire. A ticket is the submitted form itself, so that the fake keeps no jobs.

mod form;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Method;

use crate::answer::{self, Content, Finish, Prompt, Turn};
use crate::behaviour::Behaviour;
use crate::incoming::Incoming;
use crate::pace;
use crate::reply::{Body, Reply};
use crate::seed::unit_vector;
use crate::text::{tokens, words};
use form::Form;

const OUTPUT: &str = "application/x-desk-frames";
/// Numbers of a vector.
const DIMENSIONS: usize = 256;
/// A frame of text is cut here, whatever character it cuts in two.
const FRAME: usize = 7;

/// A refusal: the code, an HTTP status and one digit, and the words.
struct Failure(u16, String);

/// The answer to any request.
pub(crate) fn answer(incoming: &Incoming<'_>) -> Reply {
    route(incoming).unwrap_or_else(|failure| failure.reply())
}

/// The answer to a body over the limit.
pub(crate) fn too_large() -> Reply {
    Failure(4130, "The form is too large.".into()).reply()
}

fn route(incoming: &Incoming<'_>) -> Result<Reply, Failure> {
    if incoming.header("x-desk-session") != Some(incoming.key) {
        return Err(Failure(4010, "No such session.".into()));
    }
    if *incoming.method != Method::POST || incoming.header("content-type") != Some(form::TYPE) {
        return Err(Failure(4050, "Every call is a POST of a form.".into()));
    }
    let form = Form::parse(incoming.body).ok_or_else(|| invalid("the form"))?;
    match incoming.path {
        "/desk/submit" => submit(&form, incoming.body),
        "/desk/collect" => collect(&form, incoming.key),
        "/desk/vectors" => vectors(&form),
        path => Err(Failure(4040, format!("No call {path}."))),
    }
}

fn submit(form: &Form, body: &Bytes) -> Result<Reply, Failure> {
    form.only(&["model", "turn", "cap", "heat", "mark"]).map_err(|name| invalid(&name))?;
    if let Behaviour::Fault(status) = behaviour(form)? {
        return Err(Failure(status * 10, format!("The desk says {status}.")));
    }
    let mut turns = form.all("turn").map(|turn| turn.split_once(':').map(|(speaker, _)| speaker)).peekable();
    if turns.peek().is_none() || !turns.all(|speaker| matches!(speaker, Some("rules" | "asker" | "desk"))) {
        return Err(invalid("turn"));
    }
    for name in ["cap", "heat"] {
        if form.one(name).is_some_and(|number| number.parse::<u32>().is_err()) {
            return Err(invalid(name));
        }
    }
    Ok(lines(format!("OK 0\nticket={}\n", URL_SAFE_NO_PAD.encode(body))))
}

fn collect(form: &Form, key: &str) -> Result<Reply, Failure> {
    let submitted = form.one("ticket").and_then(|ticket| URL_SAFE_NO_PAD.decode(ticket).ok());
    let job = submitted.and_then(|bytes| Form::parse(&bytes)).ok_or(Failure(4041, "No such ticket.".into()))?;
    let behaviour = behaviour(&job)?;
    let said = |turn: &str| turn.split_once(':').map_or(String::new(), |(_, text)| text.to_owned());
    let answer = answer::answer(&Prompt {
        behaviour,
        turn: Turn::User(job.all("turn").last().map(said).unwrap_or_default()),
        tools: Vec::new(),
        thinking: false,
        max_tokens: job.one("cap").and_then(|cap| cap.parse().ok()),
        stop: job.all("mark").map(str::to_owned).collect(),
        format: None,
        key: key.to_owned(),
    });
    let text = match &answer.content {
        Content::Text(text) | Content::Refusal(text) => text.as_str(),
        Content::Calls(_) => "",
    };
    let mut frames = vec![frame(b'Q', b"1")];
    // Words for the pace, cut again where a character is.
    frames.extend(
        words(text).iter().map(|word| word.as_bytes().chunks(FRAME).flat_map(|cut| frame(b'T', cut)).collect()),
    );
    if behaviour == Behaviour::Endless {
        // A frame says its length, so the words to repeat are a frame of their own.
        let body = Body::Forever { first: frames, then: frame(b'T', b" more"), every: Duration::ZERO };
        return Ok(Reply::typed(200, OUTPUT, body));
    }
    let end = match answer.finish {
        Finish::Stop | Finish::Calls => "eos",
        Finish::StopSequence(_) => "mark",
        Finish::Length => "cap",
        Finish::Filtered | Finish::Refused => "policy",
    };
    let input: u64 = job.all("turn").map(tokens).sum();
    frames.push(frame(b'Z', format!("in={input} out={} end={end}", answer.content_tokens()).as_bytes()));
    let body = pace::stream(behaviour, frames, || frame(b'E', b"5000 The desk fell over."));
    Ok(Reply::typed(200, OUTPUT, body))
}

fn vectors(form: &Form) -> Result<Reply, Failure> {
    form.only(&["model", "text"]).map_err(|name| invalid(&name))?;
    if let Behaviour::Fault(status) = behaviour(form)? {
        return Err(Failure(status * 10, format!("The desk says {status}.")));
    }
    let mut said = String::from("OK 0\n");
    for text in form.all("text") {
        let bytes: Vec<u8> = unit_vector(text.as_bytes(), DIMENSIONS).into_iter().flat_map(f32::to_le_bytes).collect();
        said += &format!("v={}\n", STANDARD.encode(bytes));
    }
    let counted: u64 = form.all("text").map(tokens).sum();
    Ok(lines(format!("{said}tokens={counted}\n")))
}

fn behaviour(form: &Form) -> Result<Behaviour, Failure> {
    match form.one("model").map(Behaviour::of) {
        None => Err(invalid("model")),
        Some(Behaviour::Missing) => Err(Failure(4042, "No such model.".into())),
        Some(behaviour) => Ok(behaviour),
    }
}

fn invalid(what: &str) -> Failure {
    Failure(4000, format!("The desk can't read {what}."))
}

fn frame(kind: u8, payload: &[u8]) -> Bytes {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    [&[kind], length.as_slice(), payload].concat().into()
}

fn lines(text: String) -> Reply {
    Reply::typed(200, "text/plain; charset=utf-8", Body::Whole(text.into()))
}

impl Failure {
    fn reply(&self) -> Reply {
        let Failure(code, message) = self;
        let wait = if code / 10 == 429 { "wait=2\n" } else { "" };
        lines(format!("ERR {code} {message}\n{wait}"))
    }
}
