//! Directories that are the same as those of the controller.

use pallet::actions::{FetchDirectory, LocalDirectory};
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// A directory on the controller, filled by a line of shell.
fn local(script: &str) -> Arc<TempDir> {
    let folder = tempfile::tempdir().expect("a folder");
    let output =
        Command::new("sh").arg("-c").arg(script).current_dir(folder.path()).output().expect("a shell");
    assert!(output.status.success(), "{output:?}");
    Arc::new(folder)
}

/// Files with hostile names, an executable one, an empty directory, and links of which two lead out.
fn site() -> Arc<TempDir> {
    local(
        "mkdir -p bin empty -- '-d' && echo run >bin/run && chmod 755 bin/run && echo conf >conf && : >'-rf' && \
         printf 'a\\000b%%s' >'-d/a b'\\''$(x)`*' && ln -s conf link && ln -s /etc out && ln -s ../.. up && \
         mkdir cache && echo x >cache/x && echo x >x.swp && printf '\\\\' >'back\\slash'",
    )
}

fn same(path: &'static str, folder: &TempDir) -> Handle<LocalDirectory> {
    remote_directory(path).local_directory(folder.path())
}

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    cases::run(&lab, table());
    what_is_wrong_is_refused(&lab);
    what_was_interrupted_is_finished(&lab);
    files_come_to_the_controller(&lab);
    directories_come_to_the_controller(&lab);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir -p /srv");
    cases::run(&lab, table());
    files_come_to_the_controller(&lab);
    directories_come_to_the_controller(&lab);
}

#[test]
fn as_an_admin_user_over_ssh() {
    require!("nodes");
    let lab = Lab::new(Machine::systemd());
    lab.machine.check(
        "useradd -m ops && cp -r /root/.ssh /home/ops/ && chown -R ops /home/ops/.ssh && \
         echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops",
    );
    cases::run(&lab.as_user("ops"), [large()]);
}

/// More than fits a script, in files of which one is longer than any buffer.
fn large() -> Case {
    let folder = local(
        "for n in 1 2 3 4 5 6 7 8 9; do mkdir $n && for m in 1 2 3 4; do echo $n $m >$n/$m; done; done && \
         head -c 1000000 /dev/urandom >large && chmod 755 large && cp large 1/copy && chmod 644 1/copy && : >none",
    );
    let sums = local_sums(&folder);
    Case::new("more than fits a script", move || {
        same("/srv/large", &folder).owner("nobody").delete_extra();
    })
    .prepare(
        "rm -rf /srv/large && mkdir -p /srv/large/1/1/2 && echo old >/srv/large/9 && ln -s /etc /srv/large/2",
    )
    .check(format!("cd /srv/large && {SUMS}"), sums)
    .check(
        "cd /srv/large && stat -c '%a %U' . large 1 1/copy; find . ! -user nobody",
        "755 nobody\n755 nobody\n755 nobody\n644 nobody",
    )
}

const SUMS: &str = "find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum";

fn local_sums(folder: &TempDir) -> String {
    let output = Command::new("sh").arg("-c").arg(SUMS).current_dir(folder.path()).output().expect("a shell");
    String::from_utf8(output.stdout).expect("a hash").trim_end().to_owned()
}

