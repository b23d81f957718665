//! What the benchmark holds Caisson against: a proxy that does the same translation natively, as fast as we can make it.
//!
//! OpenAI's wire in; Anthropic's Messages API out for models `anthropic/…`, OpenAI's own for models `openai/…`. Bare hyper on two
//! worker threads, kept upstream connections, typed serde that copies JSON strings without unescaping them, events cut with memchr
//! and written without a formatter. It deliberately has nothing else: no sandbox, no plugins, no limits, no keys of callers, no TLS,
//! no metrics, no shutdown. It's the ceiling, not a product.

mod answer;
mod anthropic;
mod openai;
mod proxy;
mod stream;
mod upstream;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;

use proxy::Proxy;
use upstream::Upstream;

// As Caisson does, so that allocators aren't compared.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Translates between OpenAI's wire and Anthropic's, natively
#[derive(Parser)]
struct Arguments {
    /// Where Anthropic's API is
    #[arg(long)]
    anthropic: SocketAddr,
    /// Where OpenAI's API is
    #[arg(long)]
    openai: SocketAddr,
    /// The key for both
    #[arg(long)]
    key: String,
}

fn main() -> anyhow::Result<()> {
    let Arguments { anthropic, openai, key } = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port to listen on")?;
        println!("{}", listener.local_addr()?);
        let headers = [("x-api-key", key.clone()), ("anthropic-version", "2023-06-01".to_owned())];
        let anthropic = Upstream::new(anthropic, "/v1/messages", &headers)?;
        let bearer = [("authorization", format!("Bearer {key}"))];
        let chat = Upstream::new(openai, "/v1/chat/completions", &bearer)?;
        let embeddings = Upstream::new(openai, "/v1/embeddings", &bearer)?;
        proxy::serve(listener, Arc::new(Proxy { anthropic, chat, embeddings })).await
    })
}
