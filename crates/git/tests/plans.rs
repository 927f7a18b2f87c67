//! What a working copy is, and the plan that it gives. Nothing is contacted.

use pallet_git::{self as git, CheckoutOptions};
use pallet_test::OfflineNode;

const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";
const ORIGIN: &str = "https://example.org/shop.git";

/// A node with git, on which there is a working copy of `url` at a commit, where `wanted` is.
fn at(head: &str, url: &str, wanted: &str) -> OfflineNode {
    OfflineNode::new("debian-12").answer(0, &format!("head {head}\nurl {url}\nwanted {wanted}"))
}

#[test]
fn what_differs_is_told() {
    for (what, node, expected) in [
        ("as it shall be", at(NEW, ORIGIN, NEW), "unchanged git-checkout /srv/shop"),
        (
            "none yet",
            OfflineNode::new("debian-12").answer(0, &format!("wanted {NEW}")),
            "change git-checkout /srv/shop: checked out at 222222222222",
        ),
        (
            "an older commit",
            at(OLD, ORIGIN, NEW),
            "change git-checkout /srv/shop: 111111111111 → 222222222222",
        ),
        (
            "another repository",
            at(NEW, "/elsewhere", NEW),
            "change git-checkout /srv/shop: address /elsewhere → https://example.org/shop.git",
        ),
    ] {
        let plan = node.plan(|| git::checkout(ORIGIN, "/srv/shop"));
        assert_eq!(plan.lines(), [expected], "{what}");
    }
}

#[test]
fn edits_of_others_stay_unless_they_are_given_up() {
    let node =
        OfflineNode::new("debian-12").answer(0, &format!("head {NEW}\nurl {ORIGIN}\nedited\nwanted {NEW}"));
    let refused = node.try_plan(|| git::checkout(ORIGIN, "/srv/shop")).expect_err("edits");
    assert!(refused[0].contains("/srv/shop has changes of somebody else"), "{refused:?}");
    let plan = node.plan(|| git::checkout(ORIGIN, "/srv/shop").discard_edits());
    assert_eq!(plan.lines(), ["change git-checkout /srv/shop: edits thrown away"]);
}

#[test]
fn what_cannot_work_is_refused() {
    for (answer, expected) in [
        ("none", "git is not installed"),
        ("occupied\nwanted x", "/srv/shop is not empty, and no working copy"),
        ("refused the remote has no branch or tag x", "the remote has no branch or tag x"),
    ] {
        let node = OfflineNode::new("debian-12").answer(0, answer);
        let refused = node.try_plan(|| git::checkout(ORIGIN, "/srv/shop")).expect_err(expected);
        assert!(refused[0].contains(expected), "{refused:?}");
    }
}

#[test]
fn mistakes_are_found_before_a_node_is_asked() {
    let node = OfflineNode::new("debian-12");
    for (url, directory, revision, expected) in [
        ("--upload-pack=x", "/srv/shop", "main", "is not the address of a repository"),
        ("https://me:secret@example.org/x", "/srv/shop", "main", "use `identity`"),
        (ORIGIN, "srv/shop", "main", "srv/shop"),
        (ORIGIN, "/srv/shop", "-x", "is not a branch, a tag or a whole commit id"),
        (ORIGIN, "/srv/shop", "a b", "is not a branch, a tag or a whole commit id"),
    ] {
        let refused = node.try_plan(|| git::checkout(url, directory).revision(revision)).expect_err(expected);
        assert!(refused.join("\n").contains(expected), "{refused:?}");
    }
    let refused = node.try_plan(|| git::checkout(ORIGIN, "/srv/shop").depth(0)).expect_err("no history");
    assert!(refused.join("\n").contains("a history of no commits"), "{refused:?}");
}
