//! Components that are too much of one thing, and what is said of each.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use super::*;

/// What is wrong with a component: its code and its message.
fn refusal(component: impl AsRef<[u8]>) -> (&'static str, String) {
    let error = check(component.as_ref()).expect_err("the component exports no provider");
    let code = match error {
        CompileError::TooComplex { .. } => "too complex",
        CompileError::Export(_) => "within all bounds",
        CompileError::Invalid(_) => "invalid",
        _ => "other",
    };
    (code, error.to_string())
}

fn component(inner: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {inner})")).unwrap()
}

fn module(inner: &str) -> Vec<u8> {
    component(&format!("(core module {inner})"))
}

fn function(body: &str) -> Vec<u8> {
    module(&format!("(func {body})"))
}

#[track_caller]
fn too_complex(what: &str, component: impl AsRef<[u8]>) {
    let (code, message) = refusal(component);
    assert_eq!(code, "too complex", "{message}");
    assert!(message.contains(what), "{message}");
    assert!(message.contains("is the most (at offset 0x"), "{message}");
}

#[track_caller]
fn within(component: impl AsRef<[u8]>) {
    let (code, message) = refusal(component);
    assert_eq!(code, "within all bounds", "{message}");
}

/// A number in the binary format.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A component of one section.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0", &[id][..], &leb(content.len()), content].concat()
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn a_core_module_has_room_for_a_language_runtime_and_not_for_a_flood() {
    within(module(&"(func)".repeat(60_000)));
    too_complex("60001 core functions", module(&"(func)".repeat(60_001)));
    too_complex("20001 core types", module(&"(type (func))".repeat(20_001)));
    too_complex("20001 imports of core modules", module(&lines(20_001, |n| format!("(import \"m\" \"{n}\" (func))"))));
    too_complex("50001 exports", module(&format!("(func){}", lines(50_001, |n| format!("(export \"{n}\" (func 0))")))));
    too_complex("20001 globals", module(&"(global i32 i32.const 0)".repeat(20_001)));
    too_complex("1001 tags", module(&"(tag)".repeat(1001)));
    too_complex("50001 data segments", module(&format!("(memory 1) {}", "(data (i32.const 0) \"\")".repeat(50_001))));
    too_complex("1001 element segments", module(&"(elem func)".repeat(1001)));
    too_complex("200001 items", module(&format!("(func) (elem func {})", "0 ".repeat(200_001))));
    too_complex("33 tables", module(&"(table 1 funcref)".repeat(33)));
    too_complex("33 memories", module(&"(memory 1)".repeat(33)));
    too_complex("33 core modules", component(&"(core module)".repeat(33)));
}

#[test]
fn a_table_or_memory_that_no_sandbox_could_hold_is_refused() {
    within(module("(table 65536 funcref) (memory 16384)"));
    too_complex("65537 elements in one table", module("(table 65537 funcref)"));
    too_complex("4294967295 elements", module("(import \"m\" \"t\" (table 4294967295 funcref))"));
    too_complex("1073807360 bytes in one memory", module("(memory 16385)"));
    too_complex("18446744073709551615 bytes", module("(memory i64 0x1000000000000)"));
}

