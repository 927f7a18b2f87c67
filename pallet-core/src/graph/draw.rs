//! Pictures of action graphs: flowcharts for Mermaid, and Graphviz's dot. Pure.
//!
//! Both are made from one list of boxes and lines; how a text is written down safely is all that the formats decide
//! for themselves. Whatever stands in a label was written by others: it is escaped, and secrets in it are masked. Part of
//! the feature `engine`.

mod dot;
mod mermaid;

use super::{ActionGraph, ActionNode, Built};
use crate::secret::Secret;
use crate::sorted::{Map, sort_by};

/// A picture of graphs, each in frames with titles.
///
/// An action is a box with its kind, what it is about, and its line, in frames for the phase functions that made it.
/// Lines say why an action comes after another one: because of the order of the source (light), because of an
/// `after`, because it uses a value, or because it answers a change.
///
/// ```
/// use pallet::graph::draw::Drawing;
/// use pallet::prelude::*;
///
/// let built = pallet::graph::build(&pallet::Context::example(), || {
///     let site = remote_file("/etc/nginx/conf.d/site.conf").content("server {}\n");
///     service("nginx").reload_when_changed(site);
/// })?;
/// let picture = Drawing::new().graph(["web", "configure"], &built);
/// assert!(picture.mermaid().contains("a0 -. notifies .-> a1"));
/// assert!(picture.dot().starts_with("digraph pallet {"));
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[derive(Debug, Default)]
pub struct Drawing {
    notes: Vec<String>,
    frame: Frame,
    boxes: Vec<ActionBox>,
    lines: Vec<Line>,
    /// The outermost frame and the last box of the graph that was added last.
    last: Option<(String, usize)>,
}

/// What is drawn for an action.
#[derive(Debug)]
struct ActionBox {
    text: Vec<String>,
    look: Look,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    /// It may not run.
    Conditional,
    /// Another action overrides it.
    LeftOut,
    /// No action: where the graph ends, because the rest is not known yet.
    Unknown,
}

/// That one box comes before another.
#[derive(Debug)]
struct Line {
    from: usize,
    to: usize,
    why: Why,
}

/// Why an action comes after another one. Of several reasons the greatest is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Order,
    After,
    Value,
    Notified,
}

/// A frame with boxes and further frames in it.
#[derive(Debug, Default)]
struct Frame {
    key: (usize, String),
    title: String,
    inside: Vec<Inside>,
}

#[derive(Debug)]
enum Inside {
    Box(usize),
    Frame(Frame),
}

impl Drawing {
    /// Returns an empty picture.
    pub fn new() -> Self {
        Drawing::default()
    }

    /// Adds something that is said about the whole picture, such as what it assumes.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a graph, in frames with these titles, the outermost first. Graphs that follow each other in one
    /// outermost frame run one after the other.
    #[must_use]
    pub fn graph<S: Into<String>>(mut self, titles: impl IntoIterator<Item = S>, built: &Built) -> Self {
        let titles: Vec<String> = titles.into_iter().map(Into::into).collect();
        let first = self.boxes.len();
        let secrets = built.graph.secrets();
        let place: Map<_, _> =
            built.graph.in_order().enumerate().map(|(index, (id, _))| (id, first + index)).collect();
        let outer: Vec<(usize, String)> = titles.iter().map(|title| (0, title.clone())).collect();
        self.frame.at(&outer);
        for (id, node) in built.graph.in_order() {
            let mut frames = outer.clone();
            frames.extend(node.phases().iter().map(|phase| (1 + node.function, phase.clone())));
            self.frame.at(&frames).inside.push(Inside::Box(place[&id]));
            self.boxes.push(ActionBox::new(&built.graph, node, &secrets));
        }
        if let Some(known_after) = &built.known_after {
            self.frame.at(&outer).inside.push(Inside::Box(self.boxes.len()));
            let text = format!("the rest is known after creation: it needs {}", known_after.what);
            self.boxes.push(ActionBox {
                text: vec![masked(&text, &secrets), known_after.location.to_string()],
                look: Look::Unknown,
            });
        }
        let mut why: Map<(usize, usize), Why> = Map::new();
        let mut add = |from: usize, to: usize, reason: Why| {
            let known = why.or_insert((to, from), reason);
            *known = reason.max(*known);
        };
        self.lines_of(&built.graph, &place, &mut add);
        let end = self.boxes.len();
        (first + 1..end).for_each(|to| add(to - 1, to, Why::Order));
        let group = titles.first().cloned().unwrap_or_default();
        if let Some((before, last)) = self.last.take_if(|_| end > first)
            && before == group
            && titles.len() > 1
        {
            add(last, first, Why::Order);
        }
        if end > first {
            self.last = Some((group, end - 1));
        }
        self.lines.extend(why.into_iter().map(|((to, from), why)| Line { from, to, why }));
        self
    }

