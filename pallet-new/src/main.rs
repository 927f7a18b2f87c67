//! `pallet-new infra PATH` and `pallet-new crate PATH`: a project to start from.
//!
//! What is made is in `templates/`, as files that need only names put in. Nothing that exists is ever overwritten.

mod checkout;
mod error;
mod name;
mod project;
mod source;
mod template;

use clap::{Args, Parser, Subcommand};
use error::Error;
use name::ProjectName;
use project::Project;
use source::Source;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use template::Kind;

/// Makes a project that uses pallet
#[derive(Debug, Parser)]
#[command(name = "pallet-new", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// An infrastructure: a program with a group of web servers that converges at once
    Infra(Place),
    /// A pallet crate: settings, phases, a server spec, tests on paper and on a node
    Crate(Place),
}

#[derive(Debug, Args)]
struct Place {
    /// The folder to make. Its last part is the name of the project
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Take pallet from this git repository in place of the checkout that this program was built from
    #[arg(long, value_name = "URL")]
    git: Option<String>,
}

fn main() -> ExitCode {
    let (kind, place) = match Cli::parse().what {
        What::Infra(place) => (Kind::Infra, place),
        What::Crate(place) => (Kind::Crate, place),
    };
    match make(kind, place) {
        Ok(said) => {
            // Whoever closed the pipe does not want to read it.
            let _ = std::io::stdout().write_all(said.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = std::io::stderr().write_all(error.render().as_bytes());
            ExitCode::from(2)
        }
    }
}

/// Makes the project and returns what to tell the user.
fn make(kind: Kind, place: Place) -> Result<String, Error> {
    let name = ProjectName::of_path(&place.path, kind)?;
    let source = match place.git {
        Some(url) => Source::git(url)?,
        None => Source::Checkout(checkout::root()?),
    };
    let folder = place.path.with_file_name(name.package());
    Project { kind, name, source, lock: checkout::lock() }.write(&folder)?;
    Ok(next_steps(kind, &folder))
}

fn next_steps(kind: Kind, folder: &Path) -> String {
    let commands: &[&str] = match kind {
        Kind::Infra => &["cargo run -- plan", "cargo run -- converge", "cargo run -- destroy"],
        Kind::Crate => &["cargo test"],
    };
    let mut text = format!("Made {}. What to do next:\n\n    cd {}\n", folder.display(), folder.display());
    for command in commands {
        text.push_str(&format!("    {command}\n"));
    }
    text.push_str("\nREADME.md there says what is in it.\n");
    text
}
