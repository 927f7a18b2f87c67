//! Mermaid's flowcharts.

use super::{Drawing, Frame, Inside, LEGEND, Line, Look, Why, one_line};
use std::fmt::Write;

impl Drawing {
    /// Returns the picture as a Mermaid flowchart.
    pub fn mermaid(&self) -> String {
        let mut out = String::new();
        if !self.notes.is_empty() {
            let _ = writeln!(out, "---\ntitle: {}\n---", yaml(&self.notes.join("; ")));
        }
        let _ = writeln!(out, "flowchart TD\n  %% {LEGEND}");
        let mut frames = 0;
        self.write_mermaid(&self.frame, 1, &mut frames, &mut out);
        for Line { from, to, why } in &self.lines {
            let arrow = match why {
                Why::Order => "---",
                Why::After => "-->",
                Why::Value => "== value ==>",
                Why::Notified => "-. notifies .->",
            };
            let _ = writeln!(out, "  a{from} {arrow} a{to}");
        }
        let light: Vec<String> = (self.lines.iter().enumerate())
            .filter(|(_, line)| line.why == Why::Order)
            .map(|(index, _)| index.to_string())
            .collect();
        if !light.is_empty() {
            let _ = writeln!(out, "  linkStyle {} stroke:#bbb,stroke-width:1px", light.join(","));
        }
        for (index, action) in self.boxes.iter().enumerate() {
            let style = match action.look {
                Look::Plain => continue,
                Look::Conditional => "stroke-dasharray:6 3",
                Look::LeftOut => "stroke:#bbb,color:#999,stroke-dasharray:2 2",
                Look::Unknown => "fill:none,stroke-dasharray:2 2",
            };
            let _ = writeln!(out, "  style a{index} {style}");
        }
        out
    }

    fn write_mermaid(&self, frame: &Frame, depth: usize, frames: &mut usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for inside in &frame.inside {
            match inside {
                Inside::Box(index) => {
                    let lines: Vec<String> = self.boxes[*index].text.iter().map(|line| text(line)).collect();
                    let _ = writeln!(out, "{indent}a{index}[\"{}\"]", lines.join("<br/>"));
                }
                Inside::Frame(inner) => {
                    let _ = writeln!(out, "{indent}subgraph f{frames}[\"{}\"]", text(&inner.title));
                    *frames += 1;
                    self.write_mermaid(inner, depth + 1, frames, out);
                    let _ = writeln!(out, "{indent}end");
                }
            }
        }
    }
}

/// Returns a text as it stands between quotes. All that could mean something to Mermaid, or to the HTML that it makes,
/// is written as a number.
fn text(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text).chars() {
        if c.is_alphanumeric() || " ._-/:,+=@()“”…".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

/// Returns a text as a string of YAML.
fn yaml(text: &str) -> String {
    let mut out = String::from("\"");
    for c in one_line(text).chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // Mermaid looks for directives (`%%{`) before it reads the YAML.
            '%' | '{' | '}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
