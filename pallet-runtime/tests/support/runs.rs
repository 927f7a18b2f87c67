//! Runs as events, as an engine would tell them.

use pallet_runtime::event::{
    ActionLabel, ActionOutcome, Cost, Counts, Event, Failure, Intent, KnownAfter, NodeIntent, NodeWork,
    PlannedAction, Summary, Verb, Verdict,
};

/// Two nodes are created and configured.
pub(crate) fn created() -> Vec<Event> {
    let mut run = Run::new(Verb::Converge, &[("web-1", Intent::Create), ("web-2", Intent::Create)]);
    for (node, address) in [("web-1", "10.0.0.2"), ("web-2", "10.0.0.3")] {
        run.tell(Event::NodeWork {
            node: node.to_owned(),
            work: NodeWork::Create,
            step: "mounting the root".to_owned(),
        });
        run.node_done(node, NodeWork::Create, Some(address));
    }
    run.phase(&["web-1", "web-2"], |run, node| {
        run.action(node, 0, package_index(), ActionOutcome::Refreshed);
        run.action(node, 1, nginx(), changed(&["installed 1.22.1-9"]));
        run.action(node, 2, site(), changed(&["created", "mode 0644"]));
        run.action(node, 3, unit(), changed(&["reloaded"]));
    });
    run.finish(|summary| summary.created = 2)
}

/// The same again: nothing is to be done.
pub(crate) fn unchanged() -> Vec<Event> {
    let mut run = Run::new(Verb::Converge, &[("web-1", Intent::Keep), ("web-2", Intent::Keep)]);
    run.phase(&["web-1", "web-2"], |run, node| {
        run.action(node, 0, package_index(), ActionOutcome::Refreshed);
        for (index, action) in [nginx(), site(), unit()].into_iter().enumerate() {
            run.action(node, index + 1, action, ActionOutcome::Unchanged);
        }
    });
    run.finish(|_| ())
}

/// A package cannot be installed on two nodes of three, and one of them writes what a terminal would obey.
pub(crate) fn failed() -> Vec<Event> {
    let nodes = [("web-1", Intent::Keep), ("web-2", Intent::Keep), ("web-3", Intent::Keep)];
    let mut run = Run::new(Verb::Lift, &nodes);
    run.tell(Event::Notice {
        node: Some("web-3".to_owned()),
        message: "the host key was seen for the first time".to_owned(),
    });
    run.phase(&["web-1", "web-2", "web-3"], |run, node| {
        if node == "web-1" {
            run.action(node, 0, nginx(), ActionOutcome::Unchanged);
            run.action(node, 1, site(), changed(&["content"]));
            return;
        }
        let failure = Failure {
            message: "apt-get exited with code 100".to_owned(),
            source: Some("src/main.rs:12:17".to_owned()),
            output: vec![
                format!("\x1b[31mE: Unable to locate package nginx on {node}\x1b[0m"),
                "E: \u{202e}gnorw".to_owned(),
            ],
            hint: Some("add `package_manager().update()` before it".to_owned()),
        };
        run.action(node, 0, nginx(), ActionOutcome::Failed(failure.clone()));
        let because = "package nginx failed".to_owned();
        run.action(node, 1, site(), ActionOutcome::Skipped { because: because.clone() });
        run.action(node, 2, unit(), ActionOutcome::Skipped { because });
        run.tell(Event::NodeFailed { node: node.to_owned(), phase: Some("configure".to_owned()), failure });
    });
    run.finish(|summary| {
        summary.ok = false;
        summary.failed_nodes = vec!["web-2".to_owned(), "web-3".to_owned()];
    })
}

/// A node cannot be reached; it never comes to an action.
pub(crate) fn unreachable() -> Vec<Event> {
    let mut run = Run::new(Verb::Converge, &[("web-1", Intent::Keep)]);
    let failure = Failure {
        message: "web-1 refuses the key ~/.ssh/id_ed25519 of user deploy".to_owned(),
        source: None,
        output: vec![],
        hint: Some("add the public key to the account, or name another with `--identity-file`".to_owned()),
    };
    run.tell(Event::NodeFailed { node: "web-1".to_owned(), phase: None, failure });
    run.finish(|summary| {
        summary.ok = false;
        summary.failed_nodes = vec!["web-1".to_owned()];
    })
}

