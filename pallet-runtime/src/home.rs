//! Where pallet keeps its own files on the controller: the user's configuration and the state of services.

use crate::error::InputError;
use pallet::name::ServiceName;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folders that belong to pallet.
///
/// `$PALLET_HOME` holds everything when it is set. Otherwise the XDG folders are used: configuration in
/// `$XDG_CONFIG_HOME/pallet` (`~/.config/pallet`), state in `$XDG_STATE_HOME/pallet` (`~/.local/state/pallet`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    config: PathBuf,
    state: PathBuf,
}

impl Home {
    /// Returns the folders that these environment variables name.
    ///
    /// # Errors
    ///
    /// When neither `PALLET_HOME` nor `HOME` is set, or one of them is not an absolute path.
    pub fn find(vars: &BTreeMap<String, String>) -> Result<Home, InputError> {
        if let Some(home) = folder(vars, "PALLET_HOME")? {
            return Ok(Home { state: home.join("state"), config: home });
        }
        let config =
            folder(vars, "XDG_CONFIG_HOME")?.map(Ok).unwrap_or_else(|| below_home(vars, ".config"))?;
        let state =
            folder(vars, "XDG_STATE_HOME")?.map(Ok).unwrap_or_else(|| below_home(vars, ".local/state"))?;
        Ok(Home { config: config.join("pallet"), state: state.join("pallet") })
    }

    /// Returns the folder of the user's configuration. It may not exist.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Returns the folder of everything that runs leave on the controller. It may not exist.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Returns the folder that belongs to one service alone. It may not exist.
    pub fn service_state(&self, service: &ServiceName) -> PathBuf {
        self.state.join("services").join(service.as_str())
    }

    /// Returns the file with the host keys of the machines that services are on.
    pub fn known_hosts_of_hosts(&self) -> PathBuf {
        self.state.join("hosts").join("known_hosts")
    }

    /// Returns the file with the host keys of a service's nodes.
    ///
    /// A file for each service: two services may use one address for different machines.
    pub fn known_hosts(&self, service: &ServiceName) -> PathBuf {
        self.service_state(service).join("known_hosts")
    }
}

/// Creates a folder, and those above it, for this user alone. Folders that exist stay as they are.
///
/// # Errors
///
/// When it cannot be created.
pub fn create_private_dir(path: &Path) -> Result<(), InputError> {
    private_builder().create(path).map_err(|error: io::Error| {
        InputError::new(format!("cannot create the folder {}", path.display()))
            .source(error)
            .hint("set PALLET_HOME to a folder that you may write")
    })
}

fn private_builder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn folder(vars: &BTreeMap<String, String>, name: &str) -> Result<Option<PathBuf>, InputError> {
    let Some(value) = vars.get(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let path = PathBuf::from(value);
    if path.is_absolute() {
        return Ok(Some(path));
    }
    Err(InputError::new(format!("{name} is not an absolute path: {value:?}"))
        .hint(format!("set {name} to a path that begins with `/`")))
}

fn below_home(vars: &BTreeMap<String, String>, path: &str) -> Result<PathBuf, InputError> {
    match folder(vars, "HOME")? {
        Some(home) => Ok(home.join(path)),
        None => Err(InputError::new("there is no place for pallet's files: HOME is not set")
            .hint("set HOME or PALLET_HOME to a folder that you may write")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn pallet_home_comes_before_the_xdg_folders_and_these_before_home() {
        let all = vars(&[
            ("PALLET_HOME", "/p"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "/s"),
            ("HOME", "/h"),
        ]);
        assert_eq!(Home::find(&all).expect("a home").state(), Path::new("/p/state"));
        let xdg = vars(&[("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s"), ("HOME", "/h")]);
        let home = Home::find(&xdg).expect("a home");
        assert_eq!((home.config(), home.state()), (Path::new("/c/pallet"), Path::new("/s/pallet")));
        let home = Home::find(&vars(&[("HOME", "/h"), ("XDG_STATE_HOME", "")])).expect("a home");
        assert_eq!(
            (home.config(), home.state()),
            (Path::new("/h/.config/pallet"), Path::new("/h/.local/state/pallet"))
        );
    }

    #[test]
    fn a_missing_or_relative_home_is_refused() {
        assert!(Home::find(&vars(&[])).is_err());
        assert!(Home::find(&vars(&[("PALLET_HOME", "here")])).is_err());
    }
}
