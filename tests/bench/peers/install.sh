#!/bin/sh
# Installs what `just bench` measures beside Caisson, LiteLLM's proxy from PyPI and Portkey's gateway from npm, in the versions that
# requirements.txt and package-lock.json name, to ${CAISSON_CACHE:-target}/peers. Prints that folder. What can't be installed is left
# out with a word about it: the benchmark then measures without.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=${CAISSON_CACHE:-target}
case $cache in /*) ;; *) cache=$root/$cache ;; esac
peers=$cache/peers
mkdir -p "$peers"

# Whether this peer is there as these files want it. A half-made one isn't.
is_made() {
    made=$1
    shift
    [ "$(cat "$peers/$made.made-of" 2>/dev/null)" = "$(cat "$@" | cksum)" ]
}

litellm() {
    is_made litellm "$here/requirements.txt" && return
    rm -rf "$peers/litellm"
    python3 -m venv "$peers/litellm" &&
        "$peers/litellm/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" &&
        cksum <"$here/requirements.txt" >"$peers/litellm.made-of"
}

portkey() {
    is_made portkey "$here/package.json" "$here/package-lock.json" && return
    rm -rf "$peers/portkey"
    mkdir -p "$peers/portkey" &&
        cp "$here/package.json" "$here/package-lock.json" "$peers/portkey" &&
        npm ci --prefix "$peers/portkey" --ignore-scripts --no-audit --no-fund --loglevel=error &&
        cat "$here/package.json" "$here/package-lock.json" | cksum >"$peers/portkey.made-of"
}

litellm >&2 || echo "LiteLLM can't be installed and is left out (python3 with venv, and PyPI, are needed)" >&2
portkey >&2 || echo "Portkey's gateway can't be installed and is left out (Node.js 20 with npm, and its registry, are needed)" >&2
echo "$peers"
