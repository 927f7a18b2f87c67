//! The arguments, as clap reads them. What they mean together is checked in [`check`](super::check).

use super::output::{ColorWhen, OutputFormat};
use super::{World, exit};
use crate::error::{InputError, candidates};
use crate::event::Verb;
use crate::report::{Paint, write};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pallet::name::Tag;
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
    /// Show what the nodes that run tell about themselves
    Facts(FactsArgs),
    /// Look whether this machine and the services have what they need, and say what repairs what they lack
    Doctor,
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
    Facts(FactsArgs),
    Doctor,
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
        };
        let run = match raw {
            RawCommand::Converge(args) => RunArgs {
                allow_destroy: args.allow_destroy,
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
            RawCommand::Facts(args) => return Command::Facts(args),
            RawCommand::Doctor => return Command::Doctor,
            RawCommand::Groups => return Command::Groups,
            RawCommand::Phases => return Command::Phases,
            RawCommand::Graph(args) => return Command::Draw(args),
            RawCommand::Completions(args) => return Command::Completions(args),
        };
        Command::Run(Box::new(run))
    }
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
