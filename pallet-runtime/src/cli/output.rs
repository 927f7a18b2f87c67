//! How a run is reported: the choice of a reporter.

use super::World;
use crate::report::{HumanReporter, JsonReporter, Paint, PlainReporter, Reporter, Retry, Terminal};
use clap::ValueEnum;
use std::sync::Arc;

// The variants have plain comments: clap would print doc comments as a list below each option of every help.

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    // For people, live on a terminal.
    Human,
    // Stable lines, for logs.
    Plain,
    // One event a line, the last one `finished`.
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    // On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

impl OutputFormat {
    /// Returns the form that was asked for, or that fits where the output goes.
    pub(crate) fn or_fitting(given: Option<OutputFormat>, world: &World) -> Self {
        given.unwrap_or(if world.stdout.terminal { OutputFormat::Human } else { OutputFormat::Plain })
    }

    /// Returns the reporter that writes this form to standard output.
    pub(crate) fn reporter(
        self,
        world: &World,
        retry: Retry,
        paint: Paint,
        verbose: bool,
    ) -> Arc<dyn Reporter> {
        let out = Arc::clone(&world.stdout.sink);
        match self {
            OutputFormat::Human => {
                let live = world.stdout.terminal && world.var("TERM") != Some("dumb");
                Arc::new(HumanReporter::new(out, live.then(Terminal::stdout), retry, paint, verbose))
            }
            OutputFormat::Plain => Arc::new(PlainReporter::new(out, retry, paint, verbose)),
            OutputFormat::Json => Arc::new(JsonReporter::new(out)),
        }
    }
}
