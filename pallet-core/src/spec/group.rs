//! Group specs: named sets of identical nodes; and clusters, which are several groups under one name.

use super::node::{Hardware, Image, Network, NodeSpec};
use super::server::{PhaseFn, Resolved, ServerSpec, ServerSpecDef, SpecError};
use crate::location::Location;
use crate::name::{GroupName, NodeName, PhaseName, RoleName};
use crate::phase::PhaseOutput;
use crate::sorted::{Map, Set};

macro_rules! definitions {
    ($($(#[$doc:meta])* $def:ident, $spec:ident, $(#[$trait_doc:meta])* $trait:ident { $($field:ident: $type:ty = $default:expr),* };)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $def {
            pub(crate) name: &'static str,
            group_name: &'static str,
            pub(crate) module: &'static str,
            pub(crate) location: Location,
            doc: &'static str,
            $($field: $type,)*
            spec: fn() -> $spec,
        }

        impl $def {
            /// Returns the definition of the item `name` in the module `module`; `group_name` is what its nodes
            /// are named after.
            pub const fn new(
                name: &'static str,
                group_name: &'static str,
                module: &'static str,
                location: Location,
                spec: fn() -> $spec,
            ) -> Self {
                $def { name, group_name, module, location, doc: "", $($field: $default,)* spec }
            }

            /// Adds what the item's documentation says first.
            #[must_use]
            pub const fn doc(mut self, doc: &'static str) -> Self {
                self.doc = doc;
                self
            }

            /// Returns the name of the item.
            pub const fn name(&self) -> &'static str {
                self.name
            }

            /// Returns the name that nodes are named after.
            pub const fn group_name(&self) -> &'static str {
                self.group_name
            }

            /// Returns the path of the item: `infra::WebServers`.
            pub fn path(&self) -> String {
                format!("{}::{}", self.module, self.name)
            }

            /// Returns the line on which the item stands.
            pub const fn location(&self) -> Location {
                self.location
            }

            /// Returns what the item's documentation says first.
            pub const fn get_doc(&self) -> &'static str {
                self.doc
            }

            $(
                /// Adds the items that this one names.
                #[must_use]
                pub const fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )*

            /// Returns the spec.
            pub fn spec(&self) -> $spec {
                (self.spec)()
            }
        }

        $(#[$trait_doc])*
        pub trait $trait {
            /// What is registered about the item.
            const DEF: &'static $def;
        }
    )*};
}

definitions! {
    /// What `group!` registers about an item.
    GroupDef, GroupSpec,
    /// A type that stands for a group: what `group!` makes.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a group",
        note = "groups are made with `group!`"
    )]
    DefinesGroup { extends: &'static [&'static ServerSpecDef] = &[] };

    /// What `cluster!` registers about an item.
    ClusterDef, ClusterSpec,
    /// A type that stands for a cluster: what `cluster!` makes.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a cluster",
        note = "clusters are made with `cluster!`"
    )]
    DefinesCluster {
        groups: &'static [&'static GroupDef] = &[],
        extends: &'static [&'static ServerSpecDef] = &[]
    };
}

impl ClusterDef {
    /// Returns the groups that the cluster was written with.
    pub const fn get_groups(&self) -> &'static [&'static GroupDef] {
        self.groups
    }
}

/// What `node_spec!` registers about an item.
#[derive(Debug)]
pub struct NodeSpecDef {
    name: &'static str,
    module: &'static str,
    location: Location,
    doc: &'static str,
    spec: fn() -> NodeSpec,
}

impl NodeSpecDef {
    /// Returns the definition of the node spec `name` in the module `module`.
    pub const fn new(
        name: &'static str,
        module: &'static str,
        location: Location,
        spec: fn() -> NodeSpec,
    ) -> Self {
        NodeSpecDef { name, module, location, doc: "", spec }
    }

    /// Adds what the item's documentation says first.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Returns the path of the item.
    pub fn path(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }

    /// Returns the line that defines the item.
    pub const fn location(&self) -> Location {
        self.location
    }

    /// Returns what the item's documentation says first.
    pub const fn get_doc(&self) -> &'static str {
        self.doc
    }

    /// Returns the spec.
    pub fn spec(&self) -> NodeSpec {
        (self.spec)()
    }
}

/// A type that stands for a node spec: what `node_spec!` makes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a node spec",
    note = "node specs are made with `node_spec!`"
)]
pub trait DefinesNodeSpec {
    /// What is registered about the spec.
    const DEF: &'static NodeSpecDef;
}

