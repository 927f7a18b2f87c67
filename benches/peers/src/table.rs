//! The results as Markdown, and where in the README they belong.

use crate::results::{Figures, Results, Scene};
use crate::sides::Side;
use std::fmt::Write;

/// Returns the tables of all scenes.
#[must_use]
pub fn tables(results: &Results) -> String {
    let mut text = String::new();
    for scene in results.scenes() {
        let _ = writeln!(text, "\n### {}\n", title(scene));
        text.push_str(
            "| | clock, median | least | × floor | controller CPU | × floor | memory | round trips | sent | processes |\n\
             |---|---|---|---|---|---|---|---|---|---|\n",
        );
        for side in Side::ALL {
            if let Some(figures) = results.figures(scene, side) {
                row(&mut text, side, &figures);
            }
        }
    }
    text
}

/// Returns what a scene is, for people.
#[must_use]
pub fn title(scene: Scene) -> String {
    let run = if scene.first { "First run" } else { "Unchanged run" };
    let nodes = if scene.nodes == 1 { "1 node".to_owned() } else { format!("{} nodes", scene.nodes) };
    match scene.wire {
        0 => format!("{run}, {nodes}"),
        wire => format!("{run}, {nodes}, {wire} ms away"),
    }
}

fn row(text: &mut String, side: Side, figures: &Figures) {
    let count = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
    let sent = figures.sent.map_or_else(String::new, |bytes| format!("{:.1} kB", bytes as f64 / 1e3));
    let _ = writeln!(
        text,
        "| {} | {:.3} s | {:.3} s | {:.2} | {:.3} s | {:.2} | {:.0} MB | {} | {sent} | {} |",
        side.title(),
        figures.wall,
        figures.least,
        figures.ratio,
        figures.cpu,
        figures.cpu_ratio,
        figures.memory * 1.048_576,
        count(figures.round_trips),
        figures.processes,
    );
}

/// Replaces what stands between two marks: `<!-- NAME -->` and `<!-- /NAME -->`.
#[must_use]
pub fn replaced(text: &str, name: &str, with: &str) -> Option<String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&open)?;
    let (_, after) = rest.split_once(&close)?;
    Some(format!("{before}{open}\n{}\n{close}{after}", with.trim_end()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_what_is_between_the_marks_changes() {
        let text = "a\n<!-- results -->\nold\n<!-- /results -->\nb\n";
        let new = super::replaced(text, "results", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- results -->\nnew\n<!-- /results -->\nb\n");
        assert_eq!(super::replaced("a\n", "results", "new"), None);
    }
}
