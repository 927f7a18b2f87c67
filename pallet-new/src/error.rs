//! What can go wrong, with the way out.

/// Why no project was made.
#[derive(Debug)]
pub(crate) struct Error {
    message: String,
    hint: Option<String>,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Error {
        Error { message: message.into(), hint: None }
    }

    /// Adds the next step.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Error {
        Error { hint: Some(hint.into()), ..self }
    }

    /// Returns the lines for the user.
    pub(crate) fn render(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("  hint: {hint}\n"));
        format!("error: {}\n{}", self.message, hint.unwrap_or_default())
    }
}
