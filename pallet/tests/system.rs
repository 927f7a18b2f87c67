//! Settings of the system: what is declared, what is there, and what differs.

use pallet::actions::SudoRule;
use pallet::facts::{Facts, OsFamily};
use pallet::graph::build;
use pallet::name::{AccountName, RemotePath};
use pallet::plan::{self, Done, Doomed, Plan, Verdict};
use pallet::prelude::*;
use pallet::probe::{Account, AuthorizedKeys, CommandResult, Contents, PathKind, PathState, Sha256, State};
use pallet::{Context, PhaseOutput};

fn path(text: &str) -> RemotePath {
    RemotePath::new(text).expect("a valid path")
}

/// What was found on a node.
#[derive(Default)]
struct Node(State);

impl Node {
    fn put(mut self, at: &str, kind: PathKind, mode: u32, size: usize) -> Self {
        let root = || "root".to_owned();
        let (owner, group) = (root(), root());
        let found = PathState { kind, mode, owner, group, size: size as u64, ..PathState::absent() };
        self.0.paths.insert(path(at), found);
        self
    }

    fn folder(self, at: &str) -> Self {
        self.put(at, PathKind::Directory, 0o755, 0)
    }

    fn link(self, at: &str, target: &str) -> Self {
        self.put(at, PathKind::Link(target.to_owned()), 0o777, 0)
    }

    fn file(mut self, at: &str, mode: u32, text: &str) -> Self {
        self.0.texts.insert(path(at), text.into());
        self.put(at, PathKind::File(Contents::Hash(Sha256::of(text.as_bytes()))), mode, text.len())
    }

    fn line(mut self, at: &str, line: &str) -> Self {
        self.0.lines.insert(path(at), line.to_owned());
        self
    }

    fn listing(mut self, at: &str, lines: &[&str]) -> Self {
        self.0.listings.insert(path(at), lines.iter().map(|&line| line.to_owned()).collect());
        self
    }

    fn answer(mut self, status: u32, output: &str) -> Self {
        let result = CommandResult { status, output: output.into() };
        self.0.commands.insert((pallet::graph::ActionId(0), 0), result);
        self
    }

    fn plan<R: PhaseOutput>(self, facts: &Facts, phase: impl FnOnce() -> R) -> Result<Plan, Vec<Doomed>> {
        let built = build(&Context::example(), || drop(phase())).expect("no mistake in the source");
        plan::probe(&built.graph, facts, &Done::default())?;
        plan::plan(&built.graph, facts, self.0, false, &Done::default())
    }

    /// Returns what the last action would change.
    #[track_caller]
    fn changes<R: PhaseOutput>(self, phase: impl FnOnce() -> R) -> Vec<String> {
        let plan = self.plan(&Facts::example(), phase).expect("nothing is certain to fail");
        plan.actions().last().expect("an action").diff.changes.clone()
    }

    #[track_caller]
    fn problem<R: PhaseOutput>(self, phase: impl FnOnce() -> R) -> String {
        let doomed = self.plan(&Facts::example(), phase).expect_err("it is certain to fail");
        format!("{} ({})", doomed[0].problem.message, doomed[0].problem.hint.clone().unwrap_or_default())
    }
}

const NONE: [&str; 0] = [];

#[test]
fn files_of_ones_own() {
    let rule = || sudoers("ops").rule(SudoRule::user("alice").nopasswd());
    let content = "# Written by pallet.\nalice ALL = (ALL:ALL) NOPASSWD: ALL\n";
    let at = "/etc/sudoers.d/ops";
    let node = || Node::default().folder("/etc/sudoers.d");
    assert_eq!(node().changes(rule), ["/etc/sudoers.d/ops created"]);
    assert_eq!(node().file(at, 0o440, content).changes(rule), NONE);
    assert_eq!(node().file(at, 0o644, content).changes(rule), ["/etc/sudoers.d/ops mode 0644 → 0440"]);
    assert_eq!(node().file(at, 0o440, "x").changes(rule), ["/etc/sudoers.d/ops content"]);
    assert_eq!(node().link(at, "/etc/shadow").changes(rule)[0], "/etc/sudoers.d/ops replaced by a file");
    assert_eq!(
        node().file(at, 0o440, "x").changes(|| sudoers("ops").absent()),
        ["/etc/sudoers.d/ops removed"]
    );
    assert_eq!(node().changes(|| sudoers("ops").absent()), NONE);
    assert!(Node::default().problem(rule).contains("package(\"sudo\")"));
    // What was put there in between twice is known.
    assert_eq!(node().changes(|| (rule(), rule())), NONE);
}

