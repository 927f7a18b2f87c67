//! The test nodes themselves: that they are what they promise, and that nothing of them stays.

use pallet_test::nodes::{Bench, Chroot, Node, PASSWORD, Userland};
use pallet_test::require;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs OpenSSH's client with the bench's key.
fn ssh(node: &Node, user: &str, command: &str) -> String {
    let output = Command::new("ssh")
        .args(["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
        .args(["-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-i"])
        .arg(node.key_path())
        .args([&format!("{user}@{}", node.address()), command])
        .output()
        .expect("ssh runs");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned()
}

#[test]
fn nodes_are_debian_machines_with_ssh_and_sudo() {
    require!("nodes", "ssh");
    let bench = Bench::start(2).unwrap();
    let [one, two] = bench.nodes() else { panic!("two nodes") };

    assert_eq!(one.check("systemctl is-system-running").trim(), "running");
    assert_eq!(ssh(one, "deploy", "hostname; sudo -n id -u"), "node-1\n0");
    assert_eq!(ssh(two, "root", "hostname; id -u"), "node-2\n0");
    assert_ne!(one.host_key(), two.host_key());

    assert!(ssh(one, "withpass", "sudo -n true").contains("password is required"));
    assert_eq!(ssh(one, "withpass", &format!("echo '{PASSWORD}' | sudo -S -p '' id -u")), "0");

    one.check(&format!("timeout 5 bash -c '</dev/tcp/{}/22'", two.address()));
    bench.stop().expect("nothing is left");
}

#[test]
fn packages_come_from_the_prepared_cache_and_from_the_mirror() {
    require!("nodes");
    let bench = Bench::start(1).unwrap();
    let node = &bench.nodes()[0];
    let said = node.check("DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nginx");
    assert!(said.contains("Need to get 0 B"), "{said}");
    assert!(node.check("systemctl is-active nginx; curl -fsS http://127.0.0.1").contains("Welcome to nginx"));
    node.check("apt-get update");
}

#[test]
fn links_are_cut_and_restored() {
    require!("nodes");
    let bench = Bench::start(1).unwrap();
    let node = &bench.nodes()[0];
    let reachable =
        || std::net::TcpStream::connect_timeout(&(node.address(), 22).into(), Duration::from_secs(1)).is_ok();
    node.cut_link();
    assert!(!reachable());
    node.restore_link();
    assert!((0..30).any(|_| reachable()));
}

#[test]
fn a_frozen_node_says_nothing_until_it_is_thawed() {
    require!("nodes", "ssh");
    let bench = Bench::start(1).unwrap();
    let node = &bench.nodes()[0];
    node.freeze();
    let greeting = format!("read x </dev/tcp/{}/22", node.address());
    let status = Command::new("timeout").args(["2", "bash", "-c", &greeting]).status().unwrap();
    assert_eq!(status.code(), Some(124), "connects, and hears nothing");
    node.thaw();
    assert_eq!(ssh(node, "root", "echo awake"), "awake");
}

#[test]
fn reboots_and_crashes_keep_the_disk_and_lose_the_rest() {
    require!("nodes", "ssh");
    let bench = Bench::start(1).unwrap();
    let node = &bench.nodes()[0];
    let boot = || node.check("cat /proc/sys/kernel/random/boot_id");
    node.check("echo kept > /root/kept; echo lost > /run/lost");
    let first = boot();
    node.reboot().unwrap();
    let second = boot();
    assert_ne!(first, second);
    node.crash().unwrap();
    assert_ne!(second, boot());
    assert_eq!(ssh(node, "root", "cat /root/kept; ls /run/lost 2>/dev/null"), "kept");
}

#[test]
fn a_disk_can_be_filled() {
    require!("nodes");
    let bench = Bench::options().disk_mib(64).start(1).unwrap();
    let output = bench.nodes()[0].run("head -c 100M /dev/zero > /root/big");
    assert!(output.stderr.contains("No space left"), "{output:?}");
}

#[test]
fn a_chroot_has_debian_or_nothing_but_busybox() {
    require!("nodes");
    let debian = Chroot::start(Userland::Debian).unwrap();
    assert_eq!(debian.check("readlink /bin/sh; id -u").trim(), "dash\n0");
    debian.check("dpkg-query -W sudo; apt-get install -y hello; hello");
    debian.check("sleep 0.01 & echo x > /dev/null; ls /dev/fd/0");

    let busybox = Chroot::start(Userland::Busybox).unwrap();
    assert_eq!(busybox.check("readlink -f /proc/$$/exe").trim(), "/bin/busybox");
    assert!(!busybox.run("bash -c true").succeeded());
    busybox.check("stat -c %a /tmp; sha256sum /etc/passwd; date >/tmp/x; ps");
}

#[test]
fn a_killed_test_leaves_nothing() {
    require!("nodes");
    let (mut holder, number) = start_holder();
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_all_goes(number, holder.id());
}

#[test]
fn the_next_bench_sweeps_up_when_the_janitor_was_killed_too() {
    require!("nodes");
    let (mut holder, number) = start_holder();
    let janitors = janitors_of(holder.id());
    assert_eq!(janitors.len(), 1);
    assert!(Command::new("kill").arg("-KILL").args(&janitors).status().unwrap().success());
    holder.kill().unwrap();
    holder.wait().unwrap();
    Bench::start(0).unwrap().stop().unwrap();
    // The bench of another test may have been quicker, and still be at it.
    assert_all_goes(number, holder.id());
}

/// Waits until nothing is left of a bench that this process made.
fn assert_all_goes(number: u8, owner: u32) {
    let start = Instant::now();
    while !leftovers(number, owner).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", leftovers(number, owner));
    }
}

/// Not a test of its own: what the two above start as another process, and kill.
#[test]
fn holder() {
    if std::env::var_os("PALLET_TEST_HOLD").is_none() {
        return;
    }
    let bench = Bench::start(1).unwrap();
    eprintln!("holds {}", bench.nodes()[0].address());
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// Starts a process that holds a bench of one node, and returns it with the bench's number.
fn start_holder() -> (Child, u8) {
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holder", "--nocapture"])
        .env("PALLET_TEST_HOLD", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stderr.take().unwrap()).lines();
    let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("holds ").map(str::to_owned));
    let number = address.expect("a bench").split('.').nth(2).unwrap().parse().unwrap();
    (holder, number)
}

/// Returns the janitors among the children of a process.
fn janitors_of(parent: u32) -> Vec<String> {
    let list = Command::new("ps").args(["-o", "pid=,args=", "--ppid", &parent.to_string()]).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    // The arguments hold the janitor's whole script; its lines are no processes.
    let of_script = |line: &&str| line.contains("# Removes what a bench leaves");
    list.lines().filter(of_script).map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// Returns what the host still has of a bench that this process made. Its number may have gone to another bench
/// since, which happens only when nothing was left.
fn leftovers(number: u8, owner: u32) -> Vec<String> {
    let folder = format!("/run/pallet-test/{number}");
    match std::fs::read_to_string(format!("{folder}/lock")) {
        Ok(of) if of != owner.to_string() => return Vec::new(),
        Ok(_) => return vec![folder],
        Err(_) => {}
    }
    let cgroups =
        Command::new("find").args(["/sys/fs/cgroup", "-name", &format!("pallet-test-{number}-*")]).output();
    let tables = Command::new("/usr/sbin/nft").args(["list", "tables"]).output();
    let listed = [cgroups.unwrap().stdout, tables.unwrap().stdout].concat();
    let listed = String::from_utf8(listed).unwrap();
    let interfaces = std::fs::read_dir("/sys/class/net").unwrap();
    let interfaces = interfaces.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let of_bench = |name: &str| {
        let name = name.rsplit(['/', ' ']).next().unwrap_or_default();
        [format!("ptest-{number}"), format!("pallet_test_{number}")].contains(&name.to_owned())
            || name.starts_with(&format!("ptest-{number}-"))
            || name.starts_with(&format!("pallet-test-{number}-"))
    };
    interfaces.chain(listed.lines().map(str::to_owned)).filter(|name| of_bench(name)).collect()
}
