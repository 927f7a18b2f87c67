//! Reads the answer of a probe. The answer comes from the node and is believed only as far as it has the form
//! that was asked for.

mod debconf;
mod packages;
mod trees;
mod units;

use super::state::{
    Account, AccountGroup, AuthorizedKeys, CommandResult, Contents, PathKind, PathState, Sha256, Shadow,
    State,
};
use super::{Probe, READ_LIMIT, Section};
use crate::facts::Facts;
use crate::graph::ActionId;
use crate::name::{AccountName, RemotePath};
use crate::secret::Secret;
use std::fmt;

/// The answer of a node was not what the probe asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeError {
    what: String,
}

impl ProbeError {
    pub(super) fn new(what: impl Into<String>) -> Self {
        ProbeError { what: what.into() }
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the node's answer about {} is not as expected; was the node changing just now?", self.what)
    }
}

impl std::error::Error for ProbeError {}

impl Probe {
    /// Returns the state in the answer to this probe's script.
    ///
    /// # Errors
    ///
    /// When the answer lacks something or has another form.
    pub fn parse(&self, facts: &Facts, sections: &[Section]) -> Result<State, ProbeError> {
        let mut state = State::default();
        let answer = Answer { sections };
        self.parse_paths(&answer, &mut state)?;
        self.parse_contents(&answer, &mut state)?;
        self.parse_lines(&answer, &mut state)?;
        self.parse_listings(&answer, &mut state)?;
        self.parse_emptiness(&answer, &mut state)?;
        if self.written {
            parse_written(&answer.text("written")?, &mut state);
        }
        if self.origins {
            parse_origins(&answer.text("origins")?, &mut state);
        }
        if let Some(manager) = facts.package_manager {
            self.packages.parse(manager, &facts.architecture, &answer, &mut state)?;
        }
        debconf::parse(&self.debconf, &answer, &mut state)?;
        if self.owed || !self.units.is_empty() {
            state.owed = answer.text("owed")?.lines().map(str::to_owned).collect();
        }
        self.parse_units(&answer, &mut state)?;
        if !self.users.is_empty() || !self.groups.is_empty() {
            self.parse_accounts(&answer, &mut state)?;
        }
        if !self.passwords.is_empty() {
            state.shadows = answer.text("shadow")?.lines().filter_map(parse_shadow).collect();
        }
        if !self.keys.is_empty() {
            self.parse_keys(&answer.text("keys")?, &mut state)?;
        }
        trees::parse(&self.trees, &answer, &mut state)?;
        self.parse_commands(sections, &mut state)?;
        Ok(state)
    }

    fn parse_paths(&self, answer: &Answer<'_>, state: &mut State) -> Result<(), ProbeError> {
        if self.paths.is_empty() {
            return Ok(());
        }
        let wrong = || ProbeError::new("files");
        let exists = answer.text("exists")?;
        let stats = answer.text("stat")?;
        let mut stats = stats.lines();
        let mut targets = answer.body("links")?.split(|byte| *byte == 0);
        let mut flags = exists.lines();
        for path in &self.paths {
            let found = match flags.next().ok_or_else(wrong)? {
                "-" => PathState::absent(),
                flag => {
                    let mut found = parse_stat(stats.next().ok_or_else(wrong)?).ok_or_else(wrong)?;
                    if flag == "L" {
                        let target = targets.next().ok_or_else(wrong)?;
                        found.kind = PathKind::Link(String::from_utf8_lossy(target).into_owned());
                    }
                    found
                }
            };
            state.paths.insert(path.clone(), found);
        }
        // Something else wrote in between: nothing of this can be believed.
        if flags.next().is_some() || stats.next().is_some() {
            return Err(wrong());
        }
        self.parse_hashes(answer, state)
    }

