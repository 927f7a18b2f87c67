//! The syntax of nginx's configuration: how values are written, and which cannot be.

use std::fmt::{self, Write};

/// Why a value cannot stand in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unwritable {
    pub(crate) what: &'static str,
    pub(crate) value: String,
    pub(crate) why: &'static str,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", self.what, self.value, self.why)
    }
}

/// Returns a value as nginx reads it back. What it would take for a variable is refused: it has no way to write a `$`.
pub(crate) fn quoted(what: &'static str, value: &str) -> Result<String, Unwritable> {
    let refuse = |why| Err(Unwritable { what, value: value.to_owned(), why });
    if value.is_empty() {
        return refuse("is empty");
    }
    if value.contains('$') {
        return refuse("nginx takes `$` for the beginning of a variable");
    }
    if value.chars().any(char::is_control) {
        return refuse("has a control character");
    }
    if value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:*@%+=,~".contains(&b)) {
        return Ok(value.to_owned());
    }
    Ok(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Returns a path as nginx reads it back.
pub(crate) fn path(what: &'static str, value: &str) -> Result<String, Unwritable> {
    if !value.starts_with('/') {
        return Err(Unwritable { what, value: value.to_owned(), why: "is not an absolute path" });
    }
    quoted(what, value)
}

/// Text with indentation: a directive a line, blocks in braces.
#[derive(Debug, Default)]
pub(crate) struct Config {
    text: String,
    depth: usize,
}

impl Config {
    pub(crate) fn line(&mut self, line: impl fmt::Display) {
        // Writing to a String does not fail.
        let _ = writeln!(self.text, "{:width$}{line}", "", width = self.depth * 4);
    }

    pub(crate) fn block(&mut self, head: impl fmt::Display, body: impl FnOnce(&mut Config)) {
        self.line(format_args!("{head} {{"));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line("}");
    }

    /// Adds what the user wrote, line by line.
    pub(crate) fn raw(&mut self, text: &str) {
        for line in text.lines() {
            self.line(line);
        }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nginx_would_misread_is_quoted() {
        assert_eq!(quoted("x", "/srv/www").expect("fits"), "/srv/www");
        assert_eq!(quoted("x", "/srv/my files;").expect("fits"), "\"/srv/my files;\"");
        assert_eq!(quoted("x", r#"a"b\c"#).expect("fits"), r#""a\"b\\c""#);
        assert_eq!(quoted("x", "a{b}#c").expect("fits"), "\"a{b}#c\"");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let why = |value: &str| quoted("root", value).expect_err("cannot be written").to_string();
        assert!(why("/srv/$host").contains('$'));
        assert!(why("/srv/a\nb").contains("control character"));
        assert!(why("").contains("empty"));
        assert!(path("root", "srv").expect_err("relative").to_string().contains("absolute"));
    }
}
