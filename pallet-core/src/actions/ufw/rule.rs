//! A rule of ufw: found in the files in which ufw keeps its own, changed by ufw.

use super::{no_ufw, path};
use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::Probe;
use crate::script::{Script, UFW};
use crate::world::{FileText, Known, World};
use std::net::IpAddr;

/// A rule of ufw.
#[derive(Debug, Clone)]
pub struct UfwRule {
    verb: &'static str,
    outgoing: bool,
    protocol: Option<&'static str>,
    port: Option<String>,
    from: Option<String>,
    to: Option<String>,
    absent: bool,
}

/// Declares a rule of ufw that lets packets to a port in; [`deny`](Handle::<UfwRule>::deny) and so on say otherwise.
///
/// A port is a number, or several as `80,443` or `6000:6007`, for which ufw needs a protocol. Checked: ufw's own list of
/// rules. Changed: when the rule was added or deleted. Systems: those with ufw; the package must be there before.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("ufw");
/// ufw_rule(22).tcp().limit();
/// ufw_rule("80,443").tcp();
/// ufw_rule(5432).tcp().from("10.0.0.0/8");
/// ufw().deny_incoming().allow_outgoing();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn ufw_rule(port: impl std::fmt::Display) -> Handle<UfwRule> {
    let port = Some(port.to_string());
    let (protocol, from, to) = (None, None, None);
    record(UfwRule { verb: "allow", outgoing: false, protocol, port, from, to, absent: false })
}

impl Handle<UfwRule> {
    /// Means TCP only.
    #[track_caller]
    pub fn tcp(self) -> Self {
        self.edit(|rule| rule.protocol = Some("tcp"))
    }

    /// Means UDP only.
    #[track_caller]
    pub fn udp(self) -> Self {
        self.edit(|rule| rule.protocol = Some("udp"))
    }

    /// Means packets from this address or network.
    #[track_caller]
    pub fn from(self, address: impl Into<String>) -> Self {
        self.edit(|rule| rule.from = Some(address.into()))
    }

    /// Means packets to this address or network.
    #[track_caller]
    pub fn to(self, address: impl Into<String>) -> Self {
        self.edit(|rule| rule.to = Some(address.into()))
    }

    /// Means packets that go out.
    #[track_caller]
    pub fn outgoing(self) -> Self {
        self.edit(|rule| rule.outgoing = true)
    }

    /// Drops the packets without a word.
    #[track_caller]
    pub fn deny(self) -> Self {
        self.edit(|rule| rule.verb = "deny")
    }

    /// Refuses the packets.
    #[track_caller]
    pub fn reject(self) -> Self {
        self.edit(|rule| rule.verb = "reject")
    }

    /// Lets connections in unless there are many of them at once.
    #[track_caller]
    pub fn limit(self) -> Self {
        self.edit(|rule| rule.verb = "limit")
    }

    /// Declares that there is no such rule.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|rule| rule.absent = true)
    }
}

impl UfwRule {
    fn is_v6(&self) -> bool {
        [&self.from, &self.to].into_iter().flatten().any(|address| address.contains(':'))
    }

    fn file(&self) -> RemotePath {
        path(if self.is_v6() { "/etc/ufw/user6.rules" } else { "/etc/ufw/user.rules" })
    }

    /// Returns the line by which ufw keeps the rule.
    fn tuple(&self) -> String {
        let network = |address: &Option<String>| network(address.as_deref(), self.is_v6());
        format!(
            "### tuple ### {} {} {} {} any {} {}",
            self.verb,
            self.protocol.unwrap_or("any"),
            self.port.as_deref().unwrap_or("any"),
            network(&self.to),
            network(&self.from),
            if self.outgoing { "out" } else { "in" },
        )
    }

    /// Returns the words that ufw is told.
    fn words(&self) -> Vec<&str> {
        let mut words = vec![self.verb, if self.outgoing { "out" } else { "in" }];
        if let Some(protocol) = self.protocol {
            words.extend(["proto", protocol]);
        }
        words.extend([
            "from",
            self.from.as_deref().unwrap_or("any"),
            "to",
            self.to.as_deref().unwrap_or("any"),
        ]);
        if let Some(port) = &self.port {
            words.extend(["port", port]);
        }
        words
    }

    fn is_there(&self, text: Known<FileText<'_>>) -> bool {
        let tuple = self.tuple();
        let of_rule = |line: &str| {
            let rest = line.strip_prefix(&tuple);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        matches!(text.is, FileText::Is(text) if String::from_utf8_lossy(text).lines().any(of_rule))
    }
}

impl Action for UfwRule {
    fn kind(&self) -> &'static str {
        "ufw-rule"
    }

    fn subject(&self) -> String {
        self.words().join(" ")
    }

