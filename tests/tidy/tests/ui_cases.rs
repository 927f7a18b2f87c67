//! The catalogue of compile errors in `tests/ui/cases`: complete, and with an index.

use pallet_tests_tidy::{File, assert_none, files};

const CASES: &str = "tests/ui/cases/";

/// Returns the paths of the catalogue's files with this ending, without the ending: `phase/async_fn`.
fn cases(all: &[File], ending: &str) -> Vec<String> {
    let paths = all.iter().filter_map(|file| file.path.strip_prefix(CASES));
    paths.filter_map(|path| path.strip_suffix(ending)).map(str::to_owned).collect()
}

#[test]
fn every_case_has_the_text_of_its_error() {
    let all = files();
    let texts = cases(&all, ".stderr");
    let without = cases(&all, ".rs").into_iter().filter(|case| !texts.contains(case));
    assert_none("a case in tests/ui/cases has a .stderr beside it", without);
}

#[test]
fn every_error_text_has_its_case() {
    let all = files();
    let sources = cases(&all, ".rs");
    let without = cases(&all, ".stderr").into_iter().filter(|text| !sources.contains(text));
    assert_none("a .stderr in tests/ui/cases has its case beside it", without);
}

#[test]
fn every_case_is_in_the_index() {
    let all = files();
    let index =
        all.iter().find(|file| file.path == "tests/ui/README.md").map_or("", |file| file.text.as_str());
    let without = cases(&all, ".rs").into_iter().filter(|case| !index.contains(case));
    assert_none("a case is listed in tests/ui/README.md", without);
}