/// A plan with nodes that do not exist yet, and one that does.
pub(crate) fn planned() -> Vec<Event> {
    let nodes = [
        ("databases-1", Intent::Create),
        ("web-1", Intent::Create),
        ("web-2", Intent::Create),
        ("web-3", Intent::Keep),
        ("web-4", Intent::Destroy),
    ];
    let mut run = Run::new(Verb::Plan, &nodes);
    let fresh = || {
        vec![
            planned_action(package_index(), Verdict::Refresh, &[]),
            planned_action(nginx(), Verdict::Change, &["install"]),
        ]
    };
    for node in ["web-1", "web-2"] {
        run.plan(
            node,
            fresh(),
            Some("the address of databases-1"),
            Cost { round_trips: 2, bytes: 1800, restarts: 0 },
        );
    }
    let diff =
        "--- before\n+++ after\n@@ -1,2 +1,2 @@\n server {\n-\tlisten 80;\n+\tlisten 8080;\n".to_owned();
    let existing = vec![
        planned_action(nginx(), Verdict::Unchanged, &[]),
        PlannedAction {
            diff: Some(diff),
            ..planned_action(site(), Verdict::Change, &["content", "mode 0600 → 0644"])
        },
        PlannedAction {
            because: Some("what `nginx -v` prints (src/main.rs:20:5)".to_owned()),
            ..planned_action(unit(), Verdict::Unknown, &[])
        },
    ];
    run.plan("web-3", existing, None, Cost { round_trips: 2, bytes: 900, restarts: 1 });
    run.finish(|summary| {
        (summary.created, summary.destroyed) = (3, 1);
        summary.counts = Counts { changed: 3, unchanged: 1, unknown: 1, refreshed: 2, ..Counts::default() };
    })
}

/// A plan for what is as declared.
pub(crate) fn planned_nothing() -> Vec<Event> {
    let mut run = Run::new(Verb::Plan, &[("web-1", Intent::Keep)]);
    let actions = vec![planned_action(nginx(), Verdict::Unchanged, &[])];
    run.plan("web-1", actions, None, Cost { round_trips: 1, bytes: 400, restarts: 0 });
    run.finish(|summary| summary.counts.unchanged = 1)
}

/// Two nodes are removed.
pub(crate) fn destroyed() -> Vec<Event> {
    let mut run = Run::new(Verb::Destroy, &[("web-1", Intent::Destroy), ("web-2", Intent::Destroy)]);
    for node in ["web-1", "web-2"] {
        let step = "stopping".to_owned();
        run.tell(Event::NodeWork { node: node.to_owned(), work: NodeWork::Destroy, step });
        run.node_done(node, NodeWork::Destroy, None);
    }
    run.finish(|summary| summary.destroyed = 2)
}

struct Run {
    events: Vec<Event>,
    verb: Verb,
    counts: Counts,
}

impl Run {
    fn new(verb: Verb, nodes: &[(&str, Intent)]) -> Self {
        let intent = |(node, intent): &(&str, Intent)| NodeIntent {
            node: (*node).to_owned(),
            group: node.split('-').next().unwrap_or(node).to_owned(),
            intent: *intent,
            spec: (*intent == Intent::Create).then(|| "debian-12, small".to_owned()),
        };
        let events = vec![
            Event::Started { format: 1, verb, service: "bench".to_owned() },
            Event::Inventory { nodes: nodes.iter().map(intent).collect() },
        ];
        Run { events, verb, counts: Counts::default() }
    }

    fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    fn node_done(&mut self, node: &str, work: NodeWork, address: Option<&str>) {
        let address = address.map(str::to_owned);
        self.tell(Event::NodeDone { node: node.to_owned(), work, address, seconds: 1.25 });
    }

