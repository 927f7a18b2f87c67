//! Working copies.

use pallet::action::{Action, Diff, View};
use pallet::claim::{self, Claim, Thing};
use pallet::facts::Facts;
use pallet::graph::{ActionId, Handle, record};
use pallet::name::{AccountName, RemotePath};
use pallet::probe::{PathKind, PathState, Probe};
use pallet::script::{COMMANDS, Library, Script, quote};
use pallet::world::{Effects, World};

static GIT: Library = Library::new("pallet-git", include_str!("git.sh"), &[]);

/// A working copy of a repository.
#[derive(Debug)]
pub struct Checkout {
    url: String,
    directory: String,
    revision: String,
    user: Option<String>,
    identity: Option<String>,
    discard: bool,
    depth: Option<u32>,
    submodules: bool,
}

/// Declares a working copy of a repository in a directory, at the tip of its default branch unless
/// [`revision`](CheckoutOptions::revision) says otherwise.
///
/// Checked: the commit that is checked out, the address, whether tracked files were edited, and which commit the
/// revision stands for now, which the node asks the remote (not for a whole commit id). Applied: what is missing is
/// fetched and the commit checked out, detached. Changed means: another commit, another address, or edits that
/// were thrown away. Edits by others are a failure unless they are to be thrown away; files that are not tracked
/// stay. Nothing asks for a password: give the node a key. Systems: all that have git 2.11 or later.
#[track_caller]
pub fn checkout(url: impl Into<String>, directory: impl Into<String>) -> Handle<Checkout> {
    record(Checkout {
        url: url.into(),
        directory: directory.into(),
        revision: "HEAD".to_owned(),
        user: None,
        identity: None,
        discard: false,
        depth: None,
        submodules: false,
    })
}

/// What can be said about a [`checkout`].
pub trait CheckoutOptions {
    /// Checks out a branch, a tag, or a commit by its whole id.
    fn revision(self, revision: impl Into<String>) -> Self;

    /// Lets a user of the node own and make the working copy.
    fn user(self, user: impl Into<String>) -> Self;

    /// Logs in at the remote with this private key, a file on the node.
    fn identity(self, path: impl Into<String>) -> Self;

    /// Throws away edits of tracked files.
    fn discard_edits(self) -> Self;

    /// Fetches only so many commits of the history.
    fn depth(self, commits: u32) -> Self;

    /// Checks out submodules as well.
    fn submodules(self) -> Self;
}

impl CheckoutOptions for Handle<Checkout> {
    #[track_caller]
    fn revision(self, revision: impl Into<String>) -> Self {
        self.edit(|checkout| checkout.revision = revision.into())
    }

    #[track_caller]
    fn user(self, user: impl Into<String>) -> Self {
        self.edit(|checkout| checkout.user = Some(user.into()))
    }

    #[track_caller]
    fn identity(self, path: impl Into<String>) -> Self {
        self.edit(|checkout| checkout.identity = Some(path.into()))
    }

    #[track_caller]
    fn discard_edits(self) -> Self {
        self.edit(|checkout| checkout.discard = true)
    }

    #[track_caller]
    fn depth(self, commits: u32) -> Self {
        self.edit(|checkout| checkout.depth = Some(commits))
    }

    #[track_caller]
    fn submodules(self) -> Self {
        self.edit(|checkout| checkout.submodules = true)
    }
}

/// What the node says of a working copy.
#[derive(Debug, Default)]
struct Found {
    no_git: bool,
    head: Option<String>,
    url: Option<String>,
    edited: bool,
    occupied: bool,
    wanted: Option<String>,
    refused: Option<String>,
}

impl Found {
    fn parse(output: &[u8]) -> Found {
        let mut found = Found::default();
        for line in String::from_utf8_lossy(output).lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let text = || Some(rest.to_owned()).filter(|rest| !rest.is_empty());
            match word {
                "none" => found.no_git = true,
                "head" => found.head = text(),
                "url" => found.url = text(),
                "edited" => found.edited = true,
                "occupied" => found.occupied = true,
                "wanted" => found.wanted = text(),
                "refused" => found.refused = Some(rest.to_owned()),
                _ => {}
            }
        }
        found
    }
}

impl Checkout {
    fn path(&self) -> Result<RemotePath, String> {
        RemotePath::new(&self.directory).map_err(|error| error.to_string())
    }

    /// Returns the command by which git reaches the remote.
    fn ssh(&self) -> String {
        let Some(identity) = &self.identity else { return String::new() };
        let mut quoted = Vec::new();
        quote(identity.as_bytes(), &mut quoted);
        format!("ssh -o BatchMode=yes -o IdentitiesOnly=yes -i {}", String::from_utf8_lossy(&quoted))
    }

