//! The name of a project, in the forms that its files need.

use crate::error::Error;
use crate::template::Kind;
use std::path::Path;

/// A name that Cargo accepts for a package and Rust for a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectName {
    /// As it was given: `reverse-proxy`.
    short: String,
    /// With what Cargo calls it: `pallet-reverse-proxy`.
    package: String,
}

/// What a package cannot be called without taking the place of another one that it needs.
const TAKEN: &[&str] = &["alloc", "core", "pallet", "proc-macro", "std", "test"];

/// Words of Rust that have only letters, so that no other rule finds them.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Longer names do not fit where Cargo and systems put them.
const LONGEST: usize = 48;

impl ProjectName {
    /// Returns the name that the last part of a path is. Crates are called `pallet-…`, whether it says so or not.
    ///
    /// # Errors
    ///
    /// When it cannot be the name of a package.
    pub(crate) fn of_path(path: &Path, kind: Kind) -> Result<ProjectName, Error> {
        let Some(given) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(Error::new(format!("{} does not end in a name", path.display()))
                .hint("say, for example, ../infra"));
        };
        let short = match kind {
            Kind::Infra => given,
            Kind::Crate => given.strip_prefix("pallet-").unwrap_or(given),
        };
        check(short, kind)
            .map_err(|why| Error::new(format!("\"{short}\" cannot be the name of a project")).hint(why))?;
        let package = match kind {
            Kind::Infra => short.to_owned(),
            Kind::Crate => format!("pallet-{short}"),
        };
        Ok(ProjectName { short: short.to_owned(), package })
    }

    /// Returns the name of the package, and of its folder.
    pub(crate) fn package(&self) -> &str {
        &self.package
    }

    /// Returns how other Rust code calls the package.
    pub(crate) fn ident(&self) -> String {
        self.package.replace('-', "_")
    }

    /// Returns the name without `pallet-`.
    pub(crate) fn short(&self) -> &str {
        &self.short
    }
}

/// Says what is wrong with a name.
fn check(name: &str, kind: Kind) -> Result<(), String> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fine) {
        return Err(
            "a name begins with a small letter and has small letters, digits and single hyphens".to_owned()
        );
    }
    if name.ends_with('-') || name.contains("--") {
        return Err("hyphens stand between other characters, one at a time".to_owned());
    }
    if name.len() > LONGEST {
        return Err(format!("a name has at most {LONGEST} characters"));
    }
    let ours =
        ["core", "git", "lab", "macros", "mysql", "new", "nginx", "runtime", "sandbox", "test", "vbox"];
    match kind {
        Kind::Infra if TAKEN.contains(&name) || name.starts_with("pallet-") => {
            Err("a package of this name exists already; take another one".to_owned())
        }
        Kind::Infra | Kind::Crate if KEYWORDS.contains(&name) => Err("it is a word of Rust".to_owned()),
        Kind::Crate if ours.contains(&name) => {
            Err(format!("pallet has a package pallet-{name} already; take another name"))
        }
        Kind::Infra | Kind::Crate => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str, kind: Kind) -> Result<ProjectName, String> {
        ProjectName::of_path(Path::new(path), kind).map_err(|error| error.render())
    }

    #[test]
    fn the_last_part_of_a_path_is_the_name() {
        let infra = name("../my-infra", Kind::Infra).expect("valid");
        assert_eq!(
            (infra.package(), infra.ident().as_str(), infra.short()),
            ("my-infra", "my_infra", "my-infra")
        );
    }

    #[test]
    fn crates_are_called_pallet_something() {
        for given in ["backup", "pallet-backup", "/x/pallet-backup"] {
            let name = name(given, Kind::Crate).expect("valid");
            assert_eq!(
                (name.package(), name.ident().as_str(), name.short()),
                ("pallet-backup", "pallet_backup", "backup")
            );
        }
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_the_rule() {
        let long = "a".repeat(LONGEST + 1);
        for (given, kind, rule) in [
            ("Infra", Kind::Infra, "begins with a small letter"),
            ("1infra", Kind::Infra, "begins with a small letter"),
            ("in_fra", Kind::Infra, "small letters, digits and single hyphens"),
            ("infra-", Kind::Infra, "one at a time"),
            ("in--fra", Kind::Crate, "one at a time"),
            (long.as_str(), Kind::Infra, "at most 48"),
            ("pallet", Kind::Infra, "exists already"),
            ("pallet-x", Kind::Infra, "exists already"),
            ("match", Kind::Infra, "a word of Rust"),
            ("pallet-nginx", Kind::Crate, "pallet-nginx already"),
            ("..", Kind::Infra, "say, for example"),
        ] {
            let refused = name(given, kind).expect_err(given);
            assert!(refused.contains(rule), "{given}: {refused}");
        }
    }
}
