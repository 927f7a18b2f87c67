//! The command line of an infrastructure: [`Main`].
//!
//! ```text
//! arguments → configuration → service → request → engine → events → report → exit code
//! ```
//!
//! Everything that is wrong and can be seen from here is found before the engine is called: exit code 2, nothing touched.

mod admin_account;
mod args;
mod catalogue;
mod check;
mod config_import;
mod config_show;
mod confirm;
mod doctor;
mod draw;
mod engine;
mod facts;
mod facts_file;
mod hardware;
mod images;
mod listing;
mod locks;
mod output;
mod reference;
mod run;
mod service;
mod signals;
mod snapshot;
mod work;
mod world;

pub use catalogue::{Catalogue, GroupEntry, PhaseEntry};
pub use engine::{Engine, Setup};
pub use reference::reference;
pub use world::{Console, Prompts, Stream, World};

use crate::config::{self, Config, ConfigFiles, LoginOverrides};
use crate::error::InputError;
use crate::home::Home;
use crate::hosts::Hosts;
use crate::providers::{localhost::Localhost, node_list::NodeList};
use crate::report::text::clean;
use crate::report::{Paint, write};
use args::{Cli, Command, ConfigCommand, Globals};
use pallet::compute::Provider;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

/// The exit codes of every command.
pub mod exit {
    /// All went well.
    pub const OK: u8 = 0;
    /// A node failed, or the user said no.
    pub const FAILED: u8 = 1;
    /// Something that the user gave is wrong; nothing was touched.
    pub const INPUT: u8 = 2;
    /// With `plan --detailed-exit-code`: something would change.
    pub const CHANGES: u8 = 3;
    /// Interrupted: what ran was waited for, or, after a second interrupt, was not.
    pub const INTERRUPTED: u8 = 130;
}

/// How many providers every infrastructure has: `node-list` and `localhost`.
const USUAL_PROVIDERS: usize = 2;

/// The main program of an infrastructure: its providers, its engine and the command line.
///
/// `node-list`, `localhost` and `hybrid` are always among the providers. The first provider given is the default: it is
/// used, under its own name and without options, when no configuration names a service.
pub struct Main {
    engine: Arc<dyn Engine>,
    providers: Vec<Arc<dyn Provider>>,
}

impl Main {
    /// Returns a main program that has `engine` do the work.
    pub fn new(engine: impl Engine + 'static) -> Self {
        Main { engine: Arc::new(engine), providers: Vec::new() }
    }

    /// Adds a provider of compute services.
    #[must_use]
    pub fn provider(mut self, provider: impl Provider + 'static) -> Self {
        self.providers.push(Arc::new(provider));
        self
    }

    /// Does what the command line of this process says and returns the exit code.
    pub fn run(self) -> ExitCode {
        keep_freed_memory();
        ExitCode::from(self.run_in(World::of_this_process()))
    }

    /// Does what the command line of `world` says and returns the exit code. Nothing outside of `world` is read
    /// but files.
    pub fn run_in(self, world: World) -> u8 {
        let cli = match Cli::parse(&world.args) {
            Ok(cli) => cli,
            Err(refusal) => return refusal.print(&world),
        };
        let paint = cli.globals.paint(&world);
        match self.command(cli, &world) {
            Ok(code) => code,
            Err(stop) => {
                write(&world.stderr.sink, &stop.render(paint));
                exit::INPUT
            }
        }
    }