#[test]
fn a_function_is_bounded_in_size_locals_and_depth() {
    too_complex("bytes in one function", function(&"nop ".repeat(1 << 20)));
    within(function(&format!("(local {})", "i32 ".repeat(10_000))));
    too_complex("10001 locals", function(&format!("(local {})", "i64 ".repeat(10_001))));
    too_complex("1000000000 locals", {
        // One function of no parameters, whose body is so many locals in one run, and its end.
        let body = [&[1][..], &leb(1_000_000_000), &[0x7f, 0x0b]].concat();
        let code = [&[1][..], &leb(body.len()), &body].concat();
        let module = [b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a", &leb(code.len())[..], &code].concat();
        section(1, &module)
    });
    within(function(&format!("{} {}", "block ".repeat(4999), "end ".repeat(4999))));
    too_complex("blocks inside each other", function(&format!("{} {}", "block ".repeat(5000), "end ".repeat(5000))));
    within(function(&format!("{} {}", "loop ".repeat(64), "end ".repeat(64))));
    too_complex("65 loops inside each other", function(&format!("{} {}", "loop ".repeat(65), "end ".repeat(65))));
    within(function(&"loop end ".repeat(10_000)));
    let parameters = |count| module(&format!("(func (param {}))", "i32 ".repeat(count)));
    within(parameters(255));
    too_complex("256 parameters", parameters(256));
    too_complex("17 results", module(&format!("(type (func (result {})))", "i32 ".repeat(17))));
}

#[test]
fn code_that_multiplies_in_the_compiler_is_refused() {
    too_complex("blocks, branches and indirect calls", function(&"block br 0 end ".repeat(20_001)));
    too_complex(
        "blocks, branches and indirect calls",
        module(&format!("(table 1 funcref) (func {})", "i32.const 0 call_indirect ".repeat(20_001))),
    );
    let targets = "0 ".repeat(40_001);
    too_complex("blocks, branches and indirect calls", function(&format!("block i32.const 0 br_table {targets} end")));

    // Locals that are named, at places where they may differ.
    let named = "local.get 0 local.set 1 ".repeat(2500);
    let locals = format!("(local {})", "i32 ".repeat(5000));
    too_complex("loops times locals", function(&format!("{locals} {} {named}", "loop end ".repeat(50))));
    too_complex(
        "blocks and branches times locals",
        function(&format!("{locals} {} {named}", "block end ".repeat(900))),
    );
    within(function(&format!("{locals} {}", "block end ".repeat(900))));

    // Values that a call takes and gives, in two bytes.
    let sixteen = "i32 ".repeat(16);
    let pass = format!("(func (param {sixteen}) (result {sixteen}) {})", "local.get 0 ".repeat(16));
    let calls = |count: usize| {
        let start = "i32.const 0 ".repeat(16);
        module(&format!("{pass} (func {start} {} {})", "call 0 ".repeat(count), "drop ".repeat(16)))
    };
    within(calls(6000));
    too_complex("values that branches and calls", calls(6100));
    let branches =
        format!("block (result {sixteen}) {} {} end", "i32.const 0 ".repeat(16), "i32.const 0 br_if 0 ".repeat(12_000));
    too_complex("values that branches and calls", function(&format!("{branches} {}", "drop ".repeat(16))));
}

#[test]
fn what_costs_the_square_is_bounded_over_all_functions_too() {
    let branches = format!("(func {})", "block br 0 end ".repeat(19_900));
    within(module(&branches.repeat(2)));
    too_complex("squared, over all functions", module(&branches.repeat(3)));
    let (locals, named) = ("i32 ".repeat(2000), "local.get 0 drop ".repeat(2000));
    let loops = format!("(func (local {locals}) {named} {})", "loop end ".repeat(25));
    within(module(&loops.repeat(10)));
    too_complex("loops times locals squared over all", module(&loops.repeat(11)));
}

#[test]
fn many_functions_within_their_bounds_are_bounded_together() {
    let one = format!(
        "(func (local {}) {} {})",
        "i32 ".repeat(2000),
        "local.get 0 drop ".repeat(2000),
        "block end ".repeat(1900)
    );
    within(module(&one.repeat(26)));
    too_complex("over all functions", module(&one.repeat(27)));
}

#[test]
fn instances_that_multiply_are_counted_as_they_will_be_made() {
    let doubling = |levels: usize| {
        let twice =
            |n: usize| format!("(component $c{} (instance (instantiate $c{n})) (instance (instantiate $c{n})))", n + 1);
        // Each level reaches the one before by an alias to outside.
        component(&format!("(component $c0) {}", lines(levels, twice)))
    };
    within(doubling(8));
    too_complex("counting those that instances make", doubling(30));
    let flood = |count| component(&"(core instance)".repeat(count));
    within(flood(1000));
    too_complex("1001 instances", flood(1001));
    let given = "(import \"c\" (component $c)) (instance (instantiate $c))";
    too_complex("comes in as an import", component(given));
}

#[test]
fn what_the_pool_gives_no_component_is_refused_before_it_is_compiled() {
    let instances = |of: &str, count| {
        component(&format!("(core module $m {of}) {}", "(core instance (instantiate $m))".repeat(count)))
    };
    within(instances("", 16));
    too_complex("17 instances of core modules", instances("", 17));
    within(instances("(memory 1)", 2));
    too_complex("3 memories over all instances", instances("(memory 1)", 3));
    within(instances("(table 1 funcref) (table 1 funcref)", 4));
    too_complex("10 tables over all instances", instances("(table 1 funcref) (table 1 funcref)", 5));
    // A module that isn't instantiated takes nothing; one inside of a component, or reached from there, as much as any.
    within(component(&"(core module (memory 1))".repeat(20)));
    let reached = "(component $c (alias outer 1 $m (core module $n)) (core instance (instantiate $n)))";
    let within_components =
        format!("(core module $m (memory 1)) {reached} {}", "(instance (instantiate $c))".repeat(3));
    too_complex("3 memories over all instances", component(&within_components));
}

#[test]
fn components_are_bounded_in_number_and_depth() {
    let nested = |depth| format!("{}{}", "(component ".repeat(depth), ")".repeat(depth));
    within(wat::parse_str(nested(8)).unwrap());
    too_complex("9 components inside each other", wat::parse_str(nested(9)).unwrap());
    too_complex("65 components", component(&"(component)".repeat(64)));
    too_complex(
        "20001 aliases",
        component(&format!(
            "(core module $m){}",
            lines(20_001, |n| { format!("(alias outer 0 $m (core module $m{n}))") })
        )),
    );
    let drops = "(type $r (resource (rep i32)))".to_owned() + &"(core func (canon resource.drop $r))".repeat(5001);
    too_complex("5001 canonical functions", component(&drops));
    too_complex("5001 imports", component(&lines(5001, |n| format!("(import \"i{n}\" (func))"))));
    too_complex(
        "5001 exports",
        component(&format!("(instance $i) {}", lines(5001, |n| { format!("(export \"e{n}\" (instance $i))") }))),
    );
    too_complex(
        "50001 arguments",
        component(&format!(
            "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) (alias core export $i \"f\" (core func $f)) (core instance {})",
            lines(50_001, |n| { format!("(export \"{n}\" (func $f))") })
        )),
    );
    too_complex("20001 sections", {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend([0, 1, 0].repeat(20_001));
        bytes
    });
}

#[test]
fn types_are_bounded_in_number_depth_and_size_when_written_out() {
    let chain = |length: usize, kind: fn(usize) -> String| {
        component(&format!("(type (list u8)) {}", lines(length, |n| format!("(type {})", kind(n)))))
    };
    within(chain(62, |n| format!("(list {n})")));
    too_complex("65 types inside each other", chain(63, |n| format!("(list {n})")));
    too_complex("each type written out", chain(40, |n| format!("(record (field \"a\" {n}) (field \"b\" {n}))")));
    too_complex("each type written out", chain(40, |n| format!("(tuple {n} {n} {n})")));
    too_complex("each type written out", chain(1, |n| format!("(list {n} 4000000)")));
    too_complex("10001 component types", component(&"(type (list u8))".repeat(10_001)));
    too_complex("component types", component(&format!("(core rec {})", "(type (func))".repeat(20_001))));

    // Through aliases, imports and exports, and inside of instance types.
    let through = lines(30, |n| format!("(component $c{n} (alias outer 0 {} (type $t)) (type (tuple $t $t)))", n % 3));
    within(component(&format!("(type (list u8)) (type (list 0)) (type (list 1)) {through}")));
    let inside = lines(40, |n| format!("(type (tuple {n} {n}))"));
    too_complex("each type written out", component(&format!("(type (instance (type (list u8)) {inside}))")));
    too_complex("each type written out", component(&format!("(type (component (type (list u8)) {inside}))")));
    let outside = lines(40, |n| format!("(import \"i{n}\" (type (eq {}))) (type (tuple {1} {1}))", 2 * n, 2 * n + 1));
    too_complex("each type written out", component(&format!("(type (list u8)) {outside}")));
}

#[test]
fn type_declarations_nest_without_taking_stack() {
    for (kind, depth) in [(0x42, 100_000), (0x41, 100_000)] {
        let nested = [&[1][..], &[kind, 1, 1].repeat(depth), &[kind, 0]].concat();
        too_complex("declared inside each other", section(7, &nested));
    }
    let ten = format!("{}{}", "(type (instance ".repeat(10), "))".repeat(10));
    within(component(&ten));
    // A megabyte of the smallest declarations, each of which would be a hundred bytes in memory.
    let flood = [&[1, 0x42][..], &leb(500_000), &[0x01, 0x7f].repeat(500_000)].concat();
    too_complex("10001 component types", section(7, &flood));
    let large = [&leb(2 << 20)[..], &[0x7f; 2 << 20]].concat();
    too_complex("bytes of component types", section(7, &large));
}

#[test]
fn names_are_bounded_in_length_number_and_sum() {
    too_complex("4097 bytes in one name", module(&format!("(func (export \"{}\"))", "n".repeat(4097))));
    too_complex("bytes in one name", component(&format!("(import \"{}\" (func))", "n".repeat(5000))));
    let long = "n".repeat(4000);
    too_complex(
        "bytes in names",
        module(&format!("(func) {}", lines(1100, |n| format!("(export \"{n}{long}\" (func 0))")))),
    );
    let modules = format!("(core module (func) {})", lines(34_000, |n| format!("(export \"{n}\" (func 0))"))).repeat(3);
    let (code, message) = refusal(component(&modules));
    assert_eq!(code, "too complex", "{message}");
}

#[test]
fn what_is_cut_off_or_lies_about_its_length_is_invalid() {
    let whole = component(
        "(core module (func (param i32) (result i32) local.get 0)) (type (record (field \"a\" u8))) (import \"f\" (func))",
    );
    for length in 8..whole.len() {
        let (code, message) = refusal(&whole[..length]);
        // Cut between two sections it is a shorter component.
        assert!(["invalid", "within all bounds"].contains(&code), "{length}: {message}");
    }
    for (lie, content) in [
        ("more types than bytes", section(7, &[5, 0x7d])),
        ("fewer types than bytes", section(7, &[1, 0x7d, 0x7d])),
        ("a section over the end", b"\0asm\x0d\0\x01\0\x07\xff\xff\xff\xff\x0f\x01".to_vec()),
        ("an endless number", b"\0asm\x0d\0\x01\0\x07\xff\xff\xff\xff\xff\xff\x01".to_vec()),
        ("a section that there isn't", section(99, &[0])),
        ("a module within over its end", section(1, b"\0asm\x01\0\0\0\x01\x7f\x01")),
        ("an instance of nothing", section(5, &[1, 0, 7, 0])),
    ] {
        let (code, message) = refusal(&content);
        assert_eq!(code, "invalid", "{lie}: {message}");
    }
}

#[test]
fn only_the_outermost_component_has_functions_that_could_wait() {
    let exporting = |provider: &str, lift: &str| {
        component(&format!(
            "(component (core module (func (export \"f\"))) (core instance $i (instantiate 0)) {lift})
             (instance $provider) (export \"{provider}\" (instance $provider))"
        ))
    };
    let lift = "(func (canon lift (core func $i \"f\")))";
    assert_eq!(check(&exporting(World::Adapter.provider(), lift)).unwrap(), World::Adapter);
    assert_eq!(check(&exporting(World::AdapterAsync.provider(), "")).unwrap(), World::AdapterAsync);
    let error = check(&exporting(World::AdapterAsync.provider(), lift)).unwrap_err().to_string();
    assert!(error.contains("1 functions lifted in a component that is inside another"), "{error}");
}
