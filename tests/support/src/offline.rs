//! A node that is on paper only: facts, and what is on it. For tables of settings and facts with the plan that they
//! must give, which need no network, no node, and no time.

use pallet::context::NodeInfo;
use pallet::facts::Facts;
use pallet::graph::{self, ActionGraph, ActionId};
use pallet::name::{AccountName, GroupName, NodeName, PackageName, PhaseName, RemotePath, UnitName};
use pallet::plan::{self, Done, Plan, Verdict};
use pallet::probe::{
    Account, CommandResult, Contents, PackageState, PathKind, PathState, Sha256, State, UnitState,
};
use pallet::sorted::Set;
use pallet::spec::PhaseFn;
use pallet::{Context, Node, PhaseOutput, standard};
use std::net::IpAddr;
use std::sync::Arc;

/// A node on paper, of which a test says what is on it. Everything else is not there.
///
/// ```
/// use pallet::prelude::*;
/// use pallet_test::OfflineNode;
///
/// let node = OfflineNode::new("debian-12").package("nginx").directory("/srv");
/// let plan = node.plan(|| {
///     package("nginx");
///     remote_file("/srv/page").content("hello\n");
/// });
/// assert_eq!(plan.lines(), ["unchanged package nginx", "change remote-file /srv/page: created"]);
/// assert_eq!(plan.content("/srv/page"), Some("hello\n".to_owned()));
/// ```
#[derive(Debug, Clone)]
pub struct OfflineNode {
    facts: Facts,
    state: State,
    settings: Vec<PhaseFn>,
}

/// What a phase would do to a node on paper.
#[derive(Debug)]
pub struct OfflinePlan {
    graph: ActionGraph,
    plan: Plan,
}

impl OfflineNode {
    /// Returns a node with this system, such as `debian-12` or `alpine-3.20`, and nothing on it but root.
    ///
    /// # Panics
    ///
    /// When that is not the name of a system and its version.
    #[must_use]
    #[track_caller]
    pub fn new(system: &str) -> OfflineNode {
        OfflineNode::with_facts(Facts::assumed(system).expect("a system and its version"))
    }

    /// Returns a node with these facts, and nothing on it but root.
    #[must_use]
    pub fn with_facts(facts: Facts) -> OfflineNode {
        let root = Account {
            uid: 0,
            gid: 0,
            gecos: "root".to_owned(),
            home: "/root".to_owned(),
            shell: "/bin/sh".to_owned(),
        };
        let mut state = State::default();
        state.users.insert(AccountName::new("root").expect("a valid name"), root);
        OfflineNode { facts, state, settings: Vec::new() }
    }

    /// Adds a package that is installed.
    #[must_use]
    pub fn package(mut self, name: &str) -> OfflineNode {
        let installed = PackageState { installed: true, version: "1.0".to_owned(), held: false };
        self.state.packages.insert(PackageName::new(name).expect("a valid name"), installed);
        self
    }

    /// Adds a directory of root's, with mode 0755.
    #[must_use]
    pub fn directory(mut self, path: &str) -> OfflineNode {
        let directory = PathState { kind: PathKind::Directory, mode: 0o755, ..root_owned() };
        self.state.paths.insert(RemotePath::new(path).expect("a valid path"), directory);
        self
    }

    /// Adds a file of root's, with mode 0644.
    #[must_use]
    pub fn file(mut self, path: &str, content: &str) -> OfflineNode {
        let contents = Contents::Hash(Sha256::of(content.as_bytes()));
        let file = PathState { kind: PathKind::File(contents), mode: 0o644, ..root_owned() };
        self.state.paths.insert(RemotePath::new(path).expect("a valid path"), file);
        self
    }

    /// Adds a service that is enabled and runs.
    #[must_use]
    pub fn running(mut self, service: &str) -> OfflineNode {
        let running = UnitState { exists: true, enabled: true, running: true, ..UnitState::default() };
        self.state.units.insert(UnitName::new(service).expect("a valid name"), running);
        self
    }

    /// Adds a function to the node's `settings` phase, which comes before the phase that is planned.
    ///
    /// ```
    /// use pallet::prelude::*;
    /// use pallet_test::OfflineNode;
    ///
    /// #[derive(Debug)]
    /// struct Port(u16);
    ///
    /// #[phase]
    /// fn configure(port: Settings<Port>) {
    ///     remote_file("/etc/port").content(port.0.to_string());
    /// }
    ///
    /// let node = OfflineNode::new("debian-12").directory("/etc").settings(|| settings::publish(Port(80)));
    /// assert_eq!(node.plan(configure).content("/etc/port"), Some("80".to_owned()));
    /// ```
    #[must_use]
    pub fn settings<R: PhaseOutput>(mut self, phase: impl Fn() -> R + Send + Sync + 'static) -> OfflineNode {
        self.settings.push(PhaseFn::new(phase));
        self
    }

