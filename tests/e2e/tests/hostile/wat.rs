//! Attacks of the guests in `tests/guests/wat`: written by hand, below what a compiler would make.

use crate::attack::Attack;

/// One row for each guest.
pub(crate) fn attacks() -> Vec<Attack> {
    vec![]
}
