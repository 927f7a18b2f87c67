//! The definition that is written for a model.

use pallet::compute::ComputeError;
use pallet::spec::{Attach, ImageDefinition};
use std::fmt::Write;

/// Checks that an id can be the name of files, on every system and in every shell.
pub(super) fn check_id(id: &str) -> Result<(), ComputeError> {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    let is_outer = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let bytes = id.as_bytes();
    if bytes.len() <= 64
        && is_outer(bytes.first())
        && is_outer(bytes.last())
        && bytes.iter().all(|b| is_inner(*b))
    {
        return Ok(());
    }
    Err(ComputeError::input(format!("{id:?} is no id for an image")).hint(
        "use at most 64 lower-case letters, digits, and inner hyphens, dots and underscores: `debian-12`",
    ))
}

/// Returns the text of the file that defines a model. Its disk lies beside it.
pub(super) fn text(id: &str, definition: &ImageDefinition, origin: &str, digest: &str) -> String {
    let mut text = format!("# Written by `image add`, removed by `image remove {id}`.\n[{}]\n", quoted(id));
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{key} = {value}");
        }
    };
    let wide = definition.os_64_bit.map(|wide| wide.to_string());
    line("path", Some(quoted(&format!("{id}.vdi"))));
    line("description", definition.description.as_deref().map(quoted));
    line("os-family", definition.os_family.map(|family| quoted(&family.to_string())));
    line("os-version", definition.os_version.as_deref().map(quoted));
    line("os-64-bit", wide);
    line("os-type", definition.os_type.as_deref().map(quoted));
    line("attach", definition.attach.as_ref().map(Attach::to_string).as_deref().map(quoted));
    line("cloud-init", definition.cloud_init.then(|| "true".to_owned()));
    if let Some(login) = &definition.login {
        let secret = |secret: &Option<pallet::Secret>| secret.as_ref().map(|secret| quoted(secret.expose()));
        line("username", Some(quoted(&login.username)));
        line("password", secret(&login.password));
        line("sudo-password", secret(&login.sudo_password));
        line("no-sudo", login.no_sudo.then(|| "true".to_owned()));
        line(
            "private-key-path",
            login.private_key_path.as_ref().map(|path| quoted(&path.display().to_string())),
        );
    }
    line("origin", Some(quoted(origin)));
    line("disk-sha256", Some(quoted(digest)));
    text
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::library::Library;
    use crate::image::{Added, Models};
    use pallet::facts::OsFamily;
    use pallet::spec::Login;

    #[test]
    fn what_is_written_is_what_was_told() {
        let definition = ImageDefinition {
            description: Some("two\nlines, \"quotes\" and 'more' \\ \u{7f}".to_owned()),
            os_family: Some(OsFamily::Debian),
            os_version: Some("12".to_owned()),
            os_64_bit: Some(true),
            attach: Some(Attach::LinkedClone),
            login: Some(Login { username: "me".into(), password: Some("p\"w".into()), ..Login::default() }),
            ..ImageDefinition::default()
        };
        let text = text("debian-12.1", &definition, "https://x.org/a\"b", "00ff");
        let models = Models::default().with_library(&Library::of("/m", &[("debian-12.1.toml", &text)]));
        let model = models.get("debian-12.1").unwrap_or_else(|| panic!("{text}\n{models:?}"));
        assert_eq!(model.disk.argument(), "/m/debian-12.1.vdi");
        assert_eq!(model.description, definition.description);
        assert_eq!(model.login, definition.login);
        assert_eq!((model.os_family, model.os_64_bit), (definition.os_family, Some(true)));
        assert_eq!((model.attach, model.cloud_init), (Attach::LinkedClone, false));
        let added = Added { origin: "https://x.org/a\"b".into(), digest: "00ff".into() };
        assert_eq!(model.added, Some(added));
    }

    #[test]
    fn an_id_is_a_plain_name() {
        for id in ["a", "debian-12", "debian_12.1", "0"] {
            check_id(id).unwrap_or_else(|error| panic!("{id}: {error}"));
        }
        for id in ["", "-a", "a-", ".a", "a/b", "A", "ä", "a b", "..", &"a".repeat(65)] {
            assert!(check_id(id).is_err(), "{id:?}");
        }
    }
}
