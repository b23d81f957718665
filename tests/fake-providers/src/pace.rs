//! How a finished answer goes out: at once, slowly, without end, or broken off. It works on any wire's
//! bytes and knows none of them.

use std::time::Duration;

use bytes::Bytes;
use memchr::memmem;

use crate::answer::ENDLESS;
use crate::behaviour::{Behaviour, SLOW};
use crate::reply::Body;

/// A whole answer's body.
pub(crate) fn whole(behaviour: Behaviour, body: Vec<u8>) -> Body {
    match behaviour {
        Behaviour::Slow => {
            let size = body.len().div_ceil(40).max(1);
            Body::Every(SLOW, body.chunks(size).map(Bytes::copy_from_slice).collect())
        }
        Behaviour::Cut => Body::Reset(body.get(..body.len() / 2).map(Bytes::copy_from_slice).unwrap_or_default()),
        Behaviour::Endless => match memmem::find(&body, ENDLESS.as_bytes()).and_then(|at| body.get(..at)) {
            Some(start) => forever(vec![Bytes::copy_from_slice(start)], Bytes::from(" more".repeat(200))),
            None => Body::Whole(body.into()),
        },
        _ => Body::Whole(body.into()),
    }
}

/// A stream's body; `error` is what the provider sends where a stream fails.
pub(crate) fn stream(behaviour: Behaviour, mut events: Vec<Bytes>, error: impl FnOnce() -> Bytes) -> Body {
    let middle = events.len().div_ceil(2);
    match behaviour {
        Behaviour::Slow => Body::Every(SLOW, events),
        Behaviour::Cut => {
            events.truncate(middle);
            Body::Reset(events.concat().into())
        }
        Behaviour::MidstreamFault => {
            events.truncate(middle);
            events.push(error());
            Body::Chunks(events)
        }
        Behaviour::Endless => match events.iter().position(|event| memmem::find(event, ENDLESS.as_bytes()).is_some()) {
            Some(at) => {
                let then = events.get(at).map(replace_marker).unwrap_or_default();
                events.truncate(at);
                forever(events, then)
            }
            None => Body::Chunks(events),
        },
        _ => Body::Chunks(events),
    }
}

fn forever(first: Vec<Bytes>, then: Bytes) -> Body {
    Body::Forever { first, then, every: Duration::ZERO }
}

fn replace_marker(event: &Bytes) -> Bytes {
    String::from_utf8_lossy(event).replace(ENDLESS, " more").into()
}
