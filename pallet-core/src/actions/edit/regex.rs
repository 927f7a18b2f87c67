//! Regular expressions, which only the engine compiles: to declare one needs nothing that can match.

#[cfg(feature = "engine")]
use regex_lite::Regex as Compiled;
use std::borrow::Cow;
#[cfg(not(feature = "engine"))]
use without_engine::Compiled;

/// A regular expression, or why there is none.
#[derive(Debug)]
pub(crate) struct Regex(Result<Compiled, String>);

impl Regex {
    pub(super) fn new(pattern: &str) -> Self {
        Regex(Compiled::new(pattern).map_err(|error| format!("regular expression {pattern:?}: {error}")))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.0.as_ref().map(drop).map_err(Clone::clone)
    }

    /// Tells whether it matches somewhere in a text. One that is none matches nothing.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.as_ref().is_ok_and(|regex| regex.is_match(text))
    }

    /// Returns a text with what it matches replaced, wherever it does.
    pub(super) fn replace_all<'a>(&self, text: &'a str, to: &str) -> Cow<'a, str> {
        self.0.as_ref().map_or(Cow::Borrowed(text), |regex| regex.replace_all(text, to))
    }

    /// Returns it for people.
    pub(super) fn shown(&self) -> String {
        match &self.0 {
            Ok(regex) => format!("{:?}", regex.as_str()),
            Err(_) => "a regular expression that is none".to_owned(),
        }
    }
}

#[cfg(not(feature = "engine"))]
mod without_engine {
    use std::borrow::Cow;

    /// What a regular expression is compiled to. There is none.
    #[derive(Debug)]
    pub(super) enum Compiled {}

    impl Compiled {
        pub(super) fn new(_: &str) -> Result<Self, &'static str> {
            Err("it takes the feature `engine` of `pallet` to compile one")
        }

        pub(super) fn as_str(&self) -> &str {
            match *self {}
        }

        pub(super) fn is_match(&self, _: &str) -> bool {
            match *self {}
        }

        pub(super) fn replace_all<'a>(&self, _: &'a str, _: &str) -> Cow<'a, str> {
            match *self {}
        }
    }
}