    /// Adds what the node answers to the command by which an action of a phase looks at it, for actions that have one of their
    /// own. The first action has the number 0.
    #[must_use]
    pub fn answer(mut self, action: usize, output: &str) -> OfflineNode {
        let result = CommandResult { status: 0, output: output.as_bytes().to_vec() };
        self.state.commands.insert((ActionId(action), 0), result);
        self
    }

    /// Returns what a phase would do.
    ///
    /// # Panics
    ///
    /// When the phase is wrong, or is certain to fail on this node; with the messages.
    #[track_caller]
    pub fn plan<R: PhaseOutput>(&self, phase: impl FnOnce() -> R) -> OfflinePlan {
        self.try_plan(phase).unwrap_or_else(|messages| panic!("{}", messages.join("\n")))
    }

    /// Returns what a phase would do.
    ///
    /// # Errors
    ///
    /// With the messages, when the phase is wrong or is certain to fail on this node.
    pub fn try_plan<R: PhaseOutput>(&self, phase: impl FnOnce() -> R) -> Result<OfflinePlan, Vec<String>> {
        let context = self.context();
        let settings = PhaseName::new(standard::SETTINGS).expect("a valid name");
        let before = Context { phase: settings, ..context.clone() };
        self.settings.iter().try_for_each(|phase| build(&before, || phase.call()).map(drop))?;
        let graph = build(&context, phase)?;
        let plan = plan::plan(&graph, &self.facts, self.state.clone(), true, &Done::default());
        let plan = plan.map_err(|doomed| {
            let message = |doomed: &plan::Doomed| format!("{}: {}", doomed.label, doomed.problem.message);
            doomed.iter().map(message).collect::<Vec<_>>()
        })?;
        Ok(OfflinePlan { graph, plan })
    }

    fn context(&self) -> Context {
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        let node = Node::new(NodeInfo {
            name: NodeName::new("node-1").expect("a valid name"),
            group: GroupName::new("node").expect("a valid name"),
            group_item: None,
            roles: Set::new(),
            facts: Some(Arc::new(self.facts.clone())),
            primary_ip: address,
            private_ip: address,
        });
        Context { node: Some(node.clone()), nodes: Arc::new(vec![node]), ..Context::example() }
    }
}

impl OfflinePlan {
    /// Returns a line for each action, in program order: the verdict, the kind, what it is about, what differs.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let lines = self.plan.actions().iter().map(|planned| {
            let verdict = match planned.verdict {
                Verdict::Unchanged => "unchanged",
                Verdict::Change => "change",
                Verdict::Refresh => "refresh",
                Verdict::Unknown(_) => "unknown",
            };
            let label = self.graph.node(planned.id).label();
            match planned.diff.changes.join(", ") {
                changes if changes.is_empty() => format!("{verdict} {label}"),
                changes => format!("{verdict} {label}: {changes}"),
            }
        });
        lines.collect()
    }

    /// Returns the text that a file would get, if the plan gives it another one and it is not secret.
    #[must_use]
    pub fn content(&self, path: &str) -> Option<String> {
        let mut changes = self.plan.actions().iter().filter_map(|planned| planned.diff.content.as_ref());
        let after = changes.find(|change| change.path.as_str() == path)?.after.as_deref()?;
        Some(String::from_utf8_lossy(after).into_owned())
    }

    /// Returns the whole script as the node would get it, with `***` for every secret; `None` when there is
    /// nothing to do.
    #[must_use]
    pub fn script(&self) -> Option<String> {
        self.plan.script("0").map(|script| script.masked())
    }

    /// Returns the plan itself.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

fn build<R: PhaseOutput>(context: &Context, phase: impl FnOnce() -> R) -> Result<ActionGraph, Vec<String>> {
    let mut ended = Ok(());
    let built = graph::build(context, || ended = phase().finish());
    ended.map_err(|error| vec![error.chain()])?;
    Ok(built.map_err(|error| vec![error.to_string()])?.graph)
}

fn root_owned() -> PathState {
    let root = "root".to_owned();
    PathState { owner: root.clone(), uid: Some(0), group: root, gid: Some(0), ..PathState::absent() }
}
