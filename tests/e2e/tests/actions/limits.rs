//! The process that keeps the time of a step goes with the step, at whatever moment the step ends.

use pallet::script::{HOW, Script};
use pallet_test::{Shell, require, shells};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Far longer than a step of this test lasts on any machine, far shorter than the limit of the steps.
const STUCK: Duration = Duration::from_secs(120);

/// Steps that end after 0 to 1,200 turns of a loop: before the keeper of the time is there, while it starts its
/// `sleep`, and after. One who misses his signal lasts an hour.
const STEPS: &str = "
p_say() { :; }
p_step() { turn=0; while [ $turn -lt $turns ]; do turn=$((turn + 1)); done; }
step=0
while [ $step -lt 1000 ]; do
  turns=$((step % 400 * 3))
  p_limited 3600
  echo \"$step ended with $p_status\"
  step=$((step + 1))
done
";

#[test]
fn a_quick_step_does_not_wait_for_its_limit() {
    require!("dash", "bash", "busybox");
    std::thread::scope(|scope| {
        for shell in shells() {
            scope.spawn(move || quick_steps(&shell));
        }
    });
}

fn quick_steps(shell: &Shell) {
    // The keeper of the time is another `sh`, and that must be the same shell.
    let dir = tempfile::tempdir().expect("a directory");
    symlink(shell.command().get_program(), dir.path().join("sh")).expect("a link");
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").expect("a path"));
    let script = String::from_utf8(Script::new().library(&HOW).code(STEPS).render()).expect("text");
    let mut steps = Command::new(dir.path().join("sh"))
        .args(["-c", &script])
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("the shell starts");
    let group = steps.id();

    let (said, lines) = mpsc::channel();
    let output = BufReader::new(steps.stdout.take().expect("piped"));
    let reader = std::thread::spawn(move || {
        output.lines().map_while(Result::ok).try_for_each(|line| said.send(line)).ok();
    });
    for step in 0..1000 {
        let line = lines.recv_timeout(STUCK).unwrap_or_else(|error| {
            Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).status().expect("kill runs");
            panic!("{}: step {step}: {error}", shell.name)
        });
        assert_eq!(line, format!("{step} ended with 0"), "{}", shell.name);
    }
    assert!(steps.wait().expect("the shell ends").success(), "{}", shell.name);
    reader.join().expect("no panic");
    assert_eq!(members(group), Vec::<String>::new(), "{} leaves nothing behind", shell.name);
}

/// The processes of a process group, as `/proc` names them. One that has ended and is not waited for is none.
fn members(group: u32) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("there is /proc").flatten();
    let stats = processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
            fields.next() != Some("Z") && fields.nth(1) == Some(&group.to_string())
        })
        .collect()
}
