#!/usr/bin/env bash
# Builds the TypeScript kit, and adapters with it: those of this repository, and those of the projects that `caisson new` makes.
#
#   build.sh                          the kit
#   build.sh test                     the kit, its checks and its tests
#   build.sh adapter FOLDER [FILE]    the kit, and the component of the adapter in FOLDER: FILE, or target/adapters/NAME.wasm
#                                     with the folder's name
#   build.sh test FOLDER              the kit, and the checks and tests of the adapter in FOLDER
#   build.sh unit-test FOLDER         the kit, and the types and unit tests of the adapter in FOLDER
#
# The packages that a package-lock.json pins are installed once for each state of it, into
# ${CAISSON_CACHE:-target}/toolchains/js; `node_modules` beside it points there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kit=$root/sdk/js
cache=${CAISSON_CACHE:-$root/target}/toolchains/js

major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ "${major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
  echo "Node.js 20 or later with npm is missing: apt-get install nodejs npm, or see nodejs.org/download" >&2
  exit 1
fi
mkdir -p "$cache"

# Installs what FOLDER/package-lock.json pins, and prints the node_modules that holds it.
installed() {
  local folder=$1 state target
  state=$(cat "$folder/package.json" "$folder/package-lock.json" | sha256sum | cut -c1-16)
  target=$cache/$(basename "$folder")-$state
  (
    flock 9
    if [ ! -e "$target/.complete" ]; then
      rm -rf "$target"
      mkdir -p "$target"
      cp "$folder/package.json" "$folder/package-lock.json" "$target/"
      echo "installing the packages of $folder from npm into $target, once for all projects" >&2
      npm ci --prefix "$target" --no-audit --no-fund --loglevel=error >&2
      touch "$target/.complete"
    fi
  ) 9>"$cache/.lock"
  echo "$target/node_modules"
}

build_kit() {
  local packages
  packages=$(installed "$kit")
  # Builds of several adapters may run side by side.
  (
    flock 9
    if [ "$(readlink "$kit/node_modules" 2>/dev/null)" != "$packages" ]; then
      rm -rf "$kit/node_modules"
      ln -s "$packages" "$kit/node_modules"
    fi
    cd "$kit"
    if [ ! -e dist/.built ] || [ -n "$(find src scripts package.json tsconfig*.json ../../wit/adapter -newer dist/.built -print -quit)" ]; then
      rm -rf dist
      npm run --silent build
      chmod +x dist/cli.js
      touch dist/.built
    fi
  ) 9>"$cache/.lock-kit"
}

# Gives an adapter's folder the kit, Node's types, and packages of its own where it pins some.
link_adapter() {
  local folder=$1 packages
  mkdir -p "$folder/node_modules/@caisson" "$folder/node_modules/@types"
  # What npm has put there itself is as good.
  if [ -e "$folder/package-lock.json" ] && ! [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
    packages=$(installed "$folder")
    cp -rsfT "$packages" "$folder/node_modules"
  fi
  ln -sfnT "$kit" "$folder/node_modules/@caisson/adapter"
  ln -sfnT "$kit/node_modules/@types/node" "$folder/node_modules/@types/node"
}

case "${1:-}:${2:-}" in
:)
  build_kit
  ;;
test:)
  build_kit
  cd "$kit"
  npm run --silent check
  npm test --silent
  ;;
adapter:?*)
  folder=$(cd "$2" && pwd)
  build_kit
  link_adapter "$folder"
  source=$folder/src/adapter.ts
  [ -e "$source" ] || source=$folder/src/adapter.js
  node "$kit/dist/cli.js" build "$source" -o "${3:-$root/target/adapters/$(basename "$folder").wasm}"
  ;;
test:?*)
  folder=$(cd "$2" && pwd)
  build_kit
  link_adapter "$folder"
  cd "$folder"
  "$kit/node_modules/.bin/tsc"
  "$kit/node_modules/.bin/prettier" --config "$kit/.prettierrc.json" --check "src/**/*.ts" "tests/**/*.ts"
  node --import "$kit/node_modules/tsx/dist/loader.mjs" --test tests/*.test.ts
  ;;
unit-test:?*)
  folder=$(cd "$2" && pwd)
  build_kit
  link_adapter "$folder"
  cd "$folder"
  if [ -e tsconfig.json ]; then "$kit/node_modules/.bin/tsc"; fi
  shopt -s nullglob
  node --import "$kit/node_modules/tsx/dist/loader.mjs" --test tests/*.test.ts tests/*.test.js
  ;;
*)
  sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
  ;;
esac
