//! Where the content of files comes from: copies and downloads; and what is done before it goes live.

use pallet::PhaseOutput;
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    serve(&lab, "busybox httpd");
    cases::run(&lab, sources());
    cases::run(&lab, precautions());
    what_is_wrong_is_refused_and_what_was_there_stays(&lab);
    edits_of_downloads_are_noticed(&lab);
    signatures(&lab);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    serve(&lab, "httpd");
    cases::run(&lab, sources());
    cases::run(&lab, precautions());
}

const URL: &str = "http://127.0.0.1:8080";

/// Serves `/srv/www` on the node's own loopback.
fn serve(lab: &Lab, httpd: &str) {
    lab.machine.check(&format!("mkdir /srv/www && cd /srv/www && printf 'one\\n' >one && printf 'two\\n' >two && {httpd} -p 127.0.0.1:8080 -h /srv/www && sha256sum one two >sums"));
}

fn sum(text: &str) -> String {
    pallet::probe::Sha256::of(text.as_bytes()).to_string()
}

fn sources() -> Vec<Case> {
    vec![
        Case::new("a copy", || {
            remote_file("/srv/copy").copy_of("/srv/copy-source").mode(0o600);
        })
        .prepare("printf 'x\\000y' >/srv/copy-source")
        .check("sha256sum </srv/copy | cut -c-64; stat -c %a /srv/copy", format!("{}\n600", sum("x\0y"))),
        Case::new("a copy of what is written before it", || {
            remote_file("/srv/copy-written").content("a\n");
            remote_file("/srv/copy-of-written").copy_of("/srv/copy-written");
        })
        .check("cat /srv/copy-of-written", "a"),
        Case::new("a copy of what a command makes", || {
            exec("echo made >/srv/copy-made").creates("/srv/copy-made");
            remote_file("/srv/copy-of-made").copy_of("/srv/copy-made");
        })
        .unsure()
        .check("cat /srv/copy-of-made", "made"),
        Case::new("a download with its hash", || {
            remote_file("/srv/one").url(format!("{URL}/one")).sha256(sum("one\n")).mode(0o640);
        })
        .check("cat /srv/one; stat -c %a /srv/one", "one\n640"),
        Case::new("a download with a file of hashes", || {
            remote_file("/srv/two").url(format!("{URL}/two?x=1")).sha256_url(format!("{URL}/sums"));
        })
        .check("cat /srv/two", "two"),
        Case::new("a download that is not checked", || {
            remote_file("/srv/unverified").url(format!("{URL}/one")).unverified();
        })
        .check("cat /srv/unverified", "one"),
        Case::new("the same from another place", || {
            remote_file("/srv/unverified").url(format!("{URL}/two")).unverified();
        })
        .check("cat /srv/unverified", "two"),
        Case::new("another content after a download", || {
            remote_file("/srv/unverified").content("mine\n");
        }),
        Case::new("and the download again", || {
            remote_file("/srv/unverified").url(format!("{URL}/two")).unverified();
        })
        .check("cat /srv/unverified", "two"),
        Case::new("nothing of ours is left beside them", || file("/srv/one"))
            .first([End::Unchanged])
            .check("find / -xdev -name '.pallet-*' 2>/dev/null; ls -A /tmp", ""),
    ]
}

fn precautions() -> Vec<Case> {
    vec![
        Case::new("a content that passes its verification", || {
            remote_file("/srv/verified")
                .content("valid = 1\n")
                .mode(0o600)
                .verify("grep -q ^valid \"$1\" && [ \"$(stat -c %a \"$1\")\" = 600 ]");
        }),
        Case::new("backups of what was there", || {
            remote_file("/srv/backed").content("5\n").backups(2);
        })
        .prepare("echo 4 >/srv/backed; chmod 640 /srv/backed")
        .check(
            "cd /var/lib/pallet/backups/srv/backed; cat .bak-1; stat -c %a .bak-1 ..; ls -A",
            "4\n640\n700\n.bak-1",
        ),
        Case::new("as many as are asked for", || {
            for content in ["6", "7", "8"] {
                remote_file("/srv/backed").content(content).backups(2);
            }
        })
        .again(0, End::Changed)
        .again(1, End::Changed)
        .again(2, End::Changed),
        Case::new("none of a new file", || {
            remote_file("/srv/backed-new").content("x").backups(2);
        })
        .check(
            "ls -A /var/lib/pallet/backups/srv; cat /var/lib/pallet/backups/srv/backed/.bak-[0-9]*",
            "backed\n67",
        ),
    ]
}

