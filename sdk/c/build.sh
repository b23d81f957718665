#!/bin/sh
# Builds, checks and tests the C kit, and adapters with it, by a toolchain of its own under
# ${CAISSON_CACHE:-target}/toolchains/c, which it installs from PyPI when missing.
#
#   build.sh tools                  install the compiler and yyjson, generate the bindings
#   build.sh test [DIR ...]         format, warnings and tests of the kit and of adapters
#   build.sh adapter [--world WORLD] DIR FILE.wasm
#                                   the component of the adapter whose sources are in DIR/src, for the contract's world
#                                   `adapter`, or `adapter-async` on WASI 0.3
#   build.sh unit-test DIR          the tests in DIR/tests of the adapter in DIR, and nothing else of it
#
# CAISSON_BIN names the caisson that makes bindings and components; without it, target/release/caisson.
# CAISSON_TEST_CC names another compiler for the tests, such as "gcc -fsanitize=address,undefined".
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${CAISSON_CACHE:-target}
case $cache in /*) ;; *) cache=$root/$cache ;; esac
tools=$cache/toolchains/c
caisson=${CAISSON_BIN:-$root/target/release/caisson}
case $caisson in /*) ;; *) caisson=$PWD/$caisson ;; esac
export ZIG_GLOBAL_CACHE_DIR="$tools/cache" ZIG_LOCAL_CACHE_DIR="$tools/cache"

# What the kit doesn't use of yyjson is left out.
json='-DYYJSON_DISABLE_UTILS=1 -DYYJSON_DISABLE_NON_STANDARD=1'
language="-std=gnu17 $json"
strict='-Wall -Wextra -Werror -Wstrict-prototypes'

main() {
    command=${1:-}
    [ $# -eq 0 ] || shift
    case $command in
    tools) tools ;;
    test)
        tools
        checks "$@"
        ;;
    adapter)
        tools
        adapter "$@"
        ;;
    unit-test)
        tools
        unit_test "$1"
        ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
}

# One at a time: builds may run side by side, and a half-made toolchain is none.
tools() {
    [ -x "$caisson" ] || { echo "caisson is missing: build it with ./just build, or name one with CAISSON_BIN" >&2; exit 1; }
    mkdir -p "$cache/toolchains"
    exec 9>"$cache/toolchains/c.lock"
    command -v flock >/dev/null || { echo "flock is missing: apt-get install util-linux" >&2; exit 1; }
    flock 9
    wanted=$(cat "$here/requirements.txt" "$here/yyjson.txt" | cksum)
    if [ "$(cat "$tools/made-of" 2>/dev/null)" != "$wanted" ]; then install; fi
    bindings adapter "$tools/bindings"
    bindings adapter-async "$tools/async/bindings"
    flock -u 9
}

# bindings WORLD FOLDER. The contract is in the binary, so another one may have another.
bindings() {
    rm -rf "$tools/new-bindings"
    "$caisson" bindings --lang c --world "$1" "$tools/new-bindings"
    if ! diff -rq "$tools/new-bindings" "$2" >/dev/null 2>&1; then
        rm -rf "$2"
        mkdir -p "$(dirname "$2")"
        mv "$tools/new-bindings" "$2"
    fi
}

install() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        { echo "python3, 3.11 or later, is missing: apt-get install python3" >&2; exit 1; }
    [ -x "$tools/bin/pip" ] || python3 -m venv "$tools" 2>/dev/null ||
        { echo "python3 can't make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
    echo "installing Zig's C compiler and yyjson from PyPI into $tools, once for all projects; the first builds take longest" >&2
    rm -rf "$tools/yyjson"
    { "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt" &&
        "$tools/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
            --dest "$tools/yyjson" -r "$here/yyjson.txt"; } ||
        { echo "the toolchain could not be installed: pip must reach PyPI or a mirror of it" >&2; exit 1; }
    (cd "$tools/yyjson" && tar -xzf yyjson-*.tar.gz && mv yyjson-*/yyjson/yyjson.[ch] yyjson-*/LICENSE . && rm -r yyjson-*)
    printf '%s' "$wanted" >"$tools/made-of"
}

zig() {
    "$tools/bin/python" -m ziglang "$@"
}

# kit WORLD: the kit's own sources, but for those of the other sides of its seam. Tests are a world of their own.
kit() {
    for source in "$here"/src/*.c; do
        case ${source##*/} in
        bindings.c | wasi_both.c) [ "$1" != test ] || continue ;;
        guest.c | wasi.c) [ "$1" = adapter ] || continue ;;
        guest_async.c | wasi_async.c) [ "$1" = adapter-async ] || continue ;;
        testing.c) [ "$1" = test ] || continue ;;
        esac
        printf '%s\n' "$source"
    done
}

