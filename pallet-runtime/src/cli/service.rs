//! Which compute service is meant, and how it is opened.

use super::admin_account::admin_account;
use super::{Session, Stop, USUAL_PROVIDERS};
use crate::config::{Located, Service};
use crate::error::{Excerpt, InputError, candidates, chain};
use crate::event::Failure;
use crate::providers::hybrid::{self, Hybrid, Rules};
use crate::providers::localhost::Localhost;
use crate::transport::local::LocalRunner;
use pallet::compute::{Check, CommandRunner, Compute, ComputeError, Provider, ServiceConfig};
use pallet::name::{GroupName, ServiceName};
use pallet::options::Options;
use pallet::spec::Login;
use std::sync::Arc;

/// A service that is open.
pub(crate) struct OpenService {
    pub(crate) name: ServiceName,
    /// What kind of service it is: the name of its provider.
    pub(crate) provider: &'static str,
    pub(crate) compute: Arc<dyn Compute>,
    /// The service itself, or those that it consists of.
    pub(crate) parts: Vec<Part>,
}

/// A service that nobody else may change meanwhile.
pub(crate) struct Part {
    pub(crate) name: ServiceName,
    /// The machine that it is on, unless that is the controller.
    pub(crate) host: Option<String>,
}

impl OpenService {
    /// Returns what to do about something that this service cannot, and another or a part of it may be able to.
    pub(crate) fn choose_instead(&self, otherwise: &str) -> String {
        let parts: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        match parts[..] {
            [only] if only == self.name.as_str() => otherwise.to_owned(),
            _ => {
                format!("name one of the services that it consists of with `--service`: {}", parts.join(", "))
            }
        }
    }
}

/// Opens the service that the command line, the environment or the configuration names.
///
/// `groups` are the groups that the command is about; [`Localhost`] belongs to the only one.
pub(crate) async fn open(session: &Session<'_>, groups: &[GroupName]) -> Result<OpenService, Stop> {
    open_for(session, groups, None).await
}

/// Opens the service, for a run in which this user configures nodes.
pub(crate) async fn open_for(
    session: &Session<'_>,
    groups: &[GroupName],
    admin: Option<&Login>,
) -> Result<OpenService, Stop> {
    let name = choose(session)?;
    match define(session, &name)? {
        Definition::One { provider, options } => {
            let kind = provider.name();
            let (compute, part) = open_one(session, &name, provider, options, groups, admin).await?;
            Ok(OpenService { name, provider: kind, compute, parts: vec![part] })
        }
        Definition::Hybrid(options) => open_hybrid(session, name, &options, groups, admin).await,
    }
}

async fn open_one(
    session: &Session<'_>,
    name: &ServiceName,
    provider: Arc<dyn Provider>,
    options: Options,
    groups: &[GroupName],
    admin: Option<&Login>,
) -> Result<(Arc<dyn Compute>, Part), Stop> {
    let (config, part) = configure(session, name, &*provider, options, groups, admin)?;
    let opened = provider.open(config).await.map_err(|error| at_service(session, name, error))?;
    Ok((opened, part))
}

async fn open_hybrid(
    session: &Session<'_>,
    name: ServiceName,
    options: &Options,
    groups: &[GroupName],
    admin: Option<&Login>,
) -> Result<OpenService, Stop> {
    let rules = Rules::read(options).map_err(|error| at_service(session, &name, error.into()))?;
    let (mut services, mut parts) = (Vec::new(), Vec::new());
    for sub in &rules.services {
        let Definition::One { provider, options } = define(session, sub)? else {
            let error =
                InputError::new(format!("service `{name}` consists of `{sub}`, which is hybrid itself"));
            return Err(error.hint("name the services of that one").into());
        };
        let (compute, part) = open_one(session, sub, provider, options, groups, admin).await?;
        services.push(compute);
        parts.push(part);
    }
    Ok(OpenService { name, provider: hybrid::NAME, compute: Arc::new(Hybrid::new(rules, services)), parts })
}

