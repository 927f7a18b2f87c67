//! What nodes tell about themselves.

use pallet::facts::{Facts, InitSystem, OsFamily, Utilities};
use pallet_test::nodes::Userland;
use pallet_test::require;
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Returns the facts as a phase sees them.
fn facts(lab: &Lab) -> Facts {
    let seen = Arc::new(Mutex::new(None));
    let sink = seen.clone();
    let phase = move || *sink.lock().expect("nobody panicked") = Some(pallet::extract::<Facts>("facts"));
    lab.plan(phase).summary();
    let facts = seen.lock().expect("nobody panicked").take();
    facts.expect("the phase was built")
}

#[test]
fn of_a_node_with_systemd() {
    require!("nodes");
    let lab = Lab::new(Machine::systemd());
    lab.machine.check("echo Asia/Tokyo >/etc/timezone; echo LANG=C.UTF-8 >/etc/default/locale");
    let facts = facts(&lab);
    let ask = |command: &str| lab.machine.check(command).trim().to_owned();
    assert_eq!((facts.os.family, facts.init), (OsFamily::Debian, InitSystem::Systemd));
    assert_eq!(facts.container.as_deref(), Some("systemd-nspawn"));
    assert_eq!(facts.boot_id, ask("cat /proc/sys/kernel/random/boot_id"));
    assert_eq!(facts.cpus.to_string(), ask("grep -c ^processor /proc/cpuinfo"));
    let address = &facts.interfaces[0];
    assert_eq!((address.interface.as_str(), address.prefix), ("host0", 24));
    assert!(facts.addresses.contains(&address.address));
    let users: Vec<&str> = facts.users.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(users, ["root", "deploy", "withpass"]);
    assert_eq!(facts.mount_at("/").map(|mount| mount.kind.clone()), Some("overlay".to_owned()));
    assert_eq!(facts.timezone.as_deref(), Some("Asia/Tokyo"));
    assert_eq!(facts.locale.as_deref(), Some("C.UTF-8"));
    let now: u64 = ask("date +%s").parse().expect("a number");
    assert!(now.abs_diff(facts.clock) < 600 && facts.booted() <= facts.clock);
}

#[test]
fn of_nodes_with_other_init_systems_and_utilities() {
    require!("nodes");
    for (userland, init, utilities) in [
        (Userland::Debian, InitSystem::Sysv, Utilities::Gnu),
        (Userland::OpenRc, InitSystem::OpenRc, Utilities::Gnu),
        (Userland::Runit, InitSystem::Runit, Utilities::Gnu),
        (Userland::Busybox, InitSystem::Unknown, Utilities::Busybox),
    ] {
        let lab = Lab::new(Machine::with_init(userland));
        let facts = facts(&lab);
        assert_eq!((facts.init, facts.utilities), (init, utilities), "{userland:?}");
        assert!(facts.users.iter().any(|user| user.name == "root"), "{userland:?}: {facts:?}");
        assert!(
            facts.memory_kib > 0 && facts.cpus > 0 && !facts.boot_id.is_empty(),
            "{userland:?}: {facts:?}"
        );
    }
}

#[test]
fn the_machine_of_a_32_bit_personality_is_its_own() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let script = Facts::SCRIPT.replace('\'', r"'\''");
    for enter in ["", "setarch linux32"] {
        let said = lab.machine.check(&format!("{enter} sh -c '{script}'"));
        let facts = Facts::parse(&said).expect("facts").expect("all utilities");
        assert_eq!(facts.architecture, lab.machine.check(&format!("{enter} uname -m")).trim(), "{enter}");
    }
}

/// The script's own processes: ip and date, and uname where the kernel is older than Linux 6.1.
#[test]
fn cost_few_processes() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let script = Facts::SCRIPT.replace('\'', r"'\''");
    let counted = lab.machine.check(&format!(
        "last() {{ read -r n </proc/sys/kernel/ns_last_pid; }}\nlast; before=$n\neval '{script}' >/dev/null\nlast\n\
         echo $((n - before))"
    ));
    let counted: u32 = counted.trim().parse().expect("a number");
    let most = if Path::new("/proc/sys/kernel/arch").exists() { 2 } else { 3 };
    assert!(counted <= most, "{counted} processes");
}
