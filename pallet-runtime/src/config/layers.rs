//! Which files the configuration consists of, and how they are laid over each other.

use super::section::Section;
use super::services::{self, ServiceTable};
use super::source::Source;
use super::{AdminConfig, Config, Located};
use crate::error::{Excerpt, InputError};
use pallet::name::ServiceName;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The name of a project's configuration.
const PROJECT_FILE: &str = "pallet.toml";

/// Where to look for the configuration.
#[derive(Debug, Clone)]
pub struct ConfigFiles<'a> {
    /// The file that takes the place of the project's, if one was named; it must exist.
    pub named: Option<PathBuf>,
    /// The folder from which a `pallet.toml` is searched upwards.
    pub cwd: &'a Path,
    /// The user's configuration folder, with `config.toml` and `services/*.toml`.
    pub user: &'a Path,
}

/// Reads and merges the configuration. Files that are not there are empty.
///
/// # Errors
///
/// When a file cannot be read or says something that is not understood.
pub fn load(files: &ConfigFiles<'_>, vars: &BTreeMap<String, String>) -> Result<Config, InputError> {
    let mut layers = Vec::new();
    if let Some(source) = project(files)? {
        layers.push(Layer::parse(source, vars)?);
    }
    layers.extend(service_files(files, vars)?);
    if let Some(source) = Source::read(&files.user.join("config.toml"), files.cwd)? {
        layers.push(Layer::parse(source, vars)?);
    }
    Ok(merge(layers))
}

/// What one file says.
struct Layer {
    source: Source,
    default_service: Option<Located<ServiceName>>,
    admin: AdminConfig,
    services: ServiceTable,
}

impl Layer {
    fn parse(source: Source, vars: &BTreeMap<String, String>) -> Result<Layer, InputError> {
        let (default_service, admin, services) = source.parse(|top| {
            let default_service = default_service(top)?;
            let admin = match top.table("admin-user")? {
                Some(section) => AdminConfig::parse(&section, vars)?,
                None => AdminConfig::default(),
            };
            let services = match top.table("services")? {
                Some(section) => services::parse(&section, vars)?,
                None => ServiceTable::new(),
            };
            top.finish()?;
            Ok((default_service, admin, services))
        })?;
        Ok(Layer { source, default_service, admin, services })
    }
}

fn default_service(top: &Section<'_>) -> Result<Option<Located<ServiceName>>, InputError> {
    let Some(text) = top.text("default-service")? else { return Ok(None) };
    match ServiceName::new(text.value) {
        Ok(value) => Ok(Some(Located { value, at: text.at })),
        Err(error) => Err(InputError::new(error.to_string()).at(text.at)),
    }
}

fn project(files: &ConfigFiles<'_>) -> Result<Option<Source>, InputError> {
    match &files.named {
        Some(named) => match Source::read(&files.cwd.join(named), files.cwd)? {
            Some(source) => Ok(Some(source)),
            None => Err(InputError::new(format!("there is no configuration {}", named.display()))
                .hint("check `--config` and PALLET_CONFIG")),
        },
        None => find_upwards(files.cwd),
    }
}

fn find_upwards(cwd: &Path) -> Result<Option<Source>, InputError> {
    for folder in cwd.ancestors() {
        if let Some(source) = Source::read(&folder.join(PROJECT_FILE), cwd)? {
            return Ok(Some(source));
        }
    }
    Ok(None)
}

/// Reads `services/*.toml`: each holds one service, named after its file.
fn service_files(files: &ConfigFiles<'_>, vars: &BTreeMap<String, String>) -> Result<Vec<Layer>, InputError> {
    toml_files(&files.user.join("services"))?
        .into_iter()
        .filter_map(|path| Source::read(&path, files.cwd).transpose())
        .map(|source| service_file(source?, vars))
        .collect()
}

fn service_file(source: Source, vars: &BTreeMap<String, String>) -> Result<Layer, InputError> {
    let at = Excerpt::place(source.shown());
    let stem = source.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name =
        ServiceName::new(stem.clone()).map_err(|error| InputError::new(error.to_string()).at(at.clone()))?;
    let service = source.parse(|top| services::service(top, &Located { value: stem, at }, vars))?;
    Ok(Layer {
        source,
        default_service: None,
        admin: AdminConfig::default(),
        services: ServiceTable::from([(name, service)]),
    })
}

/// Sorted, so that messages and precedence do not depend on the file system.
fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, InputError> {
    let listed = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>());
    match listed {
        Ok(mut paths) => {
            paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
            paths.sort();
            Ok(paths)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(InputError::new("cannot read the folder of services")
            .source(error)
            .at(Excerpt::place(folder.display().to_string()))),
    }
}

/// Lays each layer over those that follow it. A service is taken whole from the first layer that has it.
fn merge(layers: Vec<Layer>) -> Config {
    layers.into_iter().fold(Config::default(), |mut config, layer| {
        config.warnings.extend(exposed_secret(&layer));
        config.default_service = config.default_service.or(layer.default_service);
        config.admin = config.admin.over(layer.admin);
        for (name, service) in layer.services {
            config.services.entry(name).or_insert(service);
        }
        config.sources.push(layer.source);
        config
    })
}

/// Returns a warning if the layer holds a secret that every user of this machine can read.
#[cfg(unix)]
fn exposed_secret(layer: &Layer) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(layer.source.path()).ok()?.permissions().mode();
    let instead = match (layer.admin.holds_secret(), services::hold_secret(&layer.services)) {
        _ if mode & 0o004 == 0 => return None,
        (true, _) => ", or use `{ env = \"…\" }`, `{ command = [\"…\"] }` or `{ file = \"…\" }`",
        (false, true) => "",
        (false, false) => return None,
    };
    let file = layer.source.shown();
    Some(format!("{file} holds a secret and everybody on this machine can read it; `chmod 600` it{instead}"))
}

#[cfg(not(unix))]
fn exposed_secret(_: &Layer) -> Option<String> {
    None
}
