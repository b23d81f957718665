//! Components that the text format can say.

use bytes::Bytes;

const PROVIDER: &str = "caisson:adapter/provider@0.1.0";

pub(super) fn wat(text: &str) -> Bytes {
    wat::parse_str(text).unwrap().into()
}

/// A component that says it's an adapter, so that what is wrong with `inner` is what it's refused for.
pub(super) fn source_of(inner: &str) -> String {
    format!("(component {inner} (instance $provider) (export \"{PROVIDER}\" (instance $provider)))")
}

pub(super) fn component(inner: &str) -> Bytes {
    wat(&source_of(inner))
}

pub(super) fn module(inner: &str) -> Bytes {
    component(&format!("(core module {inner})"))
}

pub(super) fn function(body: &str) -> Bytes {
    module(&format!("(func {body})"))
}

/// The text itself.
pub(super) fn source() -> String {
    source_of("(core module)")
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Of the world `adapter-async`. The inner functions wait for nothing: that they could is enough.
pub(super) fn stacks_inside() -> Bytes {
    let inner = "(component $inner (core module (func (export \"f\"))) (core instance $code (instantiate 0))
        (func (export \"f\") (canon lift (core func $code \"f\"))))";
    let instances = "(instance (instantiate $inner))".repeat(15);
    wat(&source_of(&format!("{inner} {instances}")).replace(PROVIDER, "caisson:adapter-async/provider-async@0.1.0"))
}

pub(super) fn doubling_records() -> Bytes {
    let doubled = |n| format!("(type (record (field \"a\" {n}) (field \"b\" {n})))");
    component(&format!("(type (list u8)) {}", lines(40, doubled)))
}

pub(super) fn doubling_through_instances() -> Bytes {
    let step = |n: usize| {
        let taken = match n {
            0 => "(type $t0 (list u8))".to_owned(),
            n => format!("(alias export $i{} \"r\" (type $t{n}))", n - 1),
        };
        format!(
            "{taken} (type $r{n} (record (field \"a\" $t{n}) (field \"b\" $t{n})))
             (instance $i{n} (export \"r\" (type $r{n})))"
        )
    };
    component(&lines(40, step))
}

pub(super) fn doubling_instances() -> Bytes {
    let twice = |n| format!("(component $c{} (instance (instantiate $c{n})) (instance (instantiate $c{n})))", n + 1);
    component(&format!("(component $c0) {} (instance (instantiate $c30))", lines(30, twice)))
}

pub(super) fn doubling_given() -> Bytes {
    let twice = |n| {
        format!(
            "(component $c{} (import \"c\" (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))",
            n + 1
        )
    };
    component(&format!(
        "(component $c0) {} (instance (instantiate $c1 (with \"c\" (component $c0))))",
        lines(30, twice)
    ))
}

pub(super) fn many_instances() -> Bytes {
    component(&format!("(core module $m) {}", "(core instance (instantiate $m))".repeat(5000)))
}

pub(super) fn seventeen_instances() -> Bytes {
    component(&format!("(core module $m) {}", "(core instance (instantiate $m))".repeat(17)))
}

pub(super) fn many_imports() -> Bytes {
    component(&lines(10_000, |n| format!("(import \"i{n}\" (func))")))
}

pub(super) fn long_name() -> Bytes {
    module(&format!("(func (export \"{}\"))", "n".repeat(1 << 20)))
}

pub(super) fn many_exports() -> Bytes {
    module(&format!("(func) {}", lines(100_000, |n| format!("(export \"{n}\" (func 0))"))))
}

pub(super) fn many_aliases() -> Bytes {
    let alias = |n| format!("(alias outer 0 $t{n} (type $t{}))", n + 1);
    component(&format!("(type $t0 (list u8)) {}", lines(100_000, alias)))
}

pub(super) fn many_canonical() -> Bytes {
    component(&format!("(type $r (resource (rep i32))) {}", "(core func (canon resource.new $r))".repeat(20_000)))
}

pub(super) fn many_elements() -> Bytes {
    module(&format!("(func) (table 1 funcref) (elem func {})", "0 ".repeat(300_000)))
}