    /// Returns a call of one of our functions, by the user who owns the working copy.
    fn call(&self, function: &'static str, more: impl IntoIterator<Item = String>) -> Script {
        let words = [self.url.clone(), self.directory.clone(), self.revision.clone(), self.ssh()];
        let call = Script::new().library(&GIT).call(function, words.into_iter().chain(more));
        match &self.user {
            None => call,
            Some(user) => Script::new()
                .library(&COMMANDS)
                .code("printf %s ")
                .word(call.render())
                .code(" | ")
                .call("p_as", [user.as_str(), ""]),
        }
    }

    fn compare(&self, found: &Found) -> Diff {
        if found.no_git {
            let hint = "install the package before this line, with `git::install()`".to_owned();
            return Diff::problem("git is not installed", hint);
        }
        if found.occupied {
            return Diff::problem(format!("{} is not empty, and no working copy", self.directory), None);
        }
        if let Some(reason) = &found.refused {
            return Diff::problem(format!("{}: {reason}", self.url), None);
        }
        let mut diff = Diff::none();
        match (&found.head, &found.wanted) {
            (None, Some(wanted)) => diff.change(format!("checked out at {}", short(wanted))),
            (Some(head), Some(wanted)) if head != wanted => {
                diff.change(format!("{} → {}", short(head), short(wanted)));
            }
            _ => {}
        }
        if let Some(url) = found.url.as_ref().filter(|url| **url != self.url) {
            diff.change(format!("address {url} → {}", self.url));
        }
        if found.edited && found.head.is_some() {
            if !self.discard {
                let hint = "commit them, or throw them away with `.discard_edits()`".to_owned();
                return Diff::problem(format!("{} has changes of somebody else", self.directory), hint);
            }
            diff.change("edits thrown away");
        }
        diff
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

impl Action for Checkout {
    fn kind(&self) -> &'static str {
        "git-checkout"
    }

    fn subject(&self) -> String {
        self.directory.clone()
    }

    fn check(&self) -> Result<(), String> {
        self.path()?;
        if self.url.is_empty() || self.url.starts_with('-') || self.url.chars().any(char::is_control) {
            return Err(format!("{:?} is not the address of a repository", self.url));
        }
        let login = self.url.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'));
        if login.is_some_and(|(login, _)| login.contains(':')) {
            return Err("a password in the address would show in the process list: use `identity`".to_owned());
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._/-+".contains(c);
        if self.revision.is_empty() || self.revision.starts_with('-') || !self.revision.chars().all(plain) {
            return Err(format!("{:?} is not a branch, a tag or a whole commit id", self.revision));
        }
        if let Some(user) = &self.user {
            AccountName::new(user).map_err(|error| error.to_string())?;
        }
        if let Some(identity) = &self.identity {
            RemotePath::new(identity).map_err(|error| error.to_string())?;
        }
        if self.depth == Some(0) {
            return Err("a history of no commits has nothing to check out".to_owned());
        }
        Ok(())
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.path(&self.path()?);
        probe.capture(id, 0, self.call("p_git_state", []));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let known = view.world.command(view.id, 0);
        let Some(result) = known.is else { return Diff::none() };
        let found = Found::parse(&result.output);
        if let Some(by) = known.doubt {
            // What the node said before something changed is only a hint.
            let mut diff = Diff { problem: None, ..self.compare(&found) };
            if diff.changes.is_empty() {
                diff.change("checked out");
            }
            diff.doubt(Some(by));
            return diff;
        }
        self.compare(&found)
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let flag = |on: bool| if on { "yes".to_owned() } else { String::new() };
        let depth = self.depth.map(|depth| depth.to_string()).unwrap_or_default();
        let call = self.call("p_git_checkout", [flag(self.discard), depth, flag(self.submodules)]);
        let id = view.id.0;
        Script::new().code("(unset p_token\n").append(call).code(format!(
            ")\np_code=$?\ncase $p_code in\n  0) ;;\n  10) p_did=\"$p_did {id}\" ;;\n  *) return 1 ;;\nesac\n"
        ))
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let Ok(path) = self.path() else { return };
        let owner = self.user.clone().unwrap_or_else(|| "root".to_owned());
        let is = world.path(&path).is;
        if is.kind == PathKind::Absent {
            let made = PathState {
                kind: PathKind::Directory,
                mode: 0o755,
                group: owner.clone(),
                owner,
                ..PathState::absent()
            };
            world.set_path(&path, made);
        }
    }

    fn effects(&self) -> Option<Effects> {
        self.path().ok().map(Effects::Below)
    }

    fn declares(&self) -> Vec<Claim> {
        let Ok(path) = self.path() else { return Vec::new() };
        vec![
            Claim::existence(Thing::Path(path.clone()), claim::DIRECTORY),
            Claim::new(Thing::Path(path), "revision", format!("{} of {}", self.revision, self.url)),
        ]
    }
}
