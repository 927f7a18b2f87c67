//! What goes wrong in the middle, on two machines side by side, and the run after it.

use crate::Test;
use pallet_tests_vm::lab::{Lab, kill_child_of};
use std::process::{Command, Stdio};

pub(crate) const TESTS: &[(&str, Test)] =
    &[("broken::a_killed_controller_and_a_power_cut_are_made_up_for_by_the_next_run", broken)];

fn broken(lab: Lab) {
    let first = lab.run("converge vm=2").expect(0);
    assert_eq!((first.number("created"), first.number("failed")), (2, 0), "{}", first.stdout);
    // Two machines of one image, at the same address in a network of their own, and yet each is its own.
    let rules = ["vm-1", "vm-2"].map(|name| lab.setting(name, "Forwarding(0)"));
    assert_ne!(rules[0], rules[1]);
    let keys =
        ["vm-1", "vm-2"].map(|name| lab.check(name, "cat /etc/ssh/ssh_host_ed25519_key.pub /etc/machine-id"));
    assert_ne!(keys[0], keys[1]);
    for name in ["vm-1", "vm-2"] {
        assert_eq!(lab.check(name, "hostname"), format!("{name}\n"));
    }

    a_killed_controller(&lab);
    a_power_cut(&lab);

    let destroyed = lab.run("destroy --yes").expect(0);
    assert_eq!(destroyed.number("destroyed"), 2, "{}", destroyed.stdout);
    lab.check_nothing_left();
}

/// Makes the next converge change a file that a service is restarted for, and wait in front of the service.
fn stop_in_the_middle(lab: &Lab, name: &str) {
    lab.check(name, "rm -f /etc/greeter.conf /srv/greetings; touch /run/vm-wait");
}

fn until_it_waits(lab: &Lab, name: &str) {
    lab.until("the middle of the phase", || lab.ask(name, "test -e /run/vm-waits").is_ok());
}

/// The service was restarted for the file that was changed before the interruption, once at least, and nothing is left
/// to do.
fn made_up_for(lab: &Lab, name: &str) {
    let _ = lab.run("converge vm=2").expect(0);
    assert!(lab.check(name, "cat /srv/greetings").starts_with(&format!("greeting of {name}\n")));
    assert_eq!(lab.check(name, "ls /var/lib/pallet/owed; find / -xdev -name \".pallet-*\""), "");
    let again = lab.run("converge vm=2").expect(0);
    assert_eq!(again.number("changed"), 0, "{}", again.stdout);
}

fn a_killed_controller(lab: &Lab) {
    stop_in_the_middle(lab, "vm-1");
    let mut command = lab.command("converge vm=2");
    let mut controller =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    until_it_waits(lab, "vm-1");
    kill_child_of(&controller);
    controller.wait().expect("ended");
    // What it began on the node may go on or have ended with the connection; the next run copes with both.
    lab.check("vm-1", "rm -f /run/vm-wait /run/vm-waits");
    made_up_for(lab, "vm-1");
}

fn a_power_cut(lab: &Lab) {
    stop_in_the_middle(lab, "vm-2");
    let pid = lab.qemu("vm-2").pid().expect("it runs").to_string();
    let failed = std::thread::scope(|scope| {
        let run = scope.spawn(|| lab.run("converge vm=2"));
        until_it_waits(lab, "vm-2");
        // What was done is to be on the disk: a cut that loses it too is only a machine that is further back.
        lab.check("vm-2", "sync");
        assert!(Command::new("kill").args(["-KILL", &pid]).status().expect("kill runs").success());
        run.join().expect("no panic")
    });
    let failed = failed.expect(1);
    let message = failed.failure_of("vm-2")["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("whether it was done is not known"), "{message}");
    assert_eq!(failed.summary()["failed_nodes"].to_string(), r#"["vm-2"]"#);
    assert_eq!(lab.setting("vm-2", "VMState"), "poweroff");
    made_up_for(lab, "vm-2");
}
