#!/bin/sh
# Builds this adapter with the Python kit, which installs its toolchain when missing, to
# target/adapters/anthropic-py.wasm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
exec "$root/sdk/python/build.sh" adapter anthropic_adapter:Anthropic "$here/src" "$root/target/adapters/anthropic-py.wasm"