    fn check(&self) -> Result<(), String> {
        let port = self.port.as_deref().unwrap_or_default();
        let number = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
        let range = |text: &str| text.split_once(':').is_some_and(|(from, to)| number(from) && number(to));
        if !port.split(',').all(|part| number(part) || range(part)) {
            return Err(format!("{port:?} is no port: 80, `80,443` or `6000:6007`"));
        }
        [&self.from, &self.to].into_iter().flatten().try_for_each(|address| check_network(address))?;
        let v6 = |address: &Option<String>| address.as_ref().map(|address| address.contains(':'));
        match (v6(&self.from), v6(&self.to)) {
            (Some(from), Some(to)) if from != to => {
                Err("a rule from IPv4 to IPv6, or the other way round".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn missing(&self) -> Option<&'static str> {
        let several = self.port.as_ref().is_some_and(|port| port.contains([',', ':']));
        (several && self.protocol.is_none())
            .then_some("for several ports ufw needs a protocol: call `tcp` or `udp`")
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.text(&self.file());
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let file = self.file();
        if let Some(problem) = no_ufw(&file, view).filter(|_| !self.absent) {
            return problem;
        }
        let known = view.world.text(&file);
        let mut diff = Diff::none();
        match (self.is_there(known), self.absent) {
            (false, false) => diff.change("added"),
            (true, true) => diff.change("deleted"),
            _ => {}
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let (file, tuple) = (self.file(), self.tuple());
        let delete = if self.absent { "delete" } else { "" };
        let words = [id.as_str(), file.as_str(), &tuple, delete].into_iter().chain(self.words());
        Script::new().library(&UFW).call("p_ufw_rule", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let file = self.file();
        let FileText::Is(text) = world.text(&file).is else { return };
        let text = String::from_utf8_lossy(text).into_owned();
        let tuple = self.tuple();
        let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(&tuple)).collect();
        if !self.absent {
            lines.push(&tuple);
        }
        let after = lines.join("\n").into_bytes();
        let before = world.path(&file).is;
        world.set_path(&file, before);
        world.set_text(&file, after);
    }

    fn declares(&self) -> Vec<Claim> {
        // What differs only in the verb is about the same packets.
        let about = self.words()[1..].join(" ");
        let state = if self.absent { "absent" } else { self.verb };
        vec![Claim::new(Thing::Other("ufw rule", about), "verb", state)]
    }
}

/// Returns a network as ufw keeps it; `any` for none.
fn network(address: Option<&str>, v6: bool) -> String {
    match address {
        Some(address) => address.trim_end_matches(if v6 { "/128" } else { "/32" }).to_owned(),
        None if v6 => "::/0".to_owned(),
        None => "0.0.0.0/0".to_owned(),
    }
}

/// Checks an address or a network. Bits behind the prefix would be cut off by ufw, and the rule never be found again.
fn check_network(text: &str) -> Result<(), String> {
    let wrong = || format!("{text:?} is no address and no network such as 10.0.0.0/8");
    let (address, prefix) =
        text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let Some(prefix) = prefix else { return Ok(()) };
    let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    if prefix > width {
        return Err(wrong());
    }
    let host = (width - prefix).min(127);
    let behind = if width - prefix == 128 { bits } else { bits & ((1_u128 << host) - 1) };
    if behind == 0 { Ok(()) } else { Err(format!("{text:?} has bits behind its prefix")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(port: &str) -> UfwRule {
        let (protocol, from, to) = (Some("tcp"), None, None);
        UfwRule { verb: "allow", outgoing: false, protocol, port: Some(port.into()), from, to, absent: false }
    }

    #[test]
    fn rules_are_found_as_ufw_keeps_them() {
        assert_eq!(rule("22").tuple(), "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in");
        let from = UfwRule { from: Some("10.0.0.7/32".into()), verb: "limit", ..rule("22") };
        assert_eq!(from.tuple(), "### tuple ### limit tcp 22 0.0.0.0/0 any 10.0.0.7 in");
        let v6 = UfwRule { to: Some("fd00::/8".into()), outgoing: true, protocol: None, ..rule("22") };
        assert_eq!(v6.tuple(), "### tuple ### allow any 22 fd00::/8 any ::/0 out");
        let text = b"x\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=41\n";
        let known = Known { is: FileText::Is(text), doubt: None };
        assert!(rule("22").is_there(known) && !rule("2").is_there(known));
    }

    #[test]
    fn what_ufw_would_refuse_or_rewrite_is_refused() {
        assert!(rule("80,443,6000:6007").check().is_ok());
        for bad in ["", "0", "65536", "http", "80,", "1:"] {
            assert!(rule(bad).check().is_err(), "{bad:?}");
        }
        assert!(rule("80,443").missing().is_none());
        assert!(UfwRule { protocol: None, ..rule("80,443") }.missing().is_some());
        let from = |address: &str| UfwRule { from: Some(address.to_owned()), ..rule("1") }.check();
        for good in ["10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "0.0.0.0/0", "fd00::/8", "::1", "::/0"] {
            assert!(from(good).is_ok(), "{good}");
        }
        for bad in ["10.0.0.1/8", "fd00::1/8", "10.0.0.0/33", "web-1", "", "::1/0"] {
            assert!(from(bad).is_err(), "{bad}");
        }
    }
}
