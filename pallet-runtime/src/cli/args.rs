//! The arguments, as clap reads them. What they mean together is checked in [`check`](super::check).

use super::output::{ColorWhen, OutputFormat};
use super::work::Work;
use super::{World, exit};
use crate::connector::DEFAULT_BOOT_TIMEOUT;
use crate::error::{InputError, candidates};
use crate::event::Verb;
use crate::report::{Paint, write};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pallet::compute::Checksum;
use pallet::facts::{OsFamily, VersionReq};
use pallet::name::{SnapshotName, Tag};
use pallet::spec::Attach;
use std::ffi::OsString;
use std::path::PathBuf;

/// Creates and configures the nodes that this program describes.
#[derive(Debug, Parser)]
#[command(
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 all well, 1 a node failed, 2 wrong input or configuration (nothing on a node was\n\
                  changed), 3 something would change (plan --detailed-exit-code), 130 interrupted.\n\
                  Configuration: pallet.toml here or above, then config.toml and services/*.toml in the user's folder."
)]
struct RawCli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: RawCommand,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Globals {
    /// The compute service to use, by its name in the configuration, or a provider's name
    #[arg(long, short = 's', global = true, value_name = "NAME", help_heading = "Global options")]
    pub(crate) service: Option<String>,
    /// Read this file in place of the project's pallet.toml
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) config: Option<PathBuf>,
    /// How to report: human on a terminal, plain elsewhere; json is one event a line
    #[arg(
        long,
        short = 'o',
        global = true,
        value_enum,
        value_name = "FORMAT",
        help_heading = "Global options"
    )]
    pub(crate) output: Option<OutputFormat>,
    /// Answer every question with yes
    #[arg(long, short = 'y', global = true, help_heading = "Global options")]
    pub(crate) yes: bool,
    /// Whether to use colours; NO_COLOR is heeded
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    pub(crate) color: ColorWhen,
    /// Report also what actions write, and what was as declared already
    #[arg(long, short = 'v', global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
enum RawCommand {
    /// Make reality match: create nodes, remove those too many, configure all
    Converge(ConvergeArgs),
    /// Say what converge would do, and change nothing
    Plan(PlanArgs),
    /// Run phases on nodes that exist; never create or destroy any
    Lift(LiftArgs),
    /// Remove nodes
    Destroy(DestroyArgs),
    /// List the nodes that exist, with their state and address
    Nodes(Selection),
    /// Start nodes that do not run, and configure nothing
    Start(Selection),
    /// Stop nodes: gracefully, and hard if that takes too long
    Stop(StopArgs),
    /// Hold nodes that run where they are
    Pause(Selection),
    /// Let nodes go on that are paused
    Resume(Selection),
    /// Write the memory of nodes that run to the host's disk, and end them there
    Save(Selection),
    /// Press the reset button of nodes that run
    Reset(Selection),
    /// Stop nodes that run, gracefully if they will, and start them again
    Reboot(Selection),
    /// Keep states of nodes, and go back to them
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// List the hardware models that the service knows
    Hardware,
    /// Show what the nodes that run tell about themselves
    Facts(FactsArgs),
    /// Look whether this machine and the services have what they need, and say what repairs what they lack
    Doctor,
    /// Show the configuration, or take over that of Clojure's Pallet
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List the image models of the service, or which would be chosen
    Images(ImagesArgs),
    /// Add, remove and check image models
    #[command(subcommand)]
    Image(ImageCommand),
    /// List the groups that are declared
    Groups,
    /// List the phases that are declared
    Phases,
    /// Draw what phases would do, without contacting any node
    Graph(DrawArgs),
    /// Write completions for a shell to standard output
    Completions(CompletionArgs),
}

#[derive(Debug, Args)]
struct ConvergeArgs {
    #[command(flatten)]
    counted: CountedGroups,
    #[command(flatten)]
    work: WorkArgs,
    /// Remove nodes without asking
    #[arg(long)]
    allow_destroy: bool,
    /// Put the nodes that exist back to this snapshot first; what changed on them since is lost
    #[arg(long, value_name = "SNAPSHOT", conflicts_with = "require_all")]
    from_snapshot: Option<String>,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
struct PlanArgs {
    #[command(flatten)]
    counted: CountedGroups,
    #[command(flatten)]
    work: WorkArgs,
    /// Plan as `converge --allow-destroy` would run
    #[arg(long)]
    allow_destroy: bool,
    /// Exit with 3 when something would change
    #[arg(long)]
    detailed_exit_code: bool,
    /// Leave out the differences of contents
    #[arg(long)]
    no_diff: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
struct LiftArgs {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
struct DestroyArgs {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    work: WorkArgs,
    /// Remove nodes without asking
    #[arg(long)]
    allow_destroy: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
struct StopArgs {
    #[command(flatten)]
    selection: Selection,
    /// Pull the plug: what a node has not written to its disk is lost
    #[arg(long)]
    now: bool,
}

#[derive(Debug, Subcommand)]
enum SnapshotCommand {
    /// Keep the state of nodes under a name
    Take {
        /// The name: a letter, then letters, digits, hyphens and underscores
        name: SnapshotName,
        #[command(flatten)]
        selection: Selection,
    },
    /// Put nodes back into a state that was kept; what changed since is lost
    Restore {
        /// The name of the snapshot
        name: String,
        #[command(flatten)]
        selection: Selection,
    },
    /// List the states that are kept
    List(Selection),
    /// Delete a state that was kept; what nodes are now stays
    Delete {
        /// The name of the snapshot
        name: String,
        #[command(flatten)]
        selection: Selection,
    },
}

/// Whose facts are shown, and as whom to log in.
#[derive(Debug, Args)]
pub(crate) struct FactsArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) admin: AdminArgs,
}

#[derive(Debug, Args)]
struct CountedGroups {
    /// Groups, each with a count if it is to differ from the declared one: `web` or `web=3`; all by default
    #[arg(value_name = "GROUP[=COUNT]")]
    groups: Vec<String>,
}

/// Which groups a command is about.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Selection {
    /// Groups; all by default
    #[arg(value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
}

/// How a run is to go about its work.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WorkArgs {
    /// The phases to run, in this order, in place of each group's default phases
    #[arg(long = "phase", short = 'p', value_name = "PHASE", value_delimiter = ',', action = ArgAction::Append)]
    pub(crate) phases: Vec<String>,
    /// Check every existing node first, and touch none if one of them is not well
    #[arg(long)]
    pub(crate) require_all: bool,
    /// Overwrite files that somebody else edited since they were last written
    #[arg(long)]
    pub(crate) overwrite_edits: bool,
    /// Only actions with one of these tags
    #[arg(long = "tag", value_name = "TAG", value_delimiter = ',', action = ArgAction::Append)]
    pub(crate) tags: Vec<Tag>,
    /// No actions with one of these tags
    #[arg(long = "skip-tag", value_name = "TAG", value_delimiter = ',', action = ArgAction::Append)]
    pub(crate) skip_tags: Vec<Tag>,
    /// How many nodes to work on at once
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) parallel: u16,
    /// How many seconds a machine that was made or started just now has until it lets us in
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_BOOT_TIMEOUT.as_secs())]
    pub(crate) boot_timeout: u64,
}

/// As whom to log in.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Admin user")]
pub(crate) struct AdminArgs {
    /// Log in as this user
    #[arg(long, short = 'u', value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Log in with this private key
    #[arg(long, short = 'i', value_name = "FILE")]
    pub(crate) identity_file: Option<PathBuf>,
    /// Ask for the login password; PALLET_PASSWORD gives it without asking
    #[arg(long)]
    pub(crate) ask_pass: bool,
    /// Ask for the password of sudo; PALLET_SUDO_PASSWORD gives it without asking
    #[arg(long)]
    pub(crate) ask_sudo_pass: bool,
}

/// What is asked of the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every value that counts and where it was written; secrets are `***`
    Show,
    /// Read `config.clj` and `services/*.clj` of Clojure's Pallet, and print the configuration that they become
    Import(ImportArgs),
}

/// An old configuration, and what becomes of it.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The folder that `config.clj` and `services` are in, or one file; `~/.pallet` by default
    #[arg(value_name = "FOLDER|FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Write the files to the folder of your configuration, with the secrets that are in them
    #[arg(long)]
    pub(crate) write: bool,
    /// Replace files that exist
    #[arg(long, requires = "write")]
    pub(crate) force: bool,
}

/// Which image models are asked for.
#[derive(Debug, Args)]
pub(crate) struct ImagesArgs {
    /// Show which would be chosen for this family of systems, and why
    #[arg(long, value_name = "FAMILY")]
    pub(crate) os_family: Option<OsFamily>,
    /// … for these versions, such as ">= 12"
    #[arg(long, value_name = "VERSIONS", value_parser = VersionReq::parse)]
    pub(crate) os_version: Option<VersionReq>,
    /// … for 64-bit systems
    #[arg(long)]
    pub(crate) os_64_bit: bool,
}

/// What is done to image models.
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Bring a disk to the service's host and make an image model of it
    Add(Box<ImageAddArgs>),
    /// Remove an image model that was added, with its disk; refused while nodes stand on it
    Remove {
        /// The image model
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Read all disks and say what is wrong with them; exit with 1 if anything is
    Check,
}

/// A new image model.
#[derive(Debug, Args)]
pub(crate) struct ImageAddArgs {
    /// The id to be
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Where the disk comes from: vdi, vmdk, vhd, qcow2 or raw, also in an ova or box, packed by gzip, xz or zstd
    #[arg(value_name = "URL|FILE")]
    pub(crate) from: String,
    /// What the file must be: `sha256:…` or `sha512:…`
    #[arg(long, value_name = "CHECKSUM")]
    pub(crate) checksum: Option<Checksum>,
    /// The family of the installed system, such as debian
    #[arg(long, value_name = "FAMILY")]
    pub(crate) os_family: Option<OsFamily>,
    /// The version of the installed system
    #[arg(long, value_name = "VERSION")]
    pub(crate) os_version: Option<String>,
    /// Whether the installed system is a 64-bit one
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub(crate) os_64_bit: Option<bool>,
    /// The provider's name for the kind of system, such as Debian12_64; by default it follows from the family
    #[arg(long, value_name = "TYPE")]
    pub(crate) os_type: Option<String>,
    /// What people read about it
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// How nodes use the disk: multi-attach, immutable, linked-clone or full-copy
    #[arg(long, value_name = "WAY")]
    pub(crate) attach: Option<Attach>,
    /// The image has cloud-init, which makes the admin user when a node first starts
    #[arg(long, conflicts_with_all = ["username", "private_key", "no_sudo"])]
    pub(crate) cloud_init: bool,
    /// The account that exists in the image; PALLET_IMAGE_PASSWORD gives its password
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// The private key that lets it log in
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) private_key: Option<PathBuf>,
    /// The account needs no sudo
    #[arg(long, requires = "username")]
    pub(crate) no_sudo: bool,
}

/// What is to be drawn, and how.
#[derive(Debug, Args)]
pub(crate) struct DrawArgs {
    /// A group, a server spec or a phase function, by name or path; all groups by default. Where a name means several
    /// things: `group:web`, `spec:infra::Web`, `phase:infra::web`
    #[arg(value_name = "GROUP|SPEC|PHASE")]
    pub(crate) target: Option<String>,
    /// The phases to draw, in place of bootstrap and the default phases
    #[arg(long = "phase", short = 'p', value_name = "PHASE", value_delimiter = ',', action = ArgAction::Append)]
    pub(crate) phases: Vec<String>,
    /// The language of the picture
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: PictureFormat,
    /// The system that nodes are assumed to have, such as ubuntu-24.04; debian-12 by default
    #[arg(long, value_name = "SYSTEM", conflicts_with = "facts")]
    pub(crate) os: Option<String>,
    /// Read the facts that nodes are assumed to have from this file, which has what `facts -o json` prints of a node
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
}

/// The languages of pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PictureFormat {
    // For Markdown on the web, and mermaid.live.
    #[default]
    Mermaid,
    // For Graphviz: `graph --format dot | dot -Tsvg`.
    Dot,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The command line.
#[derive(Debug)]
pub(crate) struct Cli {
    pub(crate) globals: Globals,
    pub(crate) command: Command,
}

/// A command.
#[derive(Debug)]
pub(crate) enum Command {
    /// Something that the engine does.
    Run(Box<RunArgs>),
    Nodes(Selection),
    /// Something that is done to nodes as wholes.
    Work(Selection, Work),
    Snapshots(Selection),
    Hardware,
    Facts(FactsArgs),
    Doctor,
    Config(ConfigCommand),
    Images(ImagesArgs),
    Image(ImageCommand),
    Groups,
    Phases,
    Draw(DrawArgs),
    Completions(CompletionArgs),
}

/// What is asked of the engine, as it was written.
#[derive(Debug)]
pub(crate) struct RunArgs {
    pub(crate) verb: Verb,
    pub(crate) groups: Vec<String>,
    pub(crate) work: WorkArgs,
    pub(crate) admin: AdminArgs,
    pub(crate) allow_destroy: bool,
    pub(crate) detailed_exit_code: bool,
    pub(crate) diffs: bool,
    pub(crate) from_snapshot: Option<String>,
}

impl Cli {
    /// Reads a command line.
    pub(crate) fn parse(args: &[OsString]) -> Result<Cli, Refusal> {
        let matches = RawCli::command().try_get_matches_from(args).map_err(Refusal)?;
        let raw = RawCli::from_arg_matches(&matches).map_err(Refusal)?;
        Ok(Cli { globals: raw.globals, command: raw.command.into() })
    }
}

impl From<RawCommand> for Command {
    fn from(raw: RawCommand) -> Self {
        let run = |verb, groups, work, admin| RunArgs {
            verb,
            groups,
            work,
            admin,
            allow_destroy: false,
            detailed_exit_code: false,
            diffs: true,
            from_snapshot: None,
        };
        let run = match raw {
            RawCommand::Converge(args) => RunArgs {
                allow_destroy: args.allow_destroy,
                from_snapshot: args.from_snapshot,
                ..run(Verb::Converge, args.counted.groups, args.work, args.admin)
            },
            RawCommand::Plan(args) => RunArgs {
                allow_destroy: args.allow_destroy,
                detailed_exit_code: args.detailed_exit_code,
                diffs: !args.no_diff,
                ..run(Verb::Plan, args.counted.groups, args.work, args.admin)
            },
            RawCommand::Lift(args) => run(Verb::Lift, args.selection.groups, args.work, args.admin),
            RawCommand::Destroy(args) => RunArgs {
                allow_destroy: args.allow_destroy,
                ..run(Verb::Destroy, args.selection.groups, args.work, args.admin)
            },
            RawCommand::Nodes(selection) => return Command::Nodes(selection),
            RawCommand::Start(selection) => return Command::Work(selection, Work::Start),
            RawCommand::Stop(args) => return Command::Work(args.selection, Work::Stop { now: args.now }),
            RawCommand::Pause(selection) => return Command::Work(selection, Work::Pause),
            RawCommand::Resume(selection) => return Command::Work(selection, Work::Resume),
            RawCommand::Save(selection) => return Command::Work(selection, Work::Save),
            RawCommand::Reset(selection) => return Command::Work(selection, Work::Reset),
            RawCommand::Reboot(selection) => return Command::Work(selection, Work::Reboot),
            RawCommand::Snapshot(command) => return command.into(),
            RawCommand::Hardware => return Command::Hardware,
            RawCommand::Facts(args) => return Command::Facts(args),
            RawCommand::Doctor => return Command::Doctor,
            RawCommand::Config(command) => return Command::Config(command),
            RawCommand::Images(args) => return Command::Images(args),
            RawCommand::Image(command) => return Command::Image(command),
            RawCommand::Groups => return Command::Groups,
            RawCommand::Phases => return Command::Phases,
            RawCommand::Graph(args) => return Command::Draw(args),
            RawCommand::Completions(args) => return Command::Completions(args),
        };
        Command::Run(Box::new(run))
    }
}

impl From<SnapshotCommand> for Command {
    fn from(command: SnapshotCommand) -> Self {
        match command {
            SnapshotCommand::Take { name, selection } => Command::Work(selection, Work::Take(name)),
            SnapshotCommand::Restore { name, selection } => Command::Work(selection, Work::Restore(name)),
            SnapshotCommand::List(selection) => Command::Snapshots(selection),
            SnapshotCommand::Delete { name, selection } => Command::Work(selection, Work::Delete(name)),
        }
    }
}

/// Returns the definition of the command line.
pub(super) fn definition() -> clap::Command {
    RawCli::command()
}

/// Writes the completions of a shell.
pub(crate) fn print_completions(args: &CompletionArgs, world: &World) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut RawCli::command(), program_name(world), &mut script);
    write(&world.stdout.sink, &String::from_utf8_lossy(&script));
    exit::OK
}

/// Returns the name of the program as it was called.
fn program_name(world: &World) -> String {
    let program = world.args.first().map(std::path::Path::new).and_then(|path| path.file_name());
    program.map_or_else(|| "pallet".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A command line that was not understood, or that only asks for help.
pub(crate) struct Refusal(clap::Error);

impl Refusal {
    /// Prints it where it belongs and returns the exit code.
    pub(crate) fn print(self, world: &World) -> u8 {
        let stream = if self.0.use_stderr() { &world.stderr } else { &world.stdout };
        let colours = stream.terminal && world.var("NO_COLOR").is_none();
        let paint = Paint::new(colours);
        let text = match self.own_words() {
            Some(error) => error.render(paint),
            None if colours => self.0.render().ansi().to_string(),
            None => self.0.render().to_string(),
        };
        write(&stream.sink, &text);
        if self.0.use_stderr() { exit::INPUT } else { exit::OK }
    }

    /// For what has candidates, they are all named.
    fn own_words(&self) -> Option<InputError> {
        match self.0.kind() {
            ErrorKind::InvalidSubcommand => {
                let given = self.context(ContextKind::InvalidSubcommand)?;
                let command = RawCli::command();
                let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
                Some(
                    InputError::new(format!("unknown command `{given}`"))
                        .hint(candidates(&given, "commands", known)),
                )
            }
            ErrorKind::UnknownArgument => {
                let given = self.context(ContextKind::InvalidArg)?;
                let known = known_flags(&self.usage());
                let known = known.iter().map(String::as_str);
                let (what, hint) = match given.starts_with('-') {
                    true => ("flag", candidates(&given, "flags", known)),
                    false => {
                        ("argument", "this command takes no such argument; `--help` tells which".to_owned())
                    }
                };
                Some(InputError::new(format!("unknown {what} `{given}`")).hint(hint))
            }
            _ => None,
        }
    }

    fn context(&self, kind: ContextKind) -> Option<String> {
        match self.0.get(kind)? {
            ContextValue::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn usage(&self) -> String {
        self.0.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default()
    }
}

/// Returns the long flags of the command that a usage line is about.
fn known_flags(usage: &str) -> Vec<String> {
    let command = RawCli::command();
    let mut commands = command.get_subcommands();
    let named = commands.find(|command| usage.split_whitespace().any(|word| word == command.get_name()));
    let own = named.into_iter().flat_map(clap::Command::get_arguments);
    let flags = own.chain(command.get_arguments()).filter_map(|arg| Some(format!("--{}", arg.get_long()?)));
    flags.chain(["--help".to_owned()]).collect()
}

impl Globals {
    /// Returns the colours to use.
    pub(crate) fn paint(&self, world: &World) -> Paint {
        Paint::new(match self.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => {
                world.stdout.terminal && world.var("NO_COLOR").is_none() && world.var("TERM") != Some("dumb")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_nothing_wrong_with_the_definition() {
        RawCli::command().debug_assert();
    }
}
