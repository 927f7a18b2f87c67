//! Settings of the system: sudo, cron, the kernel, names, limits, variables.

use pallet::actions::{SudoRule, SudoUser};
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    cases::run(&lab, sudo());
    cases::run(&lab, cron_jobs());
    cases::run(&lab, kernel());
    cases::run(&lab, names());
    cases::run(&lab, sessions());
    cases::run(&lab, mounts());
    cases::run(&lab, places());
    cases::run(&lab, choices());
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    cases::run(&lab, kernel());
    cases::run(&lab, names());
    cases::run(&lab, sessions());
    cases::run(&lab, mounts());
}

fn sudo() -> Vec<Case> {
    vec![
        Case::new("rules of every kind, as sudo itself reads them", || {
            sudoers("ops-e2e")
                .user_alias("OPS", ["deploy", "%www-data"])
                .command_alias("RESTART", ["/bin/echo a=b,c", "/bin/true"])
                .host_alias("HERE", ["ALL"])
                .run_as_alias("DBA", ["www-data"])
                .rule(SudoRule::of(SudoUser::Alias("OPS".into())).commands(["RESTART"]).nopasswd())
                .rule(SudoRule::user("nobody").hosts(["HERE"]).run_as(["DBA"]).commands(["/bin/echo x"]).nopasswd())
                .rule(SudoRule::group("www-data").noexec())
                .defaults("!requiretty")
                .defaults_of(SudoUser::User("nobody".into()), "env_keep += \"E2E\"");
        })
        .check("stat -c '%a %U %G' /etc/sudoers.d/ops-e2e; visudo -c >/dev/null && echo valid", "440 root root\nvalid")
        .check("runuser -u nobody -- sudo -n -u www-data /bin/echo x", "x")
        .check("! runuser -u nobody -- sudo -n /bin/echo y 2>/dev/null", "")
        .check("runuser -u deploy -- sudo -n /bin/echo a=b,c", "a=b,c"),
        Case::new("mode and owner are put right", || {
            sudoers("mode-e2e").rule(SudoRule::user("nobody").commands(["/bin/true"]));
        })
        .prepare("printf '# Written by pallet.\\nnobody ALL = (ALL:ALL) /bin/true\\n' >/etc/sudoers.d/mode-e2e && chown nobody /etc/sudoers.d/mode-e2e")
        .check("stat -c '%a %U' /etc/sudoers.d/mode-e2e", "440 root"),
        Case::new("the check of another file is not the check of this one", || {
            remote_file("/srv/checked").content("right\n").verify("grep -q right \"$1\"").backups(1);
            sudoers("next-e2e").rule(SudoRule::user("nobody").commands(["/bin/true"]));
            environment("NEXT", "1");
        })
        .check("ls /var/lib/pallet/backups 2>/dev/null; grep -c true /etc/sudoers.d/next-e2e", "1"),
        Case::new("absent", || {
            sudoers("mode-e2e").absent();
            sudoers("never").absent();
        })
        .first([End::Changed, End::Unchanged])
        .check("ls /etc/sudoers.d | grep -c mode || true", "0"),
    ]
}

#[test]
fn rules_that_visudo_refuses_never_go_live() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.converge(|| sudoers("broken").rule(SudoRule::user("nobody"))).summary();
    let report = lab.converge(|| sudoers("broken").defaults("no_such_setting_at_all = = 1"));
    let troubles = report.troubles().join("");
    assert!(troubles.contains("visudo refuses the new /etc/sudoers.d/broken"), "{troubles}");
    lab.machine.check("grep nobody /etc/sudoers.d/broken && visudo -c && [ -z \"$(ls -A /etc/sudoers.d | grep '^.pallet')\" ]");
    // Without sudo, the package that is missing is named before anything is touched.
    lab.machine.check("rm -r /etc/sudoers.d");
    let troubles = lab.converge(|| sudoers("x").rule(SudoRule::user("nobody"))).troubles().join("");
    assert!(troubles.contains("package(\\\"sudo\\\")"), "{troubles}");
}

