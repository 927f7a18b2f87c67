//! Colours, or none.

/// Puts colours around texts when they are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Returns a paint that leaves texts as they are.
    pub const fn plain() -> Self {
        Paint { on: false }
    }

    /// Returns a paint with colours, or without.
    pub const fn new(on: bool) -> Self {
        Paint { on }
    }

    /// Returns the text as something that went well or is new.
    pub fn good(self, text: &str) -> String {
        self.code("32", text)
    }

    /// Returns the text as something that changes.
    pub fn change(self, text: &str) -> String {
        self.code("33", text)
    }

    /// Returns the text as something that is not known.
    pub fn unknown(self, text: &str) -> String {
        self.code("36", text)
    }

    /// Returns the text as something that failed or goes away.
    pub fn bad(self, text: &str) -> String {
        self.code("31", text)
    }

    /// Returns the text as something that matters less.
    pub fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    /// Returns the text as a heading.
    pub fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    fn code(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
