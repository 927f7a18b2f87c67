//! A machine's life: from nothing through its first boot to nothing again.

use crate::Test;
use pallet_tests_vm::lab::{Lab, kill_child_of};
use pallet_tests_vm::qemu::State;
use std::process::Stdio;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("life::a_machine_that_still_boots_can_be_removed", removed_while_it_boots),
    ("life::a_machine_boots_is_configured_and_leaves_nothing", life),
];

fn life(lab: Lab) {
    let plan = lab.run("plan --detailed-exit-code").expect(3);
    assert_eq!(plan.number("created"), 1);
    assert_eq!(lab.machines(), [""; 0], "a plan makes nothing");

    let first = lab.run("converge").expect(0);
    assert_eq!((first.number("created"), first.number("failed")), (1, 0), "{}", first.stdout);
    configured(&lab);

    let again = lab.run("converge").expect(0);
    assert_eq!((again.number("created"), again.number("changed")), (0, 0), "{}", again.stdout);
    assert_eq!(
        lab.check("vm-1", "cat /srv/greetings"),
        "greeting of vm-1\n",
        "the service was not restarted"
    );

    comes_back_after_a_shutdown(&lab);
    restarts_by_itself(&lab);

    let refused = lab.run("converge vm=0");
    assert_ne!(refused.code, 0, "nobody has allowed it: {}", refused.stdout);
    assert_eq!(lab.setting("vm-1", "VMState"), "running");
    let last = lab.run("converge vm=0 --allow-destroy").expect(0);
    assert_eq!(last.number("destroyed"), 1, "{}", last.stdout);
    lab.check_nothing_left();
}

/// Somebody changes their mind: the controller is killed while it waits for the machine, which runs on.
fn removed_while_it_boots(lab: Lab) {
    let mut command = lab.command("converge");
    let mut controller =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    lab.until("the machine", || lab.machines().contains(&"vm-1".to_owned()));
    let qemu = lab.qemu("vm-1");
    lab.until("its boot", || qemu.state() == Ok(State::Running));
    kill_child_of(&controller);
    controller.wait().expect("ended");
    assert_eq!(lab.setting("vm-1", "VMState"), "running");
    let destroyed = lab.run("destroy --yes").expect(0);
    assert_eq!(destroyed.number("destroyed"), 1, "{}", destroyed.stdout);
    lab.check_nothing_left();
}

/// Everything is as it was declared, and done by those who were to do it.
fn configured(lab: &Lab) {
    assert_eq!(lab.check("vm-1", "cat /srv/by"), "bootstrapped by debian\nconfigured by ops\n");
    assert_eq!(lab.check("vm-1", "hostname; cat /proc/sys/vm/swappiness"), "vm-1\n17\n");
    assert_eq!(
        lab.check("vm-1", "dpkg-query -W greeter; systemctl is-active greeter"),
        "greeter\t1.0\nactive\n"
    );
    assert!(lab.check("vm-1", "cat /proc/swaps").contains("/swapfile"));
    assert!(lab.check("vm-1", "cat /proc/modules").contains("dummy "));
}

/// The power button is heard by the guest, and a machine that is off is started by the next converge: with the same
/// disk, the same host key and the same way to it.
fn comes_back_after_a_shutdown(lab: &Lab) {
    let identity = "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub";
    let (before, rule) = (lab.check("vm-1", identity), lab.setting("vm-1", "Forwarding(0)"));
    let qemu = lab.qemu("vm-1");
    qemu.power_button().expect("pressed");
    lab.until("the shutdown", || qemu.pid().is_none());
    assert_eq!(lab.setting("vm-1", "VMState"), "poweroff");

    let started = lab.run("converge").expect(0);
    assert_eq!((started.number("created"), started.number("changed")), (0, 0), "{}", started.stdout);
    assert_eq!(lab.setting("vm-1", "Forwarding(0)"), rule);
    assert_eq!(lab.check("vm-1", identity), before);
    configured(lab);
}

fn restarts_by_itself(lab: &Lab) {
    let boot = "cat /proc/sys/kernel/random/boot_id";
    let before = lab.check("vm-1", boot);
    let restarted = lab.run("lift --phase restart").expect(0);
    assert_eq!(restarted.number("changed"), 1, "{}", restarted.stdout);
    assert_ne!(lab.check("vm-1", boot), before);
}
