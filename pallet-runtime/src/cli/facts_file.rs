//! A file with the facts of one node: what `facts -o json` prints of it, or the lines that pallet reads of a node.

use crate::error::{Excerpt, InputError};
use pallet::facts::Facts;
use serde::Deserialize;
use std::fs;
use std::path::Path;

const HINT: &str = "write the line that `facts -o json` prints of a node, or name a system with `--os`";

/// A line of what `facts -o json` prints.
#[derive(Deserialize)]
struct Told {
    node: String,
    facts: Option<Facts>,
}

/// Returns the facts in a file.
///
/// # Errors
///
/// When it cannot be read, or has not the facts of exactly one node.
pub(super) fn read(file: &Path) -> Result<Facts, InputError> {
    let place = || Excerpt::place(file.display().to_string());
    let text = fs::read_to_string(file)
        .map_err(|error| InputError::new("cannot read the facts").at(place()).hint(HINT).source(error))?;
    let found = if text.trim_start().starts_with('{') { of_json(&text) } else { of_lines(&text) };
    found.map_err(|error| error.at(place()).hint(HINT))
}

fn of_json(text: &str) -> Result<Facts, InputError> {
    let told: Result<Vec<Told>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    let told = told.map_err(|error| InputError::new("these are not the facts of a node").source(error))?;
    let names: Vec<&str> = told.iter().map(|told| told.node.as_str()).collect();
    if names.len() != 1 {
        let message =
            format!("these are the facts of several nodes, and one is needed: {}", names.join(", "));
        return Err(InputError::new(message));
    }
    let message = format!("{} did not tell its facts", told[0].node);
    told.into_iter().find_map(|told| told.facts).ok_or_else(|| InputError::new(message))
}

fn of_lines(text: &str) -> Result<Facts, InputError> {
    let parsed = Facts::parse(text)
        .map_err(|error| InputError::new("these are not the facts of a node").source(error))?;
    parsed.map_err(|missing| {
        InputError::new(format!("this node could not be configured: it lacks {}", missing.0.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::facts::{Hypervisor, LoginUser, Mount};

    fn line(node: &str, facts: &Facts) -> String {
        serde_json::json!({ "node": node, "facts": facts }).to_string() + "\n"
    }

    /// Facts in which nothing is left out.
    fn full() -> Facts {
        let user = ("ann".to_owned(), "/home/ann".to_owned(), "/bin/sh".to_owned());
        Facts {
            mounts: vec![Mount {
                device: "/dev/vda1".to_owned(),
                path: "/".to_owned(),
                kind: "ext4".to_owned(),
                options: vec!["rw".to_owned()],
            }],
            users: vec![LoginUser { name: user.0, uid: 1000, gid: 1000, home: user.1, shell: user.2 }],
            hypervisor: Some(Hypervisor::Oracle),
            container: Some("docker".to_owned()),
            state_version: Some("1".to_owned()),
            ..Facts::example()
        }
    }

    #[test]
    fn what_facts_prints_is_read() {
        for system in ["ubuntu-24.04", "rocky-9", "alpine-3.20"] {
            let facts = Facts::assumed(system).expect("a known system");
            assert_eq!(of_json(&line("web-1", &facts)).expect("facts"), facts);
        }
        assert_eq!(of_json(&line("web-1", &full())).expect("facts"), full());
    }

    #[test]
    fn what_is_wrong_is_told() {
        let refused = |text: &str| of_json(text).expect_err("refused").to_string();
        let two = line("web-1", &full()) + &line("web-2", &full());
        assert!(refused(&two).contains("several nodes, and one is needed: web-1, web-2"));
        assert!(refused(r#"{"node":"web-1","failure":{}}"#).contains("web-1 did not tell its facts"));
        assert!(refused(r#"{"node":"web-1","facts":{}}"#).contains("not the facts of a node"));
        assert!(refused("{").contains("not the facts of a node"));
    }
}
