//! `graph`: a picture of what phases would do, written to standard output.

use super::args::{DrawArgs, PictureFormat};
use super::{Catalogue, Engine, Stop, World, check, exit, facts_file};
use crate::engine::DrawRequest;
use crate::error::InputError;
use crate::report::write;
use pallet::facts::Facts;
use std::path::Path;

/// Draws what the arguments name.
pub(crate) fn draw(
    engine: &dyn Engine,
    catalogue: &Catalogue,
    args: &DrawArgs,
    world: &World,
) -> Result<u8, Stop> {
    let request = DrawRequest {
        target: args.target.clone(),
        phases: check::phases(&args.phases, catalogue)?,
        facts: facts(args, &world.cwd)?,
    };
    let drawing = engine
        .draw(&request)
        .map_err(|failures| Stop(failures.into_iter().map(InputError::from).collect()))?;
    let text = match args.format {
        PictureFormat::Mermaid => drawing.mermaid(),
        PictureFormat::Dot => drawing.dot(),
    };
    write(&world.stdout.sink, &text);
    Ok(exit::OK)
}

fn facts(args: &DrawArgs, cwd: &Path) -> Result<Facts, InputError> {
    match (&args.facts, &args.os) {
        (Some(file), _) => facts_file::read(&cwd.join(file)),
        (None, Some(system)) => Facts::assumed(system).map_err(|error| InputError::new(error.to_string())),
        (None, None) => Ok(Facts::example()),
    }
}
