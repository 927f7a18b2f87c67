//! Rules of sudo, gathered from the specs of a node.
//!
//! Each spec adds its own rules under a name of its own, in its `settings` phase; [`Sudoers`] writes them, one file a name. So no spec
//! must know what others allow:
//!
//! ```
//! use pallet::actions::SudoRule;
//! use pallet::prelude::*;
//! use pallet_sudoers::{self as rules, Rules, Sudoers};
//!
//! #[phase]
//! fn deployers() {
//!     rules::add("deploy", Rules::new().rule(SudoRule::user("deploy").commands(["/usr/bin/systemctl restart app"]).nopasswd()));
//! }
//!
//! group! { pub App { count: 1, extends: [Sudoers], settings: deployers } }
//! # use pallet::DefinesGroup;
//! # assert_eq!(App::spec().resolve().unwrap().phases.len(), 2);
//! ```
//!
//! Each file is read by `visudo` before it goes live. Rules that are no longer declared stay: say [`Rules::absent`]. For a single
//! file, the action [`sudoers`](pallet::actions::sudoers()) is enough. Supported: every system that has sudo. Tested on real
//! nodes: Debian.

use pallet::actions::SudoRule;
use pallet::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

server_spec! {
    /// A node with sudo, and with the rules that the specs of the node add.
    pub Sudoers { configure: configure }
}

/// What one spec adds.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<SudoRule>,
    defaults: Vec<String>,
    absent: bool,
}

impl Rules {
    /// Returns no rules.
    pub fn new() -> Rules {
        Rules::default()
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: SudoRule) -> Rules {
        self.rules.push(rule);
        self
    }

    /// Adds a setting for everybody, as sudoers(5) writes them.
    #[must_use]
    pub fn defaults(mut self, setting: impl Into<String>) -> Rules {
        self.defaults.push(setting.into());
        self
    }

    /// Returns that there shall be no rules of this name any more.
    pub fn absent() -> Rules {
        Rules { absent: true, ..Rules::default() }
    }
}

/// All that was added on a node.
#[derive(Debug, Clone, Default)]
struct Gathered(Arc<Mutex<BTreeMap<String, Rules>>>);

/// Adds rules of a node, under a name that becomes that of their file. In the `settings` phase only. What was added under this name
/// before is replaced.
#[track_caller]
pub fn add(name: impl Into<String>, rules: Rules) {
    let gathered =
        settings::instance::<Gathered>("").map_or_else(Gathered::default, |known| (*known).clone());
    gathered.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into(), rules);
    settings::publish(gathered);
}

/// Installs sudo and writes what was added, each name in a file of its own.
#[phase]
pub fn configure() {
    package("sudo");
    let gathered =
        settings::instance::<Gathered>("").map_or_else(Gathered::default, |known| (*known).clone());
    for (name, rules) in &*gathered.0.lock().unwrap_or_else(PoisonError::into_inner) {
        let file = sudoers(name.as_str());
        if rules.absent {
            file.absent();
            continue;
        }
        rules.defaults.iter().for_each(|setting| _ = file.defaults(setting.as_str()));
        rules.rules.iter().for_each(|rule| _ = file.rule(rule.clone()));
    }
}