fn cron_jobs() -> Vec<Case> {
    vec![
        Case::new("jobs, as cron itself runs them", || {
            cron("jobs-e2e")
                .env("GREETING", "it's 100%")
                .job("@reboot", "nobody", "printf '%s %s' \"$GREETING\" \"$(id -un)\" >/srv/cron/ran")
                .job("*/5 1-3 * jan mon-fri", "root", "/bin/true");
        })
        .prepare("cd /var/cache/apt/archives && dpkg -i cron-daemon-common*.deb >/dev/null && dpkg -i cron_*.deb >/dev/null && mkdir -m 777 /srv/cron")
        .check(
            "timeout 30 sh -c 'cron; until [ -s /srv/cron/ran ]; do sleep 0.1; done'; kill $(cat /run/crond.pid); \
             cat /srv/cron/ran; stat -c ' %a %U' /etc/cron.d/jobs-e2e",
            "it's 100% nobody 644 root",
        ),
        Case::new("no jobs", || cron("jobs-e2e").absent()).check("[ ! -e /etc/cron.d/jobs-e2e ]", ""),
    ]
}

/// Settings of the network only: a node without a machine of its own has those for itself.
fn kernel() -> Vec<Case> {
    let live = |key: &str| format!("cat /proc/sys/{key}");
    vec![
        Case::new("a setting, now and later", || sysctl("net.ipv4.ip_forward", 1))
            .prepare("echo 0 >/proc/sys/net/ipv4/ip_forward")
            .check(live("net/ipv4/ip_forward"), "1")
            .check("cat /etc/sysctl.d/60-net.ipv4.ip_forward.conf", "# Written by pallet.\nnet/ipv4/ip_forward = 1"),
        Case::new("a setting that was lost", || sysctl("net.ipv4.ip_forward", 1))
            .prepare("echo 0 >/proc/sys/net/ipv4/ip_forward")
            .check(live("net/ipv4/ip_forward"), "1"),
        Case::new("several numbers", || sysctl("net.ipv4.ip_local_port_range", "20000  60000"))
            .check(live("net/ipv4/ip_local_port_range"), "20000\t60000"),
        Case::new("now only, and later only", || {
            sysctl("net.ipv4.conf.lo.forwarding", 1).only_live();
            sysctl("net.ipv4.conf.all.rp_filter", 2).only_persistent();
        })
        .prepare("echo 0 >/proc/sys/net/ipv4/conf/lo/forwarding")
        .check("ls /etc/sysctl.d | grep 60-.*conf$", "60-net.ipv4.conf.all.rp_filter.conf\n60-net.ipv4.ip_forward.conf\n60-net.ipv4.ip_local_port_range.conf"),
        Case::new("not written down", || sysctl("net.ipv4.ip_forward", 1).absent())
            .check("[ ! -e /etc/sysctl.d/60-net.ipv4.ip_forward.conf ]", ""),
    ]
}

#[test]
fn what_the_kernel_does_not_take_is_not_written_down() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let troubles = lab.converge(|| sysctl("net.ipv4.no_such_setting", 1)).troubles().join("");
    assert!(troubles.contains("the kernel has no setting /proc/sys/net/ipv4/no_such_setting"), "{troubles}");
    let troubles = lab.converge(|| sysctl("net.ipv4.ip_forward", "many")).troubles().join("");
    assert!(troubles.contains("the kernel does not take many"), "{troubles}");
    lab.machine.check("[ ! -e /etc/sysctl.d/60-net.ipv4.ip_forward.conf ]");
    // A container says what it is, and shares the kernel of its host.
    lab.machine.check("mkdir -p /run/systemd && echo docker >/run/systemd/container");
    let troubles = lab.converge(|| sysctl("vm.swappiness", 1)).troubles().join("");
    assert!(
        troubles.contains("would change the kernel of the host") && troubles.contains("docker"),
        "{troubles}"
    );
    lab.converge(|| sysctl("net.ipv4.ip_forward", 1)).summary();
    // Where its settings cannot be written, that is seen before anything is tried.
    lab.machine.check("echo 0 >/proc/sys/net/ipv4/ip_forward && mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys");
    let plan = lab.plan(|| sysctl("net.ipv4.ip_forward", 1));
    assert!(format!("{plan:?}").contains("shares its kernel with its host"), "{plan:?}");
}

