//! From the arguments to a [`Request`]: every name is one that is declared, or the error lists those that are.

use super::Catalogue;
use super::args::RunArgs;
use crate::error::{InputError, candidates};
use crate::event::Verb;
use crate::request::Request;
use pallet::name::{GroupName, PhaseName};
use std::collections::BTreeSet;

/// Returns what the arguments ask for.
pub(crate) fn request(args: &RunArgs, catalogue: &Catalogue) -> Result<Request, InputError> {
    let counts = matches!(args.verb, Verb::Converge | Verb::Plan);
    Ok(Request {
        groups: groups(&args.groups, counts, args.verb, catalogue)?,
        phases: phases(&args.work.phases, catalogue)?,
        allow_destroy: args.allow_destroy,
        require_all: args.work.require_all,
        overwrite_edits: args.work.overwrite_edits,
        diffs: args.diffs,
        from_snapshot: args.from_snapshot.clone(),
        parallel: args.work.parallel.into(),
        tags: args.work.tags.iter().cloned().collect(),
        skip_tags: args.work.skip_tags.iter().cloned().collect(),
        ..Request::new(args.verb)
    })
}

/// Returns the groups that a listing is about.
pub(crate) fn group_names(given: &[String], catalogue: &Catalogue) -> Result<Vec<GroupName>, InputError> {
    given.iter().map(|name| group(name, catalogue)).collect()
}

fn groups(
    given: &[String],
    counts: bool,
    verb: Verb,
    catalogue: &Catalogue,
) -> Result<Vec<(GroupName, Option<u32>)>, InputError> {
    let mut seen = BTreeSet::new();
    given
        .iter()
        .map(|text| {
            let (name, count) = match text.split_once('=') {
                Some((name, count)) => (name, Some(count)),
                None => (text.as_str(), None),
            };
            let name = group(name, catalogue)?;
            if !seen.insert(name.clone()) {
                return Err(InputError::new(format!("group `{name}` is named twice")).hint("name it once"));
            }
            match count {
                None => Ok((name, None)),
                Some(_) if !counts => {
                    Err(InputError::new(format!("`{}` takes no count: `{text}`", verb.word()))
                        .hint(format!("write `{name}`; only converge and plan take counts")))
                }
                Some(count) => Ok((name, Some(parse_count(text, count)?))),
            }
        })
        .collect()
}

fn parse_count(text: &str, count: &str) -> Result<u32, InputError> {
    count.parse().map_err(|_| {
        InputError::new(format!("`{count}` is not a count in `{text}`")).hint("write a whole number: `web=3`")
    })
}

fn group(name: &str, catalogue: &Catalogue) -> Result<GroupName, InputError> {
    let known = &catalogue.groups;
    known.iter().find(|group| group.name.as_str() == name).map(|group| group.name.clone()).ok_or_else(|| {
        InputError::new(format!("there is no group `{name}`")).hint(candidates(
            name,
            "groups",
            known.iter().map(|group| group.name.as_str()),
        ))
    })
}

/// Returns phases that are declared.
pub(crate) fn phases(given: &[String], catalogue: &Catalogue) -> Result<Vec<PhaseName>, InputError> {
    given.iter().map(|name| phase(name.trim(), catalogue)).collect()
}

fn phase(name: &str, catalogue: &Catalogue) -> Result<PhaseName, InputError> {
    let known = &catalogue.phases;
    known.iter().find(|phase| phase.name.as_str() == name).map(|phase| phase.name.clone()).ok_or_else(|| {
        InputError::new(format!("there is no phase `{name}`")).hint(candidates(
            name,
            "phases",
            known.iter().map(|phase| phase.name.as_str()),
        ))
    })
}
