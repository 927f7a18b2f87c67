//! The catalogue of compile errors in `tests/ui`: complete, and with an index.

use pallet_tests_tidy::{File, assert_none, files};

/// Returns the cases: the Rust files of `tests/ui` that are neither its library nor a test.
fn cases(all: &[File]) -> Vec<&str> {
    let paths = all.iter().map(|file| file.path.as_str());
    let in_folder = paths.filter(|path| path.starts_with("tests/ui/") && path.ends_with(".rs"));
    in_folder.filter(|path| path.matches('/').count() > 2 && !is_code(path)).collect()
}

/// Whether a file is the package's own code: `src/…`, or a test right in `tests/`.
fn is_code(path: &str) -> bool {
    let below = path.trim_start_matches("tests/ui/");
    below.starts_with("src/") || (below.starts_with("tests/") && below.matches('/').count() == 1)
}

/// Whether a case is to compile.
fn passes(case: &str) -> bool {
    case.split('/').any(|part| part == "pass")
}

#[test]
fn every_case_has_the_text_of_its_error() {
    let all = files();
    let has = |path: &str| all.iter().any(|file| file.path == path);
    let without =
        cases(&all).into_iter().filter(|case| !passes(case) && !has(&case.replace(".rs", ".stderr")));
    assert_none("a compile-fail case has a .stderr beside it", without.map(str::to_owned));
}

#[test]
fn every_error_text_has_its_case() {
    let all = files();
    let has = |path: &str| all.iter().any(|file| file.path == path);
    let texts =
        all.iter().filter(|file| file.path.starts_with("tests/ui/") && file.path.ends_with(".stderr"));
    let without = texts.filter(|text| !has(&text.path.replace(".stderr", ".rs")));
    assert_none("a .stderr has its case beside it", without.map(|text| text.path.clone()));
}

#[test]
fn every_case_is_in_the_index() {
    let all = files();
    let index: String = all
        .iter()
        .filter(|file| file.path.starts_with("tests/ui/") && file.path.ends_with("README.md"))
        .map(|file| file.text.as_str())
        .collect();
    let name = |case: &str| case.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
    let without = cases(&all).into_iter().filter(|case| !index.contains(&name(case)));
    assert_none("a case is listed in the README.md of tests/ui", without.map(str::to_owned));
}
