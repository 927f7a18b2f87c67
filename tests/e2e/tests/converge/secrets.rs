//! A secret is where it is meant to be, and nowhere else.

use pallet_test::require;
use pallet_tests_e2e::cluster::{CANARY, Cluster, program};

/// Writes down every command line that is seen on the node with the secret in it. Its own has it in another form.
const SAMPLER: &str = "cat >/run/sampler <<'END'
: >/run/seen
while [ ! -e /run/stop ]; do
  for file in /proc/[0-9]*/cmdline; do
    tr '\\0' ' ' <$file 2>/dev/null | grep '[c]anary-in-a-coal-mine' >>/run/seen
  done
  echo >>/run/rounds
done
END
rm -f /run/stop /run/rounds; setsid sh /run/sampler >/dev/null 2>&1 </dev/null &";

#[test]
fn a_secret_is_seen_nowhere() {
    require!("nodes");
    let cluster = Cluster::start(1);
    let node = cluster.web(1);
    node.check(SAMPLER);
    let mut written = String::new();
    for line in ["plan", "converge -v", "converge -v --output json", "plan --output json"] {
        let (verb, options) = line.split_once(' ').unwrap_or((line, ""));
        let run = cluster.place.run(program(), &format!("{verb} {} {options}", cluster.groups())).expect(0);
        written += &run.stdout;
        written += &run.stderr;
    }
    node.check("rm /srv/e2e/password-sum; touch /run/e2e-fail");
    let failed = cluster.run("converge").expect(1);
    written += &failed.stdout;
    assert!(!written.contains(CANARY), "the reports have it");
    assert!(written.contains("/srv/e2e/password"), "the reports are those of this file");

    node.check("touch /run/stop; [ $(wc -l </run/rounds) -gt 3 ]");
    assert_eq!(node.check("cat /run/seen"), "", "a process list has it");
    assert_eq!(node.check("cat /srv/e2e/password"), CANARY);
    let sum = node.check(&format!("printf %s {CANARY} | sha256sum; cat /srv/e2e/password-sum"));
    let lines: Vec<&str> = sum.lines().collect();
    assert_eq!(lines[0], lines[1]);

    let found = "grep -rl '[c]anary-in-a-coal-mine' / --include='*' -s --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr";
    let found: Vec<String> = node.run(found).stdout.lines().map(str::to_owned).collect();
    let meant = ["/srv/e2e/password", "/run/sampler"];
    assert!(found.iter().all(|file| meant.contains(&file.as_str())), "left behind: {found:?}");
    // Nor does the controller keep it.
    let kept = std::process::Command::new("grep").args(["-rl", CANARY]).arg(cluster.place.path("")).output();
    assert_eq!(String::from_utf8_lossy(&kept.expect("grep runs").stdout), "");
}