/// A named set of identical nodes: from what they are made, how many, and what is done to them (Pallet's
/// group-spec).
///
/// ```
/// use pallet::GroupSpec;
/// # use pallet::prelude::*;
/// let group = GroupSpec::new("web").count(2).image("debian-12").phase("configure", || package("nginx"));
/// assert_eq!(group.resolve()?.name.as_str(), "web");
/// # Ok::<(), pallet::spec::SpecError>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupSpec {
    name: String,
    item: Option<&'static GroupDef>,
    location: Location,
    count: Option<u32>,
    protect: bool,
    content: ServerSpec,
}

impl GroupSpec {
    /// Returns a group without nodes and phases.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        GroupSpec {
            content: ServerSpec::new(name.clone()),
            name,
            item: None,
            location: Location::caller(),
            count: None,
            protect: false,
        }
    }

    /// Returns the group that is the item `def`, still empty.
    pub fn item(def: &'static GroupDef) -> Self {
        GroupSpec { item: Some(def), location: def.location, ..GroupSpec::new(def.group_name()) }
    }

    /// Sets how many nodes there shall be. Without it the count is given on each converge.
    #[must_use]
    pub fn count(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Refuses to remove nodes of this group, whatever count is asked for.
    #[must_use]
    pub fn protect(mut self, protect: bool) -> Self {
        self.protect = protect;
        self
    }

    /// Adds a server spec that the group extends.
    #[must_use]
    pub fn extends(mut self, base: ServerSpec) -> Self {
        self.content = self.content.extends(base);
        self
    }

    /// Adds a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.content = self.content.role(role);
        self
    }

    /// Adds a function to a phase.
    #[must_use]
    pub fn phase<R: PhaseOutput>(
        mut self,
        phase: impl Into<String>,
        f: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.content = self.content.phase(phase, f);
        self
    }

    /// Sets the phases that run when none is asked for.
    #[must_use]
    pub fn default_phases<S: Into<String>>(mut self, phases: impl IntoIterator<Item = S>) -> Self {
        self.content = self.content.default_phases(phases);
        self
    }

    /// Sets from what nodes are made; it is laid over what is inherited.
    #[must_use]
    pub fn node_spec(mut self, spec: NodeSpec) -> Self {
        self.content = self.content.node_spec(spec);
        self
    }

    /// Sets the image.
    #[must_use]
    pub fn image(self, image: impl Into<Image>) -> Self {
        self.node_spec(NodeSpec::new().image(image))
    }

    /// Sets the hardware.
    #[must_use]
    pub fn hardware(self, hardware: impl Into<Hardware>) -> Self {
        self.node_spec(NodeSpec::new().hardware(hardware))
    }

    /// Sets the network.
    #[must_use]
    pub fn network(self, network: impl Into<Network>) -> Self {
        self.node_spec(NodeSpec::new().network(network))
    }

    /// Returns the group with all that it inherits put together.
    ///
    /// # Errors
    ///
    /// When a name is invalid or inherited specs contradict each other.
    pub fn resolve(&self) -> Result<Group, SpecError> {
        let name = GroupName::new(&self.name)
            .map_err(|error| SpecError { location: self.location, message: error.to_string() })?;
        let Resolved { phases, roles, default_phases, node_spec } = self.content.resolve()?;
        Ok(Group {
            name,
            item: self.item.map(GroupDef::path),
            location: self.location,
            count: self.count,
            protect: self.protect,
            phases,
            roles,
            default_phases,
            node_spec,
        })
    }
}

/// Several groups under one name, with what they share (Pallet's cluster-spec).
///
/// Each group is called `<cluster>-<group>`; it extends the cluster's specs first, and the cluster's node spec
/// lies under its own.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    name: String,
    groups: Vec<GroupSpec>,
    shared: ServerSpec,
}

