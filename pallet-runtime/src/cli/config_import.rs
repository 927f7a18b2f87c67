//! `config import`: what a configuration of Clojure's Pallet becomes, printed or written.

use super::args::{Globals, ImportArgs};
use super::output::OutputFormat;
use super::{Stop, World, exit};
use crate::config::{Import, import as read};
use crate::error::InputError;
use crate::home::Home;
use crate::report::text::clean;
use crate::report::write;
use pallet::compute::Provider;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads an old configuration, prints what it becomes, and writes it if that was asked for.
pub(crate) fn import(
    providers: &[Arc<dyn Provider>],
    args: &ImportArgs,
    globals: &Globals,
    world: &World,
) -> Result<u8, Stop> {
    let home = Home::find(&world.vars)?;
    let import = read(&old_folder(args.from.as_deref(), &home, world)?, &world.cwd, providers)?;
    let written = match args.write {
        true => import.write(home.config(), args.force)?,
        false => vec![],
    };
    match OutputFormat::or_fitting(globals.output, world) {
        OutputFormat::Json => write(&world.stdout.sink, &as_json(&import, home.config(), args.write)),
        OutputFormat::Human | OutputFormat::Plain if args.write => {
            let lines = written.iter().map(|path| format!("wrote {}\n", clean(&path.display().to_string())));
            write(&world.stdout.sink, &lines.collect::<String>());
        }
        OutputFormat::Human | OutputFormat::Plain => {
            write(&world.stdout.sink, &preview(&import, home.config()))
        }
    }
    write(&world.stderr.sink, &remarks(&import, args.write));
    Ok(exit::OK)
}

/// Pallet kept its files in `~/.pallet`, or where `PALLET_HOME` said, which has a meaning here too.
fn old_folder(given: Option<&Path>, home: &Home, world: &World) -> Result<PathBuf, InputError> {
    if let Some(given) = given {
        return Ok(world.cwd.join(given));
    }
    if home.config().join("config.clj").exists() {
        return Ok(home.config().to_owned());
    }
    match world.var("HOME") {
        Some(home) => Ok(Path::new(home).join(".pallet")),
        None => {
            Err(InputError::new("there is no `~/.pallet`: HOME is not set").hint("name the folder or file"))
        }
    }
}

/// A comment names each file, so that the whole is TOML in the eyes of an editor too.
fn preview(import: &Import, folder: &Path) -> String {
    let file = |file: &crate::config::NewFile| {
        let path = folder.join(&file.name).display().to_string();
        let text: String = file.masked().lines().map(|line| clean(line) + "\n").collect();
        format!("# {}\n{text}", clean(&path))
    };
    import.files.iter().map(file).collect::<Vec<_>>().join("\n")
}

fn as_json(import: &Import, folder: &Path, written: bool) -> String {
    let files = import.files.iter().map(|file| {
        let path = folder.join(&file.name).display().to_string();
        serde_json::json!({ "file": path, "text": file.masked(), "written": written })
    });
    let notes =
        import.notes.iter().map(|note| serde_json::json!({ "place": note.place, "left-out": note.message }));
    files.chain(notes).map(|line| format!("{line}\n")).collect()
}

/// What could not be carried over, line by line, and what to do next.
fn remarks(import: &Import, written: bool) -> String {
    let notes: String =
        import.notes.iter().map(|note| clean(&note.to_string()).into_owned() + "\n").collect();
    let (files, left) = (import.files.len(), import.notes.len());
    let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    let left = if left == 1 { "1 thing".to_owned() } else { format!("{left} things") };
    match (written, import.files.is_empty()) {
        (_, true) => format!("{notes}{left} not carried over, and nothing else was there\n"),
        (true, false) => {
            format!("{notes}{files}, {left} not carried over; `config show` tells what counts now\n")
        }
        (false, false) => {
            format!("{notes}{files}, {left} not carried over; nothing was written: `--write` does\n")
        }
    }
}
