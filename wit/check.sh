#!/bin/sh
# Checks what the WIT packages promise each other and their readers: copies in step, one WASI
# version in a world, released versions untouched, every item documented. It does not parse WIT;
# the build does. Prints a sentence for each fault and fails if there is one.
set -u

wit=$(cd "$(dirname "$0")" && pwd) || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
faults=$scratch/faults
: >"$faults"

fault() {
    printf '%s\n' "$*" | tee -a "$faults" >&2
}

shared_vocabulary_in_step() {
    for world in "$wit"/adapter*/; do
        copy=${world}deps/caisson-llm
        if ! diff -r "$wit/llm" "$copy" >"$scratch/diff" 2>&1; then
            cat "$scratch/diff" >&2
            fault "wit/${copy#"$wit"/} differs from wit/llm: edit wit/llm, then run" \
                "rm -rf wit/${copy#"$wit"/} && cp -R wit/llm wit/${copy#"$wit"/}"
        fi
    done
}

# A world reads WASI only from its own deps, so every package that is named must be there, and
# two versions side by side would give a binding generator two of each type.
one_wasi_version_in_each_world() {
    for world in "$wit"/adapter*/; do
        world=${world%/}
        name=${world#"$wit"/}
        find "$world" -name '*.wit' -exec cat {} + | sed 's,//.*,,' >"$scratch/text"
        versions=$(grep -o 'wasi:[^;]*@[0-9][0-9.]*[0-9]' "$scratch/text" | sed 's/.*@//' | sort -u)
        case $versions in
        '') fault "wit/$name names no WASI package: vendor WASI's WIT files in wit/$name/deps" ;;
        *[!0-9.]*) fault "wit/$name mixes WASI versions ($(echo $versions)): vendor all of one version in" \
            "wit/$name/deps and name that one in the world" ;;
        esac
        for package in $(grep -o 'wasi:[a-z-]*' "$scratch/text" | sort -u); do
            grep -q "^package $package@" "$scratch/text" ||
                fault "wit/$name/deps lacks $package, which is named in wit/$name:" \
                    "vendor its WIT file at version $(echo $versions)"
        done
    done
}

# The commit that first holds a version is its release; whatever differs since then is an edit.
released_versions_untouched() {
    if ! git -C "$wit" rev-parse --verify --quiet HEAD >/dev/null 2>&1; then
        echo "no git history here: whether wit/released was edited is not checked" >&2
        return
    fi
    cd "$wit" || exit 1
    for version in $(git log --format= --name-only --relative --diff-filter=A -- released |
        sed -n 's,^released/\([^/]*\)/.*,\1,p' | sort -u); do
        release=$(git log --reverse --format=%H --diff-filter=A -- "released/$version" | head -n 1)
        edited=$(git diff --name-only --relative "$release" -- "released/$version" &&
            git ls-files --others --exclude-standard -- "released/$version")
        [ -z "$edited" ] ||
            fault "released versions are never edited, but these changed: $(echo $edited)." \
                "Put them back (git restore --source $release -- wit/released/$version)" \
                "and make the change in a new version"
    done
}

# What is worked on may be ahead of a release only under a version of its own.
worked_on_as_released() {
    version=$(sed -n 's/^package caisson:adapter@\([0-9.]*\);.*/\1/p' "$wit/adapter/world.wit")
    [ -d "$wit/released/$version" ] || return 0
    for folder in llm adapter; do
        diff -r "$wit/$folder" "$wit/released/$version/$folder" >"$scratch/diff" 2>&1 && continue
        cat "$scratch/diff" >&2
        fault "wit/$folder differs from what was released as $version: a change goes into a new version of the packages"
    done
}

every_item_documented() {
    find "$wit/llm" "$wit"/adapter*/ -maxdepth 1 -name '*.wit' >"$scratch/files"
    while read -r file; do
        awk -v file="wit/${file#"$wit"/}" '
            { sub(/^[ \t]+/, ""); sub(/[ \t]+$/, "") }
            /^\/\/\// { documented = 1; next }
            # An attribute stands between an item and its comment.
            /^\/\// || /^@/ { next }
            $0 == "" { documented = 0; next }
            {
                # Inside parentheses and after an unfinished line there is no new item.
                if (/^use /) using = 1
                item = parentheses == 0 && !unfinished && !using && !/^}/
                if (item && !documented)
                    print file ":" NR ": \"" $0 "\" has no comment: say what it means on a /// line above it"
                if (item && /[{].*[^ \t{}]/)
                    print file ":" NR ": \"" $0 "\" holds several items: give each its own line, with a /// line above it"
                parentheses += gsub(/\(/, "(") - gsub(/\)/, ")")
                unfinished = !/[,;{}]$/
                if (/;/) using = 0
                documented = 0
            }
        ' "$file"
    done <"$scratch/files" >"$scratch/undocumented"
    while read -r line; do
        fault "$line"
    done <"$scratch/undocumented"
}

shared_vocabulary_in_step
one_wasi_version_in_each_world
released_versions_untouched
worked_on_as_released
every_item_documented

if [ -s "$faults" ]; then
    exit 1
fi
echo "wit: copies in step, one WASI version in each world, released versions untouched, every item documented"