    fn phase(&mut self, nodes: &[&str], configure: impl Fn(&mut Run, &str)) {
        let phase = || "configure".to_owned();
        for node in nodes {
            self.tell(Event::Connected {
                node: (*node).to_owned(),
                os: "Debian 12".to_owned(),
                seconds: 0.2,
            });
        }
        let names = nodes.iter().map(|node| (*node).to_owned()).collect();
        self.tell(Event::PhaseStarted { phase: phase(), nodes: names });
        for node in nodes {
            let before = self.counts;
            configure(self, node);
            let counts = Counts {
                unchanged: self.counts.unchanged - before.unchanged,
                changed: self.counts.changed - before.changed,
                refreshed: self.counts.refreshed - before.refreshed,
                failed: self.counts.failed - before.failed,
                ignored: self.counts.ignored - before.ignored,
                skipped: self.counts.skipped - before.skipped,
                unknown: 0,
            };
            self.tell(Event::NodePhaseFinished { node: (*node).to_owned(), phase: phase(), counts });
        }
        self.tell(Event::PhaseFinished { phase: phase(), seconds: 4.5 });
    }

    fn action(&mut self, node: &str, index: usize, action: ActionLabel, outcome: ActionOutcome) {
        let (node, phase) = (node.to_owned(), "configure".to_owned());
        match &outcome {
            ActionOutcome::Unchanged => self.counts.unchanged += 1,
            ActionOutcome::Changed { .. } => self.counts.changed += 1,
            ActionOutcome::Refreshed => self.counts.refreshed += 1,
            ActionOutcome::Failed(_) => self.counts.failed += 1,
            ActionOutcome::Ignored(_) => self.counts.ignored += 1,
            ActionOutcome::Skipped { .. } => self.counts.skipped += 1,
        }
        let seconds = if matches!(outcome, ActionOutcome::Unchanged | ActionOutcome::Skipped { .. }) {
            0.0
        } else {
            2.5
        };
        if seconds > 0.0 {
            let (node, phase, action) = (node.clone(), phase.clone(), action.clone());
            self.tell(Event::ActionStarted { node: node.clone(), phase, index, of: 4, action });
            self.tell(Event::ActionOutput { node, index, line: "Reading package lists...".to_owned() });
        }
        self.tell(Event::ActionFinished { node, phase, index, action, outcome, seconds });
    }

    fn plan(&mut self, node: &str, actions: Vec<PlannedAction>, known_after: Option<&str>, cost: Cost) {
        let known_after = known_after
            .map(|what| KnownAfter { what: what.to_owned(), source: "src/main.rs:15:60".to_owned() });
        let (node, phase) = (node.to_owned(), "configure".to_owned());
        self.tell(Event::NodePlanned { node, phase, actions, known_after, cost });
    }

    fn finish(mut self, adjust: impl FnOnce(&mut Summary)) -> Vec<Event> {
        let mut summary = Summary {
            verb: self.verb,
            ok: true,
            created: 0,
            destroyed: 0,
            counts: self.counts,
            failed_nodes: vec![],
            round_trips: 4,
            bytes_sent: 5300,
            seconds: 12.34,
        };
        adjust(&mut summary);
        self.tell(Event::Finished(summary));
        self.events
    }
}

fn planned_action(action: ActionLabel, verdict: Verdict, changes: &[&str]) -> PlannedAction {
    let changes = changes.iter().map(|change| (*change).to_owned()).collect();
    PlannedAction { action, verdict, changes, diff: None, because: None }
}

fn changed(changes: &[&str]) -> ActionOutcome {
    ActionOutcome::Changed { changes: changes.iter().map(|change| (*change).to_owned()).collect() }
}

fn package_index() -> ActionLabel {
    label("package-manager", "update", "src/main.rs:11:5")
}

fn nginx() -> ActionLabel {
    label("package", "nginx", "src/main.rs:12:17")
}

fn site() -> ActionLabel {
    label("remote-file", "/etc/nginx/sites-enabled/app", "src/main.rs:13:16")
}

fn unit() -> ActionLabel {
    label("service", "nginx", "src/main.rs:17:5")
}

fn label(kind: &str, subject: &str, source: &str) -> ActionLabel {
    ActionLabel {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        source: source.to_owned(),
        phases: vec!["web".to_owned()],
    }
}

/// Returns the installation of a package.
pub(crate) fn action_of(package: &str) -> ActionLabel {
    label("package", package, "src/main.rs:12:17")
}
