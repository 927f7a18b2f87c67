//! What can be wrong with a graph, in names and lines.

use crate::location::Location;
use std::fmt;

/// Everything that is wrong with a phase: found before any node is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphError {
    /// The mistakes, in the order of their lines of execution; never empty.
    pub mistakes: Vec<Mistake>,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line.
    pub location: Location,
    /// What is wrong there.
    pub message: String,
    /// Another line that has to do with it.
    pub other: Option<(Location, &'static str)>,
    /// The way out.
    pub hint: Option<&'static str>,
}

/// Where building a phase had to stop because a node does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAfter {
    /// What was asked for.
    pub what: String,
    /// The line that asked.
    pub location: Location,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.message)?;
        if let Some((location, role)) = self.other {
            write!(f, " ({role} {location})")?;
        }
        Ok(())
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.mistakes.iter().enumerate() {
            write!(f, "{}{mistake}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for GraphError {}
