//! Infrastructure as Rust: phases, specs and groups as typed values.
//!
//! This is the crate that authors of infrastructure and of pallet crates depend on. It is pure: it builds the
//! action graph of a phase, says what must be read on a node, compares, and renders the script that makes the
//! difference. It opens no connection, reads no file and no clock; that is `pallet-runtime`.
//! What it hands on is in `pallet-core` and `pallet-macros`: two packages, which are built side by side.
//!
//! ```
//! use pallet::prelude::*;
//!
//! /// A web server with one page.
//! #[phase]
//! fn web(node: &Node) {
//!     let nginx = package("nginx");
//!     let page = remote_file("/var/www/html/index.html")
//!         .content(format!("I am {}.\n", node.hostname()))
//!         .after(nginx);
//!     service("nginx").enabled().running().reload_when_changed(page);
//! }
//!
//! group! {
//!     pub WebServers { count: 2, configure: web }
//! }
//!
//! // What a phase says can be looked at without any node.
//! let built = pallet::graph::build(&pallet::Context::example(), web)?;
//! let actions: Vec<String> = built.graph.in_order().map(|(_, action)| action.label()).collect();
//! assert_eq!(actions, ["package nginx", "remote-file /var/www/html/index.html", "service nginx"]);
//! # Ok::<(), pallet::graph::GraphError>(())
//! ```
//!
//! # Where things are
//!
//! | for | see |
//! |---|---|
//! | what a program with phases names | [`prelude`] |
//! | the macros, with all their keys | [`phase`](macro@phase), [`server_spec!`], [`group!`], [`node_spec!`], [`cluster!`] |
//! | what can be declared of a node | [`actions`] |
//! | what a phase can ask for | [`Node`], [`Nodes`], [`NodesIn`], [`facts::Facts`], [`settings`]; of your own: [`FromContext`] |
//! | values that nobody may see | [`Secret`], in a [`Text`] |
//! | groups made from data | [`GroupSpec`], [`ServerSpec`], [`Registry::builder`] |
//! | a kind of action of your own | [`action::Action`], [`graph::record`] |
//! | a compute service of your own | [`compute::Provider`], [`compute::Compute`] (feature `engine`) |
//! | contradictions between phase functions | [`conflicts`] (feature `engine`), [`claim`] |
//! | the way from a phase to a script | [`graph`], [`probe`], [`world`], [`plan`](mod@plan) (feature `engine`), [`script`] |
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `engine` | what runs phases, and not what declares them: [`Registry`], [`graph::build`], [`graph::draw`], [`conflicts`], [`plan`](mod@plan), [`compute`], the answers of nodes ([`probe::Probe::parse`], [`facts::Facts::parse`], [`facts::Facts::assumed`]), regular expressions that are compiled |
//! | `json` | parts of what is JSON: `output_of(..).json(..)`, `node_fact(..).json(..)`; implies `serde` |
//! | `serde` | names and facts are values for serde: they implement its `Serialize` |
//! | `template` | Jinja templates: `remote_file(..).template(..)` and `context!`; implies `serde` |
//!
//! None is on by default: whoever writes a crate for others pays for what it builds each time. What rustc does
//! not find may be one of these. `pallet-runtime` asks for `engine`, so a program has it, and so have the tests of a crate
//! that use `pallet-lab`; a provider asks for it itself. A program asks for the others in its `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! pallet = { version = "0.1", features = ["json", "template"] }
//! ```

pub mod prelude;

#[doc(inline)]
pub use pallet_core::*;

#[doc = include_str!("../../pallet-macros/docs/cluster.md")]
pub use pallet_macros::cluster;
#[doc = include_str!("../../pallet-macros/docs/group.md")]
pub use pallet_macros::group;
#[doc = include_str!("../../pallet-macros/docs/node_spec.md")]
pub use pallet_macros::node_spec;
#[doc = include_str!("../../pallet-macros/docs/phase.md")]
pub use pallet_macros::phase;
#[doc = include_str!("../../pallet-macros/docs/server_spec.md")]
pub use pallet_macros::server_spec;
