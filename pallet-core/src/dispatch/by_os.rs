//! A table of what is done on which operating system, checked as a whole.

use crate::context::Node;
use crate::facts::{Os, OsFamily, Version, VersionReq};
use crate::location::Location;
use std::fmt;

/// Returns an empty table for a node: add cases with [`when`](ByOs::when), and end it with
/// [`otherwise_unsupported`](ByOs::otherwise_unsupported) or [`otherwise`](ByOs::otherwise).
///
/// The case of the most specific family decides: one for Ubuntu wins over one for all that is built on Debian. Two cases of
/// one family whose versions overlap are a mistake, whatever node it is.
///
/// For a node that does not exist yet, the plan ends at this line.
///
/// ```
/// use pallet::facts::OsFamily;
/// use pallet::prelude::*;
///
/// fn php(node: &Node) -> pallet::Result {
///     let version = by_os(node)
///         .when(OsFamily::Debian, "12", || "8.2")
///         .when(OsFamily::Debian, ">= 13", || "8.4")
///         .when(OsFamily::Ubuntu, ">= 24.04", || "8.3")
///         .otherwise_unsupported()?;
///     package(format!("php{version}-fpm"));
///     Ok(())
/// }
/// # let node = pallet::Context::example().node.expect("a node");
/// # let built = pallet::graph::build(&pallet::Context::example(), || php(&node).expect("supported"))?;
/// # assert_eq!(built.graph.in_order().next().map(|(_, action)| action.label()).as_deref(), Some("package php8.2-fpm"));
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
#[must_use = "a table decides nothing before its end: call `otherwise_unsupported` or `otherwise`"]
pub fn by_os<'a, T>(node: &'a Node) -> ByOs<'a, T> {
    ByOs { node: node.name().to_string(), os: &node.facts().os, cases: Vec::new(), mistake: None }
}

/// A table of what is done on which operating system: see [`by_os`].
#[must_use = "a table decides nothing before its end: call `otherwise_unsupported` or `otherwise`"]
pub struct ByOs<'a, T> {
    node: String,
    os: &'a Os,
    cases: Vec<Case<'a, T>>,
    mistake: Option<NoSuchCase>,
}

struct Case<'a, T> {
    family: OsFamily,
    versions: VersionReq,
    location: Location,
    body: Box<dyn FnOnce() -> T + 'a>,
}

/// Why a table has no case for a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSuchCase {
    /// The node has an operating system that no case is for.
    Unsupported {
        /// The node.
        node: String,
        /// What it has.
        os: String,
        /// What there are cases for.
        supported: Vec<String>,
    },
    /// Two cases are for the same versions.
    Overlap {
        /// The first case and its line.
        first: (String, Location),
        /// The second.
        second: (String, Location),
    },
    /// The condition on the version cannot be understood.
    Condition {
        /// What is wrong with it.
        message: String,
        /// Its line.
        location: Location,
    },
}

impl<'a, T> ByOs<'a, T> {
    /// Adds what is done on a family of operating systems with versions like these: `>= 12`, `>= 20.04, < 24`, `12`,
    /// or `*` for any.
    #[track_caller]
    pub fn when(mut self, family: OsFamily, versions: &str, body: impl FnOnce() -> T + 'a) -> Self {
        let location = Location::caller();
        match VersionReq::parse(versions) {
            Ok(versions) => self.add(Case { family, versions, location, body: Box::new(body) }),
            Err(error) => {
                let mistake = NoSuchCase::Condition { message: error.to_string(), location };
                self.mistake.get_or_insert(mistake);
            }
        }
        self
    }

    /// Ends the table: what it has no case for is not supported.
    ///
    /// # Errors
    ///
    /// When there is no case for the node, which the error names with all that there are cases for; and when the
    /// table itself is wrong.
    pub fn otherwise_unsupported(self) -> Result<T, NoSuchCase> {
        let unsupported = NoSuchCase::Unsupported {
            node: self.node.clone(),
            os: format!("{} {}", self.os.family, self.os.version).trim_end().to_owned(),
            supported: self.cases.iter().map(Case::label).collect(),
        };
        self.decide()?.ok_or(unsupported)
    }

    /// Ends the table with what is done everywhere else.
    ///
    /// # Errors
    ///
    /// When the table itself is wrong.
    pub fn otherwise(self, body: impl FnOnce() -> T) -> Result<T, NoSuchCase> {
        Ok(self.decide()?.unwrap_or_else(body))
    }

    fn add(&mut self, case: Case<'a, T>) {
        let same =
            |other: &&Case<'a, T>| other.family == case.family && other.versions.overlaps(&case.versions);
        if let Some(other) = self.cases.iter().find(same) {
            let (first, second) = ((other.label(), other.location), (case.label(), case.location));
            self.mistake.get_or_insert(NoSuchCase::Overlap { first, second });
        }
        self.cases.push(case);
    }

