//! The files of a new project, with words in them that stand for its names.

use crate::name::ProjectName;
use crate::source::Source;

/// What kind of project is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An infrastructure.
    Infra,
    /// A pallet crate.
    Crate,
}

/// A file of a project: its path there, and its text before names are put in.
type File = (&'static str, &'static str);

// A manifest in a template is called otherwise: Cargo would take the folder for a package.
const INFRA: &[File] = &[
    ("Cargo.toml", include_str!("../templates/infra/manifest.toml")),
    ("README.md", include_str!("../templates/infra/README.md")),
    (".gitignore", include_str!("../templates/infra/gitignore")),
    ("pallet.toml", include_str!("../templates/infra/pallet.toml")),
    ("src/main.rs", include_str!("../templates/infra/src/main.rs")),
    ("src/web.rs", include_str!("../templates/infra/src/web.rs")),
];

const CRATE: &[File] = &[
    ("Cargo.toml", include_str!("../templates/crate/manifest.toml")),
    ("README.md", include_str!("../templates/crate/README.md")),
    (".gitignore", include_str!("../templates/crate/gitignore")),
    ("src/lib.rs", include_str!("../templates/crate/src/lib.rs")),
    ("src/settings.rs", include_str!("../templates/crate/src/settings.rs")),
    ("tests/plans.rs", include_str!("../templates/crate/tests/plans.rs")),
    ("tests/live.rs", include_str!("../templates/crate/tests/live.rs")),
];

/// The folders of the packages that manifests name, each with the word that stands for it.
const PACKAGES: &[(&str, &str)] = &[
    ("__pallet__", "pallet"),
    ("__pallet-runtime__", "pallet-runtime"),
    ("__pallet-sandbox__", "pallet-sandbox"),
    ("__pallet-vbox__", "pallet-vbox"),
    ("__pallet-lab__", "tests/lab"),
    ("__pallet-test__", "tests/support"),
];

impl Kind {
    fn files(self) -> &'static [File] {
        match self {
            Kind::Infra => INFRA,
            Kind::Crate => CRATE,
        }
    }

    /// Returns the files of a project with this name, as paths and texts.
    pub(crate) fn fill(self, name: &ProjectName, source: &Source) -> Vec<(&'static str, String)> {
        let fill = |(path, text): &File| (*path, fill(text, name, source));
        self.files().iter().map(fill).collect()
    }
}

fn fill(text: &str, name: &ProjectName, source: &Source) -> String {
    let names = text
        .replace("__package__", name.package())
        .replace("__crate__", &name.ident())
        .replace("__name_ident__", &name.short().replace('-', "_"))
        .replace("__name__", name.short());
    PACKAGES.iter().fold(names, |text, (word, folder)| text.replace(word, &source.dependency(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    #[test]
    fn no_word_is_left_to_be_put_in() {
        for kind in [Kind::Infra, Kind::Crate] {
            let name = ProjectName::of_path(Path::new("my-thing"), kind).expect("valid");
            for (path, text) in kind.fill(&name, &Source::Checkout(PathBuf::from("/srv/pallet"))) {
                let left = text.split_whitespace().find(|word| word.contains("__"));
                assert_eq!(left, None, "{path}");
            }
        }
    }
}
