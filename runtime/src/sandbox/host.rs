//! The interface `caisson:llm/host`: what a guest may ask of us beside WASI.
//!
//! Linked by hand instead of through `bindgen!`, because both functions charge the guest's fuel for the work they do on its behalf
//! and need the store for that: a guest can't spend our time for free.

use bpe_openai::Tokenizer;
use bytes::Bytes;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{StoreContextMut, Trap};

use super::state::State;

/// Fuel per byte of text that is split into tokens: about what the same work would cost inside.
const FUEL_PER_TOKENISED_BYTE: u64 = 50;
/// Fuel per byte copied into the guest.
const FUEL_PER_COPIED_BYTE: u64 = 1;
/// Fuel for the call itself, so that many small ones aren't free.
const FUEL_PER_CALL: u64 = 1_000;
/// Longer texts are counted off the executor, so that other requests on the same thread keep their pace.
const INLINE_BYTES: usize = 16 * 1024;
/// How many of those are counted at one time: a count goes on when its sandbox is gone, and must not fill the threads that everyone
/// uses for blocking work.
static COUNTING: Semaphore = Semaphore::const_new(2);

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut host = linker.instance("caisson:llm/host@0.1.0")?;
    host.func_wrap("original-body", |mut store: StoreContextMut<'_, State>, (): ()| {
        let body: Bytes = store.data().original_body.clone();
        charge(&mut store, body.len(), FUEL_PER_COPIED_BYTE)?;
        Ok((body.to_vec(),))
    })?;
    host.func_wrap_async("count-tokens", |mut store: StoreContextMut<'_, State>, (encoding, text): (String, String)| {
        Box::new(async move {
            charge(&mut store, text.len(), FUEL_PER_TOKENISED_BYTE)?;
            Ok((count_tokens(&encoding, text).await?,))
        })
    })
}

/// Tokens of `text` in the encoding, or in that of a model's name; none where neither is known.
async fn count_tokens(encoding: &str, text: String) -> wasmtime::Result<Option<u32>> {
    let Some(tokenizer) = tokenizer(encoding) else { return Ok(None) };
    let count = if text.len() <= INLINE_BYTES {
        tokenizer.count(text.as_str())
    } else {
        let turn = COUNTING.acquire().await?;
        let count = move || {
            let _turn = turn;
            tokenizer.count(text.as_str())
        };
        tokio::task::spawn_blocking(count).await?
    };
    Ok(Some(u32::try_from(count).unwrap_or(u32::MAX)))
}

/// Unpacks the tables, which takes a good part of a second, so that no request has to wait for it.
pub(super) fn load_tables() {
    bpe_openai::o200k_base();
    bpe_openai::cl100k_base();
}

/// Tokens of a short text in the encoding that the host uses for its own estimates (`o200k_base`).
pub(crate) fn estimate_tokens(text: &str) -> u32 {
    u32::try_from(bpe_openai::o200k_base().count(text)).unwrap_or(u32::MAX)
}

/// The table for an encoding or model name. Names follow OpenAI's own mapping from models to encodings.
fn tokenizer(name: &str) -> Option<&'static Tokenizer> {
    const O200K_MODELS: [&str; 9] =
        ["o1", "o3", "o4", "gpt-4o", "chatgpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-oss"];
    const CL100K_MODELS: [&str; 4] = ["gpt-4", "gpt-3.5", "gpt-35", "text-embedding-"];
    match name {
        "o200k_base" | "o200k_harmony" => Some(bpe_openai::o200k_base()),
        "cl100k_base" => Some(bpe_openai::cl100k_base()),
        model if O200K_MODELS.iter().any(|prefix| model.starts_with(prefix)) => Some(bpe_openai::o200k_base()),
        model if CL100K_MODELS.iter().any(|prefix| model.starts_with(prefix)) => Some(bpe_openai::cl100k_base()),
        _ => None,
    }
}

fn charge(store: &mut StoreContextMut<'_, State>, bytes: usize, per_byte: u64) -> wasmtime::Result<()> {
    let cost = (bytes as u64).saturating_mul(per_byte).saturating_add(FUEL_PER_CALL);
    let left = store.get_fuel()?.checked_sub(cost);
    store.set_fuel(left.unwrap_or(0))?;
    match left {
        Some(_) => Ok(()),
        None => Err(Trap::OutOfFuel.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn counts_agree_with_openais_published_tables() {
        // From the examples of OpenAI's tokenizer guide.
        assert_eq!(count_tokens("cl100k_base", "tiktoken is great!".into()).await.unwrap(), Some(6));
        assert_eq!(count_tokens("o200k_base", "tiktoken is great!".into()).await.unwrap(), Some(6));
        assert_eq!(count_tokens("gpt-4o-mini", "2 + 2 = 4".into()).await.unwrap(), Some(7));
        assert_eq!(count_tokens("no-such-encoding", "x".into()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_long_text_without_spaces_takes_linear_time() {
        // Byte-pair merging is quadratic in naive implementations; this would hang one.
        let text = "a".repeat(2_000_000);
        assert!(count_tokens("cl100k_base", text).await.unwrap().unwrap() > 1000);
    }
}
