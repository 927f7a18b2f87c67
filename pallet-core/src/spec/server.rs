//! Server specs: reusable bundles of phases, roles and a node spec.

use super::node::NodeSpec;
use crate::error::Error;
use crate::location::Location;
use crate::name::{InvalidName, PhaseName, RoleName};
use crate::phase::{PhaseOutput, standard};
use crate::sorted::{Map, Set};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A function that is run as a phase, or as one of several that make a phase.
#[derive(Clone)]
pub struct PhaseFn(Arc<dyn Fn() -> Result<(), Error> + Send + Sync>);

impl PhaseFn {
    /// Returns a phase function that runs `f`.
    pub fn new<R: PhaseOutput>(f: impl Fn() -> R + Send + Sync + 'static) -> Self {
        PhaseFn(Arc::new(move || f().finish()))
    }

    /// Runs the function.
    ///
    /// # Errors
    ///
    /// The function's own.
    pub fn call(&self) -> Result<(), Error> {
        (self.0)()
    }
}

impl fmt::Debug for PhaseFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhaseFn")
    }
}

/// What `server_spec!` registers about an item.
#[derive(Debug)]
pub struct ServerSpecDef {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) location: Location,
    pub(crate) doc: &'static str,
    pub(crate) extends: &'static [&'static ServerSpecDef],
    pub(crate) spec: fn() -> ServerSpec,
}

impl ServerSpecDef {
    /// Returns the definition of the server spec `name` in the module `module`.
    pub const fn new(
        name: &'static str,
        module: &'static str,
        location: Location,
        spec: fn() -> ServerSpec,
    ) -> Self {
        ServerSpecDef { name, module, location, doc: "", extends: &[], spec }
    }

    /// Adds what the item's documentation says first.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Adds the specs that this one extends. A circle of them does not compile.
    #[must_use]
    pub const fn extends(mut self, extends: &'static [&'static ServerSpecDef]) -> Self {
        // Reading the depth of every base forces the compiler to evaluate them, and so to notice a circle.
        let mut i = 0;
        while i < extends.len() {
            let _ = extends[i].extends.len();
            i += 1;
        }
        self.extends = extends;
        self
    }

    /// Returns the name of the item.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the path of the item: `infra::Web`.
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

    /// Returns the spec.
    pub fn spec(&self) -> ServerSpec {
        (self.spec)()
    }
}

/// A type that stands for a server spec: what `server_spec!` makes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a server spec",
    note = "`extends` takes what `server_spec!` made; a group or a node spec cannot be extended"
)]
pub trait DefinesServerSpec {
    /// A type that contains this type of every base: `(<Base as DefinesServerSpec>::BasesWithoutCircle,)`.
    ///
    /// There is none when a spec extends itself, however indirectly, so the compiler refuses that. Nothing else
    /// needs it.
    type BasesWithoutCircle;

    /// What is registered about the spec.
    const DEF: &'static ServerSpecDef;
}

/// What `server_spec!` generates calls of.
pub(crate) mod generated {
    /// Makes nothing of a type that must be there, lest types grow with every spec that extends two others.
    pub trait Forget {
        /// `()`
        type Nothing;
    }

    impl<T> Forget for T {
        type Nothing = ();
    }
}

/// A reusable bundle of phases, roles and a node spec, which other specs and groups extend (Pallet's server-spec).
///
/// Extending adds: for each phase the inherited functions run first, in the order of the `extends`, and the
/// spec's own run last. A base that is reached on two ways runs once, at the first of them.
///
/// ```
/// use pallet::ServerSpec;
/// # use pallet::prelude::*;
/// let base = ServerSpec::new("base").phase("configure", || packages(["curl"]));
/// let web = ServerSpec::new("web").extends(base.clone()).extends(base).phase("configure", || package("nginx"));
/// assert_eq!(web.resolve()?.phases["configure"].len(), 2);
/// # Ok::<(), pallet::spec::SpecError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ServerSpec {
    identity: Identity,
    label: String,
    location: Location,
    extends: Vec<ServerSpec>,
    roles: Vec<String>,
    phases: Vec<(String, PhaseFn)>,
    default_phases: Vec<String>,
    node_spec: NodeSpec,
}

/// What makes two specs the same: the item they were written as, or being clones of one value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Item(String),
    Value(u64),
}

impl ServerSpec {
    /// Returns an empty spec. Its clones are the same spec; a second one of the same name is another.
    #[track_caller]
    pub fn new(label: impl Into<String>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let identity = Identity::Value(NEXT.fetch_add(1, Ordering::Relaxed));
        Self::with_identity(identity, label.into(), Location::caller())
    }

    /// Returns an empty spec that is the item `def`, however often it is made.
    pub fn item(def: &'static ServerSpecDef) -> Self {
        Self::with_identity(Identity::Item(def.path()), def.name.to_owned(), def.location)
    }

    fn with_identity(identity: Identity, label: String, location: Location) -> Self {
        ServerSpec {
            identity,
            label,
            location,
            extends: Vec::new(),
            roles: Vec::new(),
            phases: Vec::new(),
            default_phases: Vec::new(),
            node_spec: NodeSpec::new(),
        }
    }

    /// Adds a spec that this one extends.
    #[must_use]
    pub fn extends(mut self, base: ServerSpec) -> Self {
        self.extends.push(base);
        self
    }

    /// Adds a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Adds a function to a phase.
    #[must_use]
    pub fn phase<R: PhaseOutput>(
        mut self,
        phase: impl Into<String>,
        f: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.phases.push((phase.into(), PhaseFn::new(f)));
        self
    }

