//! Files with content.

use pallet::Text;
use pallet::prelude::*;
use pallet_runtime::event::Verb;
use pallet_runtime::request::Request;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::{self, Lab};
use pallet_tests_e2e::machine::Machine;
use std::sync::Arc;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    cases::run(&lab, contents());
    cases::run(&lab, [of_a_new_user()]);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    cases::run(&lab, contents());
}

/// Every byte there is, several times over, at different places of what a script is divided into.
fn binary() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.extend((0..=255u8).rev());
    bytes.extend_from_slice(b"\0\0\\0\\000%s%%\x00007\0");
    bytes
}

/// 200 KB that no line is repeated in.
fn long() -> String {
    (0..).map(|line: u32| format!("line {line} 'quoted' \\n $HOME\n")).take(9000).collect()
}

fn sum(bytes: &[u8]) -> String {
    pallet::probe::Sha256::of(bytes).to_string()
}

fn contents() -> Vec<Case> {
    let local = tempfile::NamedTempFile::new().expect("a file on the controller");
    std::fs::write(local.path(), binary()).expect("written");
    // Kept for as long as the cases are.
    let local = Arc::new(local);
    assert!(long().len() > 200_000);
    vec![
        Case::new("a text, with the attributes of a new file", || {
            remote_file("/srv/text").content("one\ntwo\n");
        })
        .check("cat /srv/text; stat -c '%a %U %G' /srv/text", "one\ntwo\n644 root root"),
        Case::new("a text without a newline at its end", || {
            remote_file("/srv/no-newline").content("one\ntwo");
        })
        .check("sha256sum </srv/no-newline | cut -c-64", sum(b"one\ntwo")),
        Case::new("nothing", || {
            remote_file("/srv/empty").content("");
        })
        .check("stat -c %s /srv/empty", "0"),
        Case::new("newlines only", || {
            remote_file("/srv/newlines").content("\n\n\n");
        })
        .check("stat -c %s /srv/newlines", "3"),
        Case::new("every byte", || {
            remote_file("/srv/binary").content(binary());
        })
        .check("sha256sum </srv/binary | cut -c-64", sum(&binary())),
        Case::new("every byte, from a file", move || {
            remote_file("/srv/binary-local").local_file(local.path());
        })
        .check("sha256sum </srv/binary-local | cut -c-64", sum(&binary())),
        Case::new("200 KB", || {
            remote_file("/srv/long").content(long());
        })
        .check("sha256sum </srv/long | cut -c-64", sum(long().as_bytes())),
        Case::new("a template", || {
            remote_file("/srv/template").template(
                "{% for x in list %}{{ x }} is {{ name }}'s\n{% endfor %}",
                context! {
                    list => ["a", "b"], name => "$(id)",
                },
            );
        })
        .check("cat /srv/template", "a is $(id)'s\nb is $(id)'s"),
        Case::new("a secret among other text", || {
            let password = Secret::from("it's a \"secret\"\\n");
            let text = Text::concat([Text::from("password="), password.into(), "\n".into()]);
            remote_file("/srv/secret").content(text).mode(0o600);
        })
        .check("cat /srv/secret; stat -c %a /srv/secret", "password=it's a \"secret\"\\n\n600"),
        Case::new("a value of the node, known beforehand", || {
            let kernel = output_of("uname -s");
            remote_file("/srv/value").content(Text::concat([Text::from("<"), kernel.into(), ">".into()]));
        })
        .first([End::Unchanged, End::Changed])
        .check("cat /srv/value", "<Linux>"),
        Case::new("a value of something that changes before it", || {
            remote_file("/srv/value-source").content("new\n");
            let value = output_of("cat /srv/value-source 2>/dev/null || echo none");
            remote_file("/srv/value-target").content(value);
        })
        .unsure()
        .first([End::Changed, End::Unchanged, End::Changed])
        .check("cat /srv/value-target", "new"),
        Case::new("another content keeps the attributes", || {
            remote_file("/srv/kept").content("new\n");
        })
        .prepare("echo old >/srv/kept && chmod 640 /srv/kept && chown nobody /srv/kept")
        .check("cat /srv/kept; stat -c '%a %U' /srv/kept", "new\n640 nobody"),
        Case::new("other attributes for the same content", || {
            remote_file("/srv/attributes").content("same\n").mode(0o4711).owner("nobody").group(65534);
        })
        .prepare("echo same >/srv/attributes")
        .check("stat -c '%a %U %g' /srv/attributes", "4711 nobody 65534"),
        Case::new("in the place of a link, which is not followed", || {
            remote_file("/srv/was-link").content("mine\n");
        })
        .prepare("echo theirs >/srv/link-target && ln -s link-target /srv/was-link")
        .check("cat /srv/was-link /srv/link-target; [ ! -L /srv/was-link ]", "mine\ntheirs"),
        Case::new("in the place of a link to a directory", || {
            remote_file("/srv/was-link-dir").content("mine\n");
        })
        .prepare("mkdir /srv/link-target-dir && ln -s link-target-dir /srv/was-link-dir")
        .check("cat /srv/was-link-dir; [ ! -L /srv/was-link-dir ] && ls -A /srv/link-target-dir", "mine"),
        Case::new("one file twice, with another content", || {
            remote_file("/srv/contents").content("one");
            remote_file("/srv/contents").content("two");
        })
        .again(0, End::Changed)
        .again(1, End::Changed)
        .check("cat /srv/contents", "two"),
        Case::new("one file twice, the second time differently", || {
            remote_file("/srv/twice").content("same\n").mode(0o644);
            file("/srv/twice").mode(0o600);
            remote_file("/srv/twice-other").content("x");
            remote_file("/srv/twice-other").content("x");
        })
        .first([End::Changed, End::Changed, End::Changed, End::Unchanged])
        .again(0, End::Changed)
        .again(1, End::Changed),
        Case::new("nothing of ours is left beside them", || file("/srv/text"))
            .first([End::Unchanged])
            .check("find / -xdev -name '.pallet-*' 2>/dev/null; ls -A /tmp", ""),
    ]
}

