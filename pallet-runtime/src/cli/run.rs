//! converge, plan, lift and destroy: everything is put together, the engine runs, the exit code is drawn from it.

use super::args::{AdminArgs, RunArgs};
use super::confirm::Ask;
use super::output::OutputFormat;
use super::service;
use super::signals::Interrupts;
use super::{Session, Setup, Stop, World, check, exit, locks};
use crate::config::LoginOverrides;
use crate::error::InputError;
use crate::event::{Listener, Summary, Verb};
use crate::home::create_private_dir;
use crate::report::{Announce, Record, Retry, Tee};
use crate::request::{Request, RunError};
use pallet::Secret;
use pallet::name::GroupName;
use pallet::spec::Login;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Does what the arguments ask for.
pub(crate) async fn run(session: &Session<'_>, args: RunArgs) -> Result<u8, Stop> {
    let request = check::request(&args, &session.catalogue)?;
    let admin = admin(session, &args.admin)?;
    let service = service::open_for(session, &groups(session, &request), Some(&admin)).await?;
    create_private_dir(session.home.state())?;
    // A plan reads only, and so does not keep others from working.
    let _locks = match args.verb {
        Verb::Plan => None,
        verb => Some(locks::take(session, &service, verb.word()).await?),
    };
    let format = OutputFormat::or_fitting(session.globals.output, session.world);
    let reporter =
        format.reporter(session.world, retry(session.world), session.paint(), session.globals.verbose);
    let record = Arc::new(Mutex::new(Record::default()));
    let stderr = Arc::clone(&session.world.stderr.sink);
    let interrupts = Interrupts::handle(session.world.interruptible, Arc::clone(&reporter), stderr)?;
    let listeners: Vec<Arc<dyn Listener>> = vec![Arc::clone(&record) as _, Arc::clone(&reporter) as _];
    let setup = Setup {
        known_hosts: session.home.known_hosts(&service.name),
        service: service.compute,
        service_name: service.name,
        admin,
        hosts: session.hosts.get().cloned(),
        ssh_config: ssh_config(session.world),
        boot_timeout: Duration::from_secs(args.work.boot_timeout),
        listener: Arc::new(Announce::new(session.config.warnings.clone(), Tee(listeners))),
        confirm: Arc::new(Ask::new(session, Arc::clone(&reporter), interrupts.asking())),
        cancel: interrupts.cancelled(),
    };
    let result = session.engine.run(setup, request).await;
    reporter.end();
    let would_change = record.lock().unwrap_or_else(PoisonError::into_inner).would_change();
    if interrupts.happened() {
        return interrupted(session, result);
    }
    exit_code(session, result, args.detailed_exit_code && would_change)
}

/// Returns where the user's own SSH configuration is, if there is a home for it.
pub(super) fn ssh_config(world: &World) -> Option<PathBuf> {
    world.var("HOME").map(|home| PathBuf::from(home).join(".ssh/config"))
}

/// The groups that a run is about.
fn groups(session: &Session<'_>, request: &Request) -> Vec<GroupName> {
    if request.groups.is_empty() {
        return session.catalogue.groups.iter().map(|group| group.name.clone()).collect();
    }
    request.groups.iter().map(|(name, _)| name.clone()).collect()
}

/// A secret that is asked for comes before one in the environment, and that before a configured one.
pub(super) fn admin(session: &Session<'_>, args: &AdminArgs) -> Result<Login, InputError> {
    let world = session.world;
    let overrides = LoginOverrides {
        username: args.user.clone(),
        private_key_path: args.identity_file.as_ref().map(|path| world.cwd.join(path)),
        password: secret(world, args.ask_pass, "--ask-pass", "login password:", "PALLET_PASSWORD")?,
        sudo_password: secret(
            world,
            args.ask_sudo_pass,
            "--ask-sudo-pass",
            "sudo password:",
            "PALLET_SUDO_PASSWORD",
        )?,
    };
    session.config.admin.login(overrides, &world.vars)
}

fn secret(
    world: &World,
    ask: bool,
    flag: &str,
    question: &str,
    variable: &str,
) -> Result<Option<Secret>, InputError> {
    if !ask {
        return Ok(world.var(variable).map(Secret::from));
    }
    if !world.prompts.interactive() {
        return Err(InputError::new(format!("`{flag}` needs a terminal to ask at"))
            .hint(format!("give the secret in {variable}, or in [admin-user] of pallet.toml")));
    }
    let answer = world.prompts.secret(question);
    answer.map(Some).map_err(|error| InputError::new(format!("no answer to `{flag}`")).source(error))
}

/// The same command line once more. It holds no secrets: there is no flag that takes one.
fn retry(world: &World) -> Retry {
    let program = match world.var("CARGO_PKG_NAME") {
        // `cargo run` says so to the program that it runs.
        Some(package) if world.var("CARGO").is_some() => format!("cargo run -p {} --", shell_word(package)),
        _ => world.args.first().map(|program| shell_word(&program.to_string_lossy())).unwrap_or_default(),
    };
    let arguments = world.args.iter().skip(1).map(|argument| shell_word(&argument.to_string_lossy()));
    let words: Vec<String> = [program].into_iter().chain(arguments).collect();
    Retry(words.join(" "))
}

/// Quotes an argument for the shell that it will be pasted into, where it needs it.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Even if the last node was done just then: what was asked for may not have begun.
fn interrupted(session: &Session<'_>, result: Result<Summary, RunError>) -> Result<u8, Stop> {
    session.say(match result {
        Err(RunError::Declined | RunError::Input(_) | RunError::Service(_)) => {
            "interrupted: nothing was changed"
        }
        Ok(_) | Err(RunError::Failed(_)) => "interrupted: run it again to finish the job",
    });
    Ok(exit::INTERRUPTED)
}

fn exit_code(session: &Session<'_>, result: Result<Summary, RunError>, changes: bool) -> Result<u8, Stop> {
    match result {
        Ok(summary) if !summary.ok => Ok(exit::FAILED),
        Ok(_) => Ok(if changes { exit::CHANGES } else { exit::OK }),
        Err(RunError::Input(failures)) => {
            Err(Stop(failures.into_iter().map(|failure| service::locate(session, failure)).collect()))
        }
        Err(RunError::Failed(_)) => Ok(exit::FAILED),
        Err(RunError::Service(failure)) => {
            session.say(&service::locate(session, failure).render(session.paint()));
            Ok(exit::FAILED)
        }
        Err(RunError::Declined) => {
            session.say("declined: nothing was changed");
            Ok(exit::FAILED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_can_be_pasted_into_a_shell() {
        assert_eq!(shell_word("web=3"), "web=3");
        assert_eq!(shell_word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_word(""), "''");
    }
}
