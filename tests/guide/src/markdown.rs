//! The parts of Markdown that the guide's tests look at: blocks of code, and links.

/// A block of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the fence: `console`, `rust,ignore`.
    pub language: String,
    /// Its text.
    pub text: String,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// What a comment `<!-- run: … -->` right above it says.
    pub note: Option<String>,
}

/// Returns the blocks of code of a text.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut note = None;
    for (number, line) in text.lines().enumerate() {
        let fence = line.strip_prefix("```");
        match (&mut open, fence) {
            (Some(block), Some("")) => {
                found.push(block.clone());
                open = None;
            }
            (Some(block), _) => block.text.extend([line, "\n"]),
            (None, Some(language)) => {
                open = Some(Block {
                    language: language.to_owned(),
                    text: String::new(),
                    line: number + 1,
                    note: note.take(),
                });
            }
            (None, None) if line.trim().is_empty() => {}
            (None, None) => note = said_to_runner(line),
        }
    }
    found
}

fn said_to_runner(line: &str) -> Option<String> {
    let said = line.strip_prefix("<!-- run: ")?.strip_suffix("-->")?;
    Some(said.trim().to_owned())
}

/// Returns the targets of links to other files, outside blocks of code.
#[must_use]
pub fn links(text: &str) -> Vec<String> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        if in_code {
            continue;
        }
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let files = targets.map(|(target, _)| target.split('#').next().unwrap_or_default());
        found.extend(files.filter(|file| !file.is_empty() && !file.contains("://")).map(str::to_owned));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_a_language_a_place_and_a_note() {
        let text = "a\n<!-- run: not, why -->\n\n```sh\nx\ny\n```\n```rust\n```\n";
        let block = |language: &str, text: &str, line, note: Option<&str>| Block {
            language: language.to_owned(),
            text: text.to_owned(),
            line,
            note: note.map(str::to_owned),
        };
        assert_eq!(blocks(text), [block("sh", "x\ny\n", 4, Some("not, why")), block("rust", "", 8, None)]);
    }

    #[test]
    fn links_are_those_to_files() {
        let text = "[a](b.md#c) and [d](https://e/f) [g](#h)\n```text\n[i](j.md)\n```\n[k](../l.md)\n";
        assert_eq!(links(text), ["b.md", "../l.md"]);
    }
}
