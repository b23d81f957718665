//! Attacks of the guests in `tests/guests/examples`: written in Rust with the SDK.

mod answers;
mod egress;
mod remains;
mod upstream;

use crate::attack::Ask::{Chat, Embed, Stream};
use crate::attack::{Attack, attack};

/// One row for each guest, or more.
pub(crate) fn attacks() -> Vec<Attack> {
    let exhausting = vec![
        attack("spin", "spin", "computes without end").asks(&[Chat, Stream, Embed]).fails(502, "fuel_exhausted"),
        attack("spin-with-all-fuel", "spin", "computes without end and has more fuel than time")
            .limit("fuel", 1_000_000_000_000)
            .limit("timeout-ms", 1_000)
            .often(8, 1)
            .fails(504, "deadline_exceeded"),
        attack("hog", "hog", "takes memory without end").asks(&[Chat, Stream]).fails(502, "memory_exhausted"),
        attack("trap", "trap", "gives up").asks(&[Chat, Stream]).fails(502, "adapter_trap"),
        attack("wait", "wait", "waits by a clock for an hour")
            .asks(&[Chat, Stream])
            .limit("timeout-ms", 500)
            .fails(504, "deadline_exceeded"),
    ];
    [
        exhausting,
        egress::destinations(),
        egress::requests_of_theirs(),
        egress::floods(),
        egress::credentials(),
        answers::floods(),
        answers::oddities(),
        answers::forgeries(),
        remains::state(),
        remains::logs(),
        remains::descriptions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