fn names() -> Vec<Case> {
    let without_block = "grep -v -e ^10 -e ^fd /etc/hosts";
    vec![
        Case::new("the name of the node", || {
            hostname("web-1.example.com").with_hosts_entry();
        })
        .check(
            "hostname; cat /etc/hostname; grep ^127.0.1.1 /etc/hosts",
            "web-1.example.com\nweb-1.example.com\n127.0.1.1 web-1.example.com web-1",
        ),
        Case::new("a live name that was lost", || hostname("web-1.example.com"))
            .prepare("hostname other")
            .check("hostname", "web-1.example.com"),
        Case::new("lines of addresses", || {
            hosts_entry([10, 0, 0, 7], ["db-1.internal", "db_1"]);
            hosts_entry(std::net::Ipv6Addr::LOCALHOST, ["localhost6"]);
            hosts_entry([10, 0, 0, 70], ["gone"]).absent();
            hosts_entry([10, 0, 0, 71], ["never"]).absent();
        })
        .prepare("printf '10.0.0.7\\told\\n# kept\\n10.0.0.7 older\\n10.0.0.70 gone' >>/etc/hosts")
        .first([End::Changed, End::Changed, End::Changed, End::Unchanged])
        .check("tail -n 3 /etc/hosts", "10.0.0.7 db-1.internal db_1\n# kept\n::1 localhost6"),
        Case::new("a block", || {
            let nodes: [Node; 0] = [];
            hosts("nodes", &nodes).entry([10, 0, 1, 1], ["web-1"]).entry([10, 0, 1, 2], ["web-2"]);
        })
        .check(
            "tail -n 4 /etc/hosts",
            "# BEGIN nodes (pallet)\n10.0.1.1 web-1\n10.0.1.2 web-2\n# END nodes (pallet)",
        ),
        Case::new("another block, in its place", || {
            let nodes: [Node; 0] = [];
            hosts("nodes", &nodes).entry([10, 0, 1, 3], ["web-3"]);
        })
        .prepare("echo '10.9.9.9 by-hand' >>/etc/hosts")
        .check(
            "tail -n 4 /etc/hosts",
            "# BEGIN nodes (pallet)\n10.0.1.3 web-3\n# END nodes (pallet)\n10.9.9.9 by-hand",
        ),
        Case::new("no block", || {
            let nodes: [Node; 0] = [];
            hosts("nodes", &nodes).absent();
        })
        .check(format!("{without_block} | grep -c nodes || true"), "0"),
    ]
}

fn sessions() -> Vec<Case> {
    vec![
        Case::new("limits", || {
            limits("e2e").soft("nobody", "nofile", 321).both("@nogroup", "nproc", "unlimited");
        })
        .check(
            "cat /etc/security/limits.d/e2e.conf",
            "# Written by pallet.\nnobody soft nofile 321\n@nogroup - nproc unlimited",
        ),
        Case::new("no limits", || limits("e2e").absent())
            .check("[ ! -e /etc/security/limits.d/e2e.conf ]", ""),
        Case::new("variables of sessions", || {
            environment("E2E", "it's $HOME, really");
            environment("GONE", "").absent();
        })
        .prepare("printf 'KEPT=1\\nGONE=2\\nE2E=old\\n' >/etc/environment")
        .check("cat /etc/environment", "KEPT=1\nE2E=\"it's $HOME, really\""),
        Case::new("settings of a service", || {
            etc_default("e2e").set("OPTS", "a $b \"c\" `d` \\").set("PORT", "80").unset("GONE");
        })
        .prepare("mkdir -p /etc/default && printf '# PORT=1\\nGONE=1\\nPORT=1' >/etc/default/e2e")
        .check(
            "(. /etc/default/e2e; printf '%s|%s|%s' \"$OPTS\" \"$PORT\" \"${GONE-unset}\")",
            "a $b \"c\" `d` \\|80|unset",
        )
        .check("head -n 1 /etc/default/e2e", "# PORT=1"),
    ]
}