fn table() -> Vec<Case> {
    let site = site();
    let with = |change: fn(Handle<LocalDirectory>) -> Handle<LocalDirectory>| {
        let site = site.clone();
        move || change(same("/srv/site", &site).exclude("*.swp").exclude("cache"))
    };
    let leftover = "find / -xdev -name '.pallet-*' 2>/dev/null; ls -A /var/lib/pallet/incoming 2>/dev/null";
    vec![
        Case::new("a new directory", with(|site| site))
            .check(
                "cd /srv/site && LC_ALL=C ls -A && cat bin/run conf back* && stat -c %a . bin bin/run conf empty -- -d -rf",
                "-d\n-rf\nback\\slash\nbin\nconf\nempty\nlink\nout\nup\nrun\nconf\n\\755\n755\n755\n644\n755\n755\n644",
            )
            .check("cd /srv/site/-d && sha256sum <\"$(ls)\" | cut -c-64", pallet::probe::Sha256::of(b"a\0b%s").to_string())
            .check("cd /srv/site && for l in link out up; do readlink $l; done", "conf\n/etc\n../.."),
        Case::new("what others changed is put right", with(|site| site))
            .prepare(
                "cd /srv/site && echo edited >conf && chmod 600 bin/run && rm link && echo file >link && rm -r empty && \
                 ln -s /etc empty && rm up && ln -s /tmp up && echo mine >extra",
            )
            .check(
                "cd /srv/site && cat conf extra && stat -c %a bin/run && readlink link; readlink up; stat -c %F empty",
                "conf\nmine\n755\nconf\n../..\ndirectory",
            ),
        Case::new("a link where a directory was is not followed", with(|site| site))
            .prepare("rm -rf /srv/site/bin /srv/away && mkdir /srv/away && ln -s /srv/away /srv/site/bin")
            .check("ls -A /srv/away; cat /srv/site/bin/run", "run"),
        Case::new("nor one that a name in it leads out of", with(|site| site))
            .prepare("rm -rf /srv/site/conf /srv/hit && echo hit >/srv/hit && ln -s /srv/hit /srv/site/conf")
            .check("cat /srv/hit /srv/site/conf", "hit\nconf"),
        Case::new("what is extra goes, but for what is excluded", with(|site| site.delete_extra()))
            .prepare(
                "cd /srv/site && mkdir -p old/deep cache used/cache && echo x >old/deep/y && echo x >used/cache/z && echo x >cache/kept && \
                 echo x >\"$(printf 'new\\nline')\" && echo x >-n && echo x >mine.swp && ln -s /etc old/etc",
            )
            .check("cd /srv/site && LC_ALL=C ls -A && cat used/cache/z cache/kept; ls /etc/passwd", "-d\n-rf\nback\\slash\nbin\ncache\nconf\nempty\nlink\nmine.swp\nout\nup\nused\nx\nx\n/etc/passwd"),
        Case::new("an owner for all of it", with(|site| site.owner("nobody").mode(0o750)))
            .check("cd /srv/site && stat -c '%a %U' . conf bin/run link && stat -c %U /etc", "750 nobody\n644 nobody\n755 nobody\n777 nobody\nroot"),
        Case::new("after an action that writes into it", {
            let site = site.clone();
            move || {
                directory("/srv/made");
                remote_file("/srv/made/conf").content("conf\n");
                remote_file("/srv/made/more").content("more\n");
                same("/srv/made", &site);
            }
        })
        .check("cat /srv/made/conf /srv/made/more /srv/made/x.swp", "conf\nmore\nx"),
        large(),
        Case::new("nothing of ours is left beside them", || file("/srv/site/conf")).first([End::Unchanged]).check(leftover, ""),
    ]
}

fn what_is_wrong_is_refused(lab: &Lab) {
    let refused = |path: &'static str, folder: &Arc<TempDir>, message: &str| {
        let folder = folder.clone();
        let troubles = lab.converge(move || same(path, &folder)).troubles().join("\n");
        assert!(troubles.contains(message) && troubles.contains("sync.rs:"), "{message}: {troubles}");
    };
    let plain = local("echo x >file");
    lab.machine.check("cd /srv && mkdir -p wrong/file && ln -s wrong linked && echo x >plain");
    refused("/srv/wrong", &plain, ".delete_extra()");
    refused("/srv/linked", &plain, "is a symbolic link");
    refused("/srv/plain", &plain, "is not a directory");
    refused("/srv/none/below", &plain, "there is no directory /srv/none");
    refused("/srv/other", &local("mkfifo pipe"), "exclude");
    let gone = local("true");
    std::fs::remove_dir(gone.path()).expect("removed");
    refused("/srv/other", &gone, "on the controller");
    lab.machine.check("[ -d /srv/wrong/file ] && [ ! -e /srv/other ] && [ ! -e /srv/none ]");
}

/// What a node has comes to the controller, whatever bytes it is made of.
fn files_come_to_the_controller(lab: &Lab) {
    let folder = local("echo old >old");
    let to = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let paths = [to("new/{node}/large"), to("old"), to("empty")];
    let phase = move || {
        fetch_file("/srv/bytes").to(&paths[0]);
        fetch_file("/srv/written").to(&paths[1]);
        fetch_file("/srv/empty").to(&paths[2]);
    };
    let size = "head -c 3000000 /dev/urandom >/srv/bytes && : >/srv/empty && echo new >/srv/written";
    cases::run(lab, [Case::new("files of the node", phase).prepare(size)]);
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("fetched");
    let node =
        std::fs::read_dir(folder.path().join("new")).expect("made").next().expect("one").expect("read");
    let large = std::fs::read(node.path().join("large")).expect("fetched");
    let sum = lab.machine.check("sha256sum </srv/bytes | cut -c-64");
    assert_eq!(pallet::probe::Sha256::of(&large).to_string(), sum.trim_end());
    assert_eq!((read("old"), read("empty")), (b"new\n".to_vec(), Vec::new()));
    let mode = std::fs::metadata(folder.path().join("old")).expect("there").permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    let none = to("none");
    let report = lab.converge(move || fetch_file("/srv/none").to(&none));
    assert!(report.troubles().join("\n").contains("there is no file /srv/none"), "{report:#?}");
    let large = to("larger");
    lab.machine.check("truncate -s 40M /srv/bytes");
    lab.converge(move || fetch_file("/srv/bytes").to(&large)).summary();
    let sum = lab.machine.check("sha256sum </srv/bytes | cut -c-64; rm /srv/bytes");
    assert_eq!(sum.trim_end(), sum_of(&folder.path().join("larger")));
}

