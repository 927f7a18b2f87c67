//! Contents that are too large for a script.

use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::sync::Arc;
use tempfile::NamedTempFile;

/// 3 MB in which every byte occurs and nothing is repeated.
fn large() -> Vec<u8> {
    (0..400_000u64).flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect()
}

fn sum(bytes: &[u8]) -> String {
    pallet::probe::Sha256::of(bytes).to_string()
}

#[test]
fn through_a_command_of_their_own() {
    require!("nodes");
    for machine in [Machine::debian(), Machine::busybox()] {
        let lab = Lab::new(machine);
        lab.machine.check("mkdir -p /srv");
        contents(&lab);
        what_is_interrupted_is_cleaned_up(&lab);
    }
}

#[test]
fn through_sftp() {
    require!("nodes");
    let lab = Lab::new(Machine::systemd());
    contents(&lab);
    // An admin user that is not root uploads as itself, and root takes what it needs.
    lab.machine.check(
        "useradd -m ops && cp -r /root/.ssh /home/ops/ && chown -R ops /home/ops/.ssh && \
         echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops",
    );
    let lab = lab.as_user("ops");
    contents(&lab);
    // Without SFTP it goes on with a command.
    lab.machine.check("sed -i /^Subsystem/d /etc/ssh/sshd_config && systemctl restart ssh && rm /srv/local");
    contents(&lab);
}

fn contents(lab: &Lab) {
    let local = NamedTempFile::new().expect("a file on the controller");
    std::fs::write(local.path(), large()).expect("written");
    let local = Arc::new(local);
    let phase = move || {
        remote_file("/srv/local").local_file(local.path()).mode(0o600);
        remote_file("/srv/again").local_file(local.path());
        remote_file("/srv/bytes").content([large(), b"x".to_vec()].concat());
        let text = Text::concat([Text::from(large()), Secret::from("hidden").into()]);
        remote_file("/srv/secret").content(text).mode(0o400);
        remote_file("/srv/small").content("small\n");
    };
    let paths = "/srv/local /srv/again /srv/bytes /srv/secret /srv/small";
    lab.machine.check(&format!("rm -f {paths}"));
    let first = lab.converge(phase.clone());
    let sent = first.summary().bytes_sent;
    assert!((9_600_000..9_800_000).contains(&sent), "each content once, and nothing twice: {sent}");
    let again = lab.converge(phase);
    assert_eq!((again.summary().counts.changed, again.summary().round_trips), (0, 2));
    assert!(again.summary().bytes_sent < 100_000, "what is there does not travel");
    let sums = [large(), large(), [large(), b"x".to_vec()].concat(), [large(), b"hidden".to_vec()].concat()];
    let sums: String = sums.iter().map(|bytes| sum(bytes) + "\n").collect();
    assert_eq!(
        lab.machine.check(&format!("sha256sum {paths} | cut -c-64 | head -4; stat -c %a {paths}")),
        format!("{sums}600\n644\n644\n400\n644\n")
    );
    lab.machine.check("[ -z \"$(ls -A /var/lib/pallet/incoming; find /srv /tmp -name '.pallet-*')\" ]");
}

fn what_is_interrupted_is_cleaned_up(lab: &Lab) {
    lab.machine
        .check("mkdir /var/lib/pallet/incoming/999999-x && echo x >/var/lib/pallet/incoming/999999-x/y");
    lab.converge(|| remote_file("/srv/next").content("x")).summary();
    lab.machine.check("[ -z \"$(ls -A /var/lib/pallet/incoming)\" ]");
    // A disk that is full leaves what was there, and nothing else.
    lab.machine
        .check("mkdir /srv/full && mount -t tmpfs -o size=1m tmpfs /srv/full && echo old >/srv/full/file");
    let report = lab.converge(|| remote_file("/srv/full/file").content(large()));
    assert!(report.result.is_err(), "{report:#?}");
    assert_eq!(
        lab.machine.check("cat /srv/full/file; ls -A /srv/full /var/lib/pallet/incoming"),
        "old\n/srv/full:\nfile\n\n/var/lib/pallet/incoming:\n"
    );
    lab.machine.check("umount /srv/full && rmdir /srv/full");
    let ends: Vec<End> = report.outcomes().iter().map(|(_, outcome)| End::of(outcome)).collect();
    assert_eq!(ends, [End::Failed]);
}

#[test]
fn a_large_file_is_edited_in_part() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let lines: String = (0..40_000).map(|line| format!("line {line}\n")).collect();
    let lines = Arc::new(lines);
    let phase = {
        let lines = lines.clone();
        move || {
            remote_file("/srv/lines").content(lines.as_str());
            line_in_file("/srv/lines").line("line 7");
            line_in_file("/srv/lines-other").line("more").create();
        }
    };
    cases::run(&lab, [Case::new("composed", phase).first([End::Changed, End::Unchanged, End::Changed])]);
    lab.converge(|| line_in_file("/srv/lines").line("more")).summary();
    assert_eq!(lab.machine.check("wc -l </srv/lines; tail -1 /srv/lines"), "40001\nmore\n");
}
