#!/usr/bin/env bash
# Builds target/adapters/mistral.wasm; `build.sh test` checks and tests the adapter instead.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/../../sdk/js/build.sh" "${1:-adapter}" "$here"
