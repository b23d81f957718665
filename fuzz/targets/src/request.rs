//! A client's request body.

use caisson::fuzzing::{parse_chat, parse_embeddings};

use crate::json;

/// Whatever is taken for a request is a JSON object to every other reader, too, with a model; whatever isn't gets a reason.
pub fn request(bytes: &[u8]) {
    let chat = parse_chat(bytes);
    let embeddings = parse_embeddings(bytes);
    for refused in [chat.as_ref().err(), embeddings.as_ref().err()].into_iter().flatten() {
        assert!(!refused.is_empty(), "a refusal without a reason");
        assert!(refused.len() < 4096, "a refusal of {} bytes", refused.len());
    }
    let models =
        [chat.as_ref().ok().map(|request| &request.model), embeddings.as_ref().ok().map(|request| &request.model)];
    for model in models.into_iter().flatten() {
        if let Some(read) = json(bytes) {
            assert_eq!(read["model"], **model, "two readers see two models");
        }
    }
    if let Ok(chat) = chat {
        for (_, extra) in &chat.extra {
            json(extra.as_bytes());
        }
        assert!((1..=128).contains(&chat.n), "{} choices", chat.n);
    }
}
