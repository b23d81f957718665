//! The README quotes the example; this keeps the two the same. Looks at nothing else in it.

#[test]
fn the_readme_quotes_the_example_as_it_is() {
    let example = include_str!("../examples/simple.rs");
    let readme = include_str!("../README.md");
    let adapter = example.split("#[cfg(test)]").next().unwrap_or_default().trim_end();
    assert!(adapter.lines().count() <= 60, "an adapter for a simple API is about 60 lines");
    assert!(readme.contains(adapter), "README.md does not quote examples/simple.rs as it is now");
}
