#!/bin/sh
# Builds this adapter with the Python kit, which installs its toolchain when missing, to
# target/adapters/ollama.wasm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
exec "$root/sdk/python/build.sh" adapter ollama_adapter:Ollama "$here/src" "$root/target/adapters/ollama.wasm"
