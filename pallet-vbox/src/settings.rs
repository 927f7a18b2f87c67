//! The options of a service, read and checked.

use crate::command::startvm::Session;
use crate::network::{Defaults, adapters};
use crate::{hardware, image};
use pallet::name::ServiceName;
use pallet::options::{OptionError, Options};
use pallet::spec::{ImageDefinition, Network};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// Options of Pallet's old web service. Existing configurations have them; nothing is left that could use them.
pub(crate) const OBSOLETE: &[&str] = &["identity", "credential", "url", "vbox-comm"];

/// What the configuration says about a service.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The image models of the program and of the configuration.
    pub(crate) images: image::Models,
    /// The folder of models on the host, if one is named.
    pub(crate) model_path: Option<PathBuf>,
    pub(crate) hardware: hardware::Models,
    pub(crate) network: Defaults,
    /// The host's address on host-only networks that are made, or VirtualBox's choice.
    pub(crate) local_address: Option<Ipv4Addr>,
    pub(crate) node_path: Option<PathBuf>,
    pub(crate) session: Session,
    pub(crate) ip_timeout: Duration,
    pub(crate) stop_timeout: Duration,
    /// Whether a node that was made and cannot be started or found is removed again.
    pub(crate) destroy_on_failure: bool,
    /// How many nodes are made at a time.
    pub(crate) parallel: NonZeroUsize,
    /// VirtualBox's group for everything of ours, without a slash at the end.
    pub(crate) group: String,
    pub(crate) vboxmanage: Option<PathBuf>,
    pub(crate) home: Option<PathBuf>,
}

impl Settings {
    /// Reads the options, and refuses those that mean nothing.
    pub(crate) fn read(
        options: &Options,
        code: &BTreeMap<String, ImageDefinition>,
    ) -> Result<Settings, OptionError> {
        for key in OBSOLETE {
            options.string(key)?;
        }
        let settings = Settings {
            images: image::Models::define(code)
                .configure(options.table("images")?.as_ref(), options.path("model-path")?.as_deref())?,
            model_path: options.path("model-path")?,
            hardware: hardware(options)?,
            network: network(options)?,
            local_address: local_address(options)?,
            node_path: options.path("node-path")?,
            session: session(options)?,
            ip_timeout: seconds(options, "ip-timeout", 300)?,
            stop_timeout: seconds(options, "stop-timeout", 60)?,
            destroy_on_failure: options.bool("destroy-on-failure")?.unwrap_or(true),
            parallel: parallel(options)?,
            group: group(options)?,
            vboxmanage: options.path("vboxmanage-path")?,
            home: options.path("vbox-user-home")?,
        };
        options.finish()?;
        Ok(settings)
    }

    /// Returns VirtualBox's group for the nodes of a service.
    pub(crate) fn nodes_group(&self, service: &ServiceName) -> String {
        format!("{}/{service}", self.group)
    }
}

/// The built-in models, under those of the folder, of the file, and of the configuration itself.
fn hardware(options: &Options) -> Result<hardware::Models, OptionError> {
    let mut models = hardware::Models::built_in();
    if let Some(folder) = options.path("hardware-model-path")? {
        models.add(&hardware::files::read_folder(&folder)?)?;
    }
    if let Some(file) = options.path("hardware-models-file")? {
        models.add(&hardware::files::read_file(&file)?)?;
    }
    if let Some(table) = options.table("hardware-models")? {
        models.add(&table)?;
    }
    Ok(models)
}

fn network(options: &Options) -> Result<Defaults, OptionError> {
    let old = options.contains("default-network-type") && !options.contains("default-network");
    let key = if old { "default-network-type" } else { "default-network" };
    let network = adapters::network(options, key)?.unwrap_or(Network::Local);
    Ok(Defaults {
        network,
        local_interface: options.string("default-local-interface")?.unwrap_or_else(|| "vboxnet0".to_owned()),
        bridged_interface: options.string("default-bridged-interface")?,
    })
}

fn local_address(options: &Options) -> Result<Option<Ipv4Addr>, OptionError> {
    let parse = |text: String| {
        text.parse().map_err(|_| options.invalid("default-local-address", "expected an IPv4 address"))
    };
    options.string("default-local-address")?.map(parse).transpose()
}

fn session(options: &Options) -> Result<Session, OptionError> {
    let Some(given) = options.string("session-type")? else { return Ok(Session::default()) };
    Session::parse(&given).ok_or_else(|| {
        let known: Vec<&str> = Session::ALL.iter().map(|session| session.as_str()).collect();
        options.invalid("session-type", format_args!("expected one of {}", known.join(", ")))
    })
}

fn seconds(options: &Options, key: &str, default: u32) -> Result<Duration, OptionError> {
    Ok(Duration::from_secs(options.integer::<u32>(key)?.unwrap_or(default).into()))
}

fn parallel(options: &Options) -> Result<NonZeroUsize, OptionError> {
    const KEY: &str = "max-parallel-creates";
    let limit = options.integer::<u16>(KEY)?.unwrap_or(8);
    NonZeroUsize::new(limit.into()).ok_or_else(|| options.invalid(KEY, "expected 1 or more"))
}

/// VirtualBox takes a group that is none for an error only in some versions; here it is one in all.
fn group(options: &Options) -> Result<String, OptionError> {
    let group = options.string("vm-group")?.unwrap_or_else(|| "/pallet".to_owned());
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match group.strip_prefix('/') {
        Some(parts) if parts.split('/').all(is_part) => Ok(group),
        _ => Err(options.invalid("vm-group", "expected a path such as `/pallet`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::options::OptionValue;
    use std::path::Path;

    fn read(values: &[(&str, OptionValue)]) -> Result<Settings, OptionError> {
        let mut options = Options::new("service \"lab\"", Some(Path::new("/etc/pallet/pallet.toml").into()));
        for (key, value) in values {
            options.set(*key, value.clone(), "");
        }
        Settings::read(&options, &BTreeMap::new())
    }

    #[test]
    fn everything_has_a_default() {
        let settings = read(&[]).expect("no options");
        assert_eq!(settings.ip_timeout, Duration::from_secs(300));
        assert_eq!(settings.network.local_interface, "vboxnet0");
        assert_eq!(settings.nodes_group(&ServiceName::new("lab").expect("a name")), "/pallet/lab");
    }

    #[test]
    fn options_of_the_old_web_service_mean_nothing() {
        read(&[("identity", "test".into()), ("url", "http://localhost:18083/".into())]).expect("accepted");
    }

    #[test]
    fn a_mistake_names_the_option() {
        let message =
            |key: &'static str, value: OptionValue| read(&[(key, value)]).expect_err("a mistake").message;
        assert_eq!(
            message("default-network", "briged".into()),
            "option `default-network` of service \"lab\": expected `local`, `nat`, `bridged` or a list of adapters"
        );
        assert!(
            message("session-type", "x11".into()).ends_with("expected one of headless, gui, sdl, separate")
        );
        assert!(message("max-parallel-creates", OptionValue::Integer(0)).ends_with("expected 1 or more"));
        assert!(message("ip-timeout", OptionValue::Integer(-1)).contains("-1 is out of range"));
        assert!(message("vm-group", "pallet".into()).contains("`/pallet`"));
        assert_eq!(message("node-pth", "x".into()), "unknown option `node-pth` of service \"lab\"");
    }
}
