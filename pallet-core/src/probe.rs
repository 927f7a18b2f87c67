//! The probe: everything that the actions of a phase must know, read in one script with few processes.
//!
//! Actions say what they need ([`Probe`]), the script reads it in batches (one `stat` for all paths, one
//! `dpkg-query` for all packages), and [`State`] is what came back. All of it is pure: the runtime carries the
//! script to the node and the frames back.

mod debconf;
mod packages;
#[cfg(feature = "engine")]
mod parse;
mod state;
mod trees;
mod units;

#[cfg(feature = "engine")]
pub use parse::ProbeError;
pub use state::{
    Account, AccountGroup, AuthorizedKeys, CommandResult, Contents, PackageState, PathKind, PathState,
    Sha256, Shadow, State, UnitState,
};
pub use trees::Tree;
pub(crate) use trees::is_below;

use crate::facts::{Facts, Utilities};
use crate::graph::ActionId;
use crate::name::{AccountName, PackageName, RemotePath, UnitName};
use crate::script::{AS_USER, Script};
use crate::sorted::{Map, Set};
use packages::PackageQueries;
use trees::TreeQuery;

/// A part of a script's answer: what a frame said, and all bytes up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What the frame said, in words separated by blanks.
    pub header: String,
    /// What followed it.
    pub body: Vec<u8>,
}

/// What must be read on a node.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    paths: Set<RemotePath>,
    hashed: Set<RemotePath>,
    read: Set<RemotePath>,
    lines: Set<RemotePath>,
    listings: Set<RemotePath>,
    packages: PackageQueries,
    emptied: Set<RemotePath>,
    units: Set<UnitName>,
    users: Set<AccountName>,
    groups: Set<AccountName>,
    passwords: Set<AccountName>,
    keys: Set<AccountName>,
    commands: Map<(ActionId, u8), Command>,
    written: bool,
    owed: bool,
    debconf: Set<String>,
    origins: bool,
    trees: Map<ActionId, TreeQuery>,
}

#[derive(Debug, Clone)]
struct Command {
    script: Script,
    capture: bool,
}

impl Probe {
    /// Asks for kind, owner, mode and so on of a path, without following a link.
    pub fn path(&mut self, path: &RemotePath) {
        self.paths.insert(path.clone());
    }

    /// Asks for the hash of a file's content beside all that [`path`](Probe::path) gives.
    pub fn content(&mut self, path: &RemotePath) {
        self.paths.insert(path.clone());
        self.hashed.insert(path.clone());
        self.written = true;
    }

    /// Asks for the content itself of a file, beside all that [`content`](Probe::content) gives. For files that are
    /// edited in part; of those larger than [`READ_LIMIT`] only the beginning is read, and
    /// [`World::text`](crate::world::World::text) says so.
    pub fn text(&mut self, path: &RemotePath) {
        self.content(path);
        self.read.insert(path.clone());
    }

    /// Asks for all that is in a directory, at any depth, with the hashes of the files. Directories that one of the
    /// patterns of `find` names are not entered: `-name` for those without a slash, `-path` for the others.
    pub fn tree(&mut self, id: ActionId, path: &RemotePath, passed_over: Vec<String>) {
        self.paths.insert(path.clone());
        self.trees.insert(id, TreeQuery { path: path.clone(), passed_over });
    }

    /// Asks for the first line of a file, with one process for all: for what the kernel shows below `/proc` and `/sys`.
    pub fn line(&mut self, path: &RemotePath) {
        self.lines.insert(path.clone());
    }

    /// Asks for all lines of a file that the kernel makes up when it is read, such as `/proc/self/mounts`. It costs
    /// no process, and is slow for files that are long.
    pub fn listing(&mut self, path: &RemotePath) {
        self.listings.insert(path.clone());
    }

    /// Asks whether a directory contains anything, beside all that [`path`](Probe::path) gives.
    pub fn emptiness(&mut self, path: &RemotePath) {
        self.paths.insert(path.clone());
        self.emptied.insert(path.clone());
    }

    /// Asks where the content of a file or directory came from: what pallet remembers of it.
    pub fn origin(&mut self, path: &RemotePath) {
        self.paths.insert(path.clone());
        self.origins = true;
    }

    /// Asks whether a package is installed, and in which version.
    pub fn package(&mut self, name: &PackageName) {
        self.packages.names.insert(name.clone());
    }

    /// Asks also whether the packages are held back from upgrades.
    pub fn held_packages(&mut self) {
        self.packages.holds = true;
    }

    /// Asks for the version to which a package would be upgraded, as far as the node's index knows; from a release
    /// that is not the default, if one is given.
    pub fn newer_package(&mut self, name: &PackageName, from: Option<&str>) {
        self.packages.newer.or_default(from.map(str::to_owned)).insert(name.clone());
    }

    /// Asks for the answer that debconf has stored for a question.
    pub fn debconf(&mut self, question: &str) {
        self.debconf.insert(question.to_owned());
    }

    /// Asks for what an earlier run still owes.
    pub fn owed(&mut self) {
        self.owed = true;
    }

