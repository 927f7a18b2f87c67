//! Errors that the user can put right, and the one way in which errors are printed.
//!
//! An error is printed like the compiler's: what is wrong, where it was written with the line itself, and what
//! to do about it. Nothing else in the runtime writes errors for people.

use crate::event::Failure;
use crate::report::Paint;
use crate::report::text::clean;
use std::error::Error;
use std::fmt::{self, Write};

/// Something the user gave is wrong: a flag, a configuration, a file. Exit code 2; nothing was touched.
#[derive(Debug)]
pub struct InputError(Box<Parts>);

/// Boxed, because an error is returned by many functions that mostly succeed.
#[derive(Debug)]
struct Parts {
    message: String,
    at: Option<Excerpt>,
    output: Vec<String>,
    hint: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl InputError {
    /// Returns an error with this message, a lower-case fragment.
    pub fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        InputError(Box::new(Parts { message, at: None, output: Vec::new(), hint: None, source: None }))
    }

    /// Adds where the mistake was written.
    #[must_use]
    pub fn at(mut self, at: Excerpt) -> Self {
        self.0.at = Some(at);
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds what it came from.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns what to do about it.
    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Tells whether the error points at a line, not only at a file or at nothing.
    pub(crate) fn is_placed_in_line(&self) -> bool {
        self.0.at.as_ref().is_some_and(|at| at.line.is_some())
    }

    /// Returns the error as it is printed, with the line of source and the hint.
    pub fn render(&self, paint: Paint) -> String {
        let mut text = headline(&chain(self), paint);
        if let Some(at) = &self.0.at {
            at.render(&mut text, paint);
        }
        for line in &self.0.output {
            let _ = writeln!(text, "  {} {}", paint.dim("|"), clean(line));
        }
        if let Some(hint) = &self.0.hint {
            let _ = writeln!(text, "  {} {}", paint.good("hint:"), clean(hint));
        }
        text
    }
}

impl From<Failure> for InputError {
    fn from(failure: Failure) -> Self {
        let Failure { message, source, output, hint } = failure;
        let at = source.map(Excerpt::place);
        InputError(Box::new(Parts { message, at, output, hint, source: None }))
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Error for InputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// A place in a file, with the line that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// `file:line:column`, counted from 1; only the file when that is all that is known.
    pub place: String,
    /// The line, unless it must not be shown.
    pub line: Option<ExcerptLine>,
}

/// A line of a file with the part of it that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcerptLine {
    /// The number of the line, from 1.
    pub number: usize,
    /// The line without its end.
    pub text: String,
    /// How many characters precede the part that matters.
    pub skip: usize,
    /// How many characters the part has, at least one.
    pub width: usize,
}

impl Excerpt {
    /// Returns the place alone: a whole file, or what is known without the file at hand.
    pub fn place(place: impl Into<String>) -> Self {
        Excerpt { place: place.into(), line: None }
    }

    fn render(&self, text: &mut String, paint: Paint) {
        let Some(line) = &self.line else {
            let _ = writeln!(text, "  {} {}", paint.dim("-->"), clean(&self.place));
            return;
        };
        let number = line.number.to_string();
        let gap = " ".repeat(number.len());
        let bar = paint.dim("|");
        let marks = paint.bad(&"^".repeat(line.width.max(1)));
        let _ = writeln!(text, " {gap}{} {}", paint.dim("-->"), clean(&self.place));
        let _ = writeln!(text, " {gap} {bar}");
        let _ = writeln!(text, " {} {bar} {}", paint.dim(&number), clean(&line.text.replace('\t', " ")));
        let _ = writeln!(text, " {gap} {bar} {}{marks}", " ".repeat(line.skip));
    }
}

/// Returns an error and all that it came from: `outer: middle: inner`.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

fn headline(message: &str, paint: Paint) -> String {
    format!("{} {}\n", paint.bad("error:"), clean(message))
}

/// Returns a hint for a name that is not known: the nearest one, and all there are.
pub(crate) fn candidates<'a>(given: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let list = match known.as_slice() {
        [] => format!("there are no {what}"),
        known => format!("{what}: {}", known.join(", ")),
    };
    match pallet::name::did_you_mean(given, known) {
        Some(near) => format!("did you mean `{near}`? ({list})"),
        None => list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_the_line_and_the_way_out() {
        let at = Excerpt {
            place: "pallet.toml:3:1".to_owned(),
            line: Some(ExcerptLine { number: 3, text: "defualt = \"lab\"".to_owned(), skip: 0, width: 7 }),
        };
        let error = InputError::new("unknown key `defualt`").at(at).hint("did you mean `default`?");
        assert_eq!(
            error.render(Paint::plain()),
            "error: unknown key `defualt`\n  --> pallet.toml:3:1\n   |\n 3 | defualt = \"lab\"\n   | ^^^^^^^\n  \
             hint: did you mean `default`?\n"
        );
    }

    #[test]
    fn the_chain_names_every_cause_once() {
        let cause = std::io::Error::other("disk on fire");
        assert_eq!(chain(&InputError::new("cannot read x").source(cause)), "cannot read x: disk on fire");
    }
}
