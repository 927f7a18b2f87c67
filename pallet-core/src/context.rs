//! What a phase can ask about: its node, the node's facts and settings, and the other nodes of the run.
//!
//! A parameter of a phase that is not marked `#[arg]` is an *extractor*: a type that implements [`FromContext`]
//! and is supplied when the plan is made, as axum does for handlers.

use crate::admin_user::AdminUser;
use crate::facts::Facts;
use crate::graph;
use crate::location::Location;
use crate::name::{GroupName, NodeName, PhaseName, RoleName};
use crate::node_fact::AskedFacts;
use crate::published::PublishedFacts;
use crate::settings::SettingsStore;
use crate::sorted::Set;
use crate::spec::DefinesGroup;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One node of a run, as phases see it.
#[derive(Clone)]
pub struct Node {
    info: Arc<NodeInfo>,
    /// Set where the node is watched.
    dependence: Option<Arc<Dependence>>,
}

/// What is known about a node.
#[derive(Debug, Clone)]
pub struct NodeInfo {
    /// Its name.
    pub name: NodeName,
    /// Its group.
    pub group: GroupName,
    /// The path of the `group!` item that its group was written as, if it was.
    pub group_item: Option<String>,
    /// The roles of its group.
    pub roles: Set<RoleName>,
    /// What is known about its system; `None` until it has been connected to.
    pub facts: Option<Arc<Facts>>,
    /// The address at which the controller reaches it.
    pub primary_ip: Option<IpAddr>,
    /// The address at which other nodes reach it.
    pub private_ip: Option<IpAddr>,
}

/// What builds asked a node for that can be different for another node of its group. A build that asked for none of
/// it would be the same for all of them.
#[derive(Debug, Default)]
pub struct Dependence {
    node: AtomicBool,
    settings: AtomicBool,
}

impl Dependence {
    /// Tells whether its name, its addresses or facts that are known were asked for. Its group and its roles are those of
    /// all nodes of the group.
    pub fn on_node(&self) -> bool {
        self.node.load(Ordering::Relaxed)
    }

    /// Tells whether settings were asked for, those of the node or of others.
    pub fn on_settings(&self) -> bool {
        self.settings.load(Ordering::Relaxed)
    }
}

impl Node {
    /// Returns a node of which this is known.
    pub fn new(info: NodeInfo) -> Self {
        Node { info: Arc::new(info), dependence: None }
    }

    /// Returns this node to be built for, and what the build depended on afterwards. Only what is asked of the returned
    /// node and of its clones counts.
    pub fn watched(&self) -> (Node, Arc<Dependence>) {
        let dependence = Arc::new(Dependence::default());
        (Node { info: self.info.clone(), dependence: Some(dependence.clone()) }, dependence)
    }

    /// Returns what is known about the node, and takes down that it was asked for.
    fn told_apart(&self) -> &NodeInfo {
        if let Some(dependence) = &self.dependence {
            dependence.node.store(true, Ordering::Relaxed);
        }
        &self.info
    }

    /// Takes down that settings were asked for.
    pub(crate) fn depend_on_settings(&self) {
        if let Some(dependence) = &self.dependence {
            dependence.settings.store(true, Ordering::Relaxed);
        }
    }

    /// Returns the name under which the node's own settings are found.
    pub(crate) fn name_for_settings(&self) -> &NodeName {
        self.depend_on_settings();
        &self.info.name
    }

    /// Returns the name and takes nothing down: for what a message says, and where all nodes of a group find the same.
    pub(crate) fn name_only(&self) -> &NodeName {
        &self.info.name
    }

    /// Returns the node's name: `web-servers-1`.
    pub fn name(&self) -> &NodeName {
        &self.told_apart().name
    }

    /// Returns the host name that the node is given when it is made, which is its name.
    pub fn hostname(&self) -> &str {
        self.name().as_str()
    }

    /// Returns the name of the node's group.
    pub fn group(&self) -> &GroupName {
        &self.info.group
    }

