//! `doctor`: whether the controller and the compute services have what they need, and what repairs what they lack.

use super::output::OutputFormat;
use super::{Session, Stop, exit, run, service};
use crate::connector::Reach;
use crate::home::create_private_dir;
use crate::report::text::clean;
use crate::report::{Paint, json_line, write};
use crate::ssh_config::LocalUser;
use pallet::compute::{Check, ComputeError, Finding};
use pallet::name::ServiceName;
use serde::Serialize;

/// The files that hold keys if nothing says where keys are.
const KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// Looks at the controller, and at the service that was named or all that are configured.
pub(crate) async fn doctor(session: &Session<'_>) -> Result<u8, Stop> {
    let mut found = vec![Section { of: "this machine".to_owned(), checks: controller(session).await }];
    for name in services(session)? {
        let checks = service::examine(session, &name).await;
        found.push(Section { of: format!("service {name}"), checks });
    }
    match OutputFormat::or_fitting(session.globals.output, session.world) {
        OutputFormat::Json => write(&session.world.stdout.sink, &json(&found)),
        OutputFormat::Human | OutputFormat::Plain => {
            write(&session.world.stdout.sink, &text(&found, session.paint()));
        }
    }
    let is_broken = found.iter().flat_map(|section| &section.checks).any(Check::is_broken);
    Ok(if is_broken { exit::FAILED } else { exit::OK })
}

/// What was found about one thing.
struct Section {
    of: String,
    checks: Vec<Check>,
}

fn services(session: &Session<'_>) -> Result<Vec<ServiceName>, Stop> {
    let is_named = session.globals.service.is_some() || session.world.var("PALLET_SERVICE").is_some();
    match session.config.services.is_empty() || is_named {
        true => Ok(vec![service::choose(session)?]),
        false => Ok(session.config.services.keys().cloned().collect()),
    }
}

async fn controller(session: &Session<'_>) -> Vec<Check> {
    vec![state(session), ssh_key(session).await]
}

fn state(session: &Session<'_>) -> Check {
    let folder = session.home.state();
    let made = create_private_dir(folder).map_err(|error| ComputeError::input(crate::error::chain(&error)));
    let written = made.and_then(|()| {
        let probe = folder.join(format!(".doctor-{}", std::process::id()));
        let written = std::fs::write(&probe, "").and_then(|()| std::fs::remove_file(&probe));
        // It goes again if nothing else is in it.
        let _ = std::fs::remove_dir(folder);
        written.map(|()| folder.display().to_string()).map_err(|error| {
            ComputeError::input(format!("{} cannot be written to", folder.display())).source(error)
        })
    });
    Check::of(
        "state folder",
        written.map_err(|error| error.hint("set PALLET_HOME to a folder that you may write")),
    )
}

/// A key that was named must be usable; without one there should be any.
async fn ssh_key(session: &Session<'_>) -> Check {
    const NAME: &str = "SSH key";
    let login = match run::admin(session, &Default::default()) {
        Ok(login) => login,
        Err(error) => {
            return Check::broken(NAME, crate::error::chain(&error), "see [admin-user] of pallet.toml");
        }
    };
    let named = login.private_key_path.as_ref().map(|path| path.display().to_string());
    let has_password = login.password.is_some();
    let reach = Reach::new(login, run::ssh_config(session.world), session.home.state().join("known_hosts"));
    if let Err(error) = reach.check().await {
        return Check::broken(NAME, error.message, error.hint.unwrap_or_default());
    }
    if let Some(named) = named {
        return Check::fine(NAME, named);
    }
    let local = LocalUser::current();
    let found: Vec<&str> =
        KEYS.into_iter().filter(|key| local.home.join(".ssh").join(key).exists()).collect();
    match (found.is_empty(), local.agent.is_some(), has_password) {
        (false, _, _) => Check::fine(NAME, format!("~/.ssh: {}", found.join(", "))),
        (true, true, _) => Check::fine(NAME, "the agent's"),
        (true, false, true) => Check::skipped(NAME, "the admin user logs in with a password"),
        (true, false, false) => Check::lacking(
            NAME,
            "there is no key in ~/.ssh, and no agent",
            "make one with `ssh-keygen -t ed25519`, or name one with `private-key-path` in [admin-user]",
        ),
    }
}

fn text(found: &[Section], paint: Paint) -> String {
    let mut text = String::new();
    for section in found {
        text.push_str(&format!("{}\n", clean(&section.of)));
        for check in &section.checks {
            text.push_str(&lines(check, paint));
        }
    }
    text
}

fn lines(check: &Check, paint: Paint) -> String {
    let line = |word: String, rest: &str| format!("  {word} {}: {}\n", clean(&check.name), clean(rest));
    let with_hint = |line: String, hint: &str| match hint {
        "" => line,
        hint => format!("{line}         {} {}\n", paint.dim("repair:"), clean(hint)),
    };
    match &check.finding {
        Finding::Fine(what) => line(paint.good("ok    "), what),
        Finding::Skipped(why) => line(paint.dim("-     "), why),
        Finding::Lacking { message, hint } => with_hint(line(paint.change("lacks "), message), hint),
        Finding::Broken { message, hint } => with_hint(line(paint.bad("broken"), message), hint),
    }
}

#[derive(Serialize)]
struct Item<'a> {
    of: &'a str,
    check: &'a str,
    finding: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

fn json(found: &[Section]) -> String {
    let items = found.iter().flat_map(|section| section.checks.iter().map(|check| item(&section.of, check)));
    items.map(|item| json_line(&item)).collect()
}

fn item<'a>(of: &'a str, check: &'a Check) -> Item<'a> {
    let (finding, message, hint): (_, &str, Option<&str>) = match &check.finding {
        Finding::Fine(what) => ("fine", what, None),
        Finding::Skipped(why) => ("skipped", why, None),
        Finding::Lacking { message, hint } => ("lacking", message, Some(hint)),
        Finding::Broken { message, hint } => ("broken", message, Some(hint)),
    };
    Item { of, check: &check.name, finding, message, hint: hint.filter(|hint| !hint.is_empty()) }
}
