//! Which keys there are: one table for each block, and the search in it.

use crate::diagnostics::Sink;
use crate::messages;
use crate::rules::did_you_mean;
use crate::syntax::{Entry, Key};
use std::collections::BTreeSet;

/// What a function-like macro defines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `server_spec!`
    ServerSpec,
    /// `group!`
    Group,
    /// `node_spec!`
    NodeSpec,
    /// `cluster!`
    Cluster,
}

/// The keys of a block.
pub(crate) struct Keys {
    /// The block, as messages call it.
    pub(crate) place: &'static str,
    /// Its keys, in the order in which they are listed.
    pub(crate) keys: &'static [Known],
    /// What messages about an unknown key add to the list.
    further: &'static str,
}

/// A key that exists.
pub(crate) struct Known {
    /// Its name.
    pub(crate) name: &'static str,
    /// What its value is, after "takes".
    pub(crate) takes: &'static str,
    /// The key with a value.
    pub(crate) example: &'static str,
}

const fn known(name: &'static str, takes: &'static str, example: &'static str) -> Known {
    Known { name, takes, example }
}

const NAME: Known = known("name", "a text", "name: \"web\"");
const EXTENDS: Known = known("extends", "a list of server specs", "extends: [BaseNode, nginx::NginxServer]");
const ROLES: Known = known("roles", "a list of names", "roles: [web, \"app-server\"]");
const SETTINGS: Known = known("settings", PHASE, "settings: compute_settings");
const BOOTSTRAP: Known = known("bootstrap", PHASE, "bootstrap: first_steps");
const CONFIGURE: Known = known("configure", PHASE, "configure: web");
const PHASES: Known =
    known("phases", "a block of phases by name", "phases: { restart: restart_web, tune: tune(8) }");
const DEFAULT_PHASES: Known =
    known("default_phases", "a list of names", "default_phases: [configure, \"post-check\"]");
const NODE_SPEC: Known =
    known("node_spec", "the path of a node spec, or an expression in parentheses", "node_spec: Small");
const IMAGE: Known = known(
    "image",
    "an image id, a block of conditions, a definition, or an expression in parentheses",
    "image: \"debian-12\"` or `image: { os_family: debian, os_version: \">= 12\" }",
);
const HARDWARE: Known = known(
    "hardware",
    "the name of a model, a block of values, or an expression in parentheses",
    "hardware: small` or `hardware: { memory: 1024 MiB, cpus: 2 }",
);
const NETWORK: Known = known(
    "network",
    "`local`, `nat`, `bridged`, a list of adapters, or an expression in parentheses",
    "network: bridged(\"eth0\")` or `network: [management(host_only), nat]",
);
const COUNT: Known = known("count", "a number of nodes, or an expression in parentheses", "count: 2");
const PROTECT: Known = known("protect", "`true`, `false`, or an expression in parentheses", "protect: true");
const GROUPS: Known = known("groups", "a list of groups", "groups: [WebServers, Databases]");

const PHASE: &str = "a phase, a phase with its arguments, or a closure";

/// What every value of `phases` must be.
pub(crate) const OTHER_PHASE: Known =
    known("phases", PHASE, "phases: { restart: restart_web, tune: tune(8) }");

const PHASES_BELOW: &str = "; phases of other names go under `phases`";

const SERVER_SPEC: Keys = Keys {
    place: "`server_spec!`",
    keys: &[
        EXTENDS,
        ROLES,
        SETTINGS,
        BOOTSTRAP,
        CONFIGURE,
        PHASES,
        DEFAULT_PHASES,
        NODE_SPEC,
        IMAGE,
        HARDWARE,
        NETWORK,
    ],
    further: PHASES_BELOW,
};

const GROUP: Keys = Keys {
    place: "`group!`",
    keys: &[
        NAME,
        COUNT,
        IMAGE,
        HARDWARE,
        NETWORK,
        NODE_SPEC,
        EXTENDS,
        ROLES,
        SETTINGS,
        BOOTSTRAP,
        CONFIGURE,
        PHASES,
        DEFAULT_PHASES,
        PROTECT,
    ],
    further: PHASES_BELOW,
};

const NODE: Keys = Keys { place: "`node_spec!`", keys: &[IMAGE, HARDWARE, NETWORK], further: "" };

const CLUSTER: Keys = Keys {
    place: "`cluster!`",
    keys: &[
        NAME,
        GROUPS,
        EXTENDS,
        ROLES,
        SETTINGS,
        BOOTSTRAP,
        CONFIGURE,
        PHASES,
        DEFAULT_PHASES,
        NODE_SPEC,
        IMAGE,
        HARDWARE,
        NETWORK,
    ],
    further: PHASES_BELOW,
};

