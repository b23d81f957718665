use std::path::Path;
fn main() -> anyhow::Result<()> {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let a: Vec<&str> = a.iter().map(String::as_str).collect();
    use caisson_toolchain::*;
    match a[..] {
        ["bindings", "--lang", "c", dir] => bindings(Language::C, World::Adapter, Path::new(dir)),
        ["bindings", "--lang", "c", "--world", w, dir] => bindings(Language::C, if w == "adapter" { World::Adapter } else { World::AdapterAsync }, Path::new(dir)),
        ["bindings", "--lang", "go", dir] => bindings(Language::Go, World::Adapter, Path::new(dir)),
        ["componentize", f, "-o", o] => Ok(std::fs::write(o, componentize(&std::fs::read(f)?)?)?),
        _ => anyhow::bail!("?"),
    }
}
