//! Working copies of git, from a repository on the node.

use pallet::prelude::*;
use pallet_git::{self as git, CheckoutOptions};
use pallet_lab::cases::{self, Case, End};
use pallet_lab::{Lab, Machine};
use pallet_test::require;

/// A repository with a branch, a light tag, an annotated tag and a submodule.
const ORIGIN: &str = r#"
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git init -q -b main /srv/origin && cd /srv/origin
git config uploadpack.allowAnySHA1InWant true
echo one >file && git add file && git commit -qm one && git tag light
echo two >file && git commit -qam two && git tag -a annotated -m annotated
git branch stable
echo three >file && git commit -qam three
"#;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    // Once without git, as on a new node.
    let report = lab.plan(|| git::checkout("/srv/origin", "/srv/too-early"));
    assert!(report.troubles().join("\n").contains("git is not installed"), "{:?}", report.troubles());
    let plan = lab.plan(|| {
        let package = git::install();
        git::checkout("/srv/origin", "/srv/in-order").after(package);
    });
    plan.summary();
    lab.machine.check("apt-get install --yes --quiet --no-install-recommends git");
    assert_eq!(lab.converge(git::install).summary().counts.unchanged, 1);
    lab.machine.check(ORIGIN);
    cases::run(&lab, checkouts());
    refused(&lab);
}

fn checkouts() -> Vec<Case> {
    let moved = "cd /srv/moves && git checkout -q --detach light";
    vec![
        Case::new("the default branch", || git::checkout("/srv/origin", "/srv/default"))
            .check("cat /srv/default/file", "three"),
        Case::new("a branch, a light tag, an annotated tag", || {
            git::checkout("/srv/origin", "/srv/branch").revision("stable");
            git::checkout("/srv/origin", "/srv/light").revision("light");
            git::checkout("/srv/origin", "/srv/annotated").revision("annotated");
        })
        .unsure()
        .check("cat /srv/branch/file /srv/light/file /srv/annotated/file", "two\none\ntwo"),
        Case::new("another commit than the one that is there", || {
            git::checkout("/srv/origin", "/srv/moves").revision("annotated");
        })
        .prepare(format!("git clone -q /srv/origin /srv/moves && {moved}"))
        .check("cat /srv/moves/file", "two"),
        Case::new("another address", || git::checkout("/srv/origin", "/srv/elsewhere"))
            .prepare("git clone -q /srv/origin /srv/elsewhere && git -C /srv/elsewhere remote set-url origin /nowhere")
            .check("git -C /srv/elsewhere config remote.origin.url", "/srv/origin"),
        Case::new("edits that are thrown away, and files that are not tracked stay", || {
            git::checkout("/srv/origin", "/srv/edited").discard_edits();
        })
        .prepare("git clone -q /srv/origin /srv/edited && echo edit >/srv/edited/file && touch /srv/edited/other")
        .check("cat /srv/edited/file; ls /srv/edited", "three\nfile\nother"),
        Case::new("of another user, with a name that a shell would misread, and little history", || {
            directory("/srv/it's theirs").owner("www-data");
            git::checkout("file:///srv/origin", "/srv/it's theirs").user("www-data").depth(1);
        })
        .unsure()
        .prepare("git config --system safe.directory '*'")
        .check(
            "cat \"/srv/it's theirs/file\"; stat -c %U \"/srv/it's theirs/file\"",
            "three\nwww-data",
        ),
        Case::new("a checkout that was cut short is finished", || git::checkout("/srv/origin", "/srv/cut"))
            .prepare("git init -q /srv/cut")
            .check("cat /srv/cut/file", "three"),
        Case::new("a service is told of a new commit and not of an old one", || {
            let app = git::checkout("/srv/origin", "/srv/told").revision("stable");
            exec("echo told >>/srv/told.log").if_changed(app);
        })
        .unsure()
        .first([End::Changed, End::Changed])
        .check("cat /srv/told.log", "told"),
    ]
}

fn refused(lab: &Lab) {
    let trouble = |phase: fn()| {
        let report = lab.converge(phase);
        assert!(report.result.is_err(), "{:?}", report.events);
        report.troubles().join("\n")
    };
    lab.machine.check("git clone -q /srv/origin /srv/theirs && echo edit >/srv/theirs/file; mkdir /srv/full; touch /srv/full/x");
    let said = trouble(|| {
        git::checkout("/srv/origin", "/srv/theirs");
    });
    assert!(said.contains("changes of somebody else") && said.contains("discard_edits"), "{said}");
    let said = trouble(|| {
        git::checkout("/srv/origin", "/srv/full");
    });
    assert!(said.contains("not empty"), "{said}");
    let said = trouble(|| {
        git::checkout("/srv/origin", "/srv/x").revision("nothing-like-it");
    });
    assert!(said.contains("no branch or tag nothing-like-it"), "{said}");
    let said = trouble(|| {
        git::checkout("/srv/no-such-origin", "/srv/x");
    });
    assert!(said.contains("/srv/no-such-origin"), "{said}");
    let said = trouble(|| {
        git::checkout("https://me:secret@example.org/x", "/srv/x");
    });
    assert!(said.contains("process list"), "{said}");
}
