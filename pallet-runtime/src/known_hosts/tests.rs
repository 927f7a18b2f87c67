use super::*;
use base64ct::Base64;
use proptest::prelude::*;
use std::process::Command;
use tempfile::TempDir;

/// A key of this type whose bytes are `fill`.
fn key(algorithm: &str, fill: u8) -> HostKey {
    let mut blob = (algorithm.len() as u32).to_be_bytes().to_vec();
    blob.extend(algorithm.as_bytes());
    blob.extend(32_u32.to_be_bytes());
    blob.extend([fill; 32]);
    if algorithm != "ssh-ed25519" {
        blob.extend(1_u32.to_be_bytes());
        blob.push(fill);
    }
    HostKey::new(blob).unwrap()
}

fn text(key: &HostKey) -> String {
    format!("{} {}", key.algorithm(), Base64::encode_string(&key.blob))
}

/// Our file and OpenSSH's in a new folder.
fn files(own: &str, other: &str) -> (TempDir, KnownHosts) {
    let folder = tempfile::tempdir().unwrap();
    let (own_path, other_path) = (folder.path().join("own"), folder.path().join("other"));
    if !own.is_empty() {
        fs::write(&own_path, own).unwrap();
    }
    fs::write(&other_path, other).unwrap();
    let hosts = KnownHosts { read_only: vec![other_path], ..KnownHosts::new(own_path) };
    (folder, hosts)
}

#[test]
fn a_new_host_is_learned_and_then_known() {
    let (_folder, hosts) = files("", "");
    let (first, second) = (key("ssh-ed25519", 1), key("ssh-ed25519", 2));
    hosts.check("[node]:2022", &first).unwrap();
    hosts.check("[node]:2022", &first).unwrap();
    assert_eq!(fs::read_to_string(&hosts.own).unwrap(), format!("[node]:2022 {}\n", text(&first)));
    assert_eq!(fs::metadata(&hosts.own).unwrap().permissions().mode() & 0o777, 0o600);

    let error = hosts.check("[node]:2022", &second).unwrap_err();
    let message = error.to_string();
    for part in [&first.fingerprint(), &second.fingerprint(), &format!("{}:1", hosts.own.display())] {
        assert!(message.contains(part.as_str()), "{message}");
    }
    let hint = error.hint().unwrap();
    assert!(hint.contains(&format!("ssh-keygen -R '[node]:2022' -f '{}'", hosts.own.display())), "{hint}");
}

#[test]
fn the_command_in_the_hint_works() {
    let (_folder, hosts) = files("", "");
    hosts.check("[node]:2022", &key("ssh-ed25519", 1)).unwrap();
    let error = hosts.check("[node]:2022", &key("ssh-ed25519", 2)).unwrap_err();
    let hint = error.hint().unwrap();
    let command = hint.split('`').nth(1).unwrap();
    let Ok(output) = Command::new("sh").args(["-c", command]).output() else { return };
    if output.status.code() != Some(127) {
        assert!(output.status.success(), "{output:?}");
        hosts.check("[node]:2022", &key("ssh-ed25519", 2)).unwrap();
    }
}

#[test]
fn a_strict_policy_learns_nothing() {
    let (_folder, mut hosts) = files("", "");
    hosts.policy = Policy::Strict;
    assert!(matches!(hosts.check("node", &key("ssh-ed25519", 1)), Err(KnownHostsError::Unknown { .. })));
    assert!(!hosts.own.exists());
}

#[test]
fn the_users_file_is_believed_and_not_written() {
    let known = key("ssh-ed25519", 7);
    let other = format!("node,10.0.0.* {}\n", text(&known));
    let (_folder, hosts) = files("", &other);
    hosts.check("node", &known).unwrap();
    hosts.check("10.0.0.8", &known).unwrap();
    assert!(!hosts.own.exists());
    let error = hosts.check("node", &key("ssh-ed25519", 8)).unwrap_err();
    assert!(matches!(error, KnownHostsError::Changed { ref found, .. } if found.line == 1), "{error}");
    assert_eq!(fs::read_to_string(&hosts.read_only[0]).unwrap(), other);
}

#[test]
fn a_key_of_another_type_is_not_a_new_host() {
    let (_folder, hosts) = files(&format!("node {}\n", text(&key("ssh-ed25519", 1))), "");
    assert!(matches!(hosts.check("node", &key("ssh-rsa", 1)), Err(KnownHostsError::Changed { .. })));
}

