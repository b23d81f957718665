#!/bin/sh
# Builds, checks and tests the Python kit, and adapters with it, by a toolchain of its own under
# ${CAISSON_CACHE:-target}/toolchains/python, which it installs from PyPI when missing.
#
#   build.sh tools           install the toolchain, generate the bindings
#   build.sh test [DIR ...]  format, lints, types and tests of the kit and of adapters
#   build.sh wheel           the package, in target/python
#   build.sh adapter [--world WORLD] MODULE:CLASS DIR FILE.wasm
#                            the component of an adapter whose module lies in DIR, for the contract's world `adapter`, or
#                            `adapter-async` on WASI 0.3
#   build.sh unit-test DIR   the unit tests of the adapter in DIR, and nothing else of it
#
# CAISSON_BIN names a caisson to run components in; without it those tests are left out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${CAISSON_CACHE:-target}
case $cache in /*) ;; *) cache=$root/$cache ;; esac
tools=$cache/toolchains/python
# The tests run elsewhere.
case ${CAISSON_BIN:-/} in /*) ;; *) export CAISSON_BIN="$PWD/$CAISSON_BIN" ;; esac
bindings=$tools/bindings
bindings_async=$tools/bindings-async

main() {
    command=${1:-}
    [ $# -eq 0 ] || shift
    case $command in
    tools) tools ;;
    test) tools && checks "$@" ;;
    wheel) tools && "$tools/bin/pip" wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$root/target/python" "$here" ;;
    adapter) tools && adapter "$@" ;;
    unit-test) tools && unit_test "$1" ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
}

# One at a time: builds may run side by side, and a half-made toolchain is none.
tools() {
    mkdir -p "$cache/toolchains"
    exec 9>"$cache/toolchains/python.lock"
    command -v flock >/dev/null || { echo "flock is missing: apt-get install util-linux" >&2; exit 1; }
    flock 9
    wanted=$(cat "$here/requirements.txt" "$root"/wit/adapter*/*.wit "$root"/wit/adapter*/deps/caisson-llm/*.wit | cksum)
    if [ "$(cat "$tools/made-of" 2>/dev/null)" != "$wanted" ]; then
        python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
            { echo "python3, 3.11 or later, is missing: apt-get install python3" >&2; exit 1; }
        [ -x "$tools/bin/pip" ] || python3 -m venv "$tools" 2>/dev/null ||
            { echo "python3 can't make a virtual environment: apt-get install python3-venv" >&2; exit 1; }
        echo "installing componentize-py and pytest from PyPI into $tools, once for all projects" >&2
        "$tools/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" ||
            { echo "the toolchain could not be installed: pip must reach PyPI or a mirror of it" >&2; exit 1; }
        bindings adapter "$bindings"
        bindings adapter-async "$bindings_async" --import-interface-name wasi:http/types@0.3.0=types
        printf '%s' "$wanted" >"$tools/made-of"
    fi
    flock -u 9
}

# bindings WORLD FOLDER [OPTION ...]: the options as in src/caisson/build.py.
bindings() {
    world=$1 folder=$2
    shift 2
    rm -rf "$folder"
    "$tools/bin/componentize-py" --quiet --wit-path "$root/wit/$world" --world "$world" "$@" bindings "$folder"
}

# The generated bindings import what only a component has, hence their own place in the paths.
checks() {
    for place; do
        shift
        set -- "$@" "$(cd "$place" && pwd)"
    done
    (cd "$here" && "$tools/bin/ruff" format --no-cache --check --quiet . "$@" && "$tools/bin/ruff" check --no-cache --quiet . "$@")
    # What only the world `adapter-async` has is checked on its own, as a module has one meaning for mypy.
    for place in "$here/src" "$here/examples" "$here/tests" "$@"; do
        types "$bindings" --exclude '/(component_async|wasi_async|waiting)\.py$' "$place"
    done
    types "$bindings_async" --python-version 3.14 --follow-imports silent "$here/src/caisson/guest/component_async.py" \
        "$here/src/caisson/transport/wasi_async.py" "$here/src/caisson/transport/waiting.py"
    for place in "$here" "$@"; do
        (cd "$place" && PYTHONPATH="$here/src:$bindings" PYTHONDONTWRITEBYTECODE=1 \
            "$tools/bin/python" -m pytest --quiet -p no:cacheprovider)
    done
}

# types BINDINGS ARGUMENT ...
types() {
    path=$here/src:$here/examples:$here/tests/component:$1
    shift
    MYPYPATH=$path "$tools/bin/mypy" --config-file "$here/pyproject.toml" --no-error-summary --cache-dir "$tools/mypy" "$@"
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
    [ $# -eq 3 ] || { echo "build.sh adapter [--world WORLD] MODULE:CLASS DIR FILE.wasm" >&2; exit 2; }
    PYTHONPATH=$here/src PYTHONDONTWRITEBYTECODE=1 "$tools/bin/python" -m caisson build \
        --world "$world" "$1" --path "$2" --output "$3"
}

unit_test() {
    cd "$1"
    PYTHONPATH=$here/src PYTHONDONTWRITEBYTECODE=1 "$tools/bin/python" -m pytest --quiet -p no:cacheprovider
}

main "$@"