impl ClusterSpec {
    /// Returns a cluster without groups. An empty name gives the groups no prefix.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        ClusterSpec { shared: ServerSpec::new(name.clone()), name, groups: Vec::new() }
    }

    /// Returns the cluster that is the item `def`, still empty.
    pub fn item(def: &'static ClusterDef) -> Self {
        ClusterSpec::new(def.group_name())
    }

    /// Adds a group.
    #[must_use]
    pub fn group(mut self, group: GroupSpec) -> Self {
        self.groups.push(group);
        self
    }

    /// Adds a server spec that all groups extend.
    #[must_use]
    pub fn extends(mut self, base: ServerSpec) -> Self {
        self.shared = self.shared.extends(base);
        self
    }

    /// Adds a role that all groups have.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.shared = self.shared.role(role);
        self
    }

    /// Adds a function to a phase of all groups; it runs before the groups' own.
    #[must_use]
    pub fn phase<R: PhaseOutput>(
        mut self,
        phase: impl Into<String>,
        f: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.shared = self.shared.phase(phase, f);
        self
    }

    /// Sets the phases that run when none is asked for.
    #[must_use]
    pub fn default_phases<S: Into<String>>(mut self, phases: impl IntoIterator<Item = S>) -> Self {
        self.shared = self.shared.default_phases(phases);
        self
    }

    /// Sets from what the nodes of all groups are made, where a group does not say otherwise.
    #[must_use]
    pub fn node_spec(mut self, spec: NodeSpec) -> Self {
        self.shared = self.shared.node_spec(spec);
        self
    }

    /// Returns the groups of the cluster, complete.
    pub fn groups(&self) -> Vec<GroupSpec> {
        self.groups.iter().map(|group| self.complete(group)).collect()
    }

    fn complete(&self, group: &GroupSpec) -> GroupSpec {
        let name =
            if self.name.is_empty() { group.name.clone() } else { format!("{}-{}", self.name, group.name) };
        // The shared spec comes first, so that the group's own extends and phases follow it.
        let content =
            ServerSpec::new(name.clone()).extends(self.shared.clone()).extends(group.content.clone());
        GroupSpec { name, content, ..group.clone() }
    }
}

/// A group with all that it inherits put together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: GroupName,
    /// The path of the item it was written as, if it was.
    pub item: Option<String>,
    /// The line on which it stands.
    pub location: Location,
    /// How many nodes there shall be, if it was said.
    pub count: Option<u32>,
    /// Whether its nodes are kept from being removed.
    pub protect: bool,
    /// The functions of each phase, in the order in which they run.
    pub phases: Map<PhaseName, Vec<PhaseFn>>,
    /// All roles.
    pub roles: Set<RoleName>,
    /// The phases that run when none is asked for.
    pub default_phases: Vec<PhaseName>,
    /// From what its nodes are made.
    pub node_spec: NodeSpec,
}

impl Group {
    /// Returns the names for `count` further nodes beside those that exist: `<group>-<n>` with the lowest free
    /// numbers from 1, gaps first.
    pub fn free_names<'a>(
        &self,
        count: usize,
        existing: impl IntoIterator<Item = &'a NodeName>,
    ) -> Vec<NodeName> {
        if count == 0 {
            return Vec::new();
        }
        let taken: Set<&str> = existing.into_iter().map(NodeName::as_str).collect();
        let candidates = (1u32..).map(|index| format!("{}-{index}", self.name));
        let free = candidates.filter(|name| !taken.contains(name.as_str())).take(count);
        free.map(|name| NodeName::new(name).expect("a group name and a number are a node name")).collect()
    }

    /// Returns the number in a node's name, by which nodes are removed: the highest first.
    pub fn index_of(&self, node: &NodeName) -> Option<u32> {
        node.as_str().strip_prefix(self.name.as_str())?.strip_prefix('-')?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_with_exactly_the_number_asked_for() {
        let group = GroupSpec::new("g").resolve().expect("valid");
        let name = |text: &str| NodeName::new(text).expect("valid");
        let free = group.free_names(1, &[name("g-2")]);
        assert_eq!(free, [name("g-1")]);
        let free = group.free_names(2, &[name("g-2"), name("g-1x")]);
        assert_eq!(free, [name("g-1"), name("g-3")]);
        assert_eq!(group.index_of(&name("g-12")), Some(12));
        assert_eq!(group.index_of(&name("gg-1")), None);
    }

    #[test]
    fn a_cluster_prefixes_names_and_lies_under_its_groups() {
        let cluster = ClusterSpec::new("blue")
            .role("site")
            .node_spec(NodeSpec::new().image("base").hardware("small"))
            .group(GroupSpec::new("web").count(2).image("special").role("web"));
        let groups = cluster.groups();
        let web = groups[0].resolve().expect("valid");
        assert_eq!(web.name.as_str(), "blue-web");
        assert_eq!(web.count, Some(2));
        assert_eq!(web.roles.len(), 2);
        assert_eq!(web.node_spec.get_image(), Some(&Image::Id("special".into())));
        assert!(web.node_spec.get_hardware().is_some());
    }
}
