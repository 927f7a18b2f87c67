//! What the CD says, in YAML. Every value from outside is a quoted text.

use crate::machine::AdapterInfo;
use pallet::compute::AdminAccount;
use std::fmt::Write;

/// Returns who the machine is. Another `instance-id` makes cloud-init begin anew.
pub(super) fn meta_data(instance: &str, name: &str) -> String {
    format!("instance-id: {}\nlocal-hostname: {}\n", quoted(instance), quoted(name))
}

/// Returns who may log in: the admin user alone, by key, and as root through sudo.
pub(super) fn user_data(admin: &AdminAccount) -> String {
    let mut text = "#cloud-config\nssh_pwauth: false\n".to_owned();
    if admin.username == "root" {
        text.push_str("disable_root: false\n");
    }
    let _ = write!(text, "users:\n  - name: {}\n    lock_passwd: true\n", quoted(&admin.username));
    if admin.username != "root" {
        text.push_str("    sudo: \"ALL=(ALL) NOPASSWD:ALL\"\n");
    }
    text.push_str("    ssh_authorized_keys:\n");
    for key in &admin.public_keys {
        let _ = writeln!(text, "      - {}", quoted(key));
    }
    text
}

/// Returns that every adapter asks for an address. By itself cloud-init brings up only the first, which in the network
/// `local` is the one without a way out.
pub(super) fn network_config(adapters: &[AdapterInfo]) -> String {
    let mut text = "version: 2\nethernets:\n".to_owned();
    for adapter in adapters {
        let _ = write!(
            text,
            "  adapter{}:\n    match:\n      macaddress: {}\n    dhcp4: true\n    optional: true\n",
            adapter.slot,
            quoted(&with_colons(&adapter.mac))
        );
    }
    text
}

fn with_colons(mac: &str) -> String {
    let digits: Vec<char> = mac.to_ascii_lowercase().chars().collect();
    digits.chunks(2).map(String::from_iter).collect::<Vec<_>>().join(":")
}

/// A text in double quotes, where YAML understands the same escapes as JSON.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin(username: &str) -> AdminAccount {
        AdminAccount {
            username: username.to_owned(),
            public_keys: vec!["ssh-ed25519 AAAA \"me\"".to_owned()],
        }
    }

    #[test]
    fn the_admin_user_logs_in_by_key_and_becomes_root() {
        assert_eq!(
            user_data(&admin("anna")),
            "#cloud-config\nssh_pwauth: false\nusers:\n  - name: \"anna\"\n    lock_passwd: true\n    \
             sudo: \"ALL=(ALL) NOPASSWD:ALL\"\n    ssh_authorized_keys:\n      - \"ssh-ed25519 AAAA \\\"me\\\"\"\n"
        );
        let root = user_data(&admin("root"));
        assert!(root.contains("disable_root: false") && !root.contains("sudo"), "{root}");
    }

    #[test]
    fn every_adapter_is_known_by_its_address() {
        let adapter = |slot, mac: &str| AdapterInfo {
            slot,
            kind: "nat".to_owned(),
            mac: mac.to_owned(),
            interface: None,
            forwards: vec![],
        };
        let text = network_config(&[adapter(1, "0800271EAF2E"), adapter(2, "080027962679")]);
        assert!(
            text.contains("  adapter1:\n    match:\n      macaddress: \"08:00:27:1e:af:2e\"\n"),
            "{text}"
        );
        assert_eq!(text.matches("dhcp4: true").count(), 2);
    }

    #[test]
    fn no_value_can_leave_its_quotes() {
        let text = meta_data("1", "a\"\nb: c\\");
        assert_eq!(text, "instance-id: \"1\"\nlocal-hostname: \"a\\\"\\u000ab: c\\\\\"\n");
    }
}
