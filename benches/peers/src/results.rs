//! What was measured, and what of it is shown: the median of the rounds for what takes time, the least for counts.

use crate::cost::Cost;
use crate::sides::Side;

/// What is compared within itself: the sides do the same on the same nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scene {
    /// Whether the nodes are fresh; else nothing is to be done.
    pub first: bool,
    /// How many nodes there are.
    pub nodes: usize,
    /// How long the wire is, in milliseconds; 0 for none.
    pub wire: u64,
}

/// One run of one side.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What was asked for.
    pub scene: Scene,
    /// Of whom.
    pub side: Side,
    /// What it cost on the controller.
    pub cost: Cost,
    /// Round trips of the node that had most; `None` without a wire.
    pub round_trips: Option<u64>,
    /// Bytes sent to that node.
    pub sent: Option<u64>,
    /// Processes started on the node where it was most.
    pub processes: u64,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Results {
    samples: Vec<Sample>,
}

/// What is shown of a side in a scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Median of the seconds on the clock.
    pub wall: f64,
    /// The least of them.
    pub least: f64,
    /// The median of the seconds divided by those of the floor in the same round.
    pub ratio: f64,
    /// Median of the processors' seconds.
    pub cpu: f64,
    /// The same divided by the floor's.
    pub cpu_ratio: f64,
    /// Median of the memory of the largest process, in MiB.
    pub memory: f64,
    /// The least round trips.
    pub round_trips: Option<u64>,
    /// The least bytes.
    pub sent: Option<u64>,
    /// The least processes.
    pub processes: u64,
    /// How many rounds there were.
    pub rounds: usize,
}

impl Results {
    /// Adds a run.
    pub fn add(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// Returns all scenes, in order: unchanged runs before first ones.
    #[must_use]
    pub fn scenes(&self) -> Vec<Scene> {
        let mut scenes: Vec<Scene> = self.samples.iter().map(|sample| sample.scene).collect();
        scenes.sort_unstable();
        scenes.dedup();
        scenes
    }

    /// Returns the figures of a side in a scene, if it took part.
    #[must_use]
    pub fn figures(&self, scene: Scene, side: Side) -> Option<Figures> {
        let of = |side| self.samples.iter().filter(move |s| s.scene == scene && s.side == side);
        let rounds = of(side).count();
        if rounds == 0 {
            return None;
        }
        let median_of = |side, value: fn(&Sample) -> f64| median(of(side).map(value));
        let (wall, cpu) = (median_of(side, |s| s.cost.wall), median_of(side, |s| s.cost.cpu));
        let by_round = of(side).zip(of(Side::Floor)).map(|(own, floor)| own.cost.wall / floor.cost.wall);
        Some(Figures {
            wall,
            least: of(side).map(|s| s.cost.wall).fold(f64::INFINITY, f64::min),
            ratio: median(by_round),
            cpu,
            cpu_ratio: cpu / median_of(Side::Floor, |s| s.cost.cpu),
            memory: median_of(side, |s| s.cost.memory),
            round_trips: of(side).filter_map(|s| s.round_trips).min(),
            sent: of(side).filter_map(|s| s.sent).min(),
            processes: of(side).map(|s| s.processes).min().unwrap_or_default(),
            rounds,
        })
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(side: Side, wall: f64) -> Sample {
        let scene = Scene { first: false, nodes: 1, wire: 0 };
        let cost = Cost { wall, cpu: wall, memory: 1.0 };
        Sample { scene, side, cost, round_trips: None, sent: None, processes: 20 }
    }

    #[test]
    fn a_side_is_compared_with_the_floor_of_its_own_round() {
        let mut results = Results::default();
        // A machine that was slow in the second round.
        for (floor, ours) in [(1.0, 1.5), (10.0, 16.0), (1.0, 1.4)] {
            results.add(sample(Side::Floor, floor));
            results.add(sample(Side::Pallet, ours));
        }
        let figures = results.figures(results.scenes()[0], Side::Pallet).unwrap();
        assert_eq!((figures.ratio, figures.wall, figures.least, figures.rounds), (1.5, 1.5, 1.4, 3));
    }
}
