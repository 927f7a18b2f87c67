//! Open files: a run keeps a connection to each of its nodes, and systems allow few open files unless they are asked.

use crate::event::Failure;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What one node may need at once: its connection, that of a jump host or the pipes of a `ProxyCommand`, and a file
/// that is being sent.
const OF_A_NODE: u64 = 5;

/// What the program needs beside its nodes, with a margin.
const OF_THE_PROGRAM: u64 = 128;

/// Asks for as many open files as this many nodes need.
///
/// # Errors
///
/// When the system allows fewer, before any node is contacted.
pub(super) fn provide(nodes: usize) -> Result<(), Failure> {
    let limit = getrlimit(Resource::Nofile);
    let Some(new) = raised(limit.clone(), needed(nodes)).map_err(|most| too_many(nodes, most))? else {
        return Ok(());
    };
    // What is within the hard limit is granted to everybody.
    setrlimit(Resource::Nofile, new).map_err(|_| too_many(nodes, limit.current.unwrap_or_default()))
}

fn needed(nodes: usize) -> u64 {
    OF_A_NODE * nodes as u64 + OF_THE_PROGRAM
}

/// Returns the limit to set, if the present one is too low; or the most that there can be, if that is.
fn raised(limit: Rlimit, needed: u64) -> Result<Option<Rlimit>, u64> {
    match (limit.current, limit.maximum) {
        (None, _) => Ok(None),
        (Some(current), _) if current >= needed => Ok(None),
        (_, Some(most)) if most < needed => Err(most),
        (Some(_), maximum) => Ok(Some(Rlimit { current: Some(needed), maximum })),
    }
}

fn too_many(nodes: usize, most: u64) -> Failure {
    let needed = needed(nodes);
    let message = format!(
        "{nodes} nodes at once need up to {needed} open files, and this process may have {most} at most"
    );
    Failure::new(message).hint(format!(
        "allow more (as root: `ulimit -Hn {needed}`, or `nofile` in limits.conf), or name groups, so that fewer \
         nodes take part at once"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(current: u64, maximum: u64) -> Rlimit {
        Rlimit { current: Some(current), maximum: Some(maximum) }
    }

    #[test]
    fn a_limit_is_raised_only_as_far_as_needed() {
        assert_eq!(raised(limit(1024, 4096), 1000), Ok(None));
        assert_eq!(raised(limit(1024, 4096), 3000), Ok(Some(limit(3000, 4096))));
        assert_eq!(raised(Rlimit { current: None, maximum: None }, 3000), Ok(None));
        assert_eq!(raised(limit(1024, 4096), 5000), Err(4096));
    }

    #[test]
    fn the_message_says_what_is_needed_and_what_to_do() {
        let failure = too_many(1000, 4096);
        assert!(failure.message.contains("5128") && failure.message.contains("4096"), "{failure:?}");
        assert!(failure.hint.is_some_and(|hint| hint.contains("ulimit -Hn 5128")));
    }
}
