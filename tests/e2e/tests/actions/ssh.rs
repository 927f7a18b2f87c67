//! SSH keys: those that users accept, their own, those of the node, and those of hosts.

use pallet::Text;
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2 a";
const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBBBUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2 b";

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("useradd -m app && useradd -m -s /usr/sbin/nologin closed");
    cases::run(&lab, accepted());
    cases::run(&lab, own());
    cases::run(&lab, of_hosts());
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine
        .check("echo 'app:x:100:65534:app:/app:/bin/sh' >>/etc/passwd && mkdir /app && chown app /app");
    let phase = || {
        authorized_key("app", A);
        authorized_key("root", B);
    };
    let case = Case::new("accepted", phase);
    cases::run(
        &lab,
        [
            case.check("cat /app/.ssh/authorized_keys /root/.ssh/authorized_keys", format!("{A}\n{B}"))
                .check(
                    "stat -c '%a %U' /app/.ssh /app/.ssh/authorized_keys /root/.ssh",
                    "700 app\n600 app\n700 root",
                ),
            Case::new("exactly one", || authorized_key("app", B).exclusive())
                .check("cat /app/.ssh/authorized_keys", B),
        ],
    );
}

fn accepted() -> Vec<Case> {
    let file = "cat /home/app/.ssh/authorized_keys";
    vec![
        Case::new("a key", || {
            authorized_key("app", A);
        })
        .check(file, A)
        .check("stat -c '%a %U %G' /home/app/.ssh /home/app/.ssh/authorized_keys", "700 app app\n600 app app")
        .check("ssh-keygen -l -f /home/app/.ssh/authorized_keys | cut -d' ' -f3-", "a (ED25519)"),
        Case::new("another one, of a user without a shell, and of root", || {
            authorized_key("app", B);
            authorized_key("closed", A);
            authorized_key("root", A);
        })
        .check(file, format!("{A}\n{B}"))
        .check("cat /home/closed/.ssh/authorized_keys", A)
        .check("grep -cF \"AAAAIJvSrUq0\" /root/.ssh/authorized_keys", "1"),
        Case::new("with options, in its place; modes are put right", || {
            authorized_key("app", format!("restrict,command=\"echo 'a b'\" {A}"));
        })
        .prepare("chmod 755 /home/app/.ssh && chmod 644 /home/app/.ssh/authorized_keys")
        .check(file, format!("restrict,command=\"echo 'a b'\" {A}\n{B}"))
        .check("stat -c %a /home/app/.ssh /home/app/.ssh/authorized_keys", "700\n600"),
        Case::new("no others", || {
            authorized_keys("app", [B]).exclusive();
        })
        .prepare("printf '# kept\\n\\nssh-rsa AAAAother x' >>/home/app/.ssh/authorized_keys")
        .check(file, format!("{B}\n# kept")),
        Case::new("absent", || {
            authorized_key("app", B).absent();
            authorized_key("nobody-there", B).absent();
        })
        .first([End::Changed, End::Unchanged])
        .check(file, "# kept"),
        Case::new("of a user who is made before", || {
            user("fresh");
            authorized_key("fresh", A);
        })
        .unsure()
        .check("cat /home/fresh/.ssh/authorized_keys; stat -c %U /home/fresh/.ssh", format!("{A}\nfresh")),
    ]
}

/// What is in a home is the user's: pallet does there no more than the user could.
#[test]
fn links_in_a_home_lead_nowhere_that_the_user_cannot_go() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check(
        "useradd -m evil && mkdir /srv/root-only && chmod 700 /srv/root-only && echo secret >/srv/root-only/authorized_keys \
         && ln -s /srv/root-only /home/evil/.ssh",
    );
    let report = lab.converge(|| authorized_key("evil", A));
    assert!(report.result.is_err(), "{report:?}");
    assert!(!format!("{report:?}").contains("secret"));
    lab.machine.check(
        "[ \"$(cat /srv/root-only/authorized_keys)\" = secret ] && [ $(stat -c %U /srv/root-only) = root ]",
    );
    // A link in the place of the file is replaced, and what it leads to stays.
    lab.machine.check(
        "rm /home/evil/.ssh && install -d -o evil -g evil /home/evil/.ssh && ln -s /srv/root-only/authorized_keys /home/evil/.ssh/authorized_keys",
    );
    lab.converge(|| authorized_key("evil", A)).summary();
    lab.machine.check(
        "[ \"$(cat /srv/root-only/authorized_keys)\" = secret ] && [ ! -L /home/evil/.ssh/authorized_keys ] && \
         [ $(stat -c %U /home/evil/.ssh/authorized_keys) = evil ]",
    );
    // A home that its user may not even enter.
    lab.machine.check("usermod -d /srv/root-only evil");
    assert!(lab.converge(|| authorized_key("evil", B)).result.is_err());
    lab.machine.check("[ $(ls -A /srv/root-only) = authorized_keys ]");
}

fn own() -> Vec<Case> {
    vec![
        Case::new("a key of a user, known to a later action", || {
            let key = ssh_key("app").public_key();
            remote_file("/srv/app.pub").content(Text::concat([Text::from(key), Text::from("\n")]));
        })
        .unsure()
        .check("cmp /srv/app.pub /home/app/.ssh/id_ed25519.pub && grep -c '^ssh-ed25519 AAAA.* app@' /srv/app.pub", "1")
        .check("stat -c '%a %U' /home/app/.ssh/id_ed25519 /home/app/.ssh/id_ed25519.pub", "600 app\n644 app"),
        Case::new("by another name, of a key whose public half was lost", || {
            ssh_key("app").name("id_deploy");
        })
        .prepare("runuser -u app -- ssh-keygen -q -t ed25519 -N '' -f /home/app/.ssh/id_deploy && cp /home/app/.ssh/id_deploy /srv/kept && rm /home/app/.ssh/id_deploy.pub")
        .check("cmp /srv/kept /home/app/.ssh/id_deploy && [ -s /home/app/.ssh/id_deploy.pub ]", ""),
        Case::new("a host key that is missing", || {
            let key = host_key().public_key();
            remote_file("/srv/host.pub").content(key);
        })
        .prepare("rm -f /etc/ssh/ssh_host_*")
        .unsure()
        .check("stat -c %a /etc/ssh/ssh_host_ed25519_key; grep -c AAAA /srv/host.pub", "600\n1"),
    ]
}

fn of_hosts() -> Vec<Case> {
    // The halves need not belong together here.
    let pair = || host_key_pair(Secret::from("-----BEGIN not really-----"), B);
    vec![
        Case::new("a host key that is given", pair)
            .check("cat /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub", format!("-----BEGIN not really-----\n{B}"))
            .check("stat -c %a /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub", "600\n644"),
        Case::new("keys of hosts", || {
            known_host("git.example.com", A);
            known_host("[10.0.0.1]:2222", B);
            known_host("gone.example.com", B).absent();
        })
        .prepare(format!("printf '%s\\n' 'git.example.com ssh-ed25519 AAAAold' 'gone.example.com {B}' >/etc/ssh/ssh_known_hosts"))
        .check("ssh-keygen -F git.example.com -f /etc/ssh/ssh_known_hosts | grep -c IJvSrUq0", "1")
        .check("ssh-keygen -F '[10.0.0.1]:2222' -f /etc/ssh/ssh_known_hosts | grep -c IBBBBUq0; wc -l </etc/ssh/ssh_known_hosts", "1\n2"),
    ]
}
