//! From uploaded bytes to a component that has said what it is. Stores nothing, and grants nothing.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::{Component, DeployError, Digest, Progress, Stage};
use crate::egress::Egress;
use crate::sandbox::{CompileError, Compiled, Failure, Fault, Language, Limits, Sandboxes, Terms};

/// Compiles a component and asks what it is, in a sandbox without egress. `allow_async`: whether it may be for the world
/// `adapter-async`.
pub async fn examine(
    sandboxes: &Sandboxes,
    bytes: Bytes,
    allow_async: bool,
    progress: Progress<'_>,
) -> Result<(Component, Compiled), DeployError> {
    progress(Stage::Checking);
    let digest = Digest::of(&bytes);
    let compiled = compile(sandboxes, digest, bytes.clone(), allow_async, progress).await?;
    // Once its structure is known to be sound.
    let language = Language::of(&bytes);
    let adapter = tokio::task::block_in_place(|| sandboxes.load(&compiled))?;
    progress(Stage::Describing);
    let terms = Terms {
        deployment: "(upload)".into(),
        request_id: "describe".into(),
        limits: Limits { timeout_ms: 5_000, egress_requests: 0, ..language.limits() },
        egress: Arc::new(Egress::closed()),
        original_body: Bytes::new(),
    };
    let world = adapter.world();
    let described = |failure: Failure| match failure.fault {
        Fault::Misfit(problem) => CompileError::misfit(world, problem).into(),
        Fault::Full => DeployError::Busy,
        fault => DeployError::Describe(fault.to_string()),
    };
    let info = adapter.enter(terms).await.map_err(described)?.describe().await.map_err(described)?;
    Ok((Component { digest, adapter, info, language }, compiled))
}

/// Compiles a component in the jail.
pub(super) async fn compile(
    sandboxes: &Sandboxes,
    digest: Digest,
    bytes: Bytes,
    allow_async: bool,
    progress: Progress<'_>,
) -> Result<Compiled, DeployError> {
    let begun = Instant::now();
    let compiled = sandboxes.compile(bytes, allow_async, &|| progress(Stage::Compiling)).await?;
    tracing::info!(%digest, seconds = begun.elapsed().as_secs_f32(), "compiled");
    Ok(compiled)
}