fn sum_of(path: &Path) -> String {
    let file = std::fs::File::open(path).expect("fetched");
    pallet::probe::Sha256::read(file).expect("read").0.to_string()
}

/// A directory of the node is the same on the controller, whatever is in it, and nothing is written beside it.
fn directories_come_to_the_controller(lab: &Lab) {
    let folder = local("mkdir outside");
    let to = folder.path().join("got/{node}").to_str().expect("UTF-8").to_owned();
    let with = |change: fn(Handle<FetchDirectory>) -> Handle<FetchDirectory>| {
        let to = to.clone();
        move || change(fetch_directory("/srv/from").to(&to).exclude("*.swp"))
    };
    let prepare = "rm -rf /srv/from; mkdir -p /srv/from/deep/er /srv/from/empty && cd /srv/from && printf 'a\\000b' >deep/er/x && \
         : >none && echo run >run && chmod 4750 run && chmod 555 empty && ln -s deep/er/x in && ln -s ../none deep/up && \
         ln -s /etc out && ln -s ../../.. deep/away && mkfifo pipe && echo x >x.swp && \
         echo odd >\"$(printf 'back\\\\slash $(x) \\033')\" && head -c 700000 /dev/urandom >large";
    let listing = "find . | LC_ALL=C sort | while IFS= read -r n; do echo \"$(stat -c '%a %F' \"$n\") $n $(readlink \"$n\")\"; done; \
         cat deep/er/x run none large back* | sha256sum";
    let of_node = "cd /srv/from && rm out deep/away pipe x.swp && chmod 0750 run && chmod 755 . empty";
    let got = || {
        let entries = std::fs::read_dir(folder.path().join("got")).expect("made");
        entries.map(|entry| entry.expect("read").path()).next().expect("one")
    };
    let same = |prepare: &str| {
        lab.machine.check(prepare);
        let mut here = Command::new("sh");
        here.arg("-c").arg(format!("chmod 755 . && {listing}")).current_dir(got());
        let here = String::from_utf8(output_of_it(&mut here)).expect("UTF-8");
        assert_eq!(here, lab.machine.check(&format!("cd /srv/from && {listing}")));
    };
    cases::run(lab, [Case::new("a directory of the node", with(|fetch| fetch)).prepare(prepare)]);
    same(of_node);
    // What differs here is put right, and no link is followed that somebody put here.
    let outside = folder.path().join("outside");
    let spoil = "rm -rf deep && ln -s \"$1\" deep && ln -sf \"$1\" run && mkdir -p old/er && echo x >old/er/y && echo x >mine.swp && chmod 600 none";
    output_of_it(Command::new("sh").args(["-c", spoil, "-"]).arg(&outside).current_dir(got()));
    cases::run(lab, [Case::new("what others changed here", with(|fetch| fetch.delete_extra()))]);
    assert_eq!(std::fs::read_dir(&outside).expect("there").count(), 0);
    std::fs::remove_file(got().join("mine.swp")).expect("it was left alone");
    same("true");
    let (made, later) = (with(|fetch| fetch), with(|fetch| fetch));
    cases::run(
        lab,
        [
            Case::new("after an action that writes into it", move || {
                remote_file("/srv/from/made").content("made in the same run\n");
                made()
            })
            .unsure(),
            Case::new("after a command that writes into it", move || {
                exec("echo made >/srv/from/by-command").creates("/srv/from/by-command");
                later()
            })
            .unsure(),
        ],
    );
    same("true");

    let troubles = |path: &'static str, prepare: &str| {
        lab.machine.check(prepare);
        let to = to.clone();
        lab.converge(move || fetch_directory(path).to(&to)).troubles().join("\n")
    };
    assert!(troubles("/srv/none", "rm -rf /srv/none").contains("there is no directory /srv/none"));
    assert!(troubles("/srv/linked", "ln -sfn from /srv/linked").contains("is a symbolic link"));
    assert!(troubles("/srv/from", "echo x >\"$(printf '/srv/from/new\\nline')\"").contains("newline"));
    lab.machine.check("rm -rf /srv/from");
}

fn output_of_it(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("a shell");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// A run that was killed between two files leaves each whole or not there, and its staging to the next one.
fn what_was_interrupted_is_finished(lab: &Lab) {
    let folder = local("mkdir a && echo 1 >a/1 && echo 2 >a/2");
    let staging = "/srv/.pallet-dead-0";
    lab.machine.check(&format!(
        "mkdir -p /srv/half/a {staging}/f && echo 1 >/srv/half/a/1 && echo 2 >{staging}/f/1 && \
         echo '999999 {staging}' >>/var/lib/pallet/staged"
    ));
    let report = lab.converge(move || same("/srv/half", &folder));
    assert_eq!(report.summary().counts.changed, 1);
    lab.machine.check(&format!("[ \"$(cat /srv/half/a/*)\" = \"1\n2\" ] && [ ! -e {staging} ]"));
}
