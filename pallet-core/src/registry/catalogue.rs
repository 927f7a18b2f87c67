//! The catalogue of everything that macros registered: sorted, and without duplicates.
//!
//! What `inventory` yields comes in the linker's order, which differs between debug and release builds, so it is
//! sorted before anybody sees it: by path, and groups by name; mistakes by their line. Whatever else has an order has that of
//! the source: the phases of a spec, the actions of a phase. Hash maps are only looked into, never gone through. A package that is never mentioned registers nothing, so nothing may rely on
//! the catalogue being complete: specs are composed by path, and the catalogue serves listing and choosing.

use super::Registered;
use crate::location::Location;
use crate::phase::PhaseDef;
use crate::sorted::{Map, sort_by};
use crate::spec::{
    ClusterDef, ClusterSpec, Group, GroupDef, GroupSpec, NodeSpecDef, ServerSpecDef, SpecError,
};
use std::fmt;

/// All phases, specs and groups of a program. Part of the feature `engine`.
#[derive(Debug, Default)]
pub struct Registry {
    phases: Vec<&'static PhaseDef>,
    server_specs: Vec<&'static ServerSpecDef>,
    groups: Vec<Group>,
}

impl Registry {
    /// Returns what the macros of the whole program registered.
    ///
    /// # Errors
    ///
    /// When two items have one name, or an item cannot be resolved; all such errors together.
    pub fn from_inventory() -> Result<Registry, RegistryError> {
        RegistryBuilder::default().items(inventory::iter::<Registered>()).build()
    }

    /// Returns a builder, for programs that make their groups from data, and for tests.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder::default()
    }

    /// Returns the groups, sorted by name.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Returns the group of this name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name.as_str() == name)
    }

    /// Returns the phase functions, sorted by path.
    pub fn phases(&self) -> &[&'static PhaseDef] {
        &self.phases
    }

    /// Returns the server specs, sorted by path.
    pub fn server_specs(&self) -> &[&'static ServerSpecDef] {
        &self.server_specs
    }
}

/// Puts a [`Registry`] together.
#[derive(Debug, Default)]
pub struct RegistryBuilder {
    phases: Vec<&'static PhaseDef>,
    server_specs: Vec<&'static ServerSpecDef>,
    node_specs: Vec<&'static NodeSpecDef>,
    group_items: Vec<&'static GroupDef>,
    clusters: Vec<&'static ClusterDef>,
    groups: Vec<GroupSpec>,
}

impl RegistryBuilder {
    /// Adds items as macros register them.
    #[must_use]
    pub fn items<'a>(mut self, items: impl IntoIterator<Item = &'a Registered>) -> Self {
        for item in items {
            match item {
                Registered::Phase(def) => self.phases.push(def),
                Registered::ServerSpec(def) => self.server_specs.push(def),
                Registered::NodeSpec(def) => self.node_specs.push(def),
                Registered::Group(def) => self.group_items.push(def),
                Registered::Cluster(def) => self.clusters.push(def),
            }
        }
        self
    }

    /// Adds a group.
    #[must_use]
    pub fn group(mut self, group: GroupSpec) -> Self {
        self.groups.push(group);
        self
    }

    /// Adds the groups of a cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: &ClusterSpec) -> Self {
        self.groups.extend(cluster.groups());
        self
    }

    /// Returns the registry.
    ///
    /// # Errors
    ///
    /// When two items have one name, or an item cannot be resolved; all such errors together.
    pub fn build(mut self) -> Result<Registry, RegistryError> {
        let mut errors = RegistryError::default();
        errors.check_paths(self.phases.iter().map(|def| ("phase", def.path(), def.location())));
        errors.check_paths(self.server_specs.iter().map(|def| ("server spec", def.path(), def.location)));
        errors.check_paths(self.node_specs.iter().map(|def| ("node spec", def.path(), def.location())));
        errors.check_paths(self.group_items.iter().map(|def| ("group", def.path(), def.location)));
        errors.check_paths(self.clusters.iter().map(|def| ("cluster", def.path(), def.location)));

        // A group that is a cluster's member exists as that and not once more by itself.
        let members: Vec<String> =
            self.clusters.iter().flat_map(|cluster| cluster.get_groups()).map(|def| def.path()).collect();
        let alone = self.group_items.iter().filter(|def| !members.contains(&def.path()));
        self.groups.extend(alone.map(|def| def.spec()));
        self.groups.extend(self.clusters.iter().flat_map(|def| def.spec().groups()));

        let mut groups: Vec<Group> = Vec::new();
        for spec in &self.groups {
            match spec.resolve() {
                Ok(group) => groups.push(group),
                Err(error) => errors.specs.push(error),
            }
        }
        sort_by(&mut groups, |a, b| (&a.name, a.location, &a.item).cmp(&(&b.name, b.location, &b.item)));
        errors.check_paths(groups.iter().map(|group| ("group name", group.name.to_string(), group.location)));
        if !errors.is_empty() {
            sort_by(&mut errors.specs, |a, b| (a.location, &a.message).cmp(&(b.location, &b.message)));
            return Err(errors);
        }
        sort_by(&mut self.phases, |a, b| a.path().cmp(&b.path()));
        sort_by(&mut self.server_specs, |a, b| a.path().cmp(&b.path()));
        Ok(Registry { phases: self.phases, server_specs: self.server_specs, groups })
    }
}

/// Items that cannot stand in one program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryError {
    duplicates: Vec<Duplicate>,
    specs: Vec<SpecError>,
}

/// Two items of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Duplicate {
    kind: &'static str,
    name: String,
    first: Location,
    second: Location,
}

impl RegistryError {
    fn is_empty(&self) -> bool {
        self.duplicates.is_empty() && self.specs.is_empty()
    }

    fn check_paths(&mut self, items: impl Iterator<Item = (&'static str, String, Location)>) {
        let mut seen: Map<String, Location> = Map::new();
        let mut items: Vec<_> = items.collect();
        sort_by(&mut items, Ord::cmp);
        for (kind, name, second) in items {
            if let Some(&first) = seen.get(&name) {
                self.duplicates.push(Duplicate { kind, name, first, second });
            } else {
                seen.insert(name, second);
            }
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duplicates = self.duplicates.iter().map(|Duplicate { kind, name, first, second }| {
            format!("{second}: {kind} `{name}` is taken: it is defined at {first} already")
        });
        let lines: Vec<String> = duplicates.chain(self.specs.iter().map(ToString::to_string)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for RegistryError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_groups_of_one_name_are_refused_with_both_lines() {
        let error = Registry::builder()
            .group(GroupSpec::new("web"))
            .group(GroupSpec::new("web"))
            .build()
            .expect_err("one name, two groups");
        let text = error.to_string();
        assert!(text.contains("group name `web` is taken"), "{text}");
        assert_eq!(text.matches("catalogue.rs").count(), 2, "{text}");
    }

    #[test]
    fn every_error_is_reported_at_once() {
        let error = Registry::builder()
            .group(GroupSpec::new("Web"))
            .group(GroupSpec::new("db").role("no role"))
            .build()
            .expect_err("two invalid groups");
        assert_eq!(error.to_string().lines().count(), 2, "{error}");
    }
}
