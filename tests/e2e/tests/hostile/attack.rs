//! An attack as data: which guest, what it is asked, under which terms, and what has to come of it. It runs nothing: `run` does.

use std::time::Duration;

use bytes::Bytes;
use caisson_e2e::{Push, world_flags};
use serde_json::Value;

use crate::beside::{Beside, Serve, Stand};
use crate::replies::Reply;

/// A guest that misbehaves, and what has to come of it.
pub(crate) struct Attack {
    /// Kebab-case, unique.
    pub name: &'static str,
    /// What it tries, to be read after "the guest …".
    pub tries: &'static str,
    /// The component's name in `target/test-guests`.
    pub guest: &'static str,
    /// Whether that is one of the world `adapter-async`, from the folder for that.
    pub of_other_world: bool,
    /// Each of these is asked, one kind after another.
    pub asks: &'static [Ask],
    /// How many requests of a kind run at one time.
    pub at_once: usize,
    /// How often that is done in a row.
    pub times: usize,
    /// Limits by name, over those that every attack runs with.
    pub limits: Vec<(&'static str, u64)>,
    /// Values of the adapter's settings.
    pub settings: Vec<(&'static str, &'static str)>,
    /// Slots and secrets. No answer and no log line may show a secret.
    pub credentials: Vec<(&'static str, &'static str)>,
    /// Whatever else is pushed with it.
    pub terms: fn(Push, &Beside) -> Push,
    /// What stands beside the server.
    pub stand: Stand,
    /// Changes the body of each request.
    pub body: fn(&mut Value),
    /// What the client has to get.
    pub expected: Expected,
    /// Looks at what the server logged meanwhile, and panics at what should not be there.
    pub log: fn(&str),
}

/// A way of asking, under the model `attack`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ask {
    /// One whole chat completion.
    Chat,
    /// A streamed one, read to its end.
    Stream,
    /// A streamed one whose client leaves after the first item.
    Leave,
    /// Embeddings.
    Embed,
}

/// What has to come of an attack.
pub(crate) enum Expected {
    /// The upload is refused with 422 and this code, and the revision before stays served.
    Refusal(&'static str),
    /// Each request ends in one of these errors: as an HTTP status, or as the last event of a stream (status 200).
    Errors(Vec<(u16, &'static str)>),
    /// Each request is answered, and the check finds nothing that should not have been possible. The text says what stopped it.
    Answers(&'static str, fn(&Reply, &Beside)),
}

/// A file that is no honest component. It's pushed onto a deployment that has a good revision.
pub(crate) struct Upload {
    /// Kebab-case, unique.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub what: &'static str,
    /// Makes it; the same bytes every time.
    pub component: fn() -> Bytes,
    /// It's refused with one of these.
    pub codes: &'static [&'static str],
}

/// Longest time from an upload's last byte to its refusal, on a busy machine: the compile jail's own deadline and room around it.
pub(crate) const UPLOAD_BOUND: Duration = Duration::from_secs(60);

/// An attack that asks for a chat completion, with all else at its default and no expectation yet.
pub(crate) fn attack(name: &'static str, guest: &'static str, tries: &'static str) -> Attack {
    Attack {
        name,
        tries,
        guest,
        of_other_world: false,
        asks: &[Ask::Chat],
        // A leak of one for each request would otherwise hide within the margins.
        at_once: 4,
        times: 1,
        limits: Vec::new(),
        settings: Vec::new(),
        credentials: Vec::new(),
        terms: |push, _| push,
        stand: Stand::Nothing,
        body: |_| {},
        expected: Expected::Errors(Vec::new()),
        log: |_| {},
    }
}

impl Attack {
    /// Asks in these ways.
    pub(crate) fn asks(self, asks: &'static [Ask]) -> Self {
        Self { asks, ..self }
    }

    /// Its guest is one of the world `adapter-async` alone.
    pub(crate) fn of_other_world(self) -> Self {
        Self { of_other_world: true, ..self }
    }

    /// How many requests run at one time, and how often that is done in a row.
    pub(crate) fn often(self, at_once: usize, times: usize) -> Self {
        Self { at_once, times, ..self }
    }

    /// Sets a limit, as in `fuel` or `memory-bytes`.
    pub(crate) fn limit(mut self, name: &'static str, value: u64) -> Self {
        self.limits.push((name, value));
        self
    }

    /// Sets one of the adapter's settings.
    pub(crate) fn set(mut self, name: &'static str, value: &'static str) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Fills a slot. No answer and no log line may show the secret.
    pub(crate) fn credential(mut self, slot: &'static str, secret: &'static str) -> Self {
        self.credentials.push((slot, secret));
        self
    }

    /// Pushes with whatever has no name of its own here: grants of what stands beside, for one.
    pub(crate) fn terms(self, terms: fn(Push, &Beside) -> Push) -> Self {
        Self { terms, ..self }
    }

    /// Puts an upstream beside the server that does as it likes with each connection; what it has read is there for the check.
    pub(crate) fn upstream(self, serve: Serve) -> Self {
        Self { stand: Stand::Upstream(serve), ..self }
    }

    /// Changes the body of each request.
    pub(crate) fn body(self, body: fn(&mut Value)) -> Self {
        Self { body, ..self }
    }

    /// Looks at what the server logged meanwhile: `check` panics at what should not be there.
    pub(crate) fn logs(self, check: fn(&str)) -> Self {
        Self { log: check, ..self }
    }

    /// Each request ends in this error, as an HTTP status.
    pub(crate) fn fails(self, status: u16, code: &'static str) -> Self {
        self.fails_with(&[(status, code)])
    }

    /// Each request ends in one of these errors. Status 200: as the last event of a stream.
    pub(crate) fn fails_with(self, errors: &[(u16, &'static str)]) -> Self {
        Self { expected: Expected::Errors(errors.to_vec()), ..self }
    }

    /// Each request is answered, and `check` panics at what should not have been possible. `stopped_by` is for the table.
    pub(crate) fn answers(self, stopped_by: &'static str, check: fn(&Reply, &Beside)) -> Self {
        Self { expected: Expected::Answers(stopped_by, check), ..self }
    }

    /// What else holds with guests that are built for the world `adapter-async`.
    pub(crate) fn in_adapter_async(self, change: fn(Self) -> Self) -> Self {
        if world_flags().is_empty() { self } else { change(self) }
    }

    /// The upload is refused with 422 and this code.
    pub(crate) fn refused(self, code: &'static str) -> Self {
        Self { expected: Expected::Refusal(code), ..self }
    }
}
