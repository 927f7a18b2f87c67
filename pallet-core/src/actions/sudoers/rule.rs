//! A rule of sudo: who may run which commands, where and as whom; and how each is checked and written.

use crate::actions::parts::check_one_line;

/// Who may run commands by sudo, or as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SudoUser {
    /// A user.
    User(String),
    /// All members of a group.
    Group(String),
    /// A user alias: capital letters, digits and underscores.
    Alias(String),
    /// Everybody.
    All,
}

/// That somebody may run commands by sudo.
///
/// Without more said: all commands, as everybody, on all hosts, after giving the own password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SudoRule {
    who: SudoUser,
    hosts: Vec<String>,
    run_as: Vec<SudoUser>,
    tags: Vec<&'static str>,
    commands: Vec<String>,
}

impl SudoRule {
    /// Returns the rule that a user may run everything.
    pub fn user(name: impl Into<String>) -> Self {
        SudoRule::of(SudoUser::User(name.into()))
    }

    /// Returns the rule that the members of a group may run everything.
    pub fn group(name: impl Into<String>) -> Self {
        SudoRule::of(SudoUser::Group(name.into()))
    }

    /// Returns the rule that somebody may run everything.
    pub fn of(who: SudoUser) -> Self {
        SudoRule { who, hosts: Vec::new(), run_as: Vec::new(), tags: Vec::new(), commands: Vec::new() }
    }

    /// Says on which hosts the rule holds: by name, address or host alias.
    #[must_use]
    pub fn hosts<S: Into<String>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// Says as which users commands may be run: by name, or by alias if the name is in capitals.
    #[must_use]
    pub fn run_as<S: Into<String>>(mut self, users: impl IntoIterator<Item = S>) -> Self {
        self.run_as.extend(users.into_iter().map(|name| {
            let name = name.into();
            if is_alias(&name) { SudoUser::Alias(name) } else { SudoUser::User(name) }
        }));
        self
    }

    /// Says which commands may be run: with their whole path and, if only those are meant, with their arguments; or by
    /// alias.
    #[must_use]
    pub fn commands<S: Into<String>>(mut self, commands: impl IntoIterator<Item = S>) -> Self {
        self.commands.extend(commands.into_iter().map(Into::into));
        self
    }

    /// Asks for no password.
    #[must_use]
    pub fn nopasswd(self) -> Self {
        self.tag("NOPASSWD")
    }

    /// Keeps commands from starting others.
    #[must_use]
    pub fn noexec(self) -> Self {
        self.tag("NOEXEC")
    }

    /// Lets the user say what is in the environment.
    #[must_use]
    pub fn setenv(self) -> Self {
        self.tag("SETENV")
    }

    fn tag(mut self, tag: &'static str) -> Self {
        self.tags.push(tag);
        self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.who.check()?;
        self.run_as.iter().try_for_each(SudoUser::check)?;
        self.hosts.iter().try_for_each(|host| check_item("host", host))?;
        self.commands.iter().try_for_each(|command| check_command(command))
    }

    pub(super) fn line(&self) -> String {
        let all = |list: Vec<String>| if list.is_empty() { "ALL".to_owned() } else { list.join(", ") };
        let hosts = all(self.hosts.clone());
        let run_as = if self.run_as.is_empty() {
            "ALL:ALL".to_owned()
        } else {
            all(self.run_as.iter().map(SudoUser::text).collect())
        };
        let tags: String = self.tags.iter().map(|tag| format!("{tag}: ")).collect();
        let commands = all(self.commands.iter().map(|command| escape(command)).collect());
        format!("{} {hosts} = ({run_as}) {tags}{commands}\n", self.who.text())
    }
}

impl SudoUser {
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            SudoUser::User(name) | SudoUser::Group(name) => check_item("user", name),
            SudoUser::Alias(name) => check_alias(name),
            SudoUser::All => Ok(()),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            SudoUser::User(name) | SudoUser::Alias(name) => name.clone(),
            SudoUser::Group(name) => format!("%{name}"),
            SudoUser::All => "ALL".to_owned(),
        }
    }
}

fn is_alias(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

pub(super) fn check_alias(name: &str) -> Result<(), String> {
    if is_alias(name) && name != "ALL" {
        return Ok(());
    }
    Err(format!("invalid alias {name:?}: a capital letter, then capital letters, digits and underscores"))
}

/// A user, a group or a host: what needs no escaping.
pub(super) fn check_item(what: &str, item: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"%#+!_-./*:".contains(&b);
    if item.is_empty() || !item.bytes().all(plain) {
        return Err(format!("invalid {what} {item:?} in a rule of sudo"));
    }
    Ok(())
}

pub(super) fn check_command(command: &str) -> Result<(), String> {
    check_one_line("the command", command)?;
    let name = command.strip_prefix('!').unwrap_or(command);
    if name.starts_with('/')
        || is_alias(name)
        || ["list", "sudoedit"].iter().any(|word| name.starts_with(word))
    {
        return Ok(());
    }
    Err(format!("the command {command:?} needs its whole path: sudo compares paths"))
}

/// Puts a backslash before what means something in a list of commands.
pub(super) fn escape(command: &str) -> String {
    let mut escaped = String::with_capacity(command.len());
    for c in command.chars() {
        if matches!(c, ',' | ':' | '=' | '\\' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_written_as_sudo_reads_them() {
        let line = |rule: SudoRule| rule.line();
        assert_eq!(line(SudoRule::user("a")), "a ALL = (ALL:ALL) ALL\n");
        assert_eq!(line(SudoRule::group("ops").nopasswd()), "%ops ALL = (ALL:ALL) NOPASSWD: ALL\n");
        let rule = SudoRule::of(SudoUser::Alias("OPS".into()))
            .hosts(["web-1", "WEB"])
            .run_as(["postgres", "DBA"])
            .commands(["/bin/a b=c,d", "!/bin/sh"])
            .nopasswd()
            .setenv();
        assert_eq!(
            line(rule),
            "OPS web-1, WEB = (postgres, DBA) NOPASSWD: SETENV: /bin/a b\\=c\\,d, !/bin/sh\n"
        );
    }
}
