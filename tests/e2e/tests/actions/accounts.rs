//! Users and groups.

use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    cases::run(&lab, made());
    cases::run(&lab, changed());
    cases::run(&lab, passwords());
    cases::run(&lab, members());
    cases::run(&lab, absent());
}

/// Debian's busybox can make no accounts. That is said as it is.
#[test]
fn on_busybox() {
    require!("nodes");
    let report = Lab::new(Machine::busybox()).converge(|| user("app"));
    assert!(report.troubles().join("").contains("user app: "), "{report:#?}");
}

fn made() -> Vec<Case> {
    vec![
        Case::new("a user with all attributes, and its groups, on an empty node", || {
            group("staff-e2e").gid(4100);
            group("extra-e2e");
            let app = user("app")
                .uid(4200)
                .group("staff-e2e")
                .groups(["extra-e2e"])
                .home("/srv/app home")
                .shell("/bin/sh")
                .full_name("It's An App, Really");
            file("/srv/app-file").owner("app").group("staff-e2e").after(app);
        })
        .check(
            "grep ^app: /etc/passwd; id -Gn app; stat -c '%U %G' /srv/app-file; stat -c '%U' '/srv/app home'",
            "app:x:4200:4100:It's An App, Really:/srv/app home:/bin/sh\nstaff-e2e extra-e2e\napp staff-e2e\napp",
        ),
        Case::new("a user with nothing said", || user("plain"))
            .check("id -gn plain; stat -c '%U' /home/plain", "plain\nplain"),
        Case::new("a group of the same name first", || {
            group("twin").gid(4400);
            user("twin");
            group("twin").gid(4400);
        })
        .first([End::Changed, End::Changed, End::Unchanged])
        .check("id -g twin", "4400"),
        Case::new("a system user without a home", || {
            user("daemon-e2e").system();
        })
        .check("[ $(id -u daemon-e2e) -lt 1000 ] && [ ! -e /home/daemon-e2e ]", ""),
        Case::new("a user without a home", || user("homeless").create_home(false))
            .check("[ ! -e /home/homeless ]", ""),
        Case::new("a system group", || group("sys-e2e").system())
            .check("grep -c ^sys-e2e: /etc/group", "1"),
        Case::new("a user whose primary group is a number", || {
            group("numbered").gid(4300);
            user("number").group(4300);
        })
        .check("id -gn number", "numbered"),
        Case::new("files of a new user", || {
            let new = user("filer-e2e");
            directory("/home/filer-e2e/sub").owner("filer-e2e").mode(0o700).after(new);
        })
        .unsure()
        .check("stat -c '%U %a' /home/filer-e2e/sub", "filer-e2e 700"),
    ]
}

/// Each attribute of a user that is there already.
fn changed() -> Vec<Case> {
    let one = |name: &'static str,
               edit: fn(Handle<pallet::actions::User>) -> Handle<pallet::actions::User>| {
        Case::new(name, move || edit(user("one"))).prepare(
            "userdel -r one 2>/dev/null; groupdel one 2>/dev/null; groupadd -f other; useradd -m -U -u 4500 -s /bin/sh -c Old one",
        )
    };
    vec![
        one("nothing", |user| user).first([End::Unchanged]),
        one("number", |user| user.uid(4501)).check("id -u one", "4501"),
        one("primary group", |user| user.group("other")).check("id -gn one", "other"),
        one("further groups", |user| user.groups(["other", "www-data"]))
            .check("id -Gn one", "one www-data other"),
        one("home", |user| user.home("/srv/one")).check("getent passwd one | cut -d: -f6", "/srv/one"),
        one("shell", |user| user.shell("/bin/bash")).check("getent passwd one | cut -d: -f7", "/bin/bash"),
        one("full name", |user| user.full_name("New N\u{e4}me"))
            .check("getent passwd one | cut -d: -f5", "New N\u{e4}me"),
        one("no full name", |user| user.full_name("")).check("getent passwd one | cut -d: -f5", ""),
        Case::new("a group's number", || group("renumbered").gid(4601))
            .prepare("groupadd -g 4600 renumbered")
            .check("getent group renumbered | cut -d: -f3", "4601"),
    ]
}

const HASH: &str =
    "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.";

