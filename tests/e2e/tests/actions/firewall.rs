//! Firewall rules, in a network namespace of the node's own: nftables and ufw.

use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

/// Installs a package that every node has downloaded.
fn install(package: &str) -> String {
    format!("apt-get install -q -y --no-install-recommends --no-download {package} >/dev/null 2>&1")
}

const RULES: &str = "table inet e2e {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 4567 drop\n\t}\n}\n";

#[test]
fn nftables_on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let troubles = lab.converge(|| nftables(RULES)).troubles().join("");
    assert!(troubles.contains("there is no program nft") && troubles.contains("package("), "{troubles}");
    lab.machine.check(&install("nftables"));
    let listed = "nft list tables";
    cases::run(
        &lab,
        [
            Case::new("a table beside those of others", || nftables(RULES))
                .prepare("nft add table ip other")
                .check(listed, "table ip other\ntable inet e2e")
                .check(
                    "nft list table inet e2e | grep -c 'tcp dport 4567 drop'; stat -c %a /etc/nftables.conf",
                    "1\n755",
                ),
            Case::new("a table that was lost", || nftables(RULES))
                .prepare("nft flush ruleset && nft add table ip other")
                .check(listed, "table ip other\ntable inet e2e"),
            Case::new("other rules", || nftables(RULES.replace("4567", "4568"))).check(
                "nft list table inet e2e | grep -c dport; nft list table inet e2e | grep -c 4568",
                "1\n1",
            ),
            Case::new("no others", || nftables(RULES).only()).check(listed, "table inet e2e"),
            Case::new("as the system loads it at its start", || nftables(RULES).only())
                .prepare("nft flush ruleset && nft -f /etc/nftables.conf")
                .first([End::Unchanged]),
        ],
    );
    let before = lab.machine.check("cat /etc/nftables.conf; nft list ruleset");
    let troubles =
        lab.converge(|| nftables("table inet e2e {\n  chain input { no such rule }\n}")).troubles().join("");
    assert!(troubles.contains("nft refuses the new /etc/nftables.conf"), "{troubles}");
    assert_eq!(lab.machine.check("cat /etc/nftables.conf; nft list ruleset"), before);
}

#[test]
fn ufw_on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let troubles = lab.converge(|| ufw_rule(22)).troubles().join("");
    assert!(troubles.contains("package(\\\"ufw\\\")"), "{troubles}");
    lab.machine.check(&install("ufw"));
    let added = "ufw show added | grep ^ufw";
    cases::run(
        &lab,
        [
            Case::new("rules", || {
                ufw_rule(22).tcp().limit();
                ufw_rule("80,443").tcp();
                ufw_rule(5432).tcp().from("10.0.0.0/8").to("10.1.2.3");
                ufw_rule(53).outgoing().deny();
                ufw_rule(1234).udp().from("fd00::/8").reject();
            })
            .check(
                added,
                "ufw limit 22/tcp\nufw allow 80,443/tcp\nufw allow from 10.0.0.0/8 to 10.1.2.3 port 5432 proto tcp\n\
                 ufw deny out 53\nufw reject from fd00::/8 to any port 1234 proto udp",
            ),
            Case::new("one less, and another verb", || {
                ufw_rule("80,443").tcp().absent();
                ufw_rule(9999).absent();
                ufw_rule(22).tcp();
            })
            .first([End::Changed, End::Unchanged, End::Changed])
            .check(format!("{added} | head -n 1; {added} | wc -l"), "ufw allow 22/tcp\n4"),
            Case::new("at work", || ufw().deny_incoming().allow_outgoing())
                .prepare("ufw default allow incoming >/dev/null")
                .check("ufw status verbose | sed -n '1p;3p'", "Status: active\nDefault: deny (incoming), allow (outgoing), disabled (routed)")
                .check("grep -c '^ENABLED=yes' /etc/ufw/ufw.conf", "1"),
            Case::new("a rule while it is at work", || ufw_rule(8080).tcp())
                .check("ufw status | grep -c '^8080/tcp .*ALLOW'", "2"),
            Case::new("not at work", || ufw().disabled()).check("ufw status", "Status: inactive"),
        ],
    );
}