/// The keys of `image: { … }`.
pub(crate) const IMAGE_BLOCK: Keys = Keys {
    place: "`image`",
    keys: &[
        known("os_family", "the name of an OS family", "os_family: debian"),
        known("os_version", "a version in quotes", "os_version: \">= 12\""),
        known("os_64_bit", "`true` or `false`", "os_64_bit: true"),
        known("path", "a text, or an expression in parentheses", "path: \"/srv/images/debian-12.vdi\""),
        known("description", "a text, or an expression in parentheses", "description: \"Debian, plain\""),
        known("os_type", "a text, or an expression in parentheses", "os_type: \"Debian12_64\""),
        known("username", "a text, or an expression in parentheses", "username: \"admin\""),
        known(
            "private_key_path",
            "a text, or an expression in parentheses",
            "private_key_path: \"/srv/keys/id\"",
        ),
        known("password", "an expression in parentheses", "password: (read_password())"),
        known("private_key", "an expression in parentheses", "private_key: (read_key())"),
        known("passphrase", "an expression in parentheses", "passphrase: (read_passphrase())"),
        known("sudo_password", "an expression in parentheses", "sudo_password: (read_password())"),
        known("no_sudo", "`true` or `false`", "no_sudo: true"),
        known("attach", "`multi_attach`, `immutable`, `linked_clone` or `full_copy`", "attach: linked_clone"),
        known("cloud_init", "`true` or `false`", "cloud_init: true"),
    ],
    further: "",
};

/// The keys of `hardware: { … }` that every provider has.
pub(crate) const HARDWARE_BLOCK: Keys = Keys {
    place: "`hardware`",
    keys: &[
        known("model", "the name of a model", "model: small"),
        known("memory", "a size, or an expression in parentheses", "memory: 1024 MiB"),
        known("cpus", "a number, or an expression in parentheses", "cpus: 2"),
    ],
    further: "",
};

/// What every further value of `hardware` must be.
pub(crate) const HARDWARE_OPTION: Known = known(
    "hardware",
    "`true`, `false`, a number, a text, a list or a block for further keys",
    "hardware: { vram: 16, firmware: \"efi\" }",
);

impl Kind {
    /// Returns the name of the macro.
    pub(crate) const fn form(self) -> &'static str {
        match self {
            Kind::ServerSpec => "server_spec",
            Kind::Group => "group",
            Kind::NodeSpec => "node_spec",
            Kind::Cluster => "cluster",
        }
    }

    /// Returns what the macro defines.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Kind::ServerSpec => "server spec",
            Kind::Group => "group",
            Kind::NodeSpec => "node spec",
            Kind::Cluster => "cluster",
        }
    }

    /// Returns the keys of the macro.
    pub(crate) const fn keys(self) -> &'static Keys {
        match self {
            Kind::ServerSpec => &SERVER_SPEC,
            Kind::Group => &GROUP,
            Kind::NodeSpec => &NODE,
            Kind::Cluster => &CLUSTER,
        }
    }
}

impl Keys {
    /// Finds each entry's key. Unknown keys and second ones are reported and dropped.
    pub(crate) fn resolve(&self, entries: Vec<Entry>, sink: &Sink<'_>) -> Vec<(&'static Known, Entry)> {
        let resolved = unique(entries, self.place, sink).into_iter().filter_map(|entry| {
            let found = self.find(&entry.key.name);
            if found.is_none() {
                self.report_unknown(&entry.key, sink);
            }
            Some((found?, entry))
        });
        resolved.collect()
    }

    /// Returns the key of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&'static Known> {
        self.keys.iter().find(|known| known.name == name)
    }

    /// Returns the key that `name` may have been meant to be.
    pub(crate) fn nearest(&self, name: &str) -> Option<&'static str> {
        did_you_mean(name, self.names())
    }

    /// Reports that there is no such key.
    pub(crate) fn report_unknown(&self, key: &Key, sink: &Sink<'_>) {
        let way_out = match self.nearest(&key.name) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("keys: {}{}", self.names().collect::<Vec<_>>().join(", "), self.further),
        };
        sink.report(key, messages::unknown_key(&key.name, self.place, way_out));
    }

    fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.keys.iter().map(|known| known.name)
    }
}

/// Reports and drops every entry whose key was there before.
pub(crate) fn unique(mut entries: Vec<Entry>, place: &str, sink: &Sink<'_>) -> Vec<Entry> {
    let mut seen = BTreeSet::new();
    entries.retain(|entry| {
        let is_new = seen.insert(entry.key.name.clone());
        if !is_new {
            sink.report(&entry.key, messages::duplicate_key(&entry.key.name, place));
        }
        is_new
    });
    entries
}