    /// Adds the lines that the source asks for.
    fn lines_of(
        &self,
        graph: &ActionGraph,
        place: &Map<super::ActionId, usize>,
        add: &mut impl FnMut(usize, usize, Why),
    ) {
        for (id, node) in graph.in_order() {
            let after = node.after().iter().map(|edge| (edge.from, Why::After));
            let values = node.needs().into_iter().map(|value| (value.id, Why::Value));
            let notified = node.notified_by().iter().map(|earlier| (*earlier, Why::Notified));
            for (earlier, why) in after.chain(values).chain(notified) {
                if let Some(&from) = place.get(&earlier) {
                    add(from, place[&id], why);
                }
            }
        }
    }
}

impl ActionBox {
    fn new(graph: &ActionGraph, node: &ActionNode, secrets: &[Secret]) -> Self {
        let mut text = vec![masked(&node.label(), secrets)];
        text.extend(node.comment().map(|comment| format!("“{}”", masked(comment, secrets))));
        text.push(node.location().to_string());
        let mut look = Look::Plain;
        if node.how().is_conditional() {
            text.push("has a condition".to_owned());
            look = Look::Conditional;
        }
        if let Some(by) = node.overridden_by() {
            text.push(format!("overridden at {}", graph.node(by).location()));
            look = Look::LeftOut;
        }
        ActionBox { text, look }
    }
}

impl Frame {
    /// Returns the frame of these keys and titles, and makes it if it is not there.
    fn at(&mut self, path: &[(usize, String)]) -> &mut Frame {
        let Some((key, rest)) = path.split_first() else { return self };
        let is_it = |inside: &Inside| matches!(inside, Inside::Frame(frame) if frame.key == *key);
        let index = self.inside.iter().position(is_it).unwrap_or_else(|| {
            let frame = Frame { key: key.clone(), title: key.1.clone(), inside: Vec::new() };
            self.inside.push(Inside::Frame(frame));
            self.inside.len() - 1
        });
        match &mut self.inside[index] {
            Inside::Frame(frame) => frame.at(rest),
            Inside::Box(_) => unreachable!("the position of a frame"),
        }
    }
}

/// What the lines mean, for the notes of a picture.
const LEGEND: &str = "light: order of the source; arrow: after; value: uses it; notifies: is reloaded or restarted when it changed";

/// Returns a text with stars for whatever of it is secret. A name may have been put together with one.
fn masked(text: &str, secrets: &[Secret]) -> String {
    let mut known: Vec<&str> =
        secrets.iter().map(|secret| secret.expose().as_str()).filter(|secret| !secret.is_empty()).collect();
    sort_by(&mut known, |a, b| b.len().cmp(&a.len()));
    known.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

/// Returns a text of one line: control characters are written as escapes.
fn one_line(text: &str) -> String {
    let visible = |c: char| match c {
        c if c.is_control() || is_invisible(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(visible).collect()
}

/// Characters that turn the direction of writing, or end a line for some readers.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
