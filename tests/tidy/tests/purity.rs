//! What code must not reach for, by folder and by file.

use pallet_tests_tidy::{File, assert_none, root, rust_files, std_paths};

/// What of the standard library has effects, or answers differently each time.
const EFFECTS: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::thread::sleep",
    "std::thread::spawn",
    "std::net::Tcp",
    "std::net::Udp",
    "std::net::ToSocketAddrs",
    "std::os::unix::net",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// The files that may look into a secret, one on each line, with the reason after a hash.
const EXPOSURES: &str = "tests/tidy/secret-exposures.txt";

fn sources(folders: &[&str]) -> Vec<File> {
    let in_folders = |file: &File| folders.iter().any(|folder| file.path.starts_with(folder));
    rust_files().into_iter().filter(|file| in_folders(file) && !file.is_test()).collect()
}

/// Returns the files of the product whose code has a word in it.
fn naming(word: &str) -> Vec<String> {
    let product = rust_files().into_iter().filter(|file| !file.is_test());
    product.filter(|file| file.code().contains(word)).map(|file| file.path).collect()
}

#[test]
fn the_library_and_the_macros_have_no_effects() {
    let mut offences = Vec::new();
    for file in sources(&["pallet/src/", "pallet-core/src/", "pallet-macros/src/"]) {
        for (line, path) in std_paths(&file.code()) {
            if EFFECTS.iter().any(|effect| path.starts_with(effect)) {
                offences.push(format!("{}:{line}: {path}", file.path));
            }
        }
    }
    assert_none(
        "pallet, pallet-core and pallet-macros have no effects: no files, network, processes, environment, clock",
        offences,
    );
}

#[test]
fn one_file_names_the_ssh_library() {
    let files = naming("async_ssh2_tokio");
    assert!(files.len() <= 1, "one file wraps the SSH library, so that it can be replaced: {files:?}");
}

#[test]
fn secrets_are_exposed_in_listed_files_only() {
    let list = std::fs::read_to_string(root().join(EXPOSURES)).expect("the list is there");
    let listed: Vec<&str> = list.lines().filter_map(|line| line.split('#').next()).map(str::trim).collect();
    let strangers = naming(".expose()").into_iter().filter(|path| !listed.contains(&path.as_str()));
    assert_none(
        &format!("a file that calls Secret::expose is listed, with the reason, in {EXPOSURES}"),
        strangers,
    );
}