fn mounts() -> Vec<Case> {
    let of = |point: &str| format!("grep -c ' {point} ' /proc/self/mounts || true");
    let cache = || mount("/srv/a b").device("tmpfs").fs_type("tmpfs").options(["size=1m", "mode=0700"]);
    vec![
        Case::new("a file system", move || {
            directory("/srv/a b");
            cache();
        })
        .prepare("mkdir -p /srv && printf '# kept\\ntmpfs\\t/srv/other tmpfs defaults 0 0\\n' >/etc/fstab")
        .check(
            "cat /etc/fstab",
            "# kept\ntmpfs\t/srv/other tmpfs defaults 0 0\ntmpfs /srv/a\\040b tmpfs size=1m,mode=0700 0 0",
        )
        .check(of("/srv/a.040b"), "1")
        .check("stat -c %a '/srv/a b'", "700"),
        Case::new("one that was lost", move || {
            cache();
        })
        .prepare("umount '/srv/a b'")
        .check(of("/srv/a.040b"), "1"),
        Case::new("other options", || {
            mount("/srv/a b").device("tmpfs").fs_type("tmpfs").options(["size=2m", "ro"]);
        })
        .check(
            "grep ' /srv/a.040b ' /proc/self/mounts | cut -d' ' -f4 | cut -d, -f1,2,3",
            "ro,relatime,size=2048k",
        ),
        Case::new("another device", || {
            mount("/srv/a b").device("/srv/bound").fs_type("none").options(["bind"]);
        })
        .prepare("umount '/srv/a b' && mkdir -p /srv/bound && touch /srv/bound/inside")
        .check("ls '/srv/a b'", "inside"),
        Case::new("listed and not mounted", || {
            mount("/srv/a b").device("/srv/bound").fs_type("none").options(["bind"]).unmounted();
        })
        .check("ls '/srv/a b'; grep -c bound /etc/fstab", "1"),
        Case::new("only listed", || {
            mount("/srv/listed").device("LABEL=data").fs_type("ext4").pass(2).only_listed();
        })
        .check("tail -n 1 /etc/fstab", "LABEL=data /srv/listed ext4 defaults 0 2"),
        Case::new("absent", || {
            mount("/srv/a b").absent();
            mount("/srv/listed").absent();
        })
        .prepare("mount -t tmpfs tmpfs '/srv/a b' && mount -t tmpfs tmpfs '/srv/a b'")
        .check(of("/srv/a.040b"), "0")
        .check("wc -l </etc/fstab | tr -d ' '", "2"),
    ]
}

fn places() -> Vec<Case> {
    vec![
        Case::new("a time zone", || timezone("Europe/Vienna")).check(
            "readlink /etc/localtime; cat /etc/timezone; date -d @1700000000 +%Z",
            "/usr/share/zoneinfo/Europe/Vienna\nEurope/Vienna\nCET",
        ),
        Case::new("a time zone by a link as of other systems", || timezone("Europe/Vienna"))
            .prepare("ln -sf ../usr/share/zoneinfo/Europe/Vienna /etc/localtime")
            .first([End::Unchanged]),
        Case::new("a language", || {
            locale("de_AT.UTF-8").default();
            locale("C.UTF-8");
        })
        .prepare("apt-get install -q -y --no-install-recommends --no-download locales >/dev/null 2>&1")
        .first([End::Changed, End::Unchanged])
        .check(
            "LC_ALL=de_AT.UTF-8 date -d @1700000000 +%B; grep LANG /etc/default/locale",
            "November\nLANG=de_AT.UTF-8",
        )
        .check("locale -a | grep -c de_AT; grep -c '^de_AT.UTF-8 UTF-8$' /etc/locale.gen", "1\n1"),
        Case::new("another language, not for sessions", || locale("fr_FR.UTF-8")).check(
            "locale -a | grep -e de_AT -e fr_FR; grep LANG /etc/default/locale",
            "de_AT.utf8\nfr_FR.utf8\nLANG=de_AT.UTF-8",
        ),
    ]
}

fn choices() -> Vec<Case> {
    let link = "readlink /etc/alternatives/app-e2e; head -n 1 /var/lib/dpkg/alternatives/app-e2e";
    vec![
        Case::new("a choice that is made known first", || {
            alternatives("app-e2e", "/bin/true").install("/usr/bin/app-e2e", 10);
        })
        .check(link, "/bin/true\nmanual"),
        Case::new("another choice", || alternatives("app-e2e", "/bin/false"))
            .prepare("update-alternatives --install /usr/bin/app-e2e app-e2e /bin/false 20")
            .check(link, "/bin/false\nmanual"),
        Case::new("the system's choice", || alternatives_auto("app-e2e"))
            .prepare("update-alternatives --set app-e2e /bin/true")
            .check(link, "/bin/false\nauto"),
        Case::new("the same by hand", || alternatives("app-e2e", "/bin/false"))
            .check(link, "/bin/false\nmanual"),
    ]
}