fn passwords() -> Vec<Case> {
    let entry = "getent shadow secret-e2e | cut -d: -f2";
    vec![
        Case::new("a new user with a password, a lock and an expiry", || {
            user("secret-e2e").password_hash(Secret::from(HASH)).locked().expires("2031-12-31").shell("bash");
        })
        .check(entry, format!("!{HASH}"))
        .check(
            "getent shadow secret-e2e | cut -d: -f8; getent passwd secret-e2e | cut -d: -f7",
            "22644\n/bin/bash",
        ),
        Case::new("the password again, and its lock stays", || {
            user("secret-e2e").password_hash(Secret::from(HASH));
        })
        .first([End::Unchanged])
        .check(entry, format!("!{HASH}")),
        Case::new("unlocked", || user("secret-e2e").unlocked()).check(entry, HASH),
        Case::new("locked", || user("secret-e2e").locked()).check(entry, format!("!{HASH}")),
        Case::new("another password, unlocked, no expiry", || {
            user("secret-e2e").password_hash(Secret::from("$6$salt$other.other")).unlocked().expires_never();
        })
        .check(entry, "$6$salt$other.other")
        .check("getent shadow secret-e2e | cut -d: -f8", ""),
        Case::new("locked without a password", || user("never-e2e").locked())
            .check("getent shadow never-e2e | cut -d: -f2", "!"),
        Case::new("locked that was not, and has none", || user("star-e2e").locked())
            .prepare("useradd star-e2e && usermod -p '*' star-e2e")
            .first([End::Unchanged]),
    ]
}

fn members() -> Vec<Case> {
    vec![
        Case::new("members of a group", || {
            user("m-1");
            user("m-2");
            group("m-all").members(["m-1", "m-2"]);
        })
        .check("getent group m-all | cut -d: -f4", "m-1,m-2"),
        Case::new("exactly these members", || group("m-all").only_members(["m-2"]))
            .check("getent group m-all | cut -d: -f4", "m-2"),
        Case::new("exactly these groups", || {
            group("m-other");
            user("m-2").only_groups(["m-other", "www-data"]);
        })
        .check("id -Gn m-2", "m-2 www-data m-other"),
        Case::new("in no further group", || user("m-2").only_groups([""; 0])).check("id -Gn m-2", "m-2"),
        Case::new("a home that moves with what is in it", || user("m-1").home("/srv/m-1").move_home())
            .prepare("touch /home/m-1/kept")
            .check("ls /srv/m-1; [ ! -e /home/m-1 ]", "kept"),
        Case::new("a base directory", || {
            user("based").base_dir("/srv");
        })
        .check("getent passwd based | cut -d: -f6; stat -c %U /srv/based", "/srv/based\nbased"),
        Case::new("a base directory moves nobody", || {
            user("based").base_dir("/opt");
        })
        .first([End::Unchanged]),
    ]
}

#[test]
fn what_cannot_be_a_password_or_a_member_is_refused() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("useradd none");
    let report = lab.converge(|| user("x").password_hash("correct horse"));
    let troubles = report.troubles().join("");
    assert!(troubles.contains("openssl passwd -6") && !troubles.contains("correct horse"), "{troubles}");
    let troubles = lab.converge(|| group("g").members(["nobody-there"])).troubles().join("");
    assert!(troubles.contains("there is no user nobody-there"), "{troubles}");
    let troubles = lab.converge(|| user("none").unlocked()).troubles().join("");
    assert!(troubles.contains("none has no password that could be unlocked"), "{troubles}");
}

/// While the password is set, nothing that can list processes sees it, and no report has it.
#[test]
fn a_password_hash_is_in_no_argument_and_no_report() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    // What `chpasswd` was started with, and what every process of the node has as arguments then.
    lab.machine.check(
        "mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real && printf '%s\\n' '#!/bin/sh' \
         'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ >/srv/seen 2>/dev/null' \
         'exec chpasswd.real \"$@\"' >/usr/sbin/chpasswd && chmod 755 /usr/sbin/chpasswd",
    );
    let report = lab.converge(|| user("app").password_hash(Secret::from(HASH)));
    report.summary();
    lab.machine.check(
        "[ -s /srv/seen ] && ! grep -q IxDD3jeSOb5 /srv/seen && getent shadow app | grep -q IxDD3jeSOb5",
    );
    assert!(!format!("{report:?}").contains("IxDD3jeSOb5"));
}

fn absent() -> Vec<Case> {
    vec![
        Case::new("absent users and groups", || {
            user("plain").absent();
            user("never").absent();
            group("sys-e2e").absent();
            group("never").absent();
        })
        .first([End::Changed, End::Unchanged, End::Changed, End::Unchanged])
        .check("! grep -e ^plain: -e ^sys-e2e: /etc/passwd /etc/group; ls -d /home/plain", "/home/plain"),
        Case::new("an absent user with its home", || user("number").absent_with_home())
            .check("! grep ^number: /etc/passwd; ls /home | grep -c number || true", "0"),
        Case::new("a user and the group that was made with it", || {
            user("homeless").absent();
            group("homeless").absent();
        })
        .first([End::Changed, End::Unchanged])
        .check("! grep ^homeless: /etc/passwd /etc/group", ""),
    ]
}

#[test]
fn a_group_that_is_missing_is_named_before_anything_is_touched() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let report = lab.converge(|| {
        file("/srv/touched");
        user("app").groups(["no-such-group"]);
    });
    let troubles = report.troubles().join("\n");
    assert!(troubles.contains("there is no group no-such-group"), "{troubles}");
    assert!(troubles.contains(r#"write `group(\"no-such-group\")` before this line"#), "{troubles}");
    lab.machine.check("[ ! -e /srv/touched ]");
}
