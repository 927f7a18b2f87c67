//! The options of a sandbox service.

use crate::error::Result;
use crate::net::subnet::Subnet;
use crate::node::init::Init;
use pallet::options::Options;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The options of a service, read and checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Settings {
    /// The image of nodes that name none; the host's own root by default.
    pub(crate) image: Option<String>,
    /// Root file systems by the ids that specs use: folders, or archives that `tar` can read.
    pub(crate) images: BTreeMap<String, PathBuf>,
    /// The network of the nodes; by default one that the host does not use.
    pub(crate) subnet: Option<Subnet>,
    /// What is process 1 of new nodes; by default the best that is possible.
    pub(crate) init: Option<Init>,
}

impl Settings {
    pub(crate) fn read(options: &Options) -> Result<Self> {
        let subnet = options.string("subnet")?;
        let settings = Settings {
            image: options.string("image")?,
            images: images(options)?,
            subnet: subnet
                .map(|text| text.parse().map_err(|why| options.invalid("subnet", why)))
                .transpose()?,
            init: init(options)?,
        };
        options.finish()?;
        Ok(settings)
    }
}

fn init(options: &Options) -> Result<Option<Init>> {
    match options.string("init")?.as_deref() {
        None | Some("auto") => Ok(None),
        Some("systemd") => Ok(Some(Init::Systemd)),
        Some("sysv") => Ok(Some(Init::Sysv)),
        Some(_) => Err(options.invalid("init", "expected \"auto\", \"systemd\" or \"sysv\"").into()),
    }
}

fn images(options: &Options) -> Result<BTreeMap<String, PathBuf>> {
    let Some(table) = options.table("images")? else { return Ok(BTreeMap::new()) };
    let ids: Vec<String> = table.keys().map(str::to_owned).collect();
    let mut images = BTreeMap::new();
    for id in ids {
        if let Some(path) = table.path(&id)? {
            images.insert(id, path);
        }
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::options::OptionValue;

    #[test]
    fn options_are_typed_and_strangers_are_refused() {
        let mut images = Options::new("images", None);
        images.set("bookworm", "/srv/bookworm", "pallet.toml:4:1");
        let mut options = Options::new("service \"lab\"", None);
        options.set("image", "bookworm", "");
        options.set("images", OptionValue::Table(images), "");
        options.set("subnet", "10.9.8.0/24", "");
        let settings = Settings::read(&options).expect("valid options");
        assert_eq!(settings.images["bookworm"], PathBuf::from("/srv/bookworm"));
        assert_eq!(settings.subnet.map(|subnet| subnet.to_string()).as_deref(), Some("10.9.8.0/24"));

        options.set("subnt", "10.9.7.0/24", "pallet.toml:5:1");
        let error = Settings::read(&options).expect_err("a stranger");
        assert_eq!(error.hint.as_deref(), Some("did you mean `subnet`?"));
    }

    #[test]
    fn the_init_is_one_of_three() {
        let read = |value: &str| {
            let mut options = Options::new("service \"lab\"", None);
            options.set("init", value, "pallet.toml:3:1");
            Settings::read(&options).map(|settings| settings.init)
        };
        assert_eq!(read("auto").expect("valid"), None);
        assert_eq!(read("systemd").expect("valid"), Some(Init::Systemd));
        assert_eq!(read("sysv").expect("valid"), Some(Init::Sysv));
        let error = read("openrc").expect_err("a stranger");
        assert!(error.message.starts_with("pallet.toml:3:1: option `init`"), "{error}");
    }

    #[test]
    fn a_subnet_of_another_form_is_refused_with_its_place() {
        let mut options = Options::new("service \"lab\"", None);
        options.set("subnet", "10.0.0.0/8", "pallet.toml:3:1");
        let error = Settings::read(&options).expect_err("too wide");
        assert!(error.message.starts_with("pallet.toml:3:1: option `subnet`"), "{error}");
    }
}
