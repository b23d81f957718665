//! Attacks of the guests in `tests/guests/examples`: written in Rust with the SDK.

use crate::attack::Ask::{Chat, Embed, Stream};
use crate::attack::{Attack, attack};

/// One row for each guest, or more.
pub(crate) fn attacks() -> Vec<Attack> {
    vec![
        attack("spin", "spin", "computes without end").asks(&[Chat, Stream, Embed]).fails(502, "fuel_exhausted"),
        attack("spin-with-all-fuel", "spin", "computes without end and has more fuel than time")
            .limit("fuel", 1_000_000_000_000)
            .limit("timeout-ms", 1_000)
            .often(8, 1)
            .fails(504, "deadline_exceeded"),
    ]
}
