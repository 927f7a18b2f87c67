//! What the server on a node said to a query.

use pallet::action::{Diff, Split, View};
use pallet::graph::ActionId;

/// Rows, each beginning with a word that tells what it is about, and whole lines.
#[derive(Debug)]
pub(crate) struct Answer {
    text: String,
}

impl Answer {
    /// Returns the answer to the query of an action, or what the plan has to say in its place.
    pub(crate) fn of(view: &View<'_>) -> Result<Answer, Box<Diff>> {
        let known = view.world.command(view.id, 0);
        if let Some(by) = known.doubt {
            return Err(Box::new(later(by)));
        }
        let Some(result) = known.is else { return Err(Box::default()) };
        let text = String::from_utf8_lossy(&result.output).into_owned();
        // 1141: a user of that name and host is not there, which is an answer.
        if result.status == 0 || text.contains("ERROR 1141") {
            return Ok(Answer { text });
        }
        let said = text.lines().last().unwrap_or("the client said nothing").trim().to_owned();
        let hint = "the server must be installed and running before this line, as `mysql::server(..)` has it, and let root \
                    in over its socket without a password, as packages set it up";
        Err(Box::new(Diff::problem(said, hint.to_owned())))
    }

    /// Returns the rows about something, without that word.
    pub(crate) fn rows<'a>(&'a self, about: &'static str) -> impl Iterator<Item = Vec<&'a str>> {
        let row =
            move |line: &'a str| Some(line.strip_prefix(about)?.strip_prefix('\t')?.split('\t').collect());
        self.text.lines().filter_map(row)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }
}

/// The plan ends here for now: how things are can be asked once what precedes has been done.
fn later(by: ActionId) -> Diff {
    let mut diff = Diff { split: Some(Split::Before), ..Diff::none() };
    diff.change("set up");
    diff.doubt(Some(by));
    diff
}