    fn parse_hashes(&self, answer: &Answer<'_>, state: &mut State) -> Result<(), ProbeError> {
        if self.hashed.is_empty() {
            return Ok(());
        }
        let wrong = || ProbeError::new("contents");
        let files = answer.text("files")?;
        let hashes = answer.text("hashes")?;
        let mut hashes = hashes.lines();
        let mut flags = files.lines();
        for path in &self.hashed {
            if flags.next().ok_or_else(wrong)? != "F" {
                continue;
            }
            // A name with a backslash makes sha256sum put one before the hash.
            let line = hashes.next().ok_or_else(wrong)?.trim_start_matches('\\');
            let hash = line.get(..64).and_then(Sha256::parse).ok_or_else(wrong)?;
            if let Some(found) = state.paths.get_mut(path) {
                found.kind = PathKind::File(Contents::Hash(hash));
            }
        }
        if flags.next().is_some() || hashes.next().is_some() {
            return Err(wrong());
        }
        Ok(())
    }

    /// Cuts what all files contain into pieces by their sizes. A file that grew in between gives a piece with
    /// another hash.
    fn parse_contents(&self, answer: &Answer<'_>, state: &mut State) -> Result<(), ProbeError> {
        if self.read.is_empty() {
            return Ok(());
        }
        let wrong = || ProbeError::new("contents");
        let mut rest = answer.body("contents")?;
        for path in &self.read {
            let Some(PathState { kind: PathKind::File(Contents::Hash(hash)), size, .. }) =
                state.paths.get(path)
            else {
                continue;
            };
            let length = usize::try_from((*size).min(READ_LIMIT)).map_err(|_| wrong())?;
            let (piece, after) = rest.split_at_checked(length).ok_or_else(wrong)?;
            if *size <= READ_LIMIT && Sha256::of(piece) != *hash {
                return Err(wrong());
            }
            rest = after;
            state.texts.insert(path.clone(), piece.to_vec());
        }
        if rest.is_empty() { Ok(()) } else { Err(wrong()) }
    }

    fn parse_lines(&self, answer: &Answer<'_>, state: &mut State) -> Result<(), ProbeError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let (writable, text) = (answer.text("writable")?, answer.text("lines")?);
        let mut writable = writable.lines();
        let mut lines = text.lines().peekable();
        for path in &self.lines {
            let flag = writable.next().ok_or_else(|| ProbeError::new("lines"))?;
            // A file that cannot be read, or has no line, gives nothing.
            let of_path = |line: &str| line.strip_prefix(path.as_str())?.strip_prefix(':').map(str::to_owned);
            let Some(line) = lines.peek().and_then(|line| of_path(line)) else { continue };
            lines.next();
            state.lines.insert(path.clone(), line);
            if flag != "W" {
                state.locked.insert(path.clone());
            }
        }
        if lines.next().is_some() { Err(ProbeError::new("lines")) } else { Ok(()) }
    }

    fn parse_listings(&self, answer: &Answer<'_>, state: &mut State) -> Result<(), ProbeError> {
        if self.listings.is_empty() {
            return Ok(());
        }
        let text = answer.text("listings")?;
        let mut lines = text.lines();
        for path in &self.listings {
            let own = lines.by_ref().map_while(|line| line.strip_prefix('=')).map(str::to_owned);
            state.listings.insert(path.clone(), own.collect());
        }
        if lines.next().is_some() { Err(ProbeError::new("listings")) } else { Ok(()) }
    }

    fn parse_keys(&self, text: &str, state: &mut State) -> Result<(), ProbeError> {
        let mut lines = text.lines().peekable();
        for name in &self.keys {
            if lines.next() != Some(name.as_str()) {
                return Err(ProbeError::new("authorized keys"));
            }
            let mut next = || lines.next_if(|line| line.starts_with('=')).map(|line| &line[1..]);
            let mut mode = || u32::from_str_radix(next()?, 8).ok();
            let (folder, file) = (mode(), mode());
            let lines = std::iter::from_fn(next).map(str::to_owned).collect();
            state.keys.insert(name.clone(), AuthorizedKeys { folder, file, lines });
        }
        Ok(())
    }

    fn parse_emptiness(&self, answer: &Answer<'_>, state: &mut State) -> Result<(), ProbeError> {
        if self.emptied.is_empty() {
            return Ok(());
        }
        let text = answer.text("emptiness")?;
        let mut flags = text.lines();
        for path in &self.emptied {
            if flags.next().ok_or_else(|| ProbeError::new("directories"))? == "F" {
                state.full.insert(path.clone());
            }
        }
        Ok(())
    }

