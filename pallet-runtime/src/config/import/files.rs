//! Files: the old ones, found and read within limits, and the new ones, written for their owner alone.

use super::at_file;
use crate::config::Source;
use crate::config::secret::names_secret;
use crate::error::{Excerpt, InputError};
use crate::home::create_private_dir;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// How large an old file may be. Written by hand, they have some kilobytes.
const MOST_BYTES: u64 = 256 << 10;
/// How many folders may lie in each other below `services`.
const MOST_DEPTH: usize = 8;

/// An old file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OldFile {
    pub(super) path: PathBuf,
    /// Whether it may be a map of services, in place of a call of `defpallet`.
    pub(super) is_service: bool,
}

/// Returns the files of a configuration: `config.clj` first, then those below `services`, sorted.
pub(super) fn find(from: &Path) -> Result<Vec<OldFile>, InputError> {
    let hint = "name the folder that `config.clj` is in, or the file: `config import ~/.pallet`";
    let kind = fs::metadata(from)
        .map_err(|error| at_file("cannot read the old configuration", from).source(error).hint(hint))?;
    if !kind.is_dir() {
        return Ok(vec![OldFile { path: from.to_owned(), is_service: true }]);
    }
    let mut files = Vec::new();
    let main = from.join("config.clj");
    if main.exists() {
        files.push(OldFile { path: main, is_service: false });
    }
    let mut services = Vec::new();
    collect(&from.join("services"), 0, &mut services)?;
    services.sort();
    files.extend(services.into_iter().map(|path| OldFile { path, is_service: true }));
    match files.is_empty() {
        true => Err(at_file("there is neither `config.clj` nor `services/*.clj`", from).hint(hint)),
        false => Ok(files),
    }
}

/// Links to folders are not followed: they may go in circles.
fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let failed = |error| at_file("cannot read the folder of services", folder).source(error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            if depth == MOST_DEPTH {
                return Err(at_file("too many folders lie in each other", &path));
            }
            collect(&path, depth + 1, found)?;
        } else if path.extension().is_some_and(|extension| extension == "clj") {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads an old file.
pub(super) fn read(path: &Path, cwd: &Path) -> Result<Source, InputError> {
    let failed = |error: io::Error| at_file("cannot read the old configuration", path).source(error);
    // A pipe or a device would be read for ever.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(at_file("this is no file", path));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > MOST_BYTES) {
        return Err(at_file("the file has more than 256 KiB: it is no configuration", path));
    }
    String::from_utf8(bytes).map(|text| Source::of_text(path, cwd, text)).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let place = Source::of_text(path, cwd, before).place(valid);
        InputError::new("the file is not UTF-8")
            .at(Excerpt::place(place))
            .hint("convert it, such as with `iconv`")
    })
}

/// A file of the new configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFile {
    /// Its name below the folder of the configuration.
    pub name: PathBuf,
    table: Table,
}

impl NewFile {
    pub(super) fn main(table: Table) -> Self {
        NewFile { name: "config.toml".into(), table }
    }

    pub(super) fn service(name: &str, table: Table) -> Self {
        NewFile { name: Path::new("services").join(format!("{name}.toml")), table }
    }

    /// Returns the name of the service that the file is about, if it is about one.
    pub(super) fn service_name(&self) -> Option<&str> {
        self.name.strip_prefix("services").ok()?.file_stem()?.to_str()
    }

    /// Returns what the file says, with `***` for its secrets.
    pub fn masked(&self) -> String {
        let mut table = self.table.clone();
        mask(&mut table);
        table.to_string()
    }

    fn text(&self) -> String {
        let admin = self.table.get("admin-user").and_then(Value::as_table);
        let about = match admin.is_some_and(|admin| mask(&mut admin.clone())) {
            true => {
                "# A secret of the admin user can be kept elsewhere: { env = \"…\" }, { command = [\"…\"] } or { file = \"…\" } \
                 in place of the text.\n"
            }
            false => "",
        };
        format!("# From Clojure's Pallet, by `config import`.\n{about}\n{}", self.table)
    }
}

/// Replaces secrets, and tells whether there were any.
fn mask(table: &mut Table) -> bool {
    let mut any = false;
    for (key, value) in table.iter_mut() {
        any |= match value {
            Value::Table(inner) => mask(inner),
            // All of them, not only as far as the first with a secret.
            Value::Array(items) => {
                items.iter_mut().filter_map(Value::as_table_mut).map(mask).filter(|any| *any).count() > 0
            }
            value if names_secret(key) => {
                *value = "***".into();
                true
            }
            _ => false,
        };
    }
    any
}

/// Writes files into a folder and returns their paths.
pub(super) fn write(files: &[NewFile], folder: &Path, replace: bool) -> Result<Vec<PathBuf>, InputError> {
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(&file.name)).collect();
    // Looked for before anything is written, so that all or nothing is there.
    let taken: Vec<String> = paths
        .iter()
        .filter(|path| !replace && path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !taken.is_empty() {
        let hint = "`--force` replaces them; or have a look without `--write`, and take over what is missing by hand";
        return Err(InputError::new(format!("these exist already: {}", taken.join(", "))).hint(hint));
    }
    for (file, path) in files.iter().zip(&paths) {
        create_private_dir(path.parent().unwrap_or(folder))?;
        write_one(path, &file.text(), replace)
            .map_err(|error| at_file("cannot write the file", path).source(error))?;
    }
    Ok(paths)
}

/// A file that is replaced is there in full at any time, the old one or the new one.
fn write_one(path: &Path, text: &str, replace: bool) -> io::Result<()> {
    if !replace {
        return create(path, text);
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(name);
    let done = create(&new, text).and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        // It is gone already if it never came to be.
        let _ = fs::remove_file(&new);
    }
    done
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
