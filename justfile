# Recipes that people and CI run. `./just RECIPE` works without an installed `just`.

set shell := ["bash", "-euo", "pipefail", "-c"]

export CARGO_TERM_COLOR := env("CARGO_TERM_COLOR", "auto")

adapters := "target/adapters"
test-guests := "target/test-guests"

# List the recipes.
default:
    @just --list --unsorted

# Try everything on this machine, with fake providers: `just demo --once` ends after the run.
demo *ARGS: build guests
    ./target/release/caisson demo --adapters {{adapters}} {{ARGS}}

# Everything that must hold: formats, lints, docs, contract, unit tests, end-to-end tests.
test: lint unit e2e

# Build the binary `caisson`.
build: toolchain
    cargo build --release --locked

# Build the adapters to target/adapters/NAME.wasm.
guests: toolchain
    cargo build --locked --profile guest --target wasm32-wasip2 -p anthropic-adapter -p echo-adapter -p gemini-adapter -p openai-adapter
    mkdir -p {{adapters}}
    for name in anthropic echo gemini openai; do install -m 644 target/wasm32-wasip2/guest/$name.wasm {{adapters}}/$name.wasm; done

# Install the toolchain that rust-toolchain.toml names, with its Wasm target.
toolchain:
    @rustup show active-toolchain >/dev/null 2>&1 && rustup target list --installed | grep -qx wasm32-wasip2 || rustup toolchain install
