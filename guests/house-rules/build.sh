#!/bin/sh
# Builds this adapter with the Go kit, which installs its toolchain when missing, to target/adapters/house-rules.wasm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
exec "$root/sdk/go/build.sh" adapter "$here" "$root/target/adapters/house-rules.wasm"
