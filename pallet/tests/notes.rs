//! The notes that a node keeps of what was written there grow with every write, and are compacted.

use pallet::probe::Sha256;
use pallet::script::APPLY;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const SHELLS: [&[&str]; 3] = [&["dash"], &["bash"], &["busybox", "sh"]];

fn hash(number: usize) -> Sha256 {
    Sha256::of(&number.to_be_bytes())
}

/// Begins an apply script of a node whose state directory this is; `None` where the shell is not installed.
fn begin(shell: &[&str], state: &Path, path: &str) -> Option<Output> {
    let script = format!("p_lib='{}'\n{}\np_begin", state.display(), APPLY.code());
    Command::new(shell[0]).args(&shell[1..]).arg("-c").arg(script).env("PATH", path).output().ok()
}

/// Writes what pallet has noted after many writes of few files, a crash among them.
fn note(state: &TempDir) {
    let of = |number: usize| format!("\n{} /srv/a b/{}\n", hash(number), number % 5);
    let before: String = (0..1000).map(of).collect();
    let after = format!("cut sh\n{} /srv/rare\n", hash(7));
    fs::write(state.path().join("written"), before + &after).expect("notes");
    let of = |number: usize| format!("\n{} {} /opt/{}\n", hash(number), hash(number + 1), number % 5);
    fs::write(state.path().join("origins"), (0..1000).map(of).collect::<String>()).expect("notes");
}

fn read(state: &TempDir, name: &str) -> Vec<String> {
    let text = fs::read_to_string(state.path().join(name)).expect("notes");
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn path() -> String {
    std::env::var("PATH").expect("a path")
}

#[test]
fn the_last_of_each_path_stay() {
    for shell in SHELLS {
        let state = tempfile::tempdir().expect("a folder");
        note(&state);
        let Some(output) = begin(shell, state.path(), &path()) else { continue };
        assert!(output.status.success() && output.stderr.is_empty(), "{shell:?} {output:?}");
        let expected = (960..1000).map(|number| format!("{} /srv/a b/{}", hash(number), number % 5));
        let expected: Vec<String> = expected.chain([format!("{} /srv/rare", hash(7))]).collect();
        assert_eq!(read(&state, "written")[1..], expected, "{shell:?}");
        let expected =
            (960..1000).map(|number| format!("{} {} /opt/{}", hash(number), hash(number + 1), number % 5));
        assert_eq!(read(&state, "origins")[1..], expected.collect::<Vec<_>>(), "{shell:?}");
        let mode = fs::metadata(state.path().join("written")).expect("notes").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{shell:?}");
        // Until they have doubled they are left alone.
        let before = fs::read(state.path().join("written")).expect("notes");
        begin(shell, state.path(), &path());
        assert_eq!(fs::read(state.path().join("written")).expect("notes"), before, "{shell:?}");
    }
}

/// Those that find programs by the path: busybox takes its own awk.
const PLAIN_SHELLS: &[&[&str]] = SHELLS.split_at(2).0;

/// Puts a program named `awk` before the real one, which runs this afterwards.
fn with_awk(then: &str, state: &TempDir) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = path();
    let awk = folder.path().join("awk");
    let then = then.replace("NOTES", &state.path().join("written").display().to_string());
    fs::write(&awk, format!("#!/bin/sh\nPATH='{path}' awk \"$@\" || exit\n{then}\n")).expect("a program");
    fs::set_permissions(&awk, fs::Permissions::from_mode(0o755)).expect("a program");
    let path = format!("{}:{path}", folder.path().display());
    (folder, path)
}

#[test]
fn what_another_run_notes_meanwhile_is_not_lost() {
    for shell in PLAIN_SHELLS {
        let state = tempfile::tempdir().expect("a folder");
        note(&state);
        let late = format!("{} /srv/late", hash(3));
        let (_folder, path) = with_awk(&format!("printf '\\n{late}\\n' >>'NOTES'"), &state);
        if begin(shell, state.path(), &path).is_some() {
            assert_eq!(read(&state, "written")[42], late, "{shell:?}");
        }
    }
}

#[test]
fn where_it_cannot_be_done_they_stay_as_they_are() {
    for shell in PLAIN_SHELLS {
        // Killed before the end, or the disk was full and awk did not say so.
        for then in ["kill -9 $PPID", "exit 1", "echo \"# 99999\" >/proc/self/fd/1"] {
            let state = tempfile::tempdir().expect("a folder");
            note(&state);
            let before = read(&state, "written");
            let (_folder, path_with) = with_awk(then, &state);
            let Some(output) = begin(shell, state.path(), &path_with) else { continue };
            assert!(output.status.success(), "{shell:?} {then} {output:?}");
            assert!(read(&state, "written") == before, "{shell:?} {then}");
            // The next run finds nothing in its way.
            begin(shell, state.path(), &path());
            assert_eq!(read(&state, "written").len(), 42, "{shell:?} {then}");
            assert!(!state.path().join(".pallet-compact-written").exists(), "{shell:?} {then}");
        }
    }
}