    fn command(mut self, cli: Cli, world: &World) -> Result<u8, Stop> {
        self.add_usual_providers();
        let Cli { globals, command } = cli;
        match command {
            Command::Completions(shell) => Ok(args::print_completions(&shell, world)),
            Command::Groups => listing::groups(&self.catalogue()?, &globals, world),
            Command::Draw(args) => draw::draw(&*self.engine, &self.catalogue()?, &args, world),
            Command::Phases => listing::phases(&self.catalogue()?, &globals, world),
            Command::Nodes(selection) => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                session.block_on(listing::nodes(&session, &selection))
            }
            Command::Work(selection, work) => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                session.block_on(work::run(&session, &selection, work))
            }
            Command::Snapshots(selection) => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                session.block_on(snapshot::list(&session, &selection))
            }
            Command::Hardware => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                session.block_on(hardware::models(&session))
            }
            Command::Facts(args) => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                session.block_on(facts::facts(&session, &args.selection, &args.admin))
            }
            Command::Doctor => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                session.block_on(doctor::doctor(&session))
            }
            Command::Config(ConfigCommand::Import(args)) => {
                config_import::import(&self.providers, &args, &globals, world)
            }
            Command::Config(ConfigCommand::Show) => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                config_show::show(&session)
            }
            Command::Images(args) => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                session.block_on(images::list(&session, &args))
            }
            Command::Image(command) => {
                let session = Session::open(self, globals, world)?;
                session.say_warnings();
                session.block_on(images::change(&session, command))
            }
            Command::Run(verb) => {
                let session = Session::open(self, globals, world)?;
                session.block_on(run::run(&session, *verb))
            }
        }
    }

    fn catalogue(&self) -> Result<Catalogue, Stop> {
        self.engine.catalogue().map_err(|failures| Stop(failures.into_iter().map(InputError::from).collect()))
    }

    fn add_usual_providers(&mut self) {
        self.providers.push(Arc::new(NodeList));
        self.providers.push(Arc::new(Localhost));
    }
}

/// Why a command does not begin: at least one mistake. Exit code 2.
pub(crate) struct Stop(Vec<InputError>);

impl From<InputError> for Stop {
    fn from(error: InputError) -> Self {
        Stop(vec![error])
    }
}

impl Stop {
    fn render(&self, paint: Paint) -> String {
        self.0.iter().map(|error| error.render(paint)).collect::<Vec<_>>().join("\n")
    }
}

/// What every command that reaches a service works with.
pub(crate) struct Session<'a> {
    engine: Arc<dyn Engine>,
    providers: Vec<Arc<dyn Provider>>,
    catalogue: Catalogue,
    config: Config,
    home: Home,
    globals: Globals,
    world: &'a World,
    hosts: OnceLock<Arc<Hosts>>,
}

impl<'a> Session<'a> {
    fn open(main: Main, globals: Globals, world: &'a World) -> Result<Self, Stop> {
        let catalogue = main.catalogue()?;
        let home = Home::find(&world.vars)?;
        let named = globals.config.clone().or_else(|| world.var("PALLET_CONFIG").map(PathBuf::from));
        let files = ConfigFiles { named, cwd: &world.cwd, user: home.config() };
        let config = config::load(&files, &world.vars)?;
        Ok(Session {
            engine: main.engine,
            providers: main.providers,
            catalogue,
            config,
            home,
            globals,
            world,
            hosts: OnceLock::new(),
        })
    }

    /// Returns the connections to the hosts of services that are not here.
    fn hosts(&self) -> Result<Arc<Hosts>, InputError> {
        if let Some(hosts) = self.hosts.get() {
            return Ok(Arc::clone(hosts));
        }
        let login = self.config.admin.login(LoginOverrides::default(), &self.world.vars)?;
        let hosts = Hosts::new(&login, run::ssh_config(self.world), self.home.known_hosts_of_hosts());
        Ok(Arc::clone(self.hosts.get_or_init(|| Arc::new(hosts))))
    }

    fn paint(&self) -> Paint {
        self.globals.paint(self.world)
    }

    /// Tells what was found odd in the configuration, for commands that have no events.
    fn say_warnings(&self) {
        for warning in &self.config.warnings {
            self.say(&format!("{} {}", self.paint().change("warning:"), clean(warning)));
        }
    }

    /// Writes a line for people, where no program reads.
    fn say(&self, text: &str) {
        write(&self.world.stderr.sink, &format!("{text}\n"));
    }

    fn block_on<T>(&self, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| InputError::new("cannot start the threads that the run needs").source(error))?;
        let result = runtime.block_on(work);
        // A thread may still wait for an answer to a question that nobody needs any more.
        runtime.shutdown_background();
        result
    }
}

/// How large a block may be that glibc keeps for the next one when it is freed.
#[cfg(target_env = "gnu")]
const KEPT: usize = 4 << 20;

/// Lets large blocks be used again. glibc asks the kernel for each block above 128 kB and gives it back when it is freed, until one
/// that is larger was freed (mallopt(3), on `M_MMAP_THRESHOLD`); each page of the next block is then paid for anew, which with a
/// thousand hosts is a tenth of the time until the first is contacted. No page of this block is ever touched.
fn keep_freed_memory() {
    #[cfg(target_env = "gnu")]
    drop(std::hint::black_box(Vec::<u8>::with_capacity(KEPT)));
}
