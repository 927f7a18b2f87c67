//! Lines of files are edited twice: in the plan, and on the node by the shell. Both come to the same.

use pallet::Context;
use pallet::facts::Facts;
use pallet::graph::build;
use pallet::name::RemotePath;
use pallet::plan::{Done, Plan};
use pallet::prelude::*;
use pallet::probe::{Contents, PathKind, PathState, Sha256, State};
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

const SHELLS: [&[&str]; 3] = [&["dash"], &["bash"], &["busybox", "sh"]];

/// A node on which a file has this content.
fn with_file(path: &str, text: &str) -> State {
    let path = RemotePath::new(path).expect("a valid path");
    let hash = Sha256::of(text.as_bytes());
    let kind = PathKind::File(Contents::Hash(hash));
    let found = PathState { kind, mode: 0o644, size: text.len() as u64, ..PathState::absent() };
    let mut state = State::default();
    state.paths.insert(path.clone(), found);
    state.texts.insert(path, text.into());
    state
}

fn planned(path: &str, text: &str, phase: impl Fn()) -> Plan {
    let built = build(&Context::example(), phase).expect("a phase without mistakes");
    let state = with_file(path, text);
    pallet::plan::plan(&built.graph, &Facts::example(), state, false, &Done::default())
        .expect("nothing fails")
}

/// Returns what the plan says that a phase makes of a file, and what a shell makes of it.
fn edited(shell: &[&str], path: &str, text: &str, phase: impl Fn()) -> Option<(String, String)> {
    let plan = planned(path, text, phase);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, text).expect("a file");
    let after = plan.actions()[0].diff.content.as_ref().and_then(|content| content.after.clone());
    let said =
        after.map_or_else(|| text.to_owned(), |after| String::from_utf8(after.to_vec()).expect("text"));
    if let Some(script) = plan.steps().first().map(|step| step.script.render()) {
        let script = String::from_utf8(script).expect("text").replace(path, &file.display().to_string());
        let start = format!("p_lib={}; p_nonce=n; p_did=\nrun() {{\n", folder.path().display());
        run(shell, &format!("{start}{script}\n}}\nrun || echo failed\n"))?;
    }
    Some((said, fs::read_to_string(&file).expect("a file")))
}

/// Feeds a script to a shell; `None` where that is not installed.
fn run(shell: &[&str], script: &str) -> Option<()> {
    let mut child =
        Command::new(shell[0]).args(&shell[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    child.stdin.take()?.write_all(script.as_bytes()).expect("the shell reads");
    let output = child.wait_with_output().expect("the shell ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{script}");
    Some(())
}

/// Lines of which many have one of the keys below, or nearly.
fn text() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "10.0.0.1 a",
        "10.0.0.1\ta b  ",
        " 10.0.0.1 x",
        "10.0.0.10 a",
        "# 10.0.0.1 a",
        "",
        "tmpfs /srv tmpfs defaults 0 0",
        "#tmpfs /srv",
        "x  /srv y",
        "/srv /x",
        "NAME=1",
        "NAME=\"it's $HOME\"",
        "NAMES=1",
        " NAME=1",
        "host ssh-ed25519 AAAA",
        "host ssh-rsa AAAA",
        "\\ * $(id) `id` %s",
        "# BEGIN nodes (pallet)",
        "# END nodes (pallet)",
        "10.0.1.1 web-1",
    ]);
    (prop::collection::vec(line, 0..8), any::<bool>()).prop_map(|(lines, end)| {
        let text = lines.join("\n");
        if end && !text.is_empty() { format!("{text}\n") } else { text }
    })
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2";

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_shell_does_what_the_plan_says(text in text(), which in 0..5usize, absent in any::<bool>()) {
        let nodes: [Node; 0] = [];
        let phase = || {
            let _ = match (which, absent) {
            (0, false) => hosts_entry([10, 0, 0, 1], ["a", "b"]).any(),
            (0, true) => hosts_entry([10, 0, 0, 1], ["a"]).absent().any(),
            (1, false) => environment("NAME", "it's $HOME").any(),
            (1, true) => environment("NAME", "").absent().any(),
            (2, false) => known_host("host", KEY).any(),
            (2, true) => known_host("host", KEY).absent().any(),
            (3, _) => mount("/srv").device("tmpfs").fs_type("tmpfs").only_listed().any(),
            (_, false) => hosts("nodes", &nodes).entry([10, 0, 1, 1], ["web-1"]).any(),
            (_, true) => hosts("nodes", &nodes).absent().any(),
        };
        };
        let path = ["/etc/hosts", "/etc/environment", "/etc/ssh/ssh_known_hosts", "/etc/fstab", "/etc/hosts"][which];
        for shell in SHELLS {
            if let Some((said, done)) = edited(shell, path, &text, phase) {
                prop_assert_eq!(&said, &done, "{:?}", shell);
                // Once more, there is nothing to do.
                prop_assert!(planned(path, &done, phase).steps().is_empty());
            }
        }
    }
}
