//! Rules of sudo, in files of their own below `/etc/sudoers.d`.

use super::parts::{
    Composed, Folder, Part, Verify, WholeFile, check_file_name, check_one_line, composed_action,
};
use crate::graph::{Handle, record};
use crate::name::RemotePath;
use crate::text::Text;

/// A file of rules for sudo.
#[derive(Debug)]
pub struct Sudoers {
    name: String,
    aliases: Vec<Alias>,
    defaults: Vec<(Option<SudoUser>, String)>,
    rules: Vec<SudoRule>,
    absent: bool,
}

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

#[derive(Debug)]
struct Alias {
    kind: &'static str,
    name: String,
    members: Vec<String>,
}

/// Declares a file of rules for sudo, `/etc/sudoers.d/NAME`, of root and with mode 0440.
///
/// The whole file is this action's. On the node `visudo` reads it before it goes live, so no mistake in it can lock
/// anybody out. Checked: content, mode and owner. Changed: when the file was. Systems: all that have sudo; the package
/// must be there before.
///
/// ```
/// # use pallet::prelude::*;
/// # use pallet::actions::SudoRule;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("sudo");
/// sudoers("deploy")
///     .command_alias("RESTART", ["/usr/bin/systemctl restart app"])
///     .rule(SudoRule::user("deploy").run_as(["root"]).commands(["RESTART"]).nopasswd())
///     .rule(SudoRule::group("ops"))
///     .defaults("env_keep += \"SSH_AUTH_SOCK\"");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn sudoers(name: impl Into<String>) -> Handle<Sudoers> {
    record(Sudoers {
        name: name.into(),
        aliases: Vec::new(),
        defaults: Vec::new(),
        rules: Vec::new(),
        absent: false,
    })
}

impl Handle<Sudoers> {
    /// Adds a rule.
    #[track_caller]
    pub fn rule(self, rule: SudoRule) -> Self {
        self.edit(|sudoers| sudoers.rules.push(rule))
    }

    /// Adds a setting for everybody, as sudoers(5) writes them: `!requiretty`.
    #[track_caller]
    pub fn defaults(self, setting: impl Into<String>) -> Self {
        self.edit(|sudoers| sudoers.defaults.push((None, setting.into())))
    }

    /// Adds a setting for somebody.
    #[track_caller]
    pub fn defaults_of(self, who: SudoUser, setting: impl Into<String>) -> Self {
        self.edit(|sudoers| sudoers.defaults.push((Some(who), setting.into())))
    }

    /// Gives users and groups (`%ops`) a name.
    #[track_caller]
    pub fn user_alias<S: Into<String>>(
        self,
        name: impl Into<String>,
        users: impl IntoIterator<Item = S>,
    ) -> Self {
        self.alias("User_Alias", name, users)
    }

    /// Gives users to run as a name.
    #[track_caller]
    pub fn run_as_alias<S: Into<String>>(
        self,
        name: impl Into<String>,
        users: impl IntoIterator<Item = S>,
    ) -> Self {
        self.alias("Runas_Alias", name, users)
    }

    /// Gives hosts a name.
    #[track_caller]
    pub fn host_alias<S: Into<String>>(
        self,
        name: impl Into<String>,
        hosts: impl IntoIterator<Item = S>,
    ) -> Self {
        self.alias("Host_Alias", name, hosts)
    }

    /// Gives commands a name.
    #[track_caller]
    pub fn command_alias<S: Into<String>>(
        self,
        name: impl Into<String>,
        commands: impl IntoIterator<Item = S>,
    ) -> Self {
        self.alias("Cmnd_Alias", name, commands.into_iter().map(|command| escape(&command.into())))
    }