    /// Sets the phases that run when none is asked for. Without this, inherited ones, or `configure`.
    #[must_use]
    pub fn default_phases<S: Into<String>>(mut self, phases: impl IntoIterator<Item = S>) -> Self {
        self.default_phases = phases.into_iter().map(Into::into).collect();
        self
    }

    /// Sets from what nodes are made; it is laid over what is inherited.
    #[must_use]
    pub fn node_spec(mut self, spec: NodeSpec) -> Self {
        self.node_spec = spec.over(self.node_spec);
        self
    }

    /// Returns the spec with all that it inherits put together.
    ///
    /// # Errors
    ///
    /// When a name is invalid or the default phases of two specs contradict each other.
    pub fn resolve(&self) -> Result<Resolved, SpecError> {
        let mut resolved = Resolved::default();
        let mut orders = Vec::new();
        self.merge_into(&mut resolved, &mut orders, &mut Set::new())?;
        resolved.default_phases = merge_orders(orders, self)?;
        Ok(resolved)
    }

    fn merge_into(
        &self,
        resolved: &mut Resolved,
        orders: &mut Vec<Vec<PhaseName>>,
        seen: &mut Set<Identity>,
    ) -> Result<(), SpecError> {
        if !seen.insert(self.identity.clone()) {
            return Ok(());
        }
        let invalid = |error: InvalidName| SpecError {
            location: self.location,
            message: format!("spec {}: {error}", self.label),
        };
        for base in &self.extends {
            base.merge_into(resolved, orders, seen)?;
        }
        for role in &self.roles {
            resolved.roles.insert(RoleName::new(role).map_err(invalid)?);
        }
        for (phase, f) in &self.phases {
            let phase = PhaseName::new(phase).map_err(invalid)?;
            resolved.phases.or_default(phase).push(f.clone());
        }
        let order = self.default_phases.iter().map(PhaseName::new).collect::<Result<Vec<_>, _>>();
        orders.push(order.map_err(invalid)?);
        let inherited = std::mem::take(&mut resolved.node_spec);
        resolved.node_spec = self.node_spec.clone().over(inherited);
        Ok(())
    }
}

/// Merges lists into one that keeps the order of each, as Pallet does.
fn merge_orders(orders: Vec<Vec<PhaseName>>, spec: &ServerSpec) -> Result<Vec<PhaseName>, SpecError> {
    let mut lists: Vec<Vec<PhaseName>> = orders.into_iter().filter(|order| !order.is_empty()).collect();
    if lists.is_empty() {
        lists.push(vec![PhaseName::new(standard::CONFIGURE).expect("a valid name")]);
    }
    let mut merged = Vec::new();
    while let Some(first) = lists.first() {
        let heads: Vec<PhaseName> = lists.iter().map(|list| list[0].clone()).collect();
        let free = |head: &&PhaseName| !lists.iter().any(|list| list[1..].contains(head));
        let Some(next) = heads.iter().find(free).cloned() else {
            let message =
                format!("spec {}: the default phases contradict each other at `{}`", spec.label, first[0]);
            return Err(SpecError { location: spec.location, message });
        };
        for list in &mut lists {
            list.retain(|phase| *phase != next);
        }
        lists.retain(|list| !list.is_empty());
        merged.push(next);
    }
    Ok(merged)
}

/// A spec with all that it inherits put together.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The functions of each phase, in the order in which they run.
    pub phases: Map<PhaseName, Vec<PhaseFn>>,
    /// All roles.
    pub roles: Set<RoleName>,
    /// The phases that run when none is asked for.
    pub default_phases: Vec<PhaseName>,
    /// From what nodes are made.
    pub node_spec: NodeSpec,
}

/// A spec that cannot be used, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// The line on which the spec stands.
    pub location: Location,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.message)
    }
}

impl std::error::Error for SpecError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn traced(label: &'static str, trace: &Arc<Mutex<Vec<&'static str>>>) -> ServerSpec {
        let trace = trace.clone();
        ServerSpec::new(label).phase("configure", move || {
            trace.lock().expect("not poisoned").push(label);
        })
    }

    #[test]
    fn inherited_phases_run_first_and_a_diamond_runs_once() {
        let trace = Arc::new(Mutex::new(Vec::new()));
        let cache = traced("cache", &trace);
        let base = traced("base", &trace).extends(cache.clone());
        let web = traced("web", &trace).extends(cache).extends(base);
        for f in &web.resolve().expect("valid").phases["configure"] {
            f.call().expect("infallible");
        }
        assert_eq!(*trace.lock().expect("not poisoned"), ["cache", "base", "web"]);
    }

    #[test]
    fn default_phases_keep_the_order_of_each_list() {
        let a = ServerSpec::new("a").default_phases(["install", "configure"]);
        let b = ServerSpec::new("b").default_phases(["configure", "test"]).extends(a.clone());
        let names: Vec<String> =
            b.resolve().expect("valid").default_phases.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["install", "configure", "test"]);
        let c = ServerSpec::new("c").default_phases(["configure", "install"]).extends(a);
        assert!(c.resolve().expect_err("contradicting").message.contains("contradict"));
    }

    #[test]
    fn without_a_word_configure_is_the_default() {
        let phases = ServerSpec::new("a").resolve().expect("valid").default_phases;
        assert_eq!(phases.iter().map(PhaseName::as_str).collect::<Vec<_>>(), ["configure"]);
    }

    #[test]
    fn an_invalid_name_is_reported_with_the_line_of_the_spec() {
        let error = ServerSpec::new("a").role("two words").resolve().expect_err("an invalid role");
        assert!(error.to_string().contains("server.rs"), "{error}");
        assert!(error.message.contains("invalid role \"two words\""), "{error}");
    }
}