    fn decide(self) -> Result<Option<T>, NoSuchCase> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let fits =
            |case: &Case<'a, T>| self.os.family.is(case.family) && case.versions.matches(&self.os.version);
        let best = self.cases.into_iter().filter(fits).max_by_key(|case| case.family.depth());
        Ok(best.map(|case| (case.body)()))
    }
}

impl<T> Case<'_, T> {
    fn label(&self) -> String {
        format!("{} {}", self.family, self.versions)
    }
}

impl<T> fmt::Debug for ByOs<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.cases.iter().map(Case::label)).finish()
    }
}

impl fmt::Display for NoSuchCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSuchCase::Unsupported { node, os, supported } if supported.is_empty() => {
                write!(f, "{node} has {os}, and nothing is supported")
            }
            NoSuchCase::Unsupported { node, os, supported } => {
                write!(f, "{node} has {os}; supported: {}", supported.join("; "))
            }
            NoSuchCase::Overlap { first: (first, line), second: (second, other) } => {
                write!(f, "the cases {first} ({line}) and {second} ({other}) overlap")
            }
            NoSuchCase::Condition { message, location } => write!(f, "{message} ({location})"),
        }
    }
}

impl std::error::Error for NoSuchCase {}

impl VersionReq {
    /// Tells whether a version can satisfy both conditions.
    fn overlaps(&self, other: &VersionReq) -> bool {
        let ranges = [self.range(), other.range()];
        let from = ranges.iter().map(|(from, _)| from.clone()).max().unwrap_or_default();
        let to = ranges.into_iter().filter_map(|(_, to)| to).min();
        to.is_none_or(|to: Version| from < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Context, NodeInfo};
    use crate::facts::Facts;
    use crate::name::NodeName;
    use std::sync::Arc;

    fn node(family: OsFamily, version: &str) -> Node {
        let mut facts = Facts::example();
        facts.os.family = family;
        facts.os.version = Version::parse(version);
        let example = Context::example().node.expect("a node");
        Node::new(NodeInfo {
            name: NodeName::new("web-1").expect("a valid name"),
            group: example.group().clone(),
            group_item: None,
            roles: Default::default(),
            facts: Some(Arc::new(facts)),
            primary_ip: None,
            private_ip: None,
        })
    }

    fn choose(family: OsFamily, version: &str) -> Result<&'static str, String> {
        by_os(&node(family, version))
            .when(OsFamily::DebianBase, "*", || "any debian")
            .when(OsFamily::Debian, ">= 12", || "new debian")
            .when(OsFamily::Ubuntu, ">= 20.04, < 24", || "middle ubuntu")
            .when(OsFamily::RhBase, "9", || "nine")
            .otherwise_unsupported()
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_most_specific_family_decides() {
        assert_eq!(choose(OsFamily::Debian, "12.5"), Ok("new debian"));
        assert_eq!(choose(OsFamily::Debian, "11"), Ok("any debian"));
        assert_eq!(choose(OsFamily::Ubuntu, "22.04"), Ok("middle ubuntu"));
        assert_eq!(choose(OsFamily::Ubuntu, "24.04"), Ok("any debian"));
        assert_eq!(choose(OsFamily::Rocky, "9.3"), Ok("nine"));
    }

    #[test]
    fn what_is_not_supported_is_named_with_what_is() {
        assert_eq!(
            choose(OsFamily::Fedora, "40"),
            Err("web-1 has fedora 40; supported: debian-base any version; debian >= 12; \
                 ubuntu >= 20.04, < 24; rh-base = 9"
                .to_owned())
        );
        let node = node(OsFamily::Fedora, "40");
        assert_eq!(by_os(&node).when(OsFamily::Debian, "*", || 1).otherwise(|| 2), Ok(2));
    }

    #[test]
    fn cases_that_overlap_are_a_mistake_on_every_node() {
        let overlap = |first: &str, second: &str| {
            let node = node(OsFamily::Alpine, "3");
            let table =
                by_os(&node).when(OsFamily::Debian, first, || ()).when(OsFamily::Debian, second, || ());
            matches!(table.otherwise(|| ()), Err(NoSuchCase::Overlap { .. }))
        };
        for (first, second) in [
            ("12", "12.5"),
            (">= 11", "12"),
            ("*", "> 40"),
            ("<= 12", "12.7"),
            (">= 10, < 12", ">= 11, < 13"),
        ] {
            assert!(overlap(first, second) && overlap(second, first), "{first} and {second}");
        }
        for (first, second) in
            [("12", "13"), ("< 12", "12"), ("> 12", "12.9"), (">= 20.04, < 24", ">= 24"), ("< 5, > 7", "*")]
        {
            assert!(!overlap(first, second) && !overlap(second, first), "{first} and {second}");
        }
    }

    #[test]
    fn a_condition_that_makes_no_sense_is_a_mistake() {
        let node = node(OsFamily::Debian, "12");
        let error =
            by_os(&node).when(OsFamily::Debian, "twelve", || ()).otherwise(|| ()).expect_err("a mistake");
        assert!(error.to_string().contains("by_os.rs:"), "{error}");
    }
}
