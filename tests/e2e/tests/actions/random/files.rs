//! Files, directories, links and edits of files; accounts; commands, conditions and values.

use super::{How, Op, Place, Runs};
use pallet::Condition;
use pallet::graph::AnyHandle;
use pallet::prelude::*;
use proptest::prelude::*;
use std::time::Duration;

/// Paths and accounts are few, so that actions meet each other often.
#[derive(Debug, Clone)]
pub(super) enum FileOp {
    Directory { path: usize, mode: Option<u32> },
    DirectoryAbsent { path: usize, with_contents: bool },
    File { path: usize, owner: Option<usize> },
    FileAbsent { path: usize },
    RemoteFile { path: usize, content: u8, mode: Option<u32> },
    Copy { path: usize, from: usize },
    Link { path: usize, target: usize, force: bool },
    LinkAbsent { path: usize },
    Fifo { path: usize, absent: bool },
    Line { path: usize, line: u8, matching: bool, create: bool },
    LineAbsent { path: usize, line: u8 },
    Block { path: usize, content: Option<u8>, create: bool },
    Replace { path: usize, from: u8, to: u8 },
    User { name: usize, shell: bool, group: Option<usize> },
    UserAbsent { name: usize },
    Group { name: usize, absent: bool },
    ExecCreates { path: usize },
    FailsOnce { path: usize },
    WhenExists { path: usize, condition: usize, negated: bool },
    Value { path: usize, known: bool },
    WhenValue { path: usize, known: bool, negated: bool },
}

/// Below the phase's own folder. Some lie below others.
const PATHS: [&str; 7] = ["a", "a/b", "a/b/c", "d", "d/e", "f", "g"];

/// The accounts of a phase, with its number behind them.
const ACCOUNTS: [&str; 2] = ["ann", "bob"];

pub(super) fn op(accounts: bool) -> impl Strategy<Value = FileOp> {
    let path = || 0..PATHS.len();
    // Mostly where no directory is.
    let leaf = || prop::sample::select(vec![2, 4, 5, 6, 2, 4, 5, 6, 1]);
    let name = || 0..ACCOUNTS.len();
    let mode = || prop::option::of(prop::sample::select(vec![0o700, 0o755, 0o640]));
    let owner = move || (0..4usize).prop_map(move |n| Some(n).filter(|n| accounts && *n < ACCOUNTS.len()));
    let on_files = prop_oneof![
        4 => (path(), mode()).prop_map(|(path, mode)| FileOp::Directory { path, mode }),
        1 => (path(), any::<bool>())
            .prop_map(|(path, with_contents)| FileOp::DirectoryAbsent { path, with_contents }),
        2 => (leaf(), owner()).prop_map(|(path, owner)| FileOp::File { path, owner }),
        1 => leaf().prop_map(|path| FileOp::FileAbsent { path }),
        3 => (leaf(), 0u8..3, mode())
            .prop_map(|(path, content, mode)| FileOp::RemoteFile { path, content, mode }),
        1 => (leaf(), leaf()).prop_map(|(path, from)| FileOp::Copy { path, from }),
        1 => (leaf(), path(), any::<bool>())
            .prop_map(|(path, target, force)| FileOp::Link { path, target, force }),
        1 => leaf().prop_map(|path| FileOp::LinkAbsent { path }),
        1 => (leaf(), any::<bool>()).prop_map(|(path, absent)| FileOp::Fifo { path, absent }),
    ];
    let on_texts = prop_oneof![
        3 => (leaf(), 0u8..3, any::<bool>(), prop::bool::weighted(0.8))
            .prop_map(|(path, line, matching, create)| FileOp::Line { path, line, matching, create }),
        1 => (leaf(), 0u8..3).prop_map(|(path, line)| FileOp::LineAbsent { path, line }),
        2 => (leaf(), prop::option::of(0u8..3), prop::bool::weighted(0.8))
            .prop_map(|(path, content, create)| FileOp::Block { path, content, create }),
        1 => (leaf(), 0u8..3, 0u8..3).prop_map(|(path, from, to)| FileOp::Replace { path, from, to }),
    ];
    let on_how = prop_oneof![
        1 => leaf().prop_map(|path| FileOp::ExecCreates { path }),
        1 => leaf().prop_map(|path| FileOp::FailsOnce { path }),
        2 => (leaf(), path(), any::<bool>())
            .prop_map(|(path, condition, negated)| FileOp::WhenExists { path, condition, negated }),
        1 => (leaf(), any::<bool>()).prop_map(|(path, known)| FileOp::Value { path, known }),
        1 => (leaf(), any::<bool>(), any::<bool>())
            .prop_map(|(path, known, negated)| FileOp::WhenValue { path, known, negated }),
    ];
    let on_accounts = prop_oneof![
        3 => (name(), any::<bool>(), prop::option::of(name()))
            .prop_map(|(name, shell, group)| FileOp::User { name, shell, group }),
        1 => name().prop_map(|name| FileOp::UserAbsent { name }),
        2 => (name(), prop::bool::weighted(0.2)).prop_map(|(name, absent)| FileOp::Group { name, absent }),
    ];
    let all = prop_oneof![15 => on_files, 7 => on_texts, 6 => on_how].boxed();
    if accounts { prop_oneof![4 => all, 1 => on_accounts].boxed() } else { all }
}

