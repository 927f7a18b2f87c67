//! The results as a picture: how many times as long as the floor each side takes, on a logarithmic scale.

use crate::results::{Results, Scene};
use crate::sides::Side;
use crate::table::title;
use std::fmt::Write;

const LEFT: f64 = 190.0;
const WIDTH: f64 = 560.0;
const BAR: f64 = 16.0;
const GAP: f64 = 34.0;

/// The largest ratio that fits.
const MOST: f64 = 1000.0;

/// Returns a picture of these results, as SVG.
#[must_use]
pub fn ratios(results: &Results) -> String {
    let scenes = results.scenes();
    let bars = |scene: &Scene| {
        let scene = *scene;
        Side::ALL.into_iter().filter(move |side| results.figures(scene, *side).is_some())
    };
    let height: f64 = scenes.iter().map(|scene| GAP + BAR * bars(scene).count() as f64).sum::<f64>() + 40.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        LEFT + WIDTH + 70.0
    );
    grid(&mut svg, height);
    let mut top = 0.0;
    for scene in &scenes {
        top += GAP;
        let _ = writeln!(
            svg,
            "<text x=\"8\" y=\"{:.1}\" font-weight=\"bold\">{}: times the floor</text>",
            top - 8.0,
            title(*scene)
        );
        for side in bars(scene) {
            if let Some(figures) = results.figures(*scene, side) {
                bar(&mut svg, top, side, figures.ratio, figures.wall);
            }
            top += BAR;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn x(ratio: f64) -> f64 {
    LEFT + WIDTH * (ratio.clamp(1.0, MOST).log10() / MOST.log10())
}

fn grid(svg: &mut String, height: f64) {
    for ratio in [1.0, 1.5, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0] {
        let at = x(ratio);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"18\" x2=\"{at:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#666\">{ratio} ×</text>",
            height - 22.0,
            height - 8.0
        );
    }
}

fn bar(svg: &mut String, top: f64, side: Side, ratio: f64, seconds: f64) {
    let colour = match side {
        Side::Floor => "#888",
        Side::Pallet | Side::PalletDebug => "#2a7",
        _ => "#c63",
    };
    // The floor is one by definition; a sliver shows where.
    let length = (x(ratio) - LEFT).max(2.0);
    let middle = top + BAR - 5.0;
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>\n\
         <rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>\n\
         <text x=\"{:.1}\" y=\"{middle:.1}\">{ratio:.2} × ({seconds:.2} s)</text>",
        LEFT - 6.0,
        side.title(),
        top + 2.0,
        BAR - 4.0,
        LEFT + length + 5.0,
    );
}
