//! Directories that are the same as those of the controller.

use pallet::actions::LocalDirectory;
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
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
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir -p /srv");
    cases::run(&lab, table());
    files_come_to_the_controller(&lab);
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
    let (none, too_large) = (to("none"), to("too-large"));
    let report = lab.converge(move || fetch_file("/srv/none").to(&none));
    assert!(report.troubles().join("\n").contains("there is no file /srv/none"), "{report:#?}");
    lab.machine.check("truncate -s 17M /srv/bytes");
    let report = lab.converge(move || fetch_file("/srv/bytes").to(&too_large));
    assert!(report.troubles().join("\n").contains("larger than 16 MiB"), "{report:#?}");
    assert!(!folder.path().join("too-large").exists());
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
