//! The catalogue of compile errors in `cases/`, compiled case by case.

#[test]
fn what_is_refused_is_refused_in_these_words() {
    trybuild::TestCases::new().compile_fail("cases/*/*.rs");
}
