//! Graphviz's dot.

use super::{Drawing, Frame, Inside, LEGEND, Line, Look, Why, one_line};
use std::fmt::Write;

impl Drawing {
    /// Returns the picture as a graph for Graphviz's `dot`.
    pub fn dot(&self) -> String {
        let notes: Vec<&str> = self.notes.iter().map(String::as_str).chain([LEGEND]).collect();
        let mut out = String::from("digraph pallet {\n");
        let _ =
            writeln!(out, "  label={}; labelloc=b; fontname=\"sans-serif\"; fontsize=10;", quoted(&notes));
        out.push_str("  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=10];\n");
        out.push_str("  edge [fontname=\"sans-serif\", fontsize=9];\n");
        let mut frames = 0;
        self.write_dot(&self.frame, 1, &mut frames, &mut out);
        for Line { from, to, why } in &self.lines {
            let style = match why {
                Why::Order => "color=\"gray75\", arrowhead=none",
                Why::After => "color=\"black\"",
                Why::Value => "color=\"royalblue\", style=bold, label=\"value\"",
                Why::Notified => "color=\"darkorange\", style=dashed, label=\"notifies\"",
            };
            let _ = writeln!(out, "  a{from} -> a{to} [{style}];");
        }
        out.push_str("}\n");
        out
    }

    fn write_dot(&self, frame: &Frame, depth: usize, frames: &mut usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for inside in &frame.inside {
            match inside {
                Inside::Box(index) => {
                    let action = &self.boxes[*index];
                    let style = match action.look {
                        Look::Plain => "",
                        Look::Conditional => ", style=\"rounded,dashed\"",
                        Look::LeftOut => ", style=\"rounded,dotted\", color=\"gray60\", fontcolor=\"gray60\"",
                        Look::Unknown => ", shape=note, style=dotted",
                    };
                    let _ = writeln!(out, "{indent}a{index} [label={}{style}];", quoted(&action.text));
                }
                Inside::Frame(inner) => {
                    let _ = writeln!(out, "{indent}subgraph cluster_{frames} {{");
                    *frames += 1;
                    let title = quoted(&[&inner.title]);
                    let _ =
                        writeln!(out, "{indent}  label={title}; labelloc=t; labeljust=l; color=\"gray60\";");
                    self.write_dot(inner, depth + 1, frames, out);
                    let _ = writeln!(out, "{indent}}}");
                }
            }
        }
    }
}

/// Returns lines as one quoted string. A backslash is doubled, so that none of dot's own escapes can come out of it;
/// and dot reads HTML's names of characters, so that an ampersand is written as one.
fn quoted(lines: &[impl AsRef<str>]) -> String {
    let line = |line: &str| one_line(line).replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"");
    let lines: Vec<String> = lines.iter().map(|text| line(text.as_ref())).collect();
    format!("\"{}\"", lines.join("\\n"))
}