/// Declares folders without which most phases would have nowhere to put anything.
pub(super) fn folders(place: &Place) -> Vec<AnyHandle> {
    let inner = [0, 1, 3].map(|at| directory(path(place, at)).any());
    [directory(&place.folder).any()].into_iter().chain(inner).collect()
}

fn path(place: &Place, path: usize) -> String {
    format!("{}/{}", place.folder, PATHS[path])
}

fn account(place: &Place, name: usize) -> String {
    format!("{}{}", ACCOUNTS[name], place.number)
}

impl Op for FileOp {
    fn write(&self, place: &Place, how: &How) -> AnyHandle {
        let path = |at| path(place, at);
        let account = |name| account(place, name);
        match *self {
            FileOp::Directory { path: at, mode } => {
                let action = directory(path(at));
                mode.map_or(action, |mode| action.mode(mode)).run(how)
            }
            FileOp::DirectoryAbsent { path: at, with_contents: true } => {
                directory(path(at)).absent_with_contents().run(how)
            }
            FileOp::DirectoryAbsent { path: at, with_contents: false } => {
                directory(path(at)).absent().run(how)
            }
            FileOp::File { path: at, owner } => {
                let action = file(path(at));
                owner.map_or(action, |owner| action.owner(account(owner))).run(how)
            }
            FileOp::FileAbsent { path: at } => file(path(at)).absent().run(how),
            FileOp::RemoteFile { path: at, content, mode } => {
                let action = remote_file(path(at)).content(format!("content {content}\n"));
                mode.map_or(action, |mode| action.mode(mode)).run(how)
            }
            FileOp::Copy { path: at, from } => remote_file(path(at)).copy_of(path(from)).run(how),
            FileOp::Link { path: at, target, force } => {
                let action = symbolic_link(path(at), path(target));
                if force { action.run(how) } else { action.no_force().run(how) }
            }
            FileOp::LinkAbsent { path: at } => symbolic_link(path(at), "x").absent().run(how),
            FileOp::Fifo { path: at, absent } => {
                let action = fifo(path(at));
                if absent { action.absent().run(how) } else { action.mode(0o600).run(how) }
            }
            FileOp::Line { path: at, line, matching, create } => {
                let mut action = line_in_file(path(at)).line(format!("content {line}"));
                if matching {
                    action = action.matching("^content");
                }
                if create { action.create().run(how) } else { action.run(how) }
            }
            FileOp::LineAbsent { path: at, line } => {
                line_in_file(path(at)).line(format!("content {line}")).absent().run(how)
            }
            FileOp::Block { path: at, content, create } => {
                let action = block_in_file(path(at));
                let action = match content {
                    Some(content) => action.block(format!("block {content}\n")),
                    None => action.absent(),
                };
                if create { action.create().run(how) } else { action.run(how) }
            }
            FileOp::Replace { path: at, from, to } => {
                replace_in_file(path(at)).replace(format!("content {from}"), format!("content {to}")).run(how)
            }
            FileOp::User { name, shell, group } => {
                let mut action = user(account(name));
                if shell {
                    action = action.shell("/bin/false");
                }
                group.map_or(action, |group| action.groups([account(group)])).run(how)
            }
            FileOp::UserAbsent { name } => user(account(name)).absent().run(how),
            FileOp::Group { name, absent: true } => group(account(name)).absent().run(how),
            FileOp::Group { name, absent: false } => group(account(name)).run(how),
            FileOp::ExecCreates { path: at } => {
                let path = path(at);
                exec("mkdir -p \"${P%/*}\" && : >\"$P\"").env("P", &path).creates(&path).run(how)
            }
            FileOp::FailsOnce { path: at } => {
                let marker = format!("{}/tried", place.folder);
                exec("[ -e \"$M\" ] || { : >\"$M\"; exit 1; }; : >\"$P\"")
                    .env("M", marker)
                    .env("P", path(at))
                    .creates(path(at))
                    .retries(2, Duration::ZERO)
                    .run(how)
            }
            FileOp::WhenExists { path: at, condition, negated } => {
                let exists = Condition::exists(path(condition));
                let action = remote_file(path(at)).content("conditional\n");
                action.when(if negated { !exists } else { exists }).run(how)
            }
            FileOp::Value { path: at, known } => {
                let value = if known { output_of("echo value") } else { exec("echo value").stdout() };
                remote_file(path(at)).content(value).run(how)
            }
            FileOp::WhenValue { path: at, known, negated } => {
                let value = if known { output_of("echo value") } else { exec("echo value").stdout() };
                let is = value.is("value");
                file(path(at)).when(if negated { !is } else { is }).run(how)
            }
        }
    }
}