#[test]
fn an_edit_by_somebody_else_is_not_overwritten() {
    let mut node = Node::default().folder("/etc/cron.d").file("/etc/cron.d/jobs", 0o644, "theirs");
    node.0.written.insert(path("/etc/cron.d/jobs"), vec![Sha256::of(b"ours")]);
    let problem = node.problem(|| cron("jobs").job("@daily", "root", "true"));
    assert!(
        problem.contains("edited by somebody else") && problem.contains("--overwrite-edits"),
        "{problem}"
    );
}

#[test]
fn settings_of_the_kernel() {
    let at = "/proc/sys/net/ipv4/ip_local_port_range";
    let range = || sysctl("net.ipv4.ip_local_port_range", "1 2").only_live();
    assert_eq!(Node::default().line(at, "1\t2").changes(range), NONE);
    assert_eq!(Node::default().line(at, "1\t3").changes(range), ["live 1 3 → 1 2"]);
    assert!(Node::default().problem(range).contains("the kernel has no setting"));
    let mut node = Node::default().line(at, "1\t3");
    node.0.locked.insert(path(at));
    assert!(node.problem(range).contains("shares its kernel with its host"));
    let later = || sysctl("net.ipv4.ip_local_port_range", "1 2");
    let changes = Node::default().folder("/etc/sysctl.d").line(at, "1\t3").changes(later);
    assert_eq!(changes, ["live 1 3 → 1 2", "/etc/sysctl.d/60-net.ipv4.ip_local_port_range.conf created"]);
}

/// A module may bring the setting that comes after it; without one before it, the setting is misspelled.
#[test]
fn modules_and_what_they_bring() {
    let folders = || Node::default().folder("/etc/modprobe.d").folder("/etc/modules-load.d");
    let changes = folders().changes(|| kernel_module("br-netfilter"));
    assert_eq!(changes, ["loaded", "/etc/modules-load.d/pallet-br_netfilter.conf created"]);
    let both = || {
        kernel_module("br-netfilter");
        sysctl("net.bridge.bridge-nf-call-iptables", 1).only_live();
    };
    let plan = folders().plan(&Facts::example(), both).expect("the module may bring it");
    assert_eq!(plan.actions()[1].verdict, Verdict::Unknown(plan.actions()[0].id));
    let loaded = folders().folder("/sys/module/br_netfilter");
    let out = loaded.changes(|| kernel_module("br_netfilter").blacklisted());
    assert_eq!(out, ["/etc/modprobe.d/pallet-br_netfilter.conf created", "unloaded"]);
}

#[test]
fn file_systems() {
    let node = || Node::default().folder("/srv").file("/etc/fstab", 0o644, "tmpfs /srv tmpfs defaults 0 0\n");
    let mounted =
        |device: &str| node().listing("/proc/self/mounts", &[&format!("{device} /srv tmpfs rw 0 0")]);
    let declared = || mount("/srv").device("tmpfs").fs_type("tmpfs");
    assert_eq!(mounted("tmpfs").changes(declared), NONE);
    assert_eq!(node().changes(declared), ["mounted"]);
    assert_eq!(mounted("/dev/sda1").changes(declared), ["mounted tmpfs in the place of /dev/sda1"]);
    let with_options = mounted("tmpfs").changes(|| declared().options(["ro"]));
    assert_eq!(with_options, ["/etc/fstab: line `tmpfs /srv tmpfs ro 0 0`", "mounted with other options"]);
    assert_eq!(mounted("tmpfs").changes(|| declared().unmounted()), ["unmounted"]);
    let absent = mounted("tmpfs").changes(|| mount("/srv").absent());
    assert_eq!(absent, ["unmounted", "/etc/fstab: no line of /srv"]);
    assert!(Node::default().problem(declared).contains("directory(\"/srv\")"));
}

