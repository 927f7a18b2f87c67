//! A run as JSON: one event a line, the last one `finished`.

use super::record::Record;
use super::{Reporter, Sink, lock, write};
use crate::event::{Event, Listener, Summary};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io;
use std::sync::Mutex;
use std::time::Instant;

/// Writes events as JSON lines.
pub struct JsonReporter {
    out: Sink,
    record: Mutex<Record>,
    started: Instant,
}

impl JsonReporter {
    /// Returns a reporter that writes to `out`.
    pub fn new(out: Sink) -> Self {
        JsonReporter { out, record: Mutex::default(), started: Instant::now() }
    }
}

impl Listener for JsonReporter {
    fn event(&self, event: &Event) {
        // The lock is held while writing: lines of different threads must not mix, and nothing may follow the end.
        let mut record = lock(&self.record);
        if record.summary.is_none() {
            record.add(event);
            write(&self.out, &json_line(event));
        }
    }
}

impl Reporter for JsonReporter {
    /// A run that broke off still has its last line.
    fn end(&self) {
        let unfinished = unfinished(&lock(&self.record), self.started);
        if let Some(summary) = unfinished {
            self.event(&Event::Finished(summary));
        }
    }

    fn suspend(&self, question: &mut dyn FnMut()) {
        question();
    }
}

fn unfinished(record: &Record, started: Instant) -> Option<Summary> {
    let verb = record.verb.filter(|_| record.summary.is_none())?;
    let done = |wanted| record.nodes_done.iter().filter(|(_, work)| *work == wanted).count() as u64;
    Some(Summary {
        verb,
        ok: false,
        created: done(crate::event::NodeWork::Create),
        destroyed: done(crate::event::NodeWork::Destroy),
        counts: record.counts,
        failed_nodes: record.failures.iter().map(|failed| failed.node.clone()).collect(),
        round_trips: 0,
        bytes_sent: 0,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Returns a value as one line of JSON, with its line end.
pub(crate) fn json_line(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut line, Visible(CompactFormatter)));
    // Events hold texts, numbers and lists only, for which JSON has a form.
    if let Err(error) = written {
        line = format!("{{\"event\":\"notice\",\"node\":null,\"message\":\"not representable: {error}\"}}")
            .into_bytes();
    }
    line.push(b'\n');
    String::from_utf8_lossy(&line).into_owned()
}

/// Escapes the control characters that JSON leaves as they are: terminals obey DEL and U+0080 to U+009F too.
struct Visible(CompactFormatter);

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|c: char| c.is_control()) {
            let (before, from) = rest.split_at(at);
            let control = from.chars().next().map_or(0, u32::from);
            self.0.write_string_fragment(writer, before)?;
            write!(writer, "\\u{control:04x}")?;
            rest = from.get(if control < 0x80 { 1 } else { 2 }..).unwrap_or_default();
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_character_is_escaped_and_still_the_same_text() {
        let text = "a\u{9b}2J\u{7f}b\u{1b}\u{85}";
        let line = json_line(&text);
        assert_eq!(line, "\"a\\u009b2J\\u007fb\\u001b\\u0085\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).ok().as_deref(), Some(text));
    }
}