#[test]
fn a_revoked_key_is_refused_even_if_it_is_also_known() {
    let known = key("ssh-ed25519", 1);
    let own = format!("@revoked * {0}\nnode {0}\n", text(&known));
    let (_folder, hosts) = files(&own, "");
    assert!(matches!(hosts.check("node", &known), Err(KnownHostsError::Revoked { .. })));
}

#[test]
fn an_authoritys_key_is_no_host_key() {
    let authority = key("ssh-ed25519", 1);
    let (_folder, mut hosts) = files(&format!("@cert-authority * {}\n", text(&authority)), "");
    hosts.policy = Policy::Strict;
    assert!(matches!(hosts.check("node", &authority), Err(KnownHostsError::Unknown { .. })));
}

#[test]
fn forgetting_removes_one_host() {
    let own = format!("# ours\na {0}\nb {0}\n", text(&key("ssh-ed25519", 1)));
    let (_folder, hosts) = files(&own, "");
    hosts.forget("a").unwrap();
    assert!(hosts.keys_of("a").unwrap().is_empty());
    assert_eq!(hosts.keys_of("b").unwrap().len(), 1);
    assert!(fs::read_to_string(&hosts.own).unwrap().starts_with("# ours\n"));
}

#[test]
fn hashed_names_are_those_of_ssh_keygen() {
    let known = key("ssh-ed25519", 3);
    let (_folder, hosts) = files("", &format!("node {0}\n[node]:2022 {0}\n", text(&known)));
    let Ok(output) = Command::new("ssh-keygen").arg("-H").arg("-f").arg(&hosts.read_only[0]).output() else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read_to_string(&hosts.read_only[0]).unwrap().starts_with("|1|"));
    for name in ["node", "[node]:2022"] {
        assert_eq!(hosts.keys_of(name).unwrap().len(), 1, "{name}");
    }
    assert!(hosts.keys_of("[node]:2023").unwrap().is_empty());
}

#[test]
fn two_runs_at_once_lose_nothing() {
    let (_folder, hosts) = files("", "");
    std::thread::scope(|scope| {
        for n in 0..16_u8 {
            let hosts = &hosts;
            scope.spawn(move || hosts.check(&format!("node-{n}"), &key("ssh-ed25519", n)).unwrap());
        }
    });
    for n in 0..16_u8 {
        assert_eq!(hosts.keys_of(&format!("node-{n}")).unwrap()[0].key, key("ssh-ed25519", n));
    }
}

#[test]
fn what_another_run_has_written_is_seen() {
    let (_folder, hosts) = files("", "");
    let known = key("ssh-ed25519", 1);
    assert!(hosts.keys_of("node").unwrap().is_empty());
    fs::write(&hosts.own, format!("node {}\n", text(&known))).unwrap();
    assert_eq!(hosts.keys_of("node").unwrap()[0].key, known);
    KnownHosts::new(hosts.own.clone()).check("other", &known).unwrap();
    assert_eq!(hosts.keys_of("other").unwrap()[0].line, 2);
}

#[test]
fn a_line_that_was_cut_short_is_no_entry_and_not_continued() {
    let (first, second) = (key("ssh-ed25519", 1), key("ssh-ed25519", 2));
    let whole = format!("cut {}", text(&first));
    for length in 0..whole.len() {
        let (_folder, hosts) = files(&whole[..length], "");
        hosts.check("cut", &second).unwrap();
        assert_eq!(hosts.keys_of("cut").unwrap().len(), 1, "{length}");
        let read_anew = KnownHosts::new(hosts.own.clone());
        assert_eq!(read_anew.keys_of("cut").unwrap(), hosts.keys_of("cut").unwrap(), "{length}");
    }
}

#[test]
fn names_carry_the_port_when_it_is_another() {
    assert_eq!(host_name("Node", 22), "node");
    assert_eq!(host_name("fe80::1", 2022), "[fe80::1]:2022");
}

proptest! {
    #[test]
    fn no_line_is_too_strange(line in ".{0,200}", name in ".{0,40}") {
        if let Some(entry) = line::parse(&line) {
            entry.is_for(&name);
        }
    }
}
