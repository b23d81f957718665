//! Caisson.
fn main() {}