    /// Declares that there is no such file.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|sudoers| sudoers.absent = true)
    }

    #[track_caller]
    fn alias<S: Into<String>>(
        self,
        kind: &'static str,
        name: impl Into<String>,
        members: impl IntoIterator<Item = S>,
    ) -> Self {
        let members = members.into_iter().map(Into::into).collect();
        self.edit(|sudoers| sudoers.aliases.push(Alias { kind, name: name.into(), members }))
    }
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

    fn check(&self) -> Result<(), String> {
        self.who.check()?;
        self.run_as.iter().try_for_each(SudoUser::check)?;
        self.hosts.iter().try_for_each(|host| check_item("host", host))?;
        self.commands.iter().try_for_each(|command| check_command(command))
    }

    fn line(&self) -> String {
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
    fn check(&self) -> Result<(), String> {
        match self {
            SudoUser::User(name) | SudoUser::Group(name) => check_item("user", name),
            SudoUser::Alias(name) => check_alias(name),
            SudoUser::All => Ok(()),
        }
    }

    fn text(&self) -> String {
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

fn check_alias(name: &str) -> Result<(), String> {
    if is_alias(name) && name != "ALL" {
        return Ok(());
    }
    Err(format!("invalid alias {name:?}: a capital letter, then capital letters, digits and underscores"))
}

/// A user, a group or a host: what needs no escaping.
fn check_item(what: &str, item: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"%#+!_-./*:".contains(&b);
    if item.is_empty() || !item.bytes().all(plain) {
        return Err(format!("invalid {what} {item:?} in a rule of sudo"));
    }
    Ok(())
}

fn check_command(command: &str) -> Result<(), String> {
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
fn escape(command: &str) -> String {
    let mut escaped = String::with_capacity(command.len());
    for c in command.chars() {
        if matches!(c, ',' | ':' | '=' | '\\' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl Sudoers {
    fn content(&self) -> String {
        let mut text = String::from("# Written by pallet.\n");
        for (who, setting) in &self.defaults {
            let who = who.as_ref().map(|who| format!(":{}", who.text())).unwrap_or_default();
            text.push_str(&format!("Defaults{who} {setting}\n"));
        }
        for Alias { kind, name, members } in &self.aliases {
            text.push_str(&format!("{kind} {name} = {}\n", members.join(", ")));
        }
        self.rules.iter().for_each(|rule| text.push_str(&rule.line()));
        text
    }
}

impl Composed for Sudoers {
    const KIND: &'static str = "sudoers";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        check_file_name("a file of rules for sudo", &self.name)?;
        if !self.absent && self.rules.is_empty() && self.defaults.is_empty() && self.aliases.is_empty() {
            return Err("nothing is declared: call `rule`, `defaults` or `absent`".to_owned());
        }
        for alias in &self.aliases {
            check_alias(&alias.name)?;
            if alias.members.is_empty() {
                return Err(format!("alias {} has no members", alias.name));
            }
            alias.members.iter().try_for_each(|member| match alias.kind {
                "Cmnd_Alias" => check_command(member),
                _ => check_item("member", member),
            })?;
        }
        self.defaults.iter().try_for_each(|(who, setting)| {
            who.as_ref().map_or(Ok(()), SudoUser::check)?;
            check_one_line("the setting", setting)
        })?;
        self.rules.iter().try_for_each(SudoRule::check)
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let path = format!("/etc/sudoers.d/{}", self.name);
        let Ok(path) = RemotePath::new(path) else { return Vec::new() };
        let content = (!self.absent).then(|| Text::from(self.content()));
        let verify = Verify { program: "visudo", command: "visudo -c -f \"$p_new\"" };
        let file = WholeFile::new(&path, content);
        vec![Box::new(WholeFile { mode: 0o440, verify: Some(verify), folder: Folder::Of("sudo"), ..file })]
    }
}

composed_action!(Sudoers);

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

    #[test]
    fn what_sudo_would_leave_out_or_take_for_something_else_is_refused() {
        let with = |name: &str, rule: SudoRule| Sudoers {
            name: name.to_owned(),
            aliases: Vec::new(),
            defaults: Vec::new(),
            rules: vec![rule],
            absent: false,
        };
        assert!(with("deploy", SudoRule::user("a")).check().is_ok());
        for name in ["deploy.conf", "deploy~", "a/b", "", "..", "-x"] {
            assert!(with(name, SudoRule::user("a")).check().is_err(), "{name:?}");
        }
        for rule in [
            SudoRule::user("a b"),
            SudoRule::user("a\nb ALL=ALL"),
            SudoRule::user("a").commands(["systemctl"]),
            SudoRule::user("a").commands(["/bin/a\nroot ALL=ALL"]),
            SudoRule::user("a").hosts(["x y"]),
            SudoRule::of(SudoUser::Alias("ops".into())),
        ] {
            assert!(with("x", rule.clone()).check().is_err(), "{rule:?}");
        }
    }
}
