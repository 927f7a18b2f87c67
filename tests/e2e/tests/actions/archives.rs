//! Directories that are unpacked from archives.

use pallet::PhaseOutput;
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("cd /srv && mkdir www && busybox httpd -p 127.0.0.1:8080 -h /srv/www");
    cases::run(&lab, archives());
    what_is_wrong_is_refused_and_changes_nothing(&lab);
    large_archives_travel_beside_the_script(&lab);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir -p /srv/www && httpd -p 127.0.0.1:8080 -h /srv/www");
    cases::run(&lab, archives());
    cases::run(&lab, zips());
}

/// Packs `app-1/bin/run`, which is executable, `app-1/etc/conf` and a link to it, with the controller's own tools.
fn packed(command: &str) -> (Arc<TempDir>, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "mkdir -p app-1/bin app-1/etc && echo run >app-1/bin/run && chmod 755 app-1/bin/run && echo conf >app-1/etc/conf && \
         ln -s etc/conf app-1/link && echo hidden >app-1/.hidden && chown -R 12345:12345 app-1 && {command} && ls archive"
    );
    let output =
        Command::new("sh").arg("-c").arg(script).current_dir(folder.path()).output().expect("a shell");
    assert!(output.status.success(), "{output:?}");
    let path = folder.path().join("archive");
    (Arc::new(folder), path)
}

fn sum(path: &Path) -> String {
    pallet::probe::Sha256::of(&std::fs::read(path).expect("packed")).to_string()
}

const TAR: &str = "tar -czf archive app-1";

fn archives() -> Vec<Case> {
    let (folder, path) = packed(TAR);
    let local = move || {
        let _kept = &folder;
        remote_directory("/srv/local").local_archive(&path)
    };
    let (node_folder, node_path) = packed(TAR);
    let (www_folder, www_path) = packed(TAR);
    let hash = sum(&www_path);
    let stripped = local.clone();
    let (other, other_path) =
        packed("mv app-1 app-2 && rm app-2/etc/conf && echo 2 >app-2/new && tar -czf archive app-2");
    let other = move || {
        let _kept = &other;
        remote_directory("/srv/local").local_archive(&other_path)
    };
    let clean = other.clone();
    let (part, part_path) = packed(TAR);
    let through = b"through the proxy";
    let hash_through = pallet::probe::Sha256::of(through).to_string();
    vec![
        Case::new("from the controller", move || {
            local();
        })
        .check(
            "cd /srv/local/app-1 && cat bin/run link .hidden && stat -c '%a %u' bin/run etc . ..",
            "run\nconf\nhidden\n755 0\n755 0\n755 0\n755 0",
        ),
        Case::new("without the leading directory, for a user", move || {
            stripped().strip_components(1).owner("nobody").mode(0o750);
        })
        .check(
            "cd /srv/local && cat bin/run .hidden && stat -c '%a %U' bin/run . && stat -c %U link && ls app-1/bin",
            "run\nhidden\n755 nobody\n750 nobody\nnobody\nrun",
        ),
        Case::new("another archive leaves what is not in it", move || {
            other().strip_components(1);
        })
        .check("cd /srv/local && cat new bin/run && ls -A | tr '\\n' ' '", "2\nrun\n.hidden app-1 bin etc link new "),
        Case::new("unless it is to be clean", move || {
            clean().strip_components(1).clean();
        })
        .check("cd /srv/local && ls -A | tr '\\n' ' '; stat -c '%a %U' .", ".hidden bin etc link new 750 nobody"),
        Case::new("some of its members", move || {
            let _kept = &part;
            let directory = remote_directory("/srv/part").local_archive(&part_path).strip_components(1);
            directory.only("app-1/etc").only("app-1/.hidden");
        })
        .check("cd /srv/part && find . | LC_ALL=C sort | tr '\\n' ' '", ". ./.hidden ./etc ./etc/conf "),
        Case::new("a file through a proxy", move || {
            remote_file("/srv/through")
                .url("http://nowhere.invalid/file")
                .proxy("http://127.0.0.1:3129")
                .sha256(&hash_through);
        })
        .prepare(
            "(printf 'HTTP/1.0 200 OK\\r\\n\\r\\nthrough the proxy' | busybox nc -l -p 3129 >/srv/asked 2>&1 &) </dev/null >/dev/null 2>&1; \
             timeout 30 sh -c 'until cat /proc/net/tcp* | grep -q :0C39; do sleep 0.1; done'",
        )
        .check("cat /srv/through; head -c 31 /srv/asked", "through the proxyGET http://nowhere.invalid/file"),
        Case::new("from the node, of what is written before it", move || {
            let _kept = &node_folder;
            remote_file("/srv/on-node").local_file(&node_path);
            remote_directory("/srv/from-node").archive("/srv/on-node");
        })
        .check("cat /srv/from-node/app-1/bin/run", "run"),
        Case::new("attributes of one that is unpacked", || {
            remote_directory("/srv/from-node").archive("/srv/on-node").mode(0o700);
        })
        .check("stat -c %a /srv/from-node", "700"),
        Case::new("from a URL", move || {
            let _kept = &www_folder;
            remote_file("/srv/www/app.tgz").local_file(&www_path);
            remote_directory("/srv/from-url").url("http://127.0.0.1:8080/app.tgz", &hash).strip_components(1);
            remote_directory("/srv/from-any").unverified_url("http://127.0.0.1:8080/app.tgz");
        })
        .check("cat /srv/from-url/bin/run /srv/from-any/app-1/bin/run", "run\nrun"),
        Case::new("nothing of ours is left beside them", || file("/srv/local/new"))
            .first([End::Unchanged])
            .check("find / -xdev -name '.pallet-*' 2>/dev/null; ls -A /tmp", ""),
    ]
}