/// Puts together what a provider gets to open a service.
fn configure(
    session: &Session<'_>,
    name: &ServiceName,
    provider: &dyn Provider,
    mut options: Options,
    groups: &[GroupName],
    admin: Option<&Login>,
) -> Result<(ServiceConfig, Part), InputError> {
    if provider.name() == Localhost::NAME
        && !options.contains("group")
        && let [only] = groups
    {
        options.set("group", only.as_str(), "");
    }
    let host = match provider.can_be_elsewhere() {
        true => options.string("host").map_err(|error| at_service(session, name, error.into()))?,
        false => None,
    };
    let runner: Arc<dyn CommandRunner> = match &host {
        Some(host) => Arc::new(session.hosts()?.runner(host)),
        None => Arc::new(LocalRunner::new()),
    };
    let config = ServiceConfig {
        name: name.clone(),
        options,
        state_dir: session.home.service_state(name),
        runner,
        admin: admin.and_then(|login| admin_account(login, session.world)),
    };
    Ok((config, Part { name: name.clone(), host }))
}

/// Looks at everything that a service needs. Of a hybrid one, whether its rules can be read: what it consists of is looked
/// at by itself.
pub(crate) async fn examine(session: &Session<'_>, name: &ServiceName) -> Vec<Check> {
    let broken = |error: InputError| {
        let hint = error.hint_text().unwrap_or_default().to_owned();
        vec![Check::broken("configuration", chain(&error), hint)]
    };
    match define(session, name) {
        Err(error) => broken(error),
        Ok(Definition::Hybrid(options)) => {
            let rules = Rules::read(&options).map_err(ComputeError::from);
            let names =
                |rules: Rules| rules.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            vec![Check::of("configuration", rules.map(names))]
        }
        Ok(Definition::One { provider, options }) => {
            let groups: Vec<GroupName> =
                session.catalogue.groups.iter().map(|group| group.name.clone()).collect();
            match configure(session, name, &*provider, options, &groups, None) {
                Err(error) => broken(error),
                Ok((config, part)) => {
                    let mut checks = reachable(session, part.host.as_deref()).await;
                    if checks.iter().all(|check| !check.is_broken()) {
                        checks.extend(provider.doctor(config).await);
                    }
                    checks
                }
            }
        }
    }
}

/// Whether the host of a service can be logged in to.
async fn reachable(session: &Session<'_>, host: Option<&str>) -> Vec<Check> {
    let (Some(host), Ok(hosts)) = (host, session.hosts()) else { return vec![] };
    vec![match hosts.connection(host).await {
        Ok(_) => Check::fine("host", format!("{host} lets us in")),
        Err(error) => Check::broken("host", error.message, error.hint.unwrap_or_default()),
    }]
}

/// What is missing has no line of its own; the service has.
fn at_service(session: &Session<'_>, name: &ServiceName, error: ComputeError) -> InputError {
    let defined = session.config.services.get(name).map(|service| &service.provider.at);
    let error = explain(session, error);
    match (error.is_placed_in_line(), defined) {
        (false, Some(at)) => error.at(at.clone()),
        _ => error,
    }
}

/// Which service is meant.
pub(crate) fn choose(session: &Session<'_>) -> Result<ServiceName, InputError> {
    choose_and_say(session).map(|(name, _)| name)
}

/// Which service is meant, and where its name comes from, strongest first: flag, variable, configuration; then the only
/// service configured; then, with none configured, the first provider.
pub(crate) fn choose_and_say(session: &Session<'_>) -> Result<(ServiceName, String), InputError> {
    let given = session.globals.service.as_deref().map(|name| (name, "--service"));
    if let Some((given, from)) =
        given.or_else(|| Some((session.world.var("PALLET_SERVICE")?, "PALLET_SERVICE")))
    {
        let name = ServiceName::new(given).map_err(|error| InputError::new(error.to_string()))?;
        return Ok((name, from.to_owned()));
    }
    if let Some(default) = &session.config.default_service {
        return Ok((default.value.clone(), default.at.place.clone()));
    }
    let mut configured = session.config.services.iter();
    match (configured.next(), configured.next()) {
        (Some((only, service)), None) => {
            Ok((only.clone(), format!("the only one, {}", service.provider.at.place)))
        }
        (Some(_), Some(_)) => Err(InputError::new("several services are configured and none is the default")
            .hint(format!(
                "give `--service NAME`, or set `default-service` ({})",
                names(session).join(", ")
            ))),
        (None, _) => Ok((first_provider(session)?, "the first provider in main()".to_owned())),
    }
}

