//! Where a project takes pallet from.

use crate::error::Error;
use std::path::{Path, PathBuf};

/// The place that the packages of pallet come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A checkout on this machine.
    Checkout(PathBuf),
    /// A git repository.
    Git(String),
}

impl Source {
    /// Returns a repository.
    ///
    /// # Errors
    ///
    /// When that can be no address of one.
    pub(crate) fn git(url: String) -> Result<Source, Error> {
        // Cargo takes addresses with a scheme only; the short form of ssh is none.
        if !url.contains("://")
            || url.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"' || c == '\\')
        {
            return Err(Error::new(format!("{url:?} is no address of a git repository")).hint(
                "write it with its scheme, such as https://…, ssh://git@host/path or file:///srv/pallet",
            ));
        }
        Ok(Source::Git(url))
    }

    /// Returns what stands in a manifest for the package in this folder of the repository, without the braces.
    pub(crate) fn dependency(&self, folder: &str) -> String {
        match self {
            Source::Checkout(root) => format!("path = {}", toml_text(&root.join(folder))),
            Source::Git(url) => format!("git = \"{url}\""),
        }
    }
}

/// Returns a path as a text of TOML. Paths that are no UTF-8 cannot stand in one at all.
fn toml_text(path: &Path) -> String {
    let text = path.display().to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_names_a_folder_or_the_repository() {
        let checkout = Source::Checkout(PathBuf::from("/srv/the \"pallet\""));
        assert_eq!(checkout.dependency("tests/lab"), r#"path = "/srv/the \"pallet\"/tests/lab""#);
        let git = Source::git("https://git.example.org/pallet".to_owned()).expect("an address");
        assert_eq!(git.dependency("tests/lab"), r#"git = "https://git.example.org/pallet""#);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "pallet", "git@host:pallet", "https://a b", "https://a\""] {
            assert!(Source::git(url.to_owned()).is_err(), "{url}");
        }
    }
}
