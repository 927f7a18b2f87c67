//! Real nodes on this host. Needs root: without it every test shows as ignored, or fails if
//! `PALLET_TEST_REQUIRE=1`.

mod support;

use libtest_mimic::Arguments;
use pallet::compute::{NodeRecord, NodeState};
use std::fs;
use std::path::Path;
use std::process::Command;
use support::{Controller, Lab, host_sh, sh, trial, try_sh};

type Test = (&'static str, fn(&Lab));

fn main() {
    // A test that needs a controller to kill starts this program again.
    if Controller::is_asked_for() {
        return Controller::run();
    }
    let mut arguments = Arguments::from_args();
    // The tests compare the host before and after, so they take turns.
    arguments.test_threads = Some(1);
    let in_both: [Test; 6] = [
        ("nodes_are_machines_of_their_own", nodes_are_machines_of_their_own),
        ("what_is_the_hosts_stays_with_the_host", what_is_the_hosts_stays_with_the_host),
        ("what_would_reach_the_kernel_is_refused", what_would_reach_the_kernel_is_refused),
        ("a_package_is_installed_and_its_service_started", a_package_is_installed_and_its_service_started),
        ("a_stopped_node_keeps_its_disk", a_stopped_node_keeps_its_disk),
        ("a_killed_controller_leaves_nothing", a_killed_controller_leaves_nothing),
    ];
    let mut trials = vec![
        trial("tags_are_kept", "sysv", tags_are_kept),
        trial("a_name_is_taken_once", "sysv", a_name_is_taken_once),
        trial(
            "another_process_with_its_pid_is_not_the_node",
            "sysv",
            another_process_with_its_pid_is_not_the_node,
        ),
        trial("an_image_is_unpacked_and_used", "auto", an_image_is_unpacked_and_used),
        trial("systemd_is_chosen_where_it_is_possible", "auto", systemd_is_chosen_where_it_is_possible),
        trial(
            "a_node_that_shuts_itself_down_starts_again",
            "systemd",
            a_node_that_shuts_itself_down_starts_again,
        ),
    ];
    for init in ["sysv", "systemd"] {
        trials.extend(in_both.map(|(name, test)| trial(name, init, test)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn nodes_are_machines_of_their_own(lab: &Lab) {
    let nodes = lab.create(&["web-1", "web-2", "db-1"]);
    let mut machine_ids = vec![fs::read_to_string("/etc/machine-id").unwrap_or_default()];
    for node in &nodes {
        assert_eq!(node.state, NodeState::Running);
        assert_eq!(sh(node, "cat /proc/sys/kernel/hostname").trim(), node.name.as_str());
        assert_eq!(sh(node, "pwd; echo $HOME; umask"), "/\n/root\n0022\n");
        let address = node.private_ip.expect("an address").to_string();
        assert_eq!(node.primary_ip, node.private_ip);
        assert!(sh(node, "cat /proc/net/fib_trie").contains(&address), "the node has its address");
        assert!(sh(node, "cat /etc/hosts").contains(&format!("{address} {}", node.name)));
        assert_eq!(has_systemd(node), lab.init == "systemd");
        assert_eq!(sh(node, "ls -d /etc/init.d"), "/etc/init.d\n");
        machine_ids.push(sh(node, "cat /etc/machine-id"));
    }
    machine_ids.sort();
    machine_ids.dedup();
    assert_eq!(machine_ids.len(), 4);
    let [web, other, _] = &nodes[..] else { panic!("three nodes") };
    let address = other.private_ip.expect("an address");
    support::serve_once(other, 8080, "hello from the other");
    let ask = format!("exec 3<>/dev/tcp/{address}/8080; cat <&3");
    assert_eq!(sh(web, &format!("bash -c '{ask}'")).trim(), "hello from the other");
    support::serve_once(other, 8081, "hello host");
    assert_eq!(host_sh(&format!("bash -c 'exec 3<>/dev/tcp/{address}/8081; cat <&3'")).trim(), "hello host");
    assert_eq!(lab.list().len(), 3);
    lab.destroy_side_by_side();
    assert!(lab.list().is_empty());
}

fn what_is_the_hosts_stays_with_the_host(lab: &Lab) {
    let nodes = lab.create(&["web-1"]);
    let node = &nodes[0];
    assert_eq!(sh(node, "find /root /home ! -type d").trim(), "");
    assert_eq!(sh(node, "ls /etc/ssh/ssh_host_* 2>/dev/null || :").trim(), "");
    if lab.init == "systemd" {
        assert_systemd_is_up(node);
        // While it is there, only root may log in.
        sh(node, "test ! -e /run/nologin");
        assert_eq!(sh(node, "systemctl list-unit-files --state=enabled --no-legend || :"), "");
        let services = sh(node, "systemctl list-units --type=service --state=running --no-legend --plain");
        let names = services.lines().filter_map(|line| line.split(' ').next());
        let own = ["dbus.service", "systemd-journald.service"];
        assert!(names.clone().all(|name| own.contains(&name)), "{services}");
    } else {
        assert_eq!(sh(node, "find /run /tmp -type s | wc -l").trim(), "0");
    }
    assert_eq!(sh(node, "ls /etc/rc[2345].d/S* 2>/dev/null || :").trim(), "");
    assert!(!try_sh(node, &format!("ls {}/nodes", lab.state_dir.display())).status.success());
    sh(node, "echo node >/etc/pallet-sandbox-test; rm /etc/debian_version");
    assert!(!fs::exists("/etc/pallet-sandbox-test").expect("readable"));
    assert!(fs::exists("/etc/debian_version").expect("readable"));
}

fn what_would_reach_the_kernel_is_refused(lab: &Lab) {
    let nodes = lab.create(&["web-1"]);
    let refused = [
        "echo 1 >/proc/sys/vm/swappiness",
        "echo b >/proc/sysrq-trigger",
        "date -s 2020-01-01",
        "mknod /tmp/disk b 8 0",
        "dd if=/dev/zero of=/swap bs=64k count=2 && mkswap /swap && swapon /swap",
        "dmesg --clear",
    ];
    for line in refused {
        assert!(!try_sh(&nodes[0], line).status.success(), "{line}");
    }
    // What is the node's own is allowed.
    sh(&nodes[0], "hostname renamed && mount -t tmpfs tmpfs /mnt && umount /mnt");
}

fn a_package_is_installed_and_its_service_started(lab: &Lab) {
    let nodes = lab.create(&["web-1"]);
    let node = &nodes[0];
    sh(
        node,
        "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nginx-light",
    );
    assert_nginx_runs(node);
    let address = node.primary_ip.expect("an address");
    let ask = format!("exec 3<>/dev/tcp/{address}/80; printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3");
    assert!(host_sh(&format!("bash -c \"{}\"", ask.replace('"', "\\\""))).contains("200 OK"));
    // Enabled by its installation, so it comes back.
    lab.stop_all();
    let node = &lab.start_all()[0];
    assert_nginx_runs(node);
}

/// As a service of the node's init, not just as a process.
fn assert_nginx_runs(node: &NodeRecord) {
    if has_systemd(node) {
        assert_eq!(sh(node, "systemctl is-active nginx"), "active\n");
        assert!(sh(node, "cat /proc/$(cat /run/nginx.pid)/cgroup").contains("/nginx.service"));
    } else {
        assert!(sh(node, "service nginx status").contains("is running"));
    }
}

fn has_systemd(node: &NodeRecord) -> bool {
    try_sh(node, "test -d /run/systemd/system").status.success()
}

/// Whether all of the host's packages do well in a node is not the sandbox's affair.
#[track_caller]
fn assert_systemd_is_up(node: &NodeRecord) {
    let state = sh(node, "systemctl is-system-running || :");
    assert!(["running", "degraded"].contains(&state.trim()), "{state}");
}

fn systemd_is_chosen_where_it_is_possible(lab: &Lab) {
    let node = lab.create(&["web-1"]).remove(0);
    let possible =
        Path::new("/usr/bin/systemd-nspawn").exists() && Path::new("/lib/systemd/systemd").exists();
    assert_eq!(has_systemd(&node), possible);
}

fn a_node_that_shuts_itself_down_starts_again(lab: &Lab) {
    let node = lab.create(&["web-1"]).remove(0);
    sh(&node, "echo kept >/etc/kept");
    // The answer may be lost with the node.
    let _ = try_sh(&node, "systemctl poweroff");
    lab.wait_until(|nodes| nodes[0].state == NodeState::Stopped);
    let started = lab.start_all();
    assert_eq!(sh(&started[0], "cat /etc/kept"), "kept\n");
    assert_systemd_is_up(&started[0]);
}

fn a_stopped_node_keeps_its_disk(lab: &Lab) {
    let made = lab.create(&["web-1"]);
    sh(&made[0], "echo kept >/etc/kept");
    lab.stop_all();
    let listed = lab.list();
    assert_eq!(listed[0].state, NodeState::Stopped);
    assert_eq!(listed[0].endpoint, None);
    let started = lab.start_all();
    assert_eq!((&started[0].id, started[0].private_ip), (&made[0].id, made[0].private_ip));
    assert_eq!(sh(&started[0], "cat /etc/kept"), "kept\n");
    assert_eq!(sh(&started[0], "ls /run/pallet/host 2>/dev/null | wc -l"), "0\n");
}

fn tags_are_kept(lab: &Lab) {
    let id = lab.create(&["web-1"]).remove(0).id;
    lab.tag(&id, "bootstrapped", Some("yes"));
    lab.tag(&id, "gone", Some("soon"));
    lab.tag(&id, "gone", None);
    let tags = lab.list().remove(0).tags;
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), [("bootstrapped".to_owned(), "yes".to_owned())]);
}

fn a_name_is_taken_once(lab: &Lab) {
    lab.create(&["web-1"]);
    let error = lab.try_create("web-1").expect_err("the name is taken");
    assert_eq!(error.message, "there is a node web-1 already");
    assert_eq!(lab.list().len(), 1);
}

fn another_process_with_its_pid_is_not_the_node(lab: &Lab) {
    let node = lab.create(&["web-1"]).remove(0);
    lab.stop_all();
    let mut stranger = Command::new("sleep").arg("600").spawn().expect("sleep runs");
    lab.edit_state("web-1", |state| {
        state["init"]["pid"] = stranger.id().into();
    });
    assert_eq!(lab.list()[0].state, NodeState::Stopped);
    lab.stop_all();
    lab.destroy(&node.id);
    assert!(stranger.try_wait().expect("its state").is_none(), "the stranger still runs");
    stranger.kill().expect("killed");
    stranger.wait().expect("reaped");
}

fn a_killed_controller_leaves_nothing(lab: &Lab) {
    lab.create(&["web-1"]);
    for stage in ["preparing the disk", "starting", "made"] {
        Controller::kill_at(lab, "web-2", stage);
        let names: Vec<String> = lab.list().iter().map(|node| node.name.to_string()).collect();
        let expected: &[&str] = if stage == "made" { &["web-1", "web-2"] } else { &["web-1"] };
        assert_eq!(names, expected, "killed at: {stage}");
        for node in lab.list() {
            sh(&node, "true");
        }
    }
}

fn an_image_is_unpacked_and_used(lab: &Lab) {
    let archive = lab.state_dir.with_file_name("image.tar");
    let root = lab.state_dir.with_file_name("image");
    pack_small_image(&root, &archive);
    let node = lab.create_from("web-1", &archive);
    assert_eq!(sh(&node, "cat /etc/os-release"), "ID=tiny\n");
}

/// Packs the smallest root file system there is: the host's shell, what the start of a node runs, and a mark.
fn pack_small_image(root: &Path, archive: &Path) {
    let script = r#"
        set -eu
        mkdir -p "$1/etc" "$1/bin" && ln -s bin "$1/sbin"
        for program in sh cat env rm rmdir sleep umount; do
            path=$(command -v $program)
            cp -L "$path" "$1/bin/"
            for library in $(ldd "$path" | grep -o '/[^ ]*'); do
                mkdir -p "$1${library%/*}"
                cp -L "$library" "$1$library"
            done
        done
        echo ID=tiny >"$1/etc/os-release"
        tar -C "$1" -cf "$2" ."#;
    let status = Command::new("sh").args(["-c", script, "sh"]).arg(root).arg(archive).status();
    assert!(status.expect("sh runs").success());
}
