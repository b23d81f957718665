//! Uploads that are no honest component: files made to be refused, or to cost the compiler more than they are worth.
//!
//! Rows alone; [`files`] makes those that aren't WebAssembly, cut off or false, [`text`] those that the text format can say, and
//! [`bombs`] those that are small, valid, and take the compiler minutes.

mod bombs;
mod files;
mod text;

use bytes::Bytes;

use crate::attack::Upload;

/// The structure check's code.
const COMPLEX: &str = "component_too_complex";
/// The compiling process was ended at one of its limits.
const LIMIT: &str = "compile_limit";
const INVALID: &str = "invalid_component";

/// One row for each file.
pub(crate) fn uploads() -> Vec<Upload> {
    let mut uploads = no_components();
    uploads.extend(too_much());
    uploads.extend(compile_bombs());
    uploads.extend(runaway());
    uploads
}

/// Files that are something else, or broken.
fn no_components() -> Vec<Upload> {
    vec![
        row("upload-of-a-script", "a shell script", &["not_wasm"], || Bytes::from_static(b"#!/bin/sh\necho hello\n")),
        row("upload-of-text-format", "a component in the text format", &["not_wasm"], || text::source().into()),
        row("upload-of-machine-code", "a forged artifact of the compiler", &["precompiled"], files::machine_code),
        row("upload-in-an-elf", "a component behind an ELF header", &["precompiled"], files::behind_elf),
        row("upload-with-a-zip-behind", "a component that is a zip file, too", &[INVALID], files::zip_behind),
        row("upload-of-a-core-module", "a core module", &["core_module"], || {
            text::wat("(module (func (export \"complete\")))")
        }),
        row("upload-cut-in-code", "an adapter cut off within its code", &[INVALID], || files::cut(1, 2)),
        row("upload-cut-at-the-end", "an adapter without its last byte", &[INVALID], || {
            files::cut(usize::MAX, usize::MAX)
        }),
        row("upload-overwritten", "an adapter with 64 bytes of its middle overwritten", &[INVALID], files::overwritten),
        row(
            "upload-of-endless-number",
            "a section whose length is a number without end",
            &[INVALID],
            files::endless_number,
        ),
        row("upload-with-false-lengths", "sections that say they are 4 GiB long", &[INVALID], files::false_lengths),
        row(
            "upload-of-custom-sections",
            "60 MiB of sections that mean nothing",
            &["missing_export"],
            files::custom_sections,
        ),
    ]
}

/// Files that have more of something than any adapter.
fn too_much() -> Vec<Upload> {
    vec![
        row(
            "upload-nested-type-declarations",
            "100,000 types declared inside each other, for a reader that recurses",
            &[COMPLEX],
            files::nested_types,
        ),
        row(
            "upload-with-stacks-inside",
            "a component with tasks whose inner components could each wait on a stack of the pool",
            &[COMPLEX],
            text::stacks_inside,
        ),
        row("upload-nested-components", "10,000 components inside each other", &[COMPLEX], files::nested_components),
        row(
            "upload-type-that-doubles",
            "a record of two fields of the record before, forty times",
            &[COMPLEX],
            text::doubling_records,
        ),
        row(
            "upload-type-that-doubles-through-instances",
            "the same, with each record taken out of an instance",
            &[INVALID, COMPLEX],
            text::doubling_through_instances,
        ),
        row(
            "upload-instances-that-double",
            "a component that instantiates the one before twice, thirty times",
            &[COMPLEX],
            text::doubling_instances,
        ),
        row(
            "upload-instances-that-double-by-import",
            "the same, with the component before passed in",
            &[COMPLEX],
            text::doubling_given,
        ),
        row("upload-many-instances", "5,000 instances of one module", &[COMPLEX], text::many_instances),
        row(
            "upload-more-instances-than-the-pool-gives",
            "17 instances of one module",
            &[COMPLEX],
            text::seventeen_instances,
        ),
        row("upload-many-imports", "10,000 imports", &[COMPLEX], text::many_imports),
        row("upload-a-name-of-a-mebibyte", "an export whose name is 1 MiB long", &[INVALID, COMPLEX], text::long_name),
        row("upload-many-exports", "100,000 exports of one function", &[COMPLEX], text::many_exports),
        row("upload-many-aliases", "100,000 aliases of aliases", &[COMPLEX], text::many_aliases),
        row(
            "upload-many-canonical-functions",
            "20,000 functions that the compiler makes by itself",
            &[COMPLEX],
            text::many_canonical,
        ),
        row("upload-table-of-four-billion", "a table of 4,294,967,295 elements", &[COMPLEX], || {
            text::module("(table 4294967295 funcref)")
        }),
        row("upload-memory-of-four-gibibytes", "a memory of 4 GiB", &[COMPLEX], || text::module("(memory 65536)")),
        row("upload-memory-of-an-exbibyte", "a 64-bit memory of 16 EiB", &[COMPLEX, INVALID], || {
            text::module("(memory i64 0x1000000000000)")
        }),
        row("upload-shared-memory", "a memory shared between threads", &[INVALID], || {
            text::module("(memory 1 1 shared)")
        }),
        row("upload-element-bomb", "300,000 items for one table", &[COMPLEX], text::many_elements),
        row(
            "upload-data-bomb",
            "50 MiB of data, each mebibyte to the same place",
            &["missing_export"],
            files::data_on_data,
        ),
    ]
}

/// Files that would take the compiler long, and are seen to.
fn compile_bombs() -> Vec<Upload> {
    vec![
        row("upload-many-functions", "100,000 functions", &[COMPLEX], || text::module(&"(func)".repeat(100_000))),
        row("upload-many-locals", "a function of 1,000,000,000 locals", &[COMPLEX], files::many_locals),
        row("upload-large-function", "one function of 7 MB", &[COMPLEX], || text::function(&"nop ".repeat(7_000_000))),
        row("upload-loops-around-locals", "1,000 loops around 1,000 locals: 16 KB, 20 s, 2 GB", &[COMPLEX], || {
            bombs::nested_loops(1000, 1000, 1)
        }),
        row("upload-nested-loops", "20,000 empty loops inside each other", &[COMPLEX], || {
            bombs::nested_loops(20_000, 1, 1)
        }),
        row("upload-blocks-in-a-row", "60,000 blocks in one function: 30 s", &[COMPLEX], || bombs::branches(60_000, 1)),
        row(
            "upload-calls-of-many-values",
            "calls that pass 1,000 values in two bytes: 10 KB, 14 s, 1 GB",
            &[COMPLEX],
            || bombs::calls(1000, 1000, 1),
        ),
        row(
            "upload-branches-of-many-values",
            "a jump table of 30,000 branches with 1,000 values each",
            &[COMPLEX],
            bombs::jump_table,
        ),
    ]
}

/// Files that are within every bound of the structure check, as near as can be, and take the compiler long all the same.
fn runaway() -> Vec<Upload> {
    vec![
        row("upload-runaway-loops", "loops around locals, to all that may be", &[LIMIT], || {
            bombs::nested_loops(25, 1990, 10)
        }),
        row("upload-runaway-branches", "two functions of 39,800 branches", &[LIMIT], || bombs::branches(19_900, 2)),
        row("upload-runaway-calls", "25 functions of 6,000 calls that pass 16 values", &[LIMIT], || {
            bombs::calls(16, 6000, 25)
        }),
        row("upload-runaway-everything", "all of these, and 50,000 functions", &[LIMIT], bombs::everything),
    ]
}

fn row(name: &'static str, what: &'static str, codes: &'static [&'static str], component: fn() -> Bytes) -> Upload {
    Upload { name, what, component, codes }
}
