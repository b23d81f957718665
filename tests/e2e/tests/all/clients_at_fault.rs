//! What clients do wrong, by mistake or on purpose: each gets a clear answer or a closed connection, and nobody else notices.
//!
//! The clients are sockets; no HTTP library would send this. After each, another client's request is served, and descriptors,
//! connections and sandboxes are what they were.

mod bodies;
mod framing;
mod http2;
mod leaving;
mod multiplexed;
mod raw;
mod silence;
mod slow_readers;
mod too_many;

use caisson_e2e::{Caisson, adapter, say};

const CHAT: &str = "/v1/chat/completions";

/// Memory that allocators may keep after a test's traffic.
const MARGIN: u64 = 48 << 20;

/// A server with `echo` that loses its patience within a second.
async fn hasty() -> Caisson {
    let caisson =
        Caisson::prepare().config("client-stall-seconds = 1\nidle-seconds = 1\nbody-seconds = 2").start().await;
    caisson.push("echo", adapter("echo")).await;
    caisson
}

async fn with_echo() -> Caisson {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    caisson
}

/// Another client, now.
async fn serves_others(caisson: &Caisson) {
    assert!(caisson.chat(say("echo/echo", "next door")).await.content().contains("next door"));
}