    fn parse_units(&self, answer: &Answer<'_>, state: &mut State) -> Result<(), ProbeError> {
        if self.units.is_empty() {
            return Ok(());
        }
        let units = match answer.text("systemd") {
            Ok(text) => units::parse_systemd(&text, &answer.text("rc")?),
            Err(_) => units::parse_scripts(&answer.text("scripts")?),
        };
        if units.len() < self.units.len() {
            return Err(ProbeError::new("services"));
        }
        state.units = self.units.iter().cloned().zip(units).collect();
        Ok(())
    }

    fn parse_accounts(&self, answer: &Answer<'_>, state: &mut State) -> Result<(), ProbeError> {
        for line in answer.text("passwd")?.lines() {
            if let Some((name, account)) = parse_passwd(line) {
                state.users.insert(name, account);
            }
        }
        for line in answer.text("members")?.lines().chain(answer.text("group")?.lines()) {
            let Some((name, group)) = parse_group(line) else { continue };
            let known = state.groups.or_default(name);
            known.gid = group.gid;
            known.members.extend(group.members);
        }
        Ok(())
    }

    fn parse_commands(&self, sections: &[Section], state: &mut State) -> Result<(), ProbeError> {
        let wrong = || ProbeError::new("commands");
        let mut sections = sections.iter().skip_while(|section| !section.header.starts_with("output "));
        for &(id, number) in self.commands.keys() {
            let output = sections.next().ok_or_else(wrong)?;
            let status = sections.next().ok_or_else(wrong)?;
            if output.header != format!("output {} {number}", id.0) {
                return Err(wrong());
            }
            let code = status.header.strip_prefix(&format!("status {} {number} ", id.0));
            let code = code.and_then(|code| code.parse().ok()).ok_or_else(wrong)?;
            let end = output.body.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
            let result = CommandResult { status: code, output: output.body[..end].to_vec() };
            state.commands.insert((ActionId(id.0), number), result);
        }
        Ok(())
    }
}

pub(super) struct Answer<'a> {
    sections: &'a [Section],
}

impl<'a> Answer<'a> {
    pub(super) fn body(&self, header: &str) -> Result<&'a [u8], ProbeError> {
        let found = self.sections.iter().find(|section| section.header == header);
        found.map(|section| section.body.as_slice()).ok_or_else(|| ProbeError::new(header))
    }

    pub(super) fn text(&self, header: &str) -> Result<String, ProbeError> {
        Ok(String::from_utf8_lossy(self.body(header)?).into_owned())
    }
}

/// `stat -c '%f %u %g %s %Y/%U/%G'`: names may have blanks in them.
pub(super) fn parse_stat(line: &str) -> Option<PathState> {
    let mut fields = line.split('/');
    let mut words = fields.next()?.split(' ');
    let (owner, group) = (fields.next()?, fields.next()?);
    let raw = u32::from_str_radix(words.next()?, 16).ok()?;
    let (uid, gid): (u32, u32) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let named = |name: &str, id: u32| if name == "UNKNOWN" { id.to_string() } else { name.to_owned() };
    let (owner, group) = (named(owner, uid), named(group, gid));
    let size = words.next()?.parse().ok()?;
    let kind = match raw & 0o170_000 {
        0o100_000 => PathKind::File(Contents::NotRead),
        0o040_000 => PathKind::Directory,
        0o120_000 => PathKind::Link(String::new()),
        0o010_000 => PathKind::Fifo,
        _ => PathKind::Other,
    };
    // A time before 1970 is negative.
    let modified = words.next()?.parse::<i64>().ok()?.try_into().unwrap_or(0);
    Some(PathState { kind, mode: raw & 0o7777, owner, uid: Some(uid), group, gid: Some(gid), size, modified })
}

/// `ORIGIN CONTENT PATH`: the last line of a path counts.
fn parse_origins(text: &str, state: &mut State) {
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        if let (Some(origin), Some(content), Some(path)) = (words.next(), words.next(), words.next())
            && let (Some(origin), Some(content)) = (Sha256::parse(origin), Sha256::parse(content))
            && let Ok(path) = RemotePath::new(path)
        {
            state.origins.insert(path, (origin, content));
        }
    }
}

