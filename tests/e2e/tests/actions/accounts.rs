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