    /// Asks for the state of a service.
    pub fn unit(&mut self, name: &UnitName) {
        self.units.insert(name.clone());
    }

    /// Asks for a user.
    pub fn user(&mut self, name: &AccountName) {
        self.users.insert(name.clone());
    }

    /// Asks for a user, with what the system keeps secret about it: the hash of its password, and when it expires.
    pub fn password(&mut self, name: &AccountName) {
        self.users.insert(name.clone());
        self.passwords.insert(name.clone());
    }

    /// Asks for a user and the SSH keys that it accepts.
    pub fn authorized_keys(&mut self, name: &AccountName) {
        self.users.insert(name.clone());
        self.keys.insert(name.clone());
    }

    /// Asks for a group.
    pub fn group(&mut self, name: &AccountName) {
        self.groups.insert(name.clone());
    }

    /// Asks whether a command, which must change nothing, ends well. `number` tells apart several of one action.
    pub fn check(&mut self, id: ActionId, number: u8, script: Script) {
        self.commands.insert((id, number), Command { script, capture: false });
    }

    /// Asks for what a command, which must change nothing, writes to its standard output.
    pub fn capture(&mut self, id: ActionId, number: u8, script: Script) {
        self.commands.insert((id, number), Command { script, capture: true });
    }

    /// Tells whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
            && self.lines.is_empty()
            && self.listings.is_empty()
            && self.packages.names.is_empty()
            && !self.owed
            && self.debconf.is_empty()
            && self.units.is_empty()
            && self.users.is_empty()
            && self.groups.is_empty()
            && self.commands.is_empty()
    }

    /// Returns the script that reads it all. It answers in [`Section`]s, in an order that [`parse`](Probe::parse) knows.
    pub fn script(&self, facts: &Facts) -> Script {
        let mut script = Script::new();
        if !self.paths.is_empty() {
            script = script.code(PATHS).call("p_paths", self.paths.iter().map(RemotePath::as_str));
            script = script.call(links_function(facts.utilities), self.paths.iter().map(RemotePath::as_str));
        }
        if !self.hashed.is_empty() {
            script = script.code(HASHES).call("p_hashes", self.hashed.iter().map(RemotePath::as_str));
        }
        if !self.read.is_empty() {
            script = script.code(CONTENTS).call("p_contents", self.read.iter().map(RemotePath::as_str));
        }
        if !self.emptied.is_empty() {
            script = script.code(EMPTINESS).call("p_emptiness", self.emptied.iter().map(RemotePath::as_str));
        }
        if !self.lines.is_empty() {
            script = script.code(LINES).call("p_lines", self.lines.iter().map(RemotePath::as_str));
        }
        if !self.listings.is_empty() {
            script = script.code(LISTINGS).call("p_listings", self.listings.iter().map(RemotePath::as_str));
        }
        if self.written {
            script = script.code(WRITTEN);
        }
        if self.origins {
            script = script.code(ORIGINS);
        }
        if let Some(manager) = facts.package_manager {
            script = script.append(self.packages.script(manager));
        }
        script = script.append(debconf::script(&self.debconf));
        if self.owed || !self.units.is_empty() {
            script = script.code(OWED);
        }
        if !self.units.is_empty() {
            script = units::ask(script, &self.units, facts.init);
        }
        if !self.users.is_empty() || !self.groups.is_empty() {
            script = script
                .code(ACCOUNTS)
                .call("p_users", self.users.iter().map(AccountName::as_str))
                .call("p_groups", self.groups.iter().map(AccountName::as_str));
        }
        if !self.passwords.is_empty() {
            script = script.code(SHADOW).call("p_shadow", self.passwords.iter().map(AccountName::as_str));
        }
        if !self.keys.is_empty() {
            script = script.library(&AS_USER).code(KEYS);
            script = script.call("p_keys", self.keys.iter().map(AccountName::as_str));
        }
        script = script.append(trees::script(&self.trees));
        for ((id, number), command) in &self.commands {
            let sink = if command.capture { "2>/dev/null" } else { ">/dev/null 2>&1" };
            script = script
                .code(format!("p_frame output {} {number}\n(unset p_token\n", id.0))
                .append(command.script.clone())
                .code(format!("\n) {sink}\np_frame status {} {number} $?\n", id.0));
        }
        script
    }
}

/// A first pass with builtins finds what exists, and one `stat` reads all of that. Names are never read back, so
/// no name can disturb the answer.
const PATHS: &str = r#"p_paths() {
  p_frame exists
  p_n=$#
  while [ "$p_n" -gt 0 ]; do
    p_path=$1
    shift
    if [ -L "$p_path" ]; then echo L; set -- "$@" "$p_path"; elif [ -e "$p_path" ]; then echo E; set -- "$@" "$p_path"; else echo -; fi
    p_n=$((p_n - 1))
  done
  p_frame stat
  [ $# -eq 0 ] || stat -c '%f %u %g %s %Y/%U/%G' "$@"
}
"#;

