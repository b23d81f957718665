#!/bin/sh
# Installs the official clients that the end-to-end tests run: a virtual environment with the Python client and a
# folder with the Node clients and their scripts, both under ${CAISSON_CACHE:-target}/clients. Nothing is done where
# what is pinned here is there already. Packages come from wherever pip and npm are set up to take them from.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${CAISSON_CACHE:-"$here/../../target"}
mkdir -p "$cache/clients"
clients=$(cd "$cache/clients" && pwd)

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Tests may come here at the same time; where there is no flock they have to take turns themselves.
if command -v flock >/dev/null 2>&1; then
    exec 9>"$clients/lock"
    flock 9
fi

# Whatever changes this changes the stamp: what is pinned, where it lies, and the interpreter it was installed for.
stamp_of() {
    { printf '%s\n' "$clients" "$1"; shift; cat "$@"; } | cksum
}

install_python() {
    command -v python3 >/dev/null 2>&1 ||
        fail "The tests with the Python client need Python 3.11 or later: run apt-get install python3 python3-venv."
    version=$(python3 -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "The tests with the Python client need Python 3.11 or later, and python3 is $version."
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        fail "The tests with the Python client need Python's venv module: run apt-get install python3-venv."
    stamp=$(stamp_of "$version" "$here/python/requirements.txt")
    if [ "$(cat "$clients/python/stamp" 2>/dev/null)" != "$stamp" ]; then
        rm -rf "$clients/python"
        python3 -m venv "$clients/python" ||
            fail "python3 -m venv failed: run apt-get install python3-venv."
        "$clients/python/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
            --requirement "$here/python/requirements.txt" ||
            fail "pip could not install tests/clients/python/requirements.txt (see above): can it reach its package index?"
        "$clients/python/bin/python" -m pip check --quiet ||
            fail "tests/clients/python/requirements.txt lacks a package or pins one at the wrong version (see above)."
        printf '%s\n' "$stamp" >"$clients/python/stamp"
    fi
    cp "$here"/python/*.py "$clients/python/"
}

install_node() {
    command -v node >/dev/null 2>&1 ||
        fail "The tests with the Node clients need Node.js 20 or later: run apt-get install nodejs npm."
    command -v npm >/dev/null 2>&1 ||
        fail "The tests with the Node clients need npm: run apt-get install npm."
    version=$(node --version)
    major=${version#v}
    [ "${major%%.*}" -ge 20 ] ||
        fail "The tests with the Node clients need Node.js 20 or later, and node is $version: put a newer one first in PATH."
    stamp=$(stamp_of "$version" "$here/node/package.json" "$here/node/package-lock.json")
    if [ "$(cat "$clients/node/stamp" 2>/dev/null)" != "$stamp" ]; then
        rm -rf "$clients/node"
        mkdir "$clients/node"
        cp "$here/node/package.json" "$here/node/package-lock.json" "$clients/node/"
        (cd "$clients/node" && npm ci --loglevel=error --ignore-scripts --no-audit --no-fund) ||
            fail "npm ci could not install tests/clients/node/package-lock.json (see above): can it reach its registry?"
        printf '%s\n' "$stamp" >"$clients/node/stamp"
    fi
    # Beside node_modules, since that is where imports of ES modules are looked for.
    cp "$here"/node/*.mjs "$clients/node/"
}

install_python
install_node
