//! Every guest of `tests/guests` is used by a test, and every one that a test uses exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use caisson_e2e::root;

#[test]
fn every_guest_has_a_test() {
    let examples = fs::read_dir(root().join("tests/guests/examples")).unwrap();
    let guests: BTreeSet<String> =
        examples.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let mut text = String::new();
    read_into(&mut text, &root().join("tests/e2e/tests/all"));
    let used: BTreeSet<String> = text
        .split("guest(\"")
        .skip(1)
        .chain(text.split("guest: \"").skip(1))
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .collect();
    assert_eq!(guests, used);
}

fn read_into(text: &mut String, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_into(text, &path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