/// The first provider that main() was given. Those that are always there come last, and none of them works by
/// itself.
fn first_provider(session: &Session<'_>) -> Result<ServiceName, InputError> {
    match session.providers.as_slice() {
        [first, ..] if session.providers.len() > USUAL_PROVIDERS => {
            ServiceName::new(first.name()).map_err(|error| InputError::new(error.to_string()))
        }
        _ => Err(InputError::new("there is no compute service").hint(
            "add a provider in main() with `.provider(…)`, name a service in pallet.toml, or use this machine with \
             `--service localhost`",
        )),
    }
}

enum Definition {
    One {
        provider: Arc<dyn Provider>,
        options: Options,
    },
    /// Several services, which no provider can open by itself.
    Hybrid(Options),
}

/// A service that is configured, or a provider under its own name without options.
fn define(session: &Session<'_>, name: &ServiceName) -> Result<Definition, InputError> {
    if let Some(Service { provider, options }) = session.config.services.get(name) {
        if provider.value == hybrid::NAME {
            return Ok(Definition::Hybrid(options.clone()));
        }
        return Ok(Definition::One { provider: find_provider(session, provider)?, options: options.clone() });
    }
    match session.providers.iter().find(|provider| is_called(provider, name.as_str())) {
        Some(provider) => Ok(Definition::One {
            provider: Arc::clone(provider),
            options: Options::new(format!("service \"{name}\""), None),
        }),
        None => Err(unknown_service(session, name)),
    }
}

fn unknown_service(session: &Session<'_>, name: &ServiceName) -> InputError {
    let known = names(session);
    let read: Vec<&str> = session.config.sources.iter().map(|source| source.shown()).collect();
    let known = candidates(name.as_str(), "services", known.iter().map(String::as_str));
    let hint = match read.as_slice() {
        [] => known,
        read => format!("{known}; read: {}", read.join(", ")),
    };
    let error = InputError::new(format!("there is no service `{name}`")).hint(hint);
    match &session.config.default_service {
        Some(default) if session.globals.service.is_none() && default.value == *name => {
            error.at(default.at.clone())
        }
        _ => error,
    }
}

/// Returns the names that `--service` takes.
fn names(session: &Session<'_>) -> Vec<String> {
    let configured = session.config.services.keys().map(ToString::to_string);
    let mut names: Vec<String> = configured.collect();
    for provider in &session.providers {
        if !names.iter().any(|name| name == provider.name()) {
            names.push(provider.name().to_owned());
        }
    }
    names
}

fn find_provider(session: &Session<'_>, wanted: &Located<String>) -> Result<Arc<dyn Provider>, InputError> {
    let found = session.providers.iter().find(|provider| is_called(provider, &wanted.value));
    found.cloned().ok_or_else(|| {
        InputError::new(format!("there is no provider `{}`", wanted.value)).at(wanted.at.clone()).hint(
            format!(
                "{}; a provider is added in main() with `.provider(…)`",
                candidates(
                    &wanted.value,
                    "providers",
                    session.providers.iter().map(|provider| provider.name()).chain([hybrid::NAME])
                )
            ),
        )
    })
}

fn all_names(provider: &Arc<dyn Provider>) -> impl Iterator<Item = &'static str> + use<> {
    [provider.name()].into_iter().chain(provider.aliases().iter().copied())
}

fn is_called(provider: &Arc<dyn Provider>, name: &str) -> bool {
    all_names(provider).any(|known| known == name)
}

/// Turns a provider's error into one of ours, with the line of configuration that it is about.
pub(crate) fn explain(session: &Session<'_>, error: ComputeError) -> InputError {
    let ComputeError { message, hint, source, kind: _ } = error;
    let ours = locate(session, Failure { message, source: None, output: Vec::new(), hint });
    match source {
        Some(source) => ours.source(source),
        None => ours,
    }
}

/// Providers know places only as text at the beginning of a message; this finds the line again.
pub(crate) fn locate(session: &Session<'_>, failure: Failure) -> InputError {
    let sources = &session.config.sources;
    let in_line = sources.iter().find_map(|source| source.locate(&failure.message));
    let in_file = || {
        let (place, rest) = failure.message.split_once(": ")?;
        let file = sources.iter().find(|source| source.path().to_str() == Some(place))?;
        Some((Excerpt::place(file.shown()), rest))
    };
    match in_line.or_else(in_file).map(|(at, message)| (at, message.to_owned())) {
        Some((at, message)) => InputError::from(Failure { message, ..failure }).at(at),
        None => InputError::from(failure),
    }
}
