//! A real cloud-init reads the CD that a node gets, and the admin user is there: with its key, with sudo, and alone.
//!
//! The CD is of a node in a real registry. Who reads it is a Debian machine of `pallet-test`, which has no drive for CDs:
//! its files are put where cloud-init looks for the same files before it looks for the CD.

use pallet::compute::{AdminAccount, Provider, ServiceConfig};
use pallet_test::nodes::{Bench, Node};
use pallet_tests_vbox::real::Real;
use pallet_tests_vbox::world::{World, quietly, request};
use std::path::{Path, PathBuf};
use std::process::Command;

const STAND_IN: &str = env!("CARGO_BIN_EXE_vboxmanage-without-hypervisor");
const FILES: [&str; 3] = ["meta-data", "user-data", "network-config"];

#[test]
fn a_real_cloud_init_makes_the_admin_user() {
    pallet_test::require!("nodes", "isoinfo");
    let real = match Real::find() {
        Ok(real) => real,
        Err(reason) => return pallet_test::parts::ignore(module_path!(), &reason),
    };
    let bench = Bench::options().packages(["cloud-init"]).start(1).expect("a node");
    let node = &bench.nodes()[0];
    // Without a CD it does nothing, as in the same image used without one.
    assert!(node.check("cloud-init status").contains("disabled"));

    let world = World::new(&real, STAND_IN);
    let (cd, mac) = made_for(&world, node);
    seed(node, &cd);
    node.reboot().expect("it boots");
    let said = "cloud-init status --wait --long; grep -E 'WARN|ERROR' /var/log/cloud-init.log";
    let said = node.run(said).stdout;
    assert!(said.contains("status: done"), "{said}");
    node.check("cloud-init schema --config-file /var/lib/cloud/seed/nocloud/user-data");

    assert_eq!(login(node, "id -un; sudo -n id -u; hostname"), "anna\n0\nweb-1\n");
    assert_eq!(node.check("passwd --status anna | cut -d ' ' -f 2"), "L\n", "it has no password");
    assert_eq!(node.check("sshd -T | grep -x 'passwordauthentication .*'"), "passwordauthentication no\n");
    assert!(!node.run("id debian").succeeded(), "the account that the image would make by itself");
    // This machine has no adapter of that address; it was told what to do with one.
    let network = node.check("cat /etc/systemd/network/*-adapter1.network").to_lowercase();
    let heading = network.find("[match]").zip(network.find("[network]")).expect("both sections");
    assert!(network[heading.0..heading.1].contains(&format!("macaddress={mac}\n")), "{network}");
    assert!(network[heading.1..].contains("dhcp=ipv4\n"), "{network}");
}

/// Makes a machine whose admin user has the key of the bench, and returns its CD and the address of its adapter.
fn made_for(world: &World, node: &Node) -> (PathBuf, String) {
    let key = std::fs::read_to_string(node.key_path().with_extension("pub")).expect("a public key");
    let admin = AdminAccount { username: "anna".to_owned(), public_keys: vec![key.trim().to_owned()] };
    let images = world.images(&[("cloud-init", true.into())]);
    let config = ServiceConfig { admin: Some(admin), ..world.config("lab", &[("images", images)]) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let made = runtime.block_on(async {
        let service = pallet_vbox::provider().open(config).await?;
        service.create(&request("web", 1), &quietly).await
    });
    let info = world.vbox(&["showvminfo", &made.expect("a machine").id.0, "--machinereadable"]);
    let value =
        |key: &str| info.lines().find_map(|line| line.strip_prefix(key)).expect(key).trim_matches('"');
    let mac: Vec<&str> = value("macaddress1=")
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| std::str::from_utf8(pair).ok())
        .collect();
    (value("\"SATA-1-0\"=").into(), mac.join(":").to_lowercase())
}

/// Gives a node the files of a CD.
fn seed(node: &Node, cd: &Path) {
    node.check("mkdir -p /var/lib/cloud/seed/nocloud");
    // An image for clouds has the language that cloud-init sets; this one has none.
    node.check("echo 'locale: false' >/etc/cloud/cloud.cfg.d/90_locale.cfg");
    for file in FILES {
        let output = Command::new("isoinfo").args(["-J", "-x", &format!("/{file};1"), "-i"]).arg(cd).output();
        let text = String::from_utf8(output.expect("isoinfo runs").stdout).expect("a text");
        node.check(&format!("cat >/var/lib/cloud/seed/nocloud/{file} <<'END_OF_FILE'\n{text}END_OF_FILE"));
    }
}

/// Runs a line of shell over SSH as the admin user.
fn login(node: &Node, script: &str) -> String {
    let output = Command::new("timeout")
        .args([
            "--kill-after=5",
            "60",
            "ssh",
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
        ])
        .args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
        ])
        .arg("-i")
        .arg(node.key_path())
        .args([&format!("anna@{}", node.address()), script])
        .output()
        .expect("ssh runs");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