fn what_is_wrong_is_refused_and_what_was_there_stays(lab: &Lab) {
    fn refused<R: PhaseOutput>(lab: &Lab, phase: impl Fn() -> R + Send + Sync + 'static, message: &str) {
        lab.machine.check("printf 'old\\n' >/srv/old");
        let troubles = lab.converge(phase).troubles().join("\n");
        assert!(troubles.contains(message) && troubles.contains("sources.rs:"), "{message}: {troubles}");
        assert_eq!(lab.machine.check("cat /srv/old; find / -xdev -name '.pallet-*' 2>/dev/null"), "old\n");
    }
    let old = || remote_file("/srv/old");
    refused(lab, move || old().content("x").verify("echo no; exit 1"), "did not pass its verification");
    refused(lab, move || old().url(format!("{URL}/one")).sha256(sum("two\n")), "is not what it should be");
    refused(lab, move || old().url(format!("{URL}/none")).unverified(), "cannot download");
    refused(
        lab,
        move || old().url(format!("{URL}/one")).sha256_url(format!("{URL}/none")),
        "cannot be read from",
    );
    refused(lab, move || old().copy_of("/srv/none"), "there is no file /srv/none to copy");
    refused(lab, move || old().url("file:///etc/passwd").unverified(), "is not a URL that begins with");
    refused(lab, move || old().url(format!("{URL}/one")).sha256("abc"), "is not a SHA-256");
    refused(lab, move || old().content("x").signature("http://x/", "/k"), "only what is downloaded");
}

fn edits_of_downloads_are_noticed(lab: &Lab) {
    let phase = || remote_file("/srv/edited").url(format!("{URL}/one")).unverified();
    lab.converge(phase).summary();
    lab.machine.check("echo theirs >>/srv/edited");
    let report = lab.converge(phase);
    assert!(report.troubles().join("").contains("edited by somebody else"), "{report:#?}");
    lab.converge(move || phase().overwrite_edits()).summary();
    assert_eq!(lab.machine.check("cat /srv/edited"), "one\n");
}

/// The keys were made for this test, and their secret halves thrown away.
fn signatures(lab: &Lab) {
    let phase = |keyring: &'static [u8], text: &'static str| {
        move || {
            remote_file("/srv/www/signed").content(text);
            remote_file("/srv/www/signed.sig").content(include_bytes!("signed/text.sig").to_vec());
            let keys = remote_file("/srv/keyring.gpg").content(keyring.to_vec());
            remote_file("/srv/signed")
                .url(format!("{URL}/signed"))
                .signature(format!("{URL}/signed.sig"), "/srv/keyring.gpg")
                .after(keys);
        }
    };
    let (right, wrong) = (include_bytes!("signed/right.gpg"), include_bytes!("signed/wrong.gpg"));
    let text = include_str!("signed/text");
    for (keyring, text) in [(&wrong[..], text), (&right[..], "forged\n"), (&b"no keyring"[..], text)] {
        let report = lab.converge(phase(keyring, text));
        assert!(report.troubles().join("").contains("the signature is not one of a key in"), "{report:#?}");
        lab.machine.check("[ ! -e /srv/signed ]");
    }
    lab.converge(phase(right, text)).summary();
    assert_eq!(lab.machine.check("cat /srv/signed"), text);
    assert_eq!(lab.converge(phase(right, text)).summary().counts.changed, 0);
    lab.machine.check("rm /srv/signed; mv /usr/bin/gpgv /usr/bin/gpgv.away");
    let report = lab.converge(phase(right, text));
    assert!(report.troubles().join("").contains("there is no gpgv"), "{report:#?}");
    lab.machine.check("mv /usr/bin/gpgv.away /usr/bin/gpgv; [ ! -e /srv/signed ]");
}
