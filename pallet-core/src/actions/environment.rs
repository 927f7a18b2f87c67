//! Variables: of all sessions, and of services, in files of `NAME=value` lines.

use super::parts::{Composed, Key, Line, Part, check_file_name, check_one_line, composed_action};
use crate::graph::{Handle, record};
use crate::name::RemotePath;

/// A variable of all sessions.
#[derive(Debug)]
pub struct Environment {
    name: String,
    value: String,
    absent: bool,
}

/// Settings of a service in `/etc/default`.
#[derive(Debug)]
pub struct EtcDefault {
    name: String,
    values: Vec<(String, Option<String>)>,
}

/// Declares a variable of all sessions, in `/etc/environment`.
///
/// Other lines of the file stay. It holds for sessions that begin later. Checked: the line. Changed: when it was. Systems:
/// all with PAM.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// environment("http_proxy", "http://proxy.internal:3128");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn environment(name: impl Into<String>, value: impl Into<String>) -> Handle<Environment> {
    record(Environment { name: name.into(), value: value.into(), absent: false })
}

/// Declares settings of a service in `/etc/default/NAME`, which its start script or unit reads.
///
/// Other lines of the file stay. Checked: the lines. Changed: when one of them was. Systems: those of Debian's
/// family, and others whose services read such a file.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// let options = etc_default("cron").set("EXTRA_OPTS", "-L 15").unset("READ_ENV");
/// service("cron").restart_when_changed(options);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn etc_default(name: impl Into<String>) -> Handle<EtcDefault> {
    record(EtcDefault { name: name.into(), values: Vec::new() })
}

impl Handle<Environment> {
    /// Declares that there is no such variable.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|variable| variable.absent = true)
    }
}

impl Handle<EtcDefault> {
    /// Declares a setting.
    #[track_caller]
    pub fn set(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.edit(|file| file.values.push((name.into(), Some(value.into()))))
    }

    /// Declares that there is no such setting.
    #[track_caller]
    pub fn unset(self, name: impl Into<String>) -> Self {
        self.edit(|file| file.values.push((name.into(), None)))
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(format!("{name:?} cannot be the name of a variable"));
    }
    Ok(())
}

/// Returns a value as shells and systemd read it: bare, or in double quotes.
fn quoted(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:@%+,".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

impl Composed for Environment {
    const KIND: &'static str = "environment";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        check_one_line("the value", &self.value)?;
        if self.value.contains(['"', '#', '\\']) {
            return Err(format!(
                "/etc/environment has no way to write {:?}: no `\"`, `#` and `\\`",
                self.value
            ));
        }
        Ok(())
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let path = RemotePath::new("/etc/environment").expect("a valid path");
        // PAM knows no escapes, only quotes around the whole.
        let line = (!self.absent).then(|| format!("{}=\"{}\"", self.name, self.value));
        vec![Box::new(Line { path, key: Key::Assign(self.name.clone()), line })]
    }
}

impl Composed for EtcDefault {
    const KIND: &'static str = "etc-default";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        check_file_name("a file of settings", &self.name)?;
        self.values.iter().try_for_each(|(name, value)| {
            check_name(name)?;
            check_one_line("the value", value.as_deref().unwrap_or_default())
        })
    }

    fn missing(&self) -> Option<&'static str> {
        self.values.is_empty().then_some("nothing is declared: call `set` or `unset`")
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let Ok(path) = RemotePath::new(format!("/etc/default/{}", self.name)) else { return Vec::new() };
        let part = |(name, value): &(String, Option<String>)| {
            let line = value.as_ref().map(|value| format!("{name}={}", quoted(value)));
            Box::new(Line { path: path.clone(), key: Key::Assign(name.clone()), line }) as Box<dyn Part>
        };
        self.values.iter().map(part).collect()
    }
}

composed_action!(Environment);
composed_action!(EtcDefault);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_as_shells_read_them() {
        assert_eq!(quoted("-L"), "-L");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("a $b \"c\" `d` \\"), "\"a \\$b \\\"c\\\" \\`d\\` \\\\\"");
    }
}
