//! Has the crate built anew when a conformance case comes or goes: the cases are built into the binary.

fn main() {
    println!("cargo::rerun-if-changed=../tests/conformance");
}
