#!/bin/sh
# Builds this adapter with the Python kit, which installs its toolchain when missing, to
# target/adapters/intranet.wasm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
exec "$root/sdk/python/build.sh" adapter intranet_adapter:Intranet "$here/src" "$root/target/adapters/intranet.wasm"
