//! The fields that every chunk of a stream repeats, fixed by the first chunk that is written.

use super::super::answer::{AnswerContext, word};
use super::super::json::{self, Object, Pairs, Path};
use super::super::write::{MalformedAnswer, ObjectWriter};
use crate::chat::StreamStart;

/// The longest id, model name and the like, in bytes: each chunk repeats them.
const MAX_FIELD: usize = 512;

/// The fields of a chunk that an adapter's extra ones may not give.
const CHUNK_FIELDS: [&str; 8] =
    ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices", "usage"];

/// What every chunk begins with.
pub(super) struct Head {
    /// The host's own words, and what tool-call ids are made from.
    pub(super) context: AnswerContext,
    start: Start,
    /// Written in the first chunk only.
    extra: Pairs,
    /// `data: {"id":…`, from the first chunk on.
    fixed: Option<Vec<u8>>,
}

#[derive(Default)]
struct Start {
    id: Option<String>,
    created: Option<u64>,
    model: Option<String>,
    service_tier: Option<String>,
    system_fingerprint: Option<String>,
}

impl Head {
    pub(super) fn new(context: AnswerContext) -> Self {
        Self { context, start: Start::default(), extra: Pairs::new(), fixed: None }
    }

    /// Takes the adapter's word for it; too late once a chunk is out.
    pub(super) fn start(&mut self, start: StreamStart) -> Result<(), MalformedAnswer> {
        if self.fixed.is_some() {
            return Ok(());
        }
        for (name, json) in &start.extra {
            json::check(json).map_err(|error| MalformedAnswer::at(&Path::ROOT.field(name), error))?;
        }
        self.extra = start.extra;
        self.start = Start {
            id: start.id,
            created: None,
            model: start.model,
            service_tier: start.service_tier,
            system_fingerprint: start.system_fingerprint,
        };
        self.start.check()
    }

    /// Takes the same fields out of a chunk that is passed through. One that the other chunks don't repeat stays with its own.
    pub(super) fn adopt(&mut self, chunk: &mut Object<'_, '_>) -> Result<(), MalformedAnswer> {
        chunk.take("object");
        let (id, model) = (word(chunk, "id"), word(chunk, "model"));
        let created = chunk.take("created").and_then(|value| value.u64(&Path::ROOT).ok());
        if self.fixed.is_none() {
            let start = &mut self.start;
            start.id = start.id.take().or(id);
            start.model = start.model.take().or(model);
            start.created = start.created.or(created);
            start.service_tier = start.service_tier.take().or_else(|| word(chunk, "service_tier"));
            start.system_fingerprint = start.system_fingerprint.take().or_else(|| word(chunk, "system_fingerprint"));
        }
        if self.start.service_tier.is_some() {
            chunk.take("service_tier");
        }
        if self.start.system_fingerprint.is_some() {
            chunk.take("system_fingerprint");
        }
        self.start.check()
    }

    /// Opens a chunk: all its fields before `choices`.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> Result<(), MalformedAnswer> {
        let (context, start) = (&self.context, &self.start);
        let fixed = self.fixed.get_or_insert_with(|| {
            let mut fixed = b"data: ".to_vec();
            let mut object = ObjectWriter::open(&mut fixed);
            object.value("id", context.id_or(start.id.as_deref()));
            object.value("object", "chat.completion.chunk");
            object.value("created", start.created.unwrap_or(context.created));
            object.value("model", context.model_or(start.model.as_deref()));
            object.optional("service_tier", start.service_tier.as_deref());
            object.optional("system_fingerprint", start.system_fingerprint.as_deref());
            fixed
        });
        out.extend_from_slice(fixed);
        let extra = std::mem::take(&mut self.extra);
        ObjectWriter::resume(out, &CHUNK_FIELDS).extra(&extra, &Path::ROOT)
    }
}

impl Start {
    fn check(&self) -> Result<(), MalformedAnswer> {
        let fields = [
            ("id", &self.id),
            ("model", &self.model),
            ("service_tier", &self.service_tier),
            ("system_fingerprint", &self.system_fingerprint),
        ];
        for (name, text) in fields {
            if text.as_ref().is_some_and(|text| text.len() > MAX_FIELD) {
                let problem = format_args!("is longer than {MAX_FIELD} bytes");
                return Err(MalformedAnswer::at(&Path::ROOT.field(name), problem));
            }
        }
        Ok(())
    }
}
