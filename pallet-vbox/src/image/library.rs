//! The folder of models on the service's host: disks, and files that define models.
//!
//! `*.toml` and VMFest's `*.meta` are read, in the order of their names; a later definition of an id wins. Each entry of
//! a file stands for itself: a mistake in one leaves the others alone.

use super::{Defined, Model, Source, meta, tables};
use crate::host;
use pallet::compute::{CommandRunner, ComputeError};
use pallet::options::Options;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How much of a file is read. A definition has a few hundred bytes.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// Prints the home folder, the folder of models, and name, `ok` or `no`, and text of each file, all ended by a NUL.
const READ: &str = r#"
case $1 in
'') folder=${XDG_DATA_HOME:-$HOME/.local/share}/pallet/models ;;
*) folder=$1 ;;
esac
printf '%s\0%s\0' "$HOME" "$folder"
cd -- "$folder" 2>/dev/null || exit 0
for file in *.toml *.meta; do
    [ -f "$file" ] || continue
    if [ -r "$file" ]; then
        printf '%s\0ok\0' "$file"
        head -c "$2" "./$file" | tr -d '\000'
        printf '\0'
    else
        printf '%s\0no\0\0' "$file"
    fi
done
"#;

/// The folder of models, as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Library {
    pub(crate) folder: PathBuf,
    home: PathBuf,
    /// The files with definitions, by name; without a text if it could not be read.
    files: BTreeMap<String, Option<String>>,
}

/// What the files of the folder define.
pub(super) struct Read {
    pub(super) models: BTreeMap<String, Defined>,
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

/// The entries of one file: an id, the definition, and what was left out of it.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) place: String,
    pub(super) options: Result<Options, String>,
    pub(super) notes: Vec<String>,
}

impl Library {
    /// Reads the folder on the host that is named, or the user's. One that does not exist is empty.
    pub(crate) async fn read(
        runner: &dyn CommandRunner,
        folder: Option<&Path>,
    ) -> Result<Library, ComputeError> {
        let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
        // One more than is accepted: that a file was cut must be seen.
        let limit = (MOST_BYTES + 1).to_string();
        let command = host::script(READ, [folder.as_str(), &limit]);
        let stdout = host::run(runner, "read the folder of image models", &command).await?;
        Library::parse(&stdout).ok_or_else(|| {
            ComputeError::failed("cannot read the folder of image models: its list is cut off")
        })
    }

    fn parse(stdout: &[u8]) -> Option<Library> {
        let mut words = stdout.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let mut next = || words.next().map(std::borrow::Cow::into_owned);
        let mut library = Library { home: next()?.into(), folder: next()?.into(), files: BTreeMap::new() };
        loop {
            let name = next()?;
            if name.is_empty() {
                return Some(library);
            }
            let (status, text) = (next()?, next()?);
            library.files.insert(name, (status == "ok").then_some(text));
        }
    }

    /// Returns all models that the files define.
    pub(super) fn definitions(&self) -> Read {
        let mut read = Read { models: BTreeMap::new(), unreadable: Vec::new() };
        for (name, text) in &self.files {
            let path = self.folder.join(name);
            match self.entries(&path, text.as_deref()) {
                Err(why) => read.unreadable.push((path, why)),
                Ok(entries) => entries.into_iter().for_each(|entry| self.define(&mut read, &path, entry)),
            }
        }
        read
    }

    fn entries(&self, path: &Path, text: Option<&str>) -> Result<Vec<Entry>, String> {
        let text = text.ok_or("it cannot be read: check its permissions")?;
        if text.len() > MOST_BYTES {
            return Err(format!("it has more than {MOST_BYTES} bytes"));
        }
        match path.extension().is_some_and(|extension| extension == "meta") {
            true => meta::entries(text, path),
            false => tables::entries(text, path),
        }
    }

    fn define(&self, read: &mut Read, path: &Path, entry: Entry) {
        let Entry { id, place, options, mut notes } = entry;
        let model = match &options {
            Ok(options) => Model::read(&id, &self.with_home(options), Some(&self.folder)),
            Err(why) => {
                Err(pallet::options::OptionError { place: place.clone(), message: why.clone(), hint: None })
            }
        };
        if let Some(loser) = read.models.get(&id) {
            notes.push(format!("{} defines it too, and loses", loser.source));
        }
        let source = Source::File { path: path.to_owned(), place };
        read.models.insert(id, Defined { source, model, notes });
    }

    /// `~/` is the home folder on the host, which only the host knows.
    fn with_home(&self, options: &Options) -> Options {
        let mut options = options.clone();
        for key in ["path", "uuid"] {
            if let Ok(Some(text)) = options.string(key)
                && let Some(rest) = text.strip_prefix("~/")
            {
                let place = options.place(key).to_owned();
                options.set(key, self.home.join(rest).display().to_string().as_str(), place);
            }
        }
        options
    }

    /// Returns a folder with these files, for tests.
    #[cfg(test)]
    pub(crate) fn of(folder: &str, files: &[(&str, &str)]) -> Library {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned())));
        Library { folder: folder.into(), home: "/home/u".into(), files: files.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_the_host_is_taken_apart() {
        let library = Library::parse(b"/h\0/m\0a b.toml\0ok\0x = 1\n\0c.meta\0no\0\0").expect("complete");
        assert_eq!((library.home.to_str(), library.folder.to_str()), (Some("/h"), Some("/m")));
        assert_eq!(library.files["a b.toml"].as_deref(), Some("x = 1\n"));
        assert_eq!(library.files["c.meta"], None);
        assert_eq!(Library::parse(b"/h\0/m\0a.toml\0ok"), None);
    }

    #[test]
    fn a_mistake_in_one_entry_leaves_the_others_alone() {
        let library = Library::of(
            "/m",
            &[
                ("a.toml", "[good]\npath = '~/g.vdi'\n[bad]\npth = 'x'\n"),
                ("b.toml", "[good\n"),
                ("c.meta", "{:other {:uuid \"/o.vdi\" :packager :apt} :good {:uuid \"later.vdi\"}}"),
            ],
        );
        let read = library.definitions();
        let disk = |id: &str| read.models[id].model.as_ref().map(|model| model.disk.argument());
        assert_eq!(disk("good").as_deref(), Ok("/m/later.vdi"));
        assert_eq!(disk("other").as_deref(), Ok("/o.vdi"));
        assert_eq!(read.models["good"].notes, ["/m/a.toml:1:2 defines it too, and loses"]);
        assert_eq!(read.models["other"].notes, ["`packager` means nothing here"]);
        assert!(read.models["bad"].model.is_err());
        let [(path, why)] = &read.unreadable[..] else { panic!("one file") };
        assert_eq!(path.to_str(), Some("/m/b.toml"));
        assert!(why.starts_with("line 1, column 6: "), "{why}");
    }

    #[test]
    fn the_home_folder_is_that_of_the_host() {
        let library = Library::of("/m", &[("a.toml", "[a]\npath = '~/a.vdi'\n")]);
        let read = library.definitions();
        let model = read.models["a"].model.as_ref().expect("a model");
        assert_eq!(model.disk.argument(), "/home/u/a.vdi");
    }
}