fn parse_written(text: &str, state: &mut State) {
    // The last line of a path is what was written last; the one before it may be what is there, if the writing
    // was interrupted. A line cut short by a crash is no line.
    for line in text.lines() {
        if let Some((hash, path)) = line.split_once(' ')
            && let (Some(hash), Ok(path)) = (Sha256::parse(hash), RemotePath::new(path))
        {
            state.written.or_default(path).push(hash);
        }
    }
}

fn parse_passwd(line: &str) -> Option<(AccountName, Account)> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, gecos, home, shell] = fields[..] else { return None };
    let account = Account {
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        gecos: gecos.to_owned(),
        home: home.to_owned(),
        shell: shell.to_owned(),
    };
    Some((AccountName::new(name).ok()?, account))
}

fn parse_group(line: &str) -> Option<(AccountName, AccountGroup)> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members] = fields[..] else { return None };
    let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
    Some((AccountName::new(name).ok()?, AccountGroup { gid: gid.parse().ok()?, members }))
}

fn parse_shadow(line: &str) -> Option<(AccountName, Shadow)> {
    let fields: Vec<&str> = line.split(':').collect();
    let (name, password) = (fields.first()?, fields.get(1)?);
    // -1 means never, as nothing does.
    let expires = fields.get(7).and_then(|days| days.parse().ok());
    Some((AccountName::new(*name).ok()?, Shadow { password: Secret::from(*password), expires }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::UnitState;

    fn section(header: &str, body: &str) -> Section {
        Section { header: header.to_owned(), body: body.as_bytes().to_vec() }
    }

    fn path(text: &str) -> RemotePath {
        RemotePath::new(text).expect("a valid path")
    }

    #[test]
    fn files_are_matched_by_order_and_not_by_name() {
        let mut probe = Probe::default();
        probe.path(&path("/a"));
        probe.path(&path("/b"));
        probe.content(&path("/c"));
        let hash = Sha256::of(b"x").to_string();
        let answer = [
            section("exists", "L\n-\nE\n"),
            section("stat", "a1ff 0 0 3 -17/root/root\n81a4 33 33 1 1700000001/www-data/UNKNOWN\n"),
            section("links", "/target\0"),
            section("files", "F\n"),
            section("hashes", &format!("\\{hash}  -\n")),
            section("written", &format!("{hash} /c\n{} /c\nbroken", Sha256::of(b"y"))),
        ];
        let state = probe.parse(&Facts::example(), &answer).expect("a complete answer");
        assert_eq!(state.paths[&path("/a")].kind, PathKind::Link("/target".into()));
        assert_eq!(state.paths[&path("/b")].kind, PathKind::Absent);
        let c = &state.paths[&path("/c")];
        assert_eq!(c.kind, PathKind::File(Contents::Hash(Sha256::of(b"x"))));
        assert_eq!((c.mode, c.owner.as_str(), c.group.as_str()), (0o644, "www-data", "33"));
        assert_eq!(state.written[&path("/c")], [Sha256::of(b"x"), Sha256::of(b"y")]);
    }

    #[test]
    fn an_answer_that_lacks_something_is_an_error() {
        let mut probe = Probe::default();
        probe.path(&path("/a"));
        let answer = [section("exists", "E\n"), section("stat", ""), section("links", "")];
        let error = probe.parse(&Facts::example(), &answer).expect_err("an incomplete answer");
        assert!(error.to_string().contains("files"), "{error}");
    }

    #[test]
    fn contents_are_cut_by_size_and_checked_by_hash() {
        let mut probe = Probe::default();
        probe.text(&path("/a"));
        probe.text(&path("/b"));
        probe.line(&path("/proc/x"));
        probe.line(&path("/proc/y"));
        let hashes =
            |a: &str, b: &str| format!("{}  -\n{}  -\n", Sha256::of(a.as_bytes()), Sha256::of(b.as_bytes()));
        let answer = |contents: &str| {
            [
                section("exists", "E\nE\n"),
                section("stat", "81a4 0 0 3 1/root/root\n81a4 0 0 2 1/root/root\n"),
                section("links", ""),
                section("files", "F\nF\n"),
                section("hashes", &hashes("one", "2\n")),
                section("contents", contents),
                section("writable", "W\n-\n"),
                section("lines", "/proc/x:1 2\n"),
                section("written", ""),
            ]
        };
        let state = probe.parse(&Facts::example(), &answer("one2\n")).expect("a complete answer");
        assert_eq!(state.texts[&path("/a")], b"one");
        assert_eq!(state.texts[&path("/b")], b"2\n");
        assert_eq!(state.lines[&path("/proc/x")], "1 2");
        assert!(!state.lines.contains_key(&path("/proc/y")));
        for moved in ["one2", "one23\n", "two2\n"] {
            probe.parse(&Facts::example(), &answer(moved)).expect_err("a file that changed in between");
        }
    }

    #[test]
    fn what_the_kernel_shows_is_read_in_order() {
        let mut probe = Probe::default();
        probe.line(&path("/proc/a"));
        probe.line(&path("/proc/b"));
        probe.listing(&path("/proc/self/mounts"));
        probe.listing(&path("/proc/swaps"));
        let answer = [
            section("writable", "W\n-\n"),
            section("lines", "/proc/a:1\n/proc/b:2\n"),
            section("listings", "=proc /proc\n=-\n-\n-\n"),
        ];
        let state = probe.parse(&Facts::example(), &answer).expect("a complete answer");
        assert_eq!(state.lines[&path("/proc/b")], "2");
        assert_eq!(state.locked.iter().collect::<Vec<_>>(), [&path("/proc/b")]);
        assert_eq!(state.listings[&path("/proc/self/mounts")], ["proc /proc", "-"]);
        assert!(state.listings[&path("/proc/swaps")].is_empty());
    }

    #[test]
    fn secrets_and_keys_of_users_are_found() {
        let name = |text: &str| AccountName::new(text).expect("a valid name");
        let mut probe = Probe::default();
        probe.password(&name("app"));
        probe.authorized_keys(&name("app"));
        probe.authorized_keys(&name("new"));
        let answer = [
            section("passwd", ""),
            section("members", ""),
            section("group", ""),
            section("shadow", "app:$6$x:19000:0:99999:7::20000:\n"),
            section("keys", "app\n=700\n=600\n=ssh-ed25519 AAAA\n==\nnew\n"),
        ];
        let state = probe.parse(&Facts::example(), &answer).expect("a complete answer");
        let shadow = Shadow { password: Secret::from("$6$x"), expires: Some(20000) };
        assert_eq!(state.shadows[&name("app")], shadow);
        let lines = vec!["ssh-ed25519 AAAA".to_owned(), "=".to_owned()];
        let keys = AuthorizedKeys { folder: Some(0o700), file: Some(0o600), lines };
        assert_eq!(state.keys[&name("app")], keys);
        assert_eq!(state.keys[&name("new")], AuthorizedKeys::default());
    }

    #[test]
    fn units_of_systemd_come_in_order() {
        let mut probe = Probe::default();
        for unit in ["cron", "gone"] {
            probe.unit(&crate::name::UnitName::new(unit).expect("a valid name"));
        }
        let systemd = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\nLoadState=not-found\n\
            ActiveState=inactive\nUnitFileState=\n";
        let answer =
            [section("owed", "reload-nginx\n"), section("rc", "no\nno\n"), section("systemd", systemd)];
        let state = probe.parse(&Facts::example(), &answer).expect("a complete answer");
        let states: Vec<UnitState> = state.units.values().copied().collect();
        assert_eq!(
            states[0],
            UnitState { exists: true, enabled: true, running: true, ..UnitState::default() }
        );
        assert_eq!(states[1], UnitState::default());
        assert!(state.owed.contains("reload-nginx"));
    }

    #[test]
    fn commands_are_matched_by_number() {
        let mut probe = Probe::default();
        probe.check(ActionId(3), 0, crate::script::Script::new().code("true"));
        let answer = [section("output 3 0", "text\n\n"), section("status 3 0 7", "")];
        let state = probe.parse(&Facts::example(), &answer).expect("a complete answer");
        let result = CommandResult { status: 7, output: b"text".to_vec() };
        assert_eq!(state.commands[&(ActionId(3), 0)], result);
    }
}