#[test]
fn what_a_node_lacks_is_named() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let refused = |troubles: String, words: &[&str]| {
        words.iter().for_each(|word| assert!(troubles.contains(word), "{word}: {troubles}"));
    };
    refused(
        lab.converge(|| timezone("Europe/Wien")).troubles().join(""),
        &["there is no time zone", "tzdata"],
    );
    refused(lab.converge(|| locale("de_AT.UTF-8")).troubles().join(""), &["/etc/locale.gen", "locales"]);
    refused(
        lab.converge(|| alternatives("no-such", "/bin/true")).troubles().join(""),
        &["knows no alternatives for no-such", "install"],
    );
    refused(
        lab.converge(|| mount("/srv/none").device("tmpfs").fs_type("tmpfs")).troubles().join(""),
        &["there is no directory /srv/none"],
    );
    lab.machine.check("mkdir -p /run/systemd && echo lxc >/run/systemd/container");
    refused(
        lab.converge(|| swap_file("/swap", 1 << 20)).troubles().join(""),
        &["swap space would change the kernel"],
    );
    refused(
        lab.converge(|| kernel_module("loop")).troubles().join(""),
        &["module loop would change the kernel"],
    );
}

/// The kernel is the host's, so what would reach it is stood in for: programs that note what they were told where the
/// kernel would show it.
#[test]
fn swap_space_and_modules() {
    require!("nodes");
    const STAND_INS: &str = r#"
        printf 'Filename\tType\tSize\n' >/srv/swaps && mount --bind /srv/swaps /proc/swaps && mkdir -p /sys/module/builtin
        cat >/usr/sbin/swapon <<'EOF'
#!/bin/sh
[ "$(stat -c %a "$1")" = 600 ] && printf '%s\tfile\t1020\n' "$1" >>/srv/swaps
EOF
        cat >/usr/sbin/swapoff <<'EOF'
#!/bin/sh
grep -v "^$1" /srv/swaps >/srv/swaps.new; cat /srv/swaps.new >/srv/swaps; rm /srv/swaps.new
EOF
        cat >/usr/sbin/modprobe <<'EOF'
#!/bin/sh
[ "$1" = -r ] && exec rmdir "/sys/module/$3"
[ "$2" != refused_e2e ] && mkdir "/sys/module/$2" && cp /etc/modprobe.d/pallet-"$2".conf /srv/options 2>/dev/null || [ -d "/sys/module/$2" ]
EOF
        chmod 755 /usr/sbin/swapon /usr/sbin/swapoff /usr/sbin/modprobe"#;
    let lab = Lab::new(Machine::debian());
    lab.machine.check(STAND_INS);
    let file = "stat -c '%s %a' /srv/swapfile; tail -n +2 /proc/swaps | cut -f1; grep -c swapfile /etc/fstab";
    let modules = vec![
        Case::new("swap space", || swap_file("/srv/swapfile", 1 << 20))
            .check(file, "1048576 600\n/srv/swapfile\n1")
            .check("file=/srv/swapfile; dd if=$file bs=1 skip=4086 count=10 2>/dev/null", "SWAPSPACE2"),
        Case::new("out of use", || swap_file("/srv/swapfile", 1 << 20))
            .prepare("swapoff /srv/swapfile")
            .check(file, "1048576 600\n/srv/swapfile\n1"),
        Case::new("another size", || swap_file("/srv/swapfile", 2 << 20))
            .check(file, "2097152 600\n/srv/swapfile\n1"),
        Case::new("no swap space", || swap_file("/srv/swapfile", 2 << 20).absent()).check(
            "[ ! -e /srv/swapfile ] && tail -n +2 /proc/swaps; grep -c swapfile /etc/fstab || true",
            "0",
        ),
        Case::new("modules", || {
            kernel_module("br-netfilter").options("x=1");
            kernel_module("builtin");
        })
        .check(
            "ls /sys/module; cat /etc/modules-load.d/pallet-br_netfilter.conf; grep -c x=1 /srv/options",
            "br_netfilter\nbuiltin\n# Written by pallet.\nbr_netfilter\n1",
        ),
        Case::new("a module that is kept out", || kernel_module("br_netfilter").blacklisted()).check(
            "ls /sys/module; cat /etc/modprobe.d/pallet-br_netfilter.conf; ls /etc/modules-load.d",
            "builtin\n# Written by pallet.\nblacklist br_netfilter\nmodules.conf\npallet-builtin.conf",
        ),
        Case::new("no files", || kernel_module("br_netfilter").absent())
            .check("ls /etc/modprobe.d | grep -c pallet || true", "0"),
    ];
    cases::run(&lab, modules);
    let troubles = lab.converge(|| kernel_module("refused_e2e")).result;
    assert!(troubles.is_err(), "{troubles:?}");
    lab.machine.check("[ ! -e /etc/modules-load.d/pallet-refused_e2e.conf ]");
}