#[test]
fn swap_space() {
    let fstab = "/swap none swap sw 0 0\n";
    let node = |size: usize| {
        let kind = PathKind::File(Contents::NotRead);
        Node::default().file("/etc/fstab", 0o644, fstab).put("/swap", kind, 0o600, size)
    };
    let used = |size: usize| node(size).listing("/proc/swaps", &["Filename Type", "/swap file 1020 0 -2"]);
    let declared = || swap_file("/swap", 1 << 20);
    assert_eq!(used(1 << 20).changes(declared), NONE);
    assert_eq!(node(1 << 20).changes(declared), ["in use"]);
    assert_eq!(used(2 << 20).changes(declared), ["size 2097152 → 1048576"]);
    let absent = used(1 << 20).changes(|| declared().absent());
    assert_eq!(absent, ["removed", "out of use", "/etc/fstab: no line of /swap"]);
}

#[test]
fn a_container_shares_the_kernel_of_its_host() {
    let facts = Facts { container: Some("lxc".to_owned()), ..Facts::example() };
    let phase = || {
        swap_file("/swap", 1 << 20);
        kernel_module("loop");
        sysctl("vm.swappiness", 1);
    };
    let doomed = Node::default().plan(&facts, phase).expect_err("all would reach the host");
    let reaches = |doomed: &&Doomed| doomed.problem.message.contains("kernel of the host");
    assert_eq!(doomed.iter().filter(reaches).count(), 3, "{doomed:?}");
    let forward = Node::default().folder("/etc/sysctl.d").line("/proc/sys/net/ipv4/ip_forward", "0");
    forward.plan(&facts, || sysctl("net.ipv4.ip_forward", 1)).expect("a network of its own");
}

#[test]
fn names_and_places() {
    let named = |live: &str, file: &str| {
        let node = Node::default().folder("/etc").file("/etc/hostname", 0o644, &format!("{file}\n"));
        node.line("/proc/sys/kernel/hostname", live)
    };
    assert_eq!(named("web-1", "web-1").changes(|| hostname("web-1")), NONE);
    assert_eq!(named("old", "web-1").changes(|| hostname("web-1")), ["live old → web-1"]);
    assert_eq!(named("web-1", "old").changes(|| hostname("web-1")), ["/etc/hostname content"]);

    let zone = "/usr/share/zoneinfo/Europe/Vienna";
    let node = |link: &str| {
        let node = Node::default().folder("/etc").file(zone, 0o644, "").link("/etc/localtime", link);
        node.file("/etc/timezone", 0o644, "Europe/Vienna\n")
    };
    assert_eq!(node(zone).changes(|| timezone("Europe/Vienna")), NONE);
    assert_eq!(node(&format!("..{zone}")).changes(|| timezone("Europe/Vienna")), NONE);
    let other = node("/usr/share/zoneinfo/UTC").changes(|| timezone("Europe/Vienna"));
    assert_eq!(other, [format!("/usr/share/zoneinfo/UTC → {zone}")]);
    assert!(node(zone).problem(|| timezone("Europe/Wien")).contains("tzdata"));
}

#[test]
fn languages() {
    let node = || Node::default().file("/etc/locale.gen", 0o644, "de_AT.UTF-8 UTF-8\n");
    assert_eq!(node().answer(0, "").changes(|| locale("de_AT.UTF-8")), NONE);
    assert_eq!(node().answer(1, "").changes(|| locale("de_AT.UTF-8")), ["generated"]);
    let other = node().answer(1, "").changes(|| locale("fr_FR.UTF-8"));
    assert_eq!(other, ["/etc/locale.gen: line `fr_FR.UTF-8 UTF-8`", "generated"]);
    assert!(Node::default().answer(1, "").problem(|| locale("fr_FR.UTF-8")).contains("package(\"locales\")"));
    // Where packages bring them, nothing is generated.
    let mut facts = Facts::example();
    facts.os.family = OsFamily::Fedora;
    let doomed = Node::default().answer(1, "").plan(&facts, || locale("fr_FR.UTF-8"));
    assert!(doomed.expect_err("nothing brings it")[0].problem.message.contains("has no locale"));
}

