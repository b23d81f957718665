//! The upstream in a process of its own: this program, started with a hidden subcommand.

use anyhow::Context;
use caisson_fake_providers::{FakeProvider, Wire};

/// Serves until standard input ends, which it does when the parent dies, however it dies. Prints the base URL, then the key.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let provider = FakeProvider::start(Wire::Anthropic).await.context("the fake provider can't listen")?;
    println!("{}\n{}", provider.base_url(), provider.key());
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}