fn of_a_new_user() -> Case {
    Case::new("of a user that does not exist yet, in a directory that does not either", || {
        let app = user("filer").system();
        let home = directory("/srv/filer").owner("filer").mode(0o700).after(app);
        remote_file("/srv/filer/config").content("x\n").owner("filer").mode(0o400).after(home);
    })
    .check("stat -c '%a %U' /srv/filer /srv/filer/config", "700 filer\n400 filer")
}

#[test]
fn edits_by_others_are_noticed_and_overwritten_when_asked() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let write = |content: &'static str| move || remote_file("/srv/edited").content(content);
    lab.converge(write("first\n")).summary();
    lab.machine.check("echo theirs >/srv/edited");

    let report = lab.converge(write("second\n"));
    let troubles = report.troubles().join("\n");
    assert!(troubles.contains("/srv/edited was edited by somebody else"), "{troubles}");
    assert!(troubles.contains("--overwrite-edits"), "{troubles}");
    assert_eq!(lab.machine.check("cat /srv/edited"), "theirs\n");
    assert!(lab.plan(write("second\n")).result.is_err(), "the plan says so, too");

    let overwrite = Request { overwrite_edits: true, ..Request::new(Verb::Converge) };
    lab.run(&overwrite, lab::phase(write("second\n"))).summary();
    assert_eq!(lab.machine.check("cat /srv/edited"), "second\n");

    lab.machine.check("echo theirs >/srv/edited");
    lab.converge(|| remote_file("/srv/edited").content("third\n").overwrite_edits()).summary();
    assert_eq!(lab.machine.check("cat /srv/edited"), "third\n");

    // Who makes the very edit that we would make has done our work.
    lab.machine.check("echo fourth >/srv/edited");
    assert_eq!(lab.converge(write("fourth\n")).summary().counts.changed, 0);
    lab.converge(write("fifth\n")).summary();
    // A file that was removed is made again.
    lab.machine.check("rm /srv/edited");
    lab.converge(write("sixth\n")).summary();
    assert_eq!(lab.machine.check("cat /srv/edited"), "sixth\n");
}

#[test]
fn a_full_disk_leaves_the_old_content() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check(
        "mkdir /srv/small && mount -t tmpfs -o size=64k tmpfs /srv/small && echo old >/srv/small/file",
    );
    let report = lab.converge(|| remote_file("/srv/small/file").content(long()));
    assert!(report.result.is_err(), "{report:#?}");
    assert_eq!(lab.machine.check("cat /srv/small/file; ls -A /srv/small"), "old\nfile\n");
    lab.machine.check("umount /srv/small && rmdir /srv/small");
}

#[test]
fn a_plan_shows_what_differs_and_no_secret() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("printf 'a\\nb\\n' >/srv/shown");
    let plan = lab.plan(|| {
        remote_file("/srv/shown").content("a\nc\n");
        remote_file("/srv/hidden").content(Secret::from("s3cr3t"));
    });
    let planned = plan.planned();
    let diff = planned[0].diff.as_deref().unwrap_or_default();
    assert!(diff.contains("-b\n+c\n"), "{diff:?}");
    assert!(!format!("{plan:?}").contains("s3cr3t"));
}
