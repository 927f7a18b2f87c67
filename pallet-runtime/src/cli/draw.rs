//! `graph`: a picture of what phases would do, written to standard output.

use super::args::{DrawArgs, PictureFormat};
use super::{Catalogue, Engine, Stop, World, check, exit};
use crate::engine::DrawRequest;
use crate::error::{Excerpt, InputError};
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
        (Some(file), _) => read_facts(&cwd.join(file)),
        (None, Some(system)) => Facts::assumed(system).map_err(|error| InputError::new(error.to_string())),
        (None, None) => Ok(Facts::example()),
    }
}

fn read_facts(file: &Path) -> Result<Facts, InputError> {
    let hint = "write the `key=value` lines that pallet reads of a node, or name a system with `--os`";
    let place = || Excerpt::place(file.display().to_string());
    let text = std::fs::read_to_string(file)
        .map_err(|error| InputError::new("cannot read the facts").at(place()).hint(hint).source(error))?;
    let parsed = Facts::parse(&text).map_err(|error| {
        InputError::new("these are not the facts of a node").at(place()).hint(hint).source(error)
    })?;
    parsed.map_err(|missing| {
        let message = format!("this node could not be configured: it lacks {}", missing.0.join(", "));
        InputError::new(message).at(place()).hint(hint)
    })
}
