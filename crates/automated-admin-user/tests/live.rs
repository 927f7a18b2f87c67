//! The account for real: made, logged in to, root by sudo.

use pallet::prelude::*;
use pallet_automated_admin_user as admin_user;
use pallet_lab::{Lab, Machine};
use pallet_test::{OfflineNode, require};

#[test]
fn the_admin_user_logs_in_and_becomes_root() {
    require!("nodes");
    let lab = Lab::new(Machine::systemd());
    // The key of the node's root is at hand: the new account gets the same.
    let key = lab.machine.check("head -n 1 /root/.ssh/authorized_keys");
    let first = key.clone();
    let make = move || admin_user::create(&AdminUser::new("pallet-admin", [first.trim()]));
    lab.converge(make.clone()).summary();
    assert_eq!(lab.converge(make.clone()).summary().counts.changed, 0);
    assert_eq!(lab.machine.check("stat -c '%a %U' /etc/sudoers.d/admin-pallet-admin"), "440 root\n");

    let lab = lab.as_user("pallet-admin");
    let report =
        lab.converge(|| exec("id -un >/root/who; echo \"$SUDO_USER\" >>/root/who").creates("/root/who"));
    report.summary();
    assert_eq!(lab.machine.check("cat /root/who"), "root\npallet-admin\n");
    assert_eq!(lab.converge(make.clone()).summary().counts.changed, 0);

    // One more key lets one more in, and is all that changes.
    lab.machine.check("ssh-keygen -q -t ed25519 -N '' -f /root/other");
    let other = lab.machine.check("cat /root/other.pub");
    let both = move || admin_user::create(&AdminUser::new("pallet-admin", [key.trim(), other.trim()]));
    let report = lab.converge(both.clone());
    let changed: Vec<_> = report.changed().into_iter().map(|(_, what)| what).collect();
    assert_eq!(changed, ["authorized-keys pallet-admin"]);
    let login = "ssh -i /root/other -o BatchMode=yes -o StrictHostKeyChecking=no pallet-admin@127.0.0.1 sudo -n id -u";
    assert_eq!(lab.machine.check(login), "0\n");
    assert_eq!(lab.converge(both).summary().counts.changed, 0);
}

#[test]
fn an_account_that_nobody_could_enter_is_refused() {
    let nobody = AdminUser::new("ops", Vec::<String>::new());
    let refused = OfflineNode::new("debian-12").try_plan(|| admin_user::create(&nobody)).expect_err("no key");
    assert!(refused.join("\n").contains("public-key-path"), "{refused:?}");
}

#[test]
fn root_needs_no_account() {
    let root = AdminUser::new(
        "root",
        ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv5Yp/B90PsKIjVYK+5IsQyqjBjEdpDPe3QOi0j9U8R admin@example"],
    );
    let plan = OfflineNode::new("debian-12").plan(|| admin_user::create(&root));
    assert_eq!(plan.lines().len(), 1, "{:?}", plan.lines());
}

#[test]
fn an_account_is_made_with_its_rights_and_its_key() {
    let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv5Yp/B90PsKIjVYK+5IsQyqjBjEdpDPe3QOi0j9U8R admin@example";
    let plan = OfflineNode::new("debian-12").plan(|| admin_user::also("ana", &[key]));
    let lines = plan.lines();
    for (line, what) in lines.iter().zip(["package sudo", "user ana", "sudoers", "authorized-keys ana"]) {
        assert!(line.contains(what), "{what}: {lines:?}");
    }
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(
        plan.script().is_some_and(|script| script.contains("NOPASSWD") && script.contains(key)),
        "{:?}",
        plan.script()
    );
}
