#!/bin/sh
# Builds this adapter with the C kit, which installs its toolchain when missing, to target/adapters/anthropic-c.wasm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
exec "$root/sdk/c/build.sh" adapter "$here" "$root/target/adapters/anthropic-c.wasm"
