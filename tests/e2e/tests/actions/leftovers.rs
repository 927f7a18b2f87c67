//! What is taken back leaves nothing: a whole file system before and after.

use pallet::actions::{Schedule, SudoRule};
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::collections::BTreeSet;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2 a";

/// All that has a name, with kind, mode, owner and content.
const LIST: &str = "cd /; find . -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o \
     ! -type f -printf '%p %y %m %U:%G %l\\n'; \
     find . -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o -type f -print0 | xargs -0 stat -c '%n %a %u:%g' --; \
     find . -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o -type f -print0 | xargs -0 sha256sum --";

fn list(lab: &Lab) -> BTreeSet<String> {
    lab.machine.check(LIST).lines().map(str::to_owned).collect()
}

/// Everything that can be taken back by itself; edits need a file that was there.
fn declared() {
    directory("/srv/e2e/a");
    remote_file("/srv/e2e/a/file").content("content\n").backups(1);
    remote_file("/srv/e2e/a/large").content("line\n".repeat(100_000));
    file("/srv/e2e/empty");
    fifo("/srv/e2e/pipe");
    symbolic_link("/srv/e2e/link", "a/file");
    line_in_file("/etc/fstab").line("# a line").create();
    block_in_file("/etc/fstab").block("# a block\n");
    group("e2e-group");
    user("e2e-user").groups(["e2e-group"]).password_hash(Secret::from("$6$Zk1$3fLr9BqOQe0"));
    authorized_key("e2e-user", KEY);
    known_host("git.example.com", KEY);
    sudoers("e2e").rule(SudoRule::user("e2e-user"));
    cron("e2e").job(Schedule::daily(4, 0), "root", "/bin/true");
    limits("e2e").soft("e2e-user", "nofile", 1024);
    hosts_entry([10, 0, 0, 1], ["db-1"]);
    environment("E2E", "1");
    etc_default("e2e").set("A", "b");
    sysctl("net.ipv4.conf.lo.rp_filter", 1).only_persistent();
    let script = init_script(
        "e2e",
        "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: e2e\n# Default-Start: 2\n# Default-Stop:\n### END INIT INFO\n",
    );
    service("e2e").enabled().restart_when_changed(script);
    package_manager().configure("APT::Install-Suggests", "false");
    let value = exec("echo x").stdout();
    remote_file("/srv/e2e/value").content(value).verify("test -s \"$1\"");
    remote_file("/srv/e2e/late").content("x").if_changed(script).timeout(std::time::Duration::from_secs(60));
}

fn taken_back() {
    service("e2e").disabled();
    file("/etc/init.d/e2e").absent();
    // A service that is disabled has links that say so.
    exec("update-rc.d e2e remove").only_if("ls /etc/rc2.d/K*e2e");
    sysctl("net.ipv4.conf.lo.rp_filter", 1).absent();
    etc_default("e2e").unset("A");
    environment("E2E", "").absent();
    hosts_entry([10, 0, 0, 1], ["db-1"]).absent();
    limits("e2e").absent();
    cron("e2e").absent();
    sudoers("e2e").absent();
    known_host("git.example.com", KEY).absent();
    user("e2e-user").absent_with_home();
    group("e2e-group").absent();
    block_in_file("/etc/fstab").absent();
    line_in_file("/etc/fstab").line("# a line").absent();
    directory("/srv/e2e").absent_with_contents();
    exec("rm -f /etc/apt/apt.conf.d/50pallet-*").only_if("ls /etc/apt/apt.conf.d/50pallet-*");
}

/// What others keep: the copies that `useradd` and its kin make of their files, and what they log.
const OF_OTHERS: [&str; 8] = [
    "./etc/passwd-",
    "./etc/shadow-",
    "./etc/group-",
    "./etc/gshadow-",
    "./etc/subuid",
    "./etc/subgid",
    "./etc/.pwd.lock",
    "./var/log/",
];

#[test]
fn nothing_of_ours_is_left_but_the_state_directory() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    // Files that are shared and stay are there before.
    lab.machine.check(
        "mkdir -p /etc/cron.d /etc/ssh /etc/security/limits.d /etc/sysctl.d; touch /etc/ssh/ssh_known_hosts /etc/environment /etc/fstab; \
         printf 'B=b\\n' >/etc/default/e2e; chmod 644 /etc/default/e2e; chmod 644 /etc/environment /etc/fstab /etc/ssh/ssh_known_hosts",
    );
    let before = list(&lab);
    lab.converge(declared).summary();
    assert!(list(&lab).len() > before.len() + 20, "much is there");
    lab.converge(taken_back).summary();
    let after = list(&lab);
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with("./")).map(str::to_owned);
    let foreign = |line: &&String| {
        !path(line).is_some_and(|path| {
            path.starts_with("./var/lib/pallet") || OF_OTHERS.iter().any(|other| path.starts_with(other))
        })
    };
    let left: Vec<&String> = after.difference(&before).filter(foreign).collect();
    let gone: Vec<&String> = before.difference(&after).filter(foreign).collect();
    assert!(left.is_empty() && gone.is_empty(), "left: {left:#?}\ngone: {gone:#?}");
    let kept = lab.machine.check("cd /var/lib/pallet; find . -mindepth 1 | sort | grep -v backups/");
    let documented = ["backups", "incoming", "owed", "staged", "version", "written", "origins"];
    let unknown: Vec<&str> =
        kept.lines().filter(|name| !documented.contains(&name.trim_start_matches("./"))).collect();
    assert!(unknown.is_empty(), "in the state directory: {unknown:?}");
}