# Each place's sources become arguments.
sources() {
    find "$1/src" -name '*.c' | sort
}

adapter() {
    world=adapter
    case ${1:-} in
    --world)
        world=${2:-}
        shift 2
        ;;
    --world=*)
        world=${1#--world=}
        shift
        ;;
    esac
    case $world in
    adapter | adapter-async) ;;
    *) echo "the contract has no world \"$world\": there are adapter and adapter-async" >&2 && exit 2 ;;
    esac
    [ $# -eq 2 ] || { echo "build.sh adapter [--world WORLD] DIR FILE.wasm" >&2; exit 2; }
    place=$(cd "$1" && pwd)
    mkdir -p "$(dirname "$2")"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    core "$world" "$work/core.wasm" "$place"
    "$caisson" componentize "$work/core.wasm" -o "$2"
}

# core WORLD FILE DIR [FLAG ...]: the core module of the adapter in DIR.
core() {
    world=$1 made=$2 place=$3
    shift 3
    # The worlds' bindings have the same names, so the folder decides.
    include=$tools
    [ "$world" = adapter ] || include=$tools/async
    { sources "$place" && kit "$world"; } | each zig cc --target=wasm32-wasi -mexec-model=reactor -Os -s $language "$@" \
        -Wl,-z,stack-size=131072 -I "$place/src" -I "$here/src" -isystem "$include" -isystem "$tools" -o "$made" \
        "$tools/yyjson/yyjson.c" "$include/bindings/adapter_component_type.o"
}

# Runs a command with each line of its input as one more argument.
each() {
    while IFS= read -r line; do set -- "$@" "$line"; done
    "$@"
}

# The kit's own tests, its example, and each adapter's; then what no unit test sees: that components come of it.
checks() {
    for place; do
        shift
        set -- "$@" "$(cd "$place" && pwd)"
    done
    set -- "$here/examples/parrot" "$@"
    for place in "$here" "$@"; do
        find "$place/src" "$place/tests" -name '*.[ch]' -exec "$tools/bin/clang-format" --style="file:$here/.clang-format" --dry-run --Werror {} +
    done
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    for place in "$here" "$@"; do
        native "$work/tests" "$place"
        (cd "$place" && "$work/tests")
    done
    for place; do
        for world in adapter adapter-async; do
            core "$world" "$work/core.wasm" "$place" $strict
            if grep -q wasi_snapshot_preview1 "$work/core.wasm"; then
                echo "$place uses files, the environment or stdio: none is there, and what stands in for them takes memory" >&2
                exit 1
            fi
            "$caisson" componentize "$work/core.wasm" -o "$work/adapter.wasm"
            "$caisson" check "$work/adapter.wasm" >/dev/null
        done
    done
    raw "$work" "$root/wit/example/brief.c"
    # The README's adapter is the example.
    awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' "$here/README.md" | diff - "$here/examples/parrot/src/parrot.c"
}

# Undefined behaviour ends a test; other people's code is not ours to warn about.
native() {
    made=$1 place=$2
    { kit test && find "$place/tests" -name '*.c' && if [ "$place" != "$here" ]; then sources "$place"; fi; } |
        each test_cc -g -O1 $language $strict -I "$place/src" -I "$here/src" -isystem "$tools" -o "$made" "$tools/yyjson/yyjson.c"
}

test_cc() {
    if [ -n "${CAISSON_TEST_CC:-}" ]; then
        $CAISSON_TEST_CC "$@"
    else
        zig cc -fsanitize=undefined -fno-sanitize-recover=undefined "$@"
    fi
}

unit_test() {
    place=$(cd "$1" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    native "$work/tests" "$place"
    (cd "$place" && "$work/tests")
}

# An adapter without the kit, as wit/README.md has it.
raw() {
    zig cc --target=wasm32-wasi -mexec-model=reactor -Oz -s -Wl,-z,stack-size=131072 -isystem "$tools/bindings" \
        -o "$1/core.wasm" "$2" "$tools/bindings/adapter.c" "$tools/bindings/adapter_component_type.o"
    "$caisson" componentize "$1/core.wasm" -o "$1/raw.wasm"
    "$caisson" check "$1/raw.wasm" >/dev/null
}

main "$@"
