//! The files of the workspace, as a clone has them: without what is built and what is hidden.

use crate::root;
use std::fs;
use std::path::Path;

/// A text file of the workspace.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path from the root, with slashes.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl File {
    /// Returns the lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether it is a test, or only used by tests, by its place.
    #[must_use]
    pub fn is_test(&self) -> bool {
        let mut folders = self.path.split('/');
        folders.any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
    }

    /// Returns the code of a Rust file that is not a test: lines of comments and items under `#[cfg(test)]` are
    /// blank, so that line numbers stay.
    #[must_use]
    pub fn code(&self) -> String {
        let mut code = String::with_capacity(self.text.len());
        let mut tests = Tests::No;
        for line in self.text.lines() {
            tests = tests.next(line);
            if tests == Tests::No && !line.trim_start().starts_with("//") {
                code.push_str(line);
            }
            code.push('\n');
        }
        code
    }
}

/// Where a line stands with regard to an item under `#[cfg(test)]`. Formatted code closes an item with a bracket
/// under its first letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tests {
    No,
    Attribute { indent: usize },
    Body { indent: usize },
    Last,
}

impl Tests {
    fn next(self, line: &str) -> Tests {
        let indent = line.len() - line.trim_start().len();
        match self {
            Tests::No | Tests::Last if line.trim() == "#[cfg(test)]" => Tests::Attribute { indent },
            Tests::No | Tests::Last => Tests::No,
            Tests::Attribute { indent } if line.ends_with('{') => Tests::Body { indent },
            Tests::Attribute { .. } if line.ends_with([';', '}']) => Tests::Last,
            Tests::Body { indent: first } if indent == first && line.trim().starts_with('}') => Tests::Last,
            unchanged => unchanged,
        }
    }
}

/// Returns every text file of the workspace.
#[must_use]
pub fn files() -> Vec<File> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Returns every Rust file of the workspace.
#[must_use]
pub fn rust_files() -> Vec<File> {
    files().into_iter().filter(|file| has_extension(&file.path, "rs")).collect()
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|own| own == extension)
}

fn collect(folder: &Path, path: &str, found: &mut Vec<File>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a folder can be listed to its end");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        let kind = entry.file_type().expect("an entry has a kind");
        if kind.is_dir() && !is_foreign(&name) {
            collect(&entry.path(), &path, found);
        } else if kind.is_file()
            // What is not text has no rules here.
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(File { path, text });
        }
    }
}

/// Whether a folder of this name is not ours: built, hidden, or kept by a test between runs.
fn is_foreign(name: &str) -> bool {
    name == "target" || (name.starts_with('.') && !matches!(name, ".ci" | ".config"))
}

#[cfg(test)]
mod tests {
    use super::File;

    fn code(text: &str) -> String {
        File { path: "a.rs".to_owned(), text: text.to_owned() }.code()
    }

    #[test]
    fn tests_and_comments_are_blank() {
        let text = "a\n// b\n#[cfg(test)]\nmod tests {\n    fn c() {\n    }\n}\nd\n";
        assert_eq!(code(text), "a\n\n\n\n\n\n\nd\n");
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_ends_with_its_line() {
        assert_eq!(code("#[cfg(test)]\nmod tests;\na\n"), "\n\na\n");
    }
}