fn links_function(utilities: Utilities) -> &'static str {
    match utilities {
        Utilities::Gnu => {
            r#"p_links() {
  p_frame links
  p_n=$#
  while [ "$p_n" -gt 0 ]; do
    p_path=$1
    shift
    [ ! -L "$p_path" ] || set -- "$@" "$p_path"
    p_n=$((p_n - 1))
  done
  [ $# -eq 0 ] || readlink -z "$@"
}
p_links"#
        }
        Utilities::Busybox => {
            r#"p_links() {
  p_frame links
  for p_path in "$@"; do
    if [ -L "$p_path" ]; then readlink -n "$p_path"; printf '\000'; fi
  done
}
p_links"#
        }
    }
}

const HASHES: &str = r#"p_hashes() {
  p_frame files
  p_n=$#
  while [ "$p_n" -gt 0 ]; do
    p_path=$1
    shift
    if [ -f "$p_path" ] && [ ! -L "$p_path" ]; then echo F; set -- "$@" "$p_path"; else echo -; fi
    p_n=$((p_n - 1))
  done
  p_frame hashes
  [ $# -eq 0 ] || sha256sum "$@"
}
"#;

/// Of larger files only so many bytes are read.
pub const READ_LIMIT: u64 = 1 << 20;

/// One process for all: where a file ends follows from its size, and its hash tells whether that was so.
const CONTENTS: &str = r#"p_contents() {
  p_frame contents
  p_n=$#
  while [ "$p_n" -gt 0 ]; do
    p_path=$1
    shift
    if [ -f "$p_path" ] && [ ! -L "$p_path" ]; then set -- "$@" "$p_path"; fi
    p_n=$((p_n - 1))
  done
  [ $# -eq 0 ] || head -q -c 1048576 "$@"
}
"#;

const EMPTINESS: &str = r#"p_emptiness() {
  p_frame emptiness
  for p_path in "$@"; do
    p_full=-
    if [ -d "$p_path" ]; then
      for p_entry in "$p_path"/* "$p_path"/.[!.]* "$p_path"/..?*; do
        if [ -e "$p_entry" ] || [ -L "$p_entry" ]; then p_full=F; break; fi
      done
    fi
    echo "$p_full"
  done
}
"#;

/// The kernel gives a setting only to whoever reads it at once, which not every shell does: hence a process, one for all.
const LINES: &str = r#"p_lines() {
  p_frame writable
  for p_path in "$@"; do if [ -w "$p_path" ]; then echo W; else echo -; fi; done
  p_frame lines
  grep -s -a -H -m 1 '' "$@"
}
"#;

const LISTINGS: &str = r#"p_listings() {
  p_frame listings
  for p_path in "$@"; do
    if [ -r "$p_path" ]; then
      while IFS= read -r p_line; do printf '=%s\n' "$p_line"; done <"$p_path"
    fi
    echo -
  done
}
"#;

/// Of no other user than those that were asked for.
const SHADOW: &str = r#"p_shadow() {
  p_frame shadow
  [ -r /etc/shadow ] || return 0
  while IFS= read -r p_line; do
    for p_name in "$@"; do case $p_line in "$p_name":*) printf '%s\n' "$p_line" ;; esac; done
  done </etc/shadow
}
"#;

/// A home is its user's own: links in it may lead anywhere, so it is read with the user's rights.
const KEYS: &str = r#"p_keys() {
  p_frame keys
  for p_name in "$@"; do
    p_home "$p_name"
    printf '%s\n' "$p_name"
    [ -z "$p_home" ] || p_as_user "$p_name" '
      cd "$1" 2>/dev/null && [ -d .ssh ] || exit 0
      stat -L -c "=%a" .ssh .ssh/authorized_keys
      [ -f .ssh/authorized_keys ] || exit 0
      while IFS= read -r line || [ -n "$line" ]; do printf "=%s\n" "$line"; done <.ssh/authorized_keys
    ' "$p_home" 2>/dev/null
  done
}
"#;

/// What pallet wrote last, and what it still owes. See `apply.sh`.
const WRITTEN: &str = r#"p_frame written
[ ! -r "${p_lib:-/var/lib/pallet}/written" ] || cat "${p_lib:-/var/lib/pallet}/written"
"#;

const OWED: &str = r#"p_frame owed
for p_path in "${p_lib:-/var/lib/pallet}"/owed/*; do [ ! -e "$p_path" ] || printf '%s\n' "${p_path##*/}"; done
"#;

/// See `downloads.sh`.
const ORIGINS: &str = r#"p_frame origins
[ ! -r "${p_lib:-/var/lib/pallet}/origins" ] || cat "${p_lib:-/var/lib/pallet}/origins"
"#;

const ACCOUNTS: &str = r#"p_entries() {
  p_database=$1
  shift
  [ $# -gt 0 ] || return 0
  if command -v getent >/dev/null 2>&1; then
    getent "$p_database" "$@"
  else
    while IFS= read -r p_line; do
      for p_name in "$@"; do case $p_line in "$p_name":*) printf '%s\n' "$p_line" ;; esac; done
    done <"/etc/$p_database"
  fi
}
p_users() { p_frame passwd; p_entries passwd "$@"; p_frame members; cat /etc/group; }
p_groups() { p_frame group; p_entries group "$@"; }
"#;