/// The archive has one file, `app-1/bin/run`.
fn zips() -> Vec<Case> {
    let zip = include_bytes!("archives/app.zip");
    vec![
        Case::new("a zip file", move || {
            remote_file("/srv/app.zip").content(zip.to_vec());
            remote_directory("/srv/zip").archive("/srv/app.zip").strip_components(1);
        })
        .check(
            "cat /srv/zip/bin/run; find /srv/zip | sort | tr '\\n' ' '",
            "run\n/srv/zip /srv/zip/bin /srv/zip/bin/run ",
        ),
    ]
}

fn what_is_wrong_is_refused_and_changes_nothing(lab: &Lab) {
    fn refused<R: PhaseOutput>(lab: &Lab, phase: impl Fn() -> R + Send + Sync + 'static, message: &str) {
        let troubles = lab.converge(phase).troubles().join("\n");
        assert!(troubles.contains(message) && troubles.contains("archives.rs:"), "{message}: {troubles}");
        lab.machine.check(
            "[ ! -e /srv/wrong ] && [ ! -e /srv/escaped ] && [ -z \"$(find /srv -name '.pallet-*')\" ]",
        );
    }
    lab.machine.check(
        "cd /srv && mkdir -p pack/in && echo x >escaped && tar -cPf up.tar -C pack/in ../../escaped && \
         tar -cPf absolute.tar /srv/escaped && rm escaped && head -c 3000 /dev/urandom >garbage && printf 'PK\\003\\004' >zip && touch file",
    );
    let wrong = |archive: &'static str| move || remote_directory("/srv/wrong").archive(archive);
    refused(lab, wrong("/srv/up.tar"), "absolute name or with ..");
    refused(lab, wrong("/srv/absolute.tar"), "absolute name or with ..");
    refused(lab, wrong("/srv/garbage"), "cannot read the archive");
    refused(lab, wrong("/srv/zip"), "there is no unzip");
    refused(lab, wrong("/srv/none"), "there is no file /srv/none");
    refused(
        lab,
        || remote_directory("/srv/file").archive("/srv/up.tar"),
        "/srv/file exists and is not a directory",
    );
    refused(
        lab,
        || remote_directory("/srv/wrong").local_archive("/none"),
        "cannot read /none on the controller",
    );
    let zeros = "0".repeat(64);
    let phase = move || remote_directory("/srv/wrong").url("http://127.0.0.1:8080/app.tgz", &zeros);
    refused(lab, phase, "is not what it should be");
}

fn large_archives_travel_beside_the_script(lab: &Lab) {
    let (folder, path) = packed("head -c 2000000 /dev/urandom >app-1/large && tar -czf archive app-1");
    let phase = move || {
        let _kept = &folder;
        remote_directory("/srv/large").local_archive(&path)
    };
    lab.converge(phase.clone()).summary();
    assert_eq!(lab.machine.check("stat -c %s /srv/large/app-1/large"), "2000000\n");
    let again = lab.converge(phase);
    assert_eq!((again.summary().counts.changed, again.summary().round_trips), (0, 2));
}