    /// Returns the roles of the node.
    pub fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.info.roles.iter()
    }

    /// Tells whether the node has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.info.roles.contains(role)
    }

    /// Returns the facts of the node. For a node that does not exist yet, the plan ends at this line.
    #[track_caller]
    pub fn facts(&self) -> &Facts {
        self.known(self.try_facts().map(|facts| &**facts), "the facts")
    }

    /// Returns the address at which other nodes reach this one. For a node that does not exist yet, the plan ends
    /// at this line.
    #[track_caller]
    pub fn private_ip(&self) -> IpAddr {
        let info = self.told_apart();
        self.known(info.private_ip.or(info.primary_ip), "the address")
    }

    /// Returns the address at which the controller reaches the node. For a node that does not exist yet, the plan
    /// ends at this line.
    #[track_caller]
    pub fn primary_ip(&self) -> IpAddr {
        let info = self.told_apart();
        self.known(info.primary_ip.or(info.private_ip), "the address")
    }

    /// Returns the node's facts if they are known, for what can do without.
    pub fn try_facts(&self) -> Option<&Arc<Facts>> {
        // Before nodes are contacted the facts of none are known.
        self.info.facts.is_some().then(|| self.told_apart())?.facts.as_ref()
    }

    #[track_caller]
    fn known<T>(&self, value: Option<T>, what: &str) -> T {
        let location = Location::caller();
        value.unwrap_or_else(|| {
            let what = format!("{what} of {}", self.info.name);
            graph::stop(Some(graph::KnownAfter { what, location }))
        })
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told_apart().fmt(f)
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

/// Everything that a phase can ask about while it is built for one node.
#[derive(Debug, Clone)]
pub struct Context {
    /// The node; `None` for a phase of a group, which runs on the controller.
    pub node: Option<Node>,
    /// All nodes of the run, sorted by name.
    pub nodes: Arc<Vec<Node>>,
    /// What the `settings` phase published.
    pub settings: SettingsStore,
    /// What earlier phases published about nodes.
    pub published: PublishedFacts,
    /// What phases asked their nodes for.
    pub asked: AskedFacts,
    /// The account under which nodes are configured; `None` where a test or a program of its own has none.
    pub admin: Option<AdminUser>,
    /// The phase that is being built.
    pub phase: PhaseName,
    /// Whether this build only looks for mistakes before any node has been contacted. What is missing then may
    /// only be missing yet.
    pub tentative: bool,
}

impl Context {
    /// Returns a context with one Debian node called `example-1`, for tests and for looking at graphs.
    pub fn example() -> Self {
        let facts = Facts::example();
        let address = facts.addresses.first().copied();
        let name = |text: &str| NodeName::new(text).expect("a valid name");
        let node = Node::new(NodeInfo {
            name: name("example-1"),
            group: GroupName::new("example").expect("a valid name"),
            group_item: None,
            roles: Set::new(),
            facts: Some(Arc::new(facts)),
            primary_ip: address,
            private_ip: address,
        });
        Context {
            node: Some(node.clone()),
            nodes: Arc::new(vec![node]),
            settings: SettingsStore::default(),
            published: PublishedFacts::default(),
            asked: AskedFacts::default(),
            admin: Some(AdminUser::new(
                "admin",
                [
                    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv5Yp/B90PsKIjVYK+5IsQyqjBjEdpDPe3QOi0j9U8R admin@example",
                ],
            )),
            phase: PhaseName::new(crate::phase::standard::CONFIGURE).expect("a valid name"),
            tentative: false,
        }
    }

    /// Returns the nodes of a group, by the path of its item or by its name.
    fn nodes_of(&self, item: &str, name: &str) -> Vec<Node> {
        let of_group = |node: &&Node| match &node.info.group_item {
            Some(path) => path == item,
            None => node.group().as_str() == name,
        };
        self.nodes.iter().filter(of_group).cloned().collect()
    }
}

/// A type that a phase can have as a parameter and that is supplied when the plan is made.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be supplied to a phase",
    label = "neither an extractor nor marked `#[arg]`",
    note = "extractors: `&Node`, `&Facts`, `Nodes`, `NodesIn<Group>`, `Settings<T>`, `AdminUser`",
    note = "for an argument that is given where the phase is used, write `#[arg]` before it"
)]
pub trait FromContext: Sized {
    /// Returns the value for the phase that is being built.
    ///
    /// # Errors
    ///
    /// When it is not there, or not there yet.
    fn from_context(context: &Context) -> Result<Self, ExtractError>;
}

/// Why an extractor gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtractError {
    /// It is known once the node exists.
    Pending(String),
    /// It does not exist.
    Missing {
        /// What.
        message: String,
        /// The way out.
        hint: &'static str,
    },
}

impl FromContext for Node {
    fn from_context(context: &Context) -> Result<Self, ExtractError> {
        context.node.clone().ok_or(ExtractError::Missing {
            message: "this phase runs for a group and not on a node".to_owned(),
            hint: "use `Nodes` or `NodesIn<Group>`, or move the phase to `configure` or `destroy-server`",
        })
    }
}

impl FromContext for Facts {
    fn from_context(context: &Context) -> Result<Self, ExtractError> {
        let node = Node::from_context(context)?;
        match node.try_facts() {
            Some(facts) => Ok((**facts).clone()),
            None => Err(ExtractError::Pending(format!("the facts of {}", node.name_only()))),
        }
    }
}

/// All nodes of the run, as an extractor.
#[derive(Debug, Clone)]
pub struct Nodes(Arc<Vec<Node>>);

impl Nodes {
    /// Returns the nodes that have a role.
    pub fn with_role(&self, role: &str) -> Vec<&Node> {
        self.0.iter().filter(|node| node.has_role(role)).collect()
    }
}

impl Deref for Nodes {
    type Target = [Node];

    fn deref(&self) -> &[Node] {
        &self.0
    }
}

impl FromContext for Nodes {
    fn from_context(context: &Context) -> Result<Self, ExtractError> {
        Ok(Nodes(context.nodes.clone()))
    }
}

/// The nodes of one group, as an extractor: `db: NodesIn<Databases>`.
pub struct NodesIn<G> {
    nodes: Vec<Node>,
    group: PhantomData<fn() -> G>,
}

impl<G: DefinesGroup> NodesIn<G> {
    /// Returns the first node of the group.
    ///
    /// # Errors
    ///
    /// When the group has no node in this run.
    pub fn first(&self) -> Result<&Node, NoNode> {
        self.nodes.first().ok_or(NoNode { group: G::DEF.group_name() })
    }
}

impl<G> Deref for NodesIn<G> {
    type Target = [Node];

    fn deref(&self) -> &[Node] {
        &self.nodes
    }
}

impl<G> Clone for NodesIn<G> {
    fn clone(&self) -> Self {
        NodesIn { nodes: self.nodes.clone(), group: PhantomData }
    }
}

impl<G> fmt::Debug for NodesIn<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.nodes).finish()
    }
}

impl<G: DefinesGroup> FromContext for NodesIn<G> {
    fn from_context(context: &Context) -> Result<Self, ExtractError> {
        let nodes = context.nodes_of(&G::DEF.path(), G::DEF.group_name());
        Ok(NodesIn { nodes, group: PhantomData })
    }
}

/// A group of which a node is wanted has none in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoNode {
    group: &'static str,
}

impl fmt::Display for NoNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {} has no node: give it a count of at least 1, or include it in the run", self.group)
    }
}

impl std::error::Error for NoNode {}
