//! Writes the files that nodes sent.

use crate::event::Failure;
use pallet::actions::FetchFile;
use pallet::context::Context;
use pallet::graph::ActionGraph;
use pallet::plan::Done;
use pallet::probe::Sha256;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Tells an action where it writes on the controller, and what is there.
pub(super) fn resolve(fetch: &FetchFile, context: &Context) {
    let node = context.node.as_ref().map(|node| node.name());
    fetch.resolve(node, context.nodes.len() > 1, |path| match File::open(path) {
        Ok(file) => Sha256::read(file).map(|(hash, _)| Some(hash)).map_err(|error| error.to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    });
}

/// Writes what was sent since `before`.
///
/// # Errors
///
/// The first file that could not be written.
pub(super) fn write(graph: &ActionGraph, before: &Done, done: &Done) -> Result<(), Box<Failure>> {
    for id in done.changed.difference(&before.changed) {
        let node = graph.node(*id);
        let action: &dyn std::any::Any = node.action();
        let Some(path) = action.downcast_ref::<FetchFile>().and_then(FetchFile::destination) else {
            continue;
        };
        // Of an empty file there is nothing to send.
        let content = done.values.get(id).map(Vec::as_slice).unwrap_or_default();
        replace(path, content).map_err(|error| {
            let message = format!("cannot write {} on the controller: {error}", path.display());
            Box::new(Failure::new(message).at(node.location()))
        })?;
    }
    Ok(())
}

fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let token = crate::shell::random_token().map_err(std::io::Error::other)?;
    let staged = folder.join(format!(".pallet-{token}"));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&staged);
    let written =
        written.and_then(|mut file| file.write_all(content)).and_then(|()| fs::rename(&staged, path));
    if written.is_err() {
        // What is left of it helps nobody; that the rest failed is what is told.
        let _ = fs::remove_file(&staged);
    }
    written
}
