//! Rules of sudo, in files of their own below `/etc/sudoers.d`.

mod rule;

pub use rule::{SudoRule, SudoUser};
use rule::{check_alias, check_command, check_item, escape};

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

    fn missing(&self) -> Option<&'static str> {
        let empty = self.rules.is_empty() && self.defaults.is_empty() && self.aliases.is_empty();
        (empty && !self.absent).then_some("nothing is declared: call `rule`, `defaults` or `absent`")
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