#[test]
fn choices() {
    let node = |mode: &str| {
        let node = Node::default().file("/bin/true", 0o755, "").link("/etc/alternatives/app", "/bin/true");
        node.line("/var/lib/dpkg/alternatives/app", mode)
    };
    assert_eq!(node("manual").changes(|| alternatives("app", "/bin/true")), NONE);
    assert_eq!(node("auto").changes(|| alternatives("app", "/bin/true")), ["chosen by hand"]);
    assert_eq!(node("auto").changes(|| alternatives_auto("app")), NONE);
    assert_eq!(node("manual").changes(|| alternatives_auto("app")), ["chosen by the system"]);
    assert!(node("auto").problem(|| alternatives("app", "/bin/none")).contains("there is no /bin/none"));
    assert!(Node::default().problem(|| alternatives_auto("app")).contains("knows no alternatives"));
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2";

#[test]
fn keys() {
    let name = AccountName::new("app").expect("a valid name");
    let node = |lines: &[&str]| {
        let mut node = Node::default();
        let (gecos, home, shell) = (String::new(), "/home/app".to_owned(), "/bin/sh".to_owned());
        node.0.users.insert(name.clone(), Account { uid: 1, gid: 1, gecos, home, shell });
        let lines = lines.iter().map(|&line| line.to_owned()).collect();
        node.0.keys.insert(name.clone(), AuthorizedKeys { folder: Some(0o700), file: Some(0o600), lines });
        node
    };
    assert_eq!(node(&[KEY]).changes(|| authorized_key("app", KEY)), NONE);
    assert_eq!(node(&[]).changes(|| authorized_key("app", KEY)), ["accepts ssh-ed25519 …6qKpqVQ2"]);
    assert_eq!(node(&[KEY, "x"]).changes(|| authorized_key("app", KEY).exclusive()), ["no longer a line"]);
    assert!(Node::default().problem(|| authorized_key("app", KEY)).contains("user(\"app\")"));
    // A key that is there is only read, and known to what uses it.
    let plan = node(&[]).answer(0, KEY).plan(&Facts::example(), || ssh_key("app").public_key());
    assert_eq!(plan.expect("no problem").actions()[0].verdict, Verdict::Unchanged);
    assert_eq!(node(&[]).answer(1, "").changes(|| ssh_key("app")), ["generated"]);
}

#[test]
fn firewalls() {
    let rules = || nftables("table inet app {\n}\n");
    let node = Node::default().folder("/etc").answer(0, "table inet app\n");
    assert_eq!(node.changes(rules), ["/etc/nftables.conf created", "loaded"]);
    let node = Node::default().folder("/etc").answer(0, "table inet apps\n");
    assert_eq!(node.changes(rules), ["/etc/nftables.conf created", "table inet app loaded"]);
    assert!(Node::default().folder("/etc").answer(127, "").problem(rules).contains("package(\"nftables\")"));

    let list = "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n";
    let ufw_node = || Node::default().file("/etc/ufw/user.rules", 0o640, list);
    assert_eq!(ufw_node().changes(|| ufw_rule(22).tcp()), NONE);
    assert_eq!(ufw_node().changes(|| ufw_rule(22).tcp().limit()), ["added"]);
    assert_eq!(ufw_node().changes(|| ufw_rule(22).tcp().absent()), ["deleted"]);
    assert!(Node::default().problem(|| ufw_rule(22)).contains("package(\"ufw\")"));
    let configured = |enabled: &str| {
        let node = Node::default().file("/etc/ufw/ufw.conf", 0o644, &format!("# x\nENABLED={enabled}\n"));
        node.file("/etc/default/ufw", 0o644, "DEFAULT_INPUT_POLICY=\"DROP\"\n")
    };
    assert_eq!(configured("yes").changes(|| ufw().deny_incoming()), NONE);
    assert_eq!(configured("no").changes(|| ufw().allow_incoming()), ["allow incoming", "enable"]);
    assert_eq!(configured("no").changes(|| ufw().disabled()), NONE);
}
