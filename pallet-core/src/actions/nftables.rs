//! Firewall rules of nftables.

use super::parts::{Composed, Part, Verify, WholeFile, composed_action};
use crate::action::{Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, OsFamily};
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::Probe;
use crate::script::Script;
use crate::text::Text;
use crate::world::World;

/// A ruleset of nftables.
#[derive(Debug)]
pub struct Nftables {
    ruleset: String,
    only: bool,
}

/// Declares the firewall rules of the node, in the language of `nft`: tables with chains and rules.
///
/// They become `/etc/nftables.conf`, which the service `nftables` loads at the start of the system (declare it with
/// `service("nftables").enabled()`). `nft` reads the file before it goes live; it is loaded in one piece, so there is no
/// moment without rules. Tables that are not named stay as they are, such as those of container engines; see
/// [`only`](Handle::<Nftables>::only). Checked: the file, and that the tables are there; rules in them that others changed
/// are not noticed. Changed: when it was loaded. Systems: Debian's family, Arch, with the package `nftables`.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("nftables");
/// nftables(
///     "table inet filter {
///        chain input {
///          type filter hook input priority filter; policy drop;
///          ct state established,related accept
///          iif lo accept
///          tcp dport { 22, 80 } accept
///        }
///      }",
/// );
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn nftables(ruleset: impl Into<String>) -> Handle<Nftables> {
    record(Nftables { ruleset: ruleset.into(), only: false })
}

impl Handle<Nftables> {
    /// Declares that there are no other tables, whoever made them.
    #[track_caller]
    pub fn only(self) -> Self {
        self.edit(|nftables| nftables.only = true)
    }
}

fn file() -> RemotePath {
    RemotePath::new("/etc/nftables.conf").expect("a valid path")
}

/// That the tables are in the kernel.
#[derive(Debug)]
struct Loaded {
    tables: Vec<String>,
}

impl Part for Loaded {
    fn probe(&self, id: ActionId, probe: &mut Probe) {
        probe.capture(id, 0, Script::new().code("nft list tables"));
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let known = view.world.command(view.id, 0);
        if known.doubt.is_none() && known.is.is_some_and(|result| result.status == 127) {
            let hint = "write `package(\"nftables\")` before this line".to_owned();
            *diff = Diff::problem("there is no program nft on this node", hint);
            return;
        }
        let output = known.is.map(|result| String::from_utf8_lossy(&result.output)).unwrap_or_default();
        let has = |table: &String| output.lines().any(|line| line.strip_prefix("table ") == Some(table));
        let missing: Vec<&str> = self.tables.iter().filter(|table| !has(table)).map(String::as_str).collect();
        if !missing.is_empty() {
            diff.change(format!("table {} loaded", missing.join(", ")));
        } else if !diff.changes.is_empty() {
            diff.change("loaded");
        }
        diff.doubt(known.doubt);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let mut script = Script::new()
            .code("p_missing=$p_did\np_line=$(nft list tables) || return\np_line=\"$p_line\n\"\n");
        for table in &self.tables {
            script = script
                .code("case $p_line in *")
                .word(format!("table {table}\n"))
                .code("*) ;; *) p_missing=1 ;; esac\n");
        }
        script
            .code("if [ -n \"$p_missing\" ]; then\nnft -f ")
            .word(file().as_str())
            .code(format!(" || return\n[ -n \"$p_did\" ] || p_did={}\nfi\n", view.id.0))
    }

    fn predict(&self, _: &mut World) {}

    fn claims(&self) -> Vec<Claim> {
        let claim =
            |table: &String| Claim::new(Thing::Other("nftables table", table.clone()), "rules", "loaded");
        self.tables.iter().map(claim).collect()
    }
}

impl Nftables {
    /// Returns the tables as `nft list tables` writes them: `inet filter`.
    fn tables(&self) -> Vec<String> {
        let of_line = |line: &str| {
            let words: Vec<&str> = line.split(['{', ';']).next()?.split_whitespace().collect();
            match words[..] {
                ["table", name] => Some(format!("ip {name}")),
                ["table", family, name] => Some(format!("{family} {name}")),
                _ => None,
            }
        };
        let mut tables: Vec<String> = self.ruleset.lines().filter_map(of_line).collect();
        tables.dedup();
        tables
    }

    fn content(&self) -> String {
        let clean = if self.only {
            "flush ruleset\n".to_owned()
        } else {
            // A table that is not there cannot be deleted, so it is made first; all of it is one transaction.
            self.tables().iter().map(|table| format!("table {table}\ndelete table {table}\n")).collect()
        };
        format!("#!/usr/sbin/nft -f\n# Written by pallet.\n{clean}\n{}\n", self.ruleset.trim_end())
    }
}

impl Composed for Nftables {
    const KIND: &'static str = "nftables";

    fn subject(&self) -> String {
        self.tables().join(", ")
    }

    fn check(&self) -> Result<(), String> {
        if self.tables().is_empty() {
            return Err("a ruleset needs a table: `table inet filter { … }`".to_owned());
        }
        if self.ruleset.lines().any(|line| line.trim_start().starts_with("flush ruleset")) {
            return Err(
                "`flush ruleset` removes the tables of others, too: if that is meant, call `only`".to_owned()
            );
        }
        Ok(())
    }

    fn refuse(&self, facts: &Facts) -> Result<(), String> {
        let family = facts.os.family;
        if family.is(OsFamily::DebianBase) || family.is(OsFamily::ArchBase) {
            return Ok(());
        }
        Err(format!("nftables are supported on Debian's family and Arch; this is {}", facts.os.description))
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let verify = Verify { program: "nft", command: "nft -c -f \"$p_new\"" };
        let whole = WholeFile::new(&file(), Some(Text::from(self.content())));
        let whole = WholeFile { mode: 0o755, verify: Some(verify), ..whole };
        vec![Box::new(whole), Box::new(Loaded { tables: self.tables() })]
    }
}

composed_action!(Nftables);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found() {
        let tables = |ruleset: &str| Nftables { ruleset: ruleset.to_owned(), only: false }.tables();
        assert_eq!(tables("table inet a {\n}\n  table b { }\nchain table x"), ["inet a", "ip b"]);
        assert!(tables("add rule x").is_empty());
    }

    #[test]
    fn only_ones_own_tables_are_replaced() {
        let mine = Nftables { ruleset: "table inet a {\n}\n".to_owned(), only: false };
        assert!(mine.content().contains("\ntable inet a\ndelete table inet a\n\ntable inet a {\n}\n"));
        assert!(Nftables { only: true, ..mine }.content().contains("\nflush ruleset\n\ntable inet a {"));
        assert!(Nftables { ruleset: "flush ruleset\ntable a {}".to_owned(), only: false }.check().is_err());
    }
}
