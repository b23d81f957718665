//! Every guest of `tests/guests` is used by a test of this suite or the hostile one, and every one that a test uses exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use caisson_e2e::root;

#[test]
fn every_guest_has_a_test() {
    let folders = [("tests/guests/examples", "rs"), ("tests/guests/wat", "wat"), ("tests/guests/tasks", "rs")];
    let mut guests = BTreeSet::new();
    for guest in folders.into_iter().flat_map(|(folder, extension)| sources(folder, extension)) {
        // They are built into the same folder.
        assert!(guests.insert(guest.clone()), "two guests have the name {guest}");
    }
    let mut text = String::new();
    read_into(&mut text, &root().join("tests/e2e/tests"));
    // A row of the hostile suite has the attack's own name before the guest's. In two parts, since this file is read, too.
    let before = [("guest(\"", 0), ("guest: \"", 0), (concat!(" atta", "ck("), 3)];
    let used: BTreeSet<String> = before
        .iter()
        .flat_map(|(before, quotes)| {
            // The function's own definition is no row.
            let rows = text.split(before).skip(1).filter(|rest| *quotes == 0 || rest.trim_start().starts_with('"'));
            rows.filter_map(|rest| rest.split('"').nth(*quotes))
        })
        .filter(|name| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(guests, used);
}

/// The names of a folder's files that have this extension.
fn sources(folder: &str, extension: &str) -> BTreeSet<String> {
    let files = fs::read_dir(root().join(folder)).unwrap().map(|file| file.unwrap().path());
    let sources = files.filter(|file| file.extension().is_some_and(|found| found == extension));
    sources.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
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
