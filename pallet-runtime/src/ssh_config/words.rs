//! One line of a configuration file, cut into words.

/// A line that is neither empty nor a comment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The keyword, in lower case.
    pub(super) keyword: String,
    /// What follows it, as written.
    pub(super) rest: &'a str,
}

/// Returns the keyword of a line and what follows: after white space, or one `=`.
pub(super) fn cut(line: &str) -> Option<Line<'_>> {
    let line = line.trim_matches(is_space);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (keyword, rest) = next_delimited(line);
    Some(Line { keyword: keyword.to_ascii_lowercase(), rest })
}

/// Returns the words of an argument list: white space parts them, quotes hold them together, `#` ends them.
///
/// # Errors
///
/// When a quote is not closed.
pub(super) fn arguments(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|&c| is_space(c)).is_some() {}
        match chars.peek() {
            None | Some('#') => return Ok(words),
            Some(_) => words.push(word(&mut chars)?),
        }
    }
}

fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut word = String::new();
    let mut quote = None;
    while let Some(&c) = chars.peek() {
        if quote.is_none() && is_space(c) {
            break;
        }
        chars.next();
        let escapes = |next: &char| matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' ');
        match c {
            '\\' => word.push(chars.next_if(escapes).unwrap_or('\\')),
            '"' | '\'' if quote.is_none() => quote = Some(c),
            _ if quote == Some(c) => quote = None,
            _ => word.push(c),
        }
    }
    if quote.is_some() { Err("a quote is not closed".to_owned()) } else { Ok(word) }
}

/// Returns the words of a `Match` line, where `=` parts words too and only whole words are quoted.
pub(super) fn criteria(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let word;
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inner, after) = quoted.split_once('"').ok_or_else(|| "a quote is not closed".to_owned())?;
            (word, rest) = (inner, after.trim_start_matches(is_space));
        } else {
            (word, rest) = next_delimited(rest);
        }
        words.push(word.to_owned());
    }
    Ok(words)
}

/// Cuts at white space or one `=`, with white space around it.
fn next_delimited(text: &str) -> (&str, &str) {
    let end = text.find(|c| is_space(c) || c == '=').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let rest = rest.trim_start_matches(is_space);
    (word, rest.strip_prefix('=').unwrap_or(rest).trim_start_matches(is_space))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\x0c')
}
