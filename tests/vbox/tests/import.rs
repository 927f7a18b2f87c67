//! `config import`: old files with what they become, as a user of VirtualBox sees it. No VBoxManage is needed: nothing is
//! opened.

use pallet_runtime::cli::{Console, Stream, World};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// The configuration of the post that the walk-through follows, with what it wrote in two other places, and with what cannot
/// be carried over.
const CONFIG: &str = r#"; the configuration of Pallet
(ns pallet.config (:use pallet.core))

(defpallet
  :admin-user
    {:username "pallet-admin"
     :private-key-path "/home/ian/.ssh/pallet-admin"
     :public-key-path "/home/ian/.ssh/pallet-admin.pub"
     :passphrase "open sesame"
     :sudo-user "root"}
  :environment {:proxy "http://192.0.2.1:3128"}
  :services
    {:vbox
      {:provider "vmfest"
       :identity "ian"
       :credential "canary"
       :default-local-interface "vboxnet1"
       :default-network-type :local
       :hardware-models
         {:small {:memory-size (* 2 1024) :cpu-count 1}
          :build {:memory-size 2048 :cpu-count 2 :clipboard-mode :bidirectional
                  :boot-order [[1 :hard-disk] [2 :dvd]] :io-apic-enabled? true
                  :network [{:attachment-type :host-only :host-only-interface "vboxnet0"}
                            {:attachment-type :nat}]
                  :storage [{:name "IDE Controller" :bus :ide :devices [nil nil {:device-type :dvd} nil]}]
                  :boot-mount-point ["IDE Controller" 0]}}
       :images
         {:ubuntu-1204 {:description "Ubuntu 12.04"
                        :uuid "/home/ian/models/ubuntu.vdi"
                        :os-type-id "Ubuntu_64" :os-family :ubuntu :os-version "12.04" :os-64-bit true
                        :username "admin" :password "hunter2"
                        :packager :aptitude}}}
     :cloud {:provider "aws-ec2" :identity "me"}
     #_ :gone #_ {}
     :rack {:provider :node-list
            :node-list [["web-1" "web" "192.0.2.7" :ubuntu :ssh-port 2222 :id "x"]
                        ["bad host" :db "192.0.2.8" :ubuntu]]}})
"#;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A home with old files.
struct Home(TempDir);

struct Outcome {
    code: u8,
    stdout: String,
    stderr: String,
}

impl Home {
    fn new(files: &[(&str, &str)]) -> Home {
        let home = Home(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            home.write(path, text.as_bytes());
        }
        home
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, bytes).expect("written");
    }

    fn run(&self, line: &str) -> Outcome {
        let home = self.0.path().to_str().expect("a path in text");
        let (stdout, stderr) = (Kept::default(), Kept::default());
        let stream = |kept: &Kept| Stream { sink: Arc::new(Mutex::new(kept.clone())), terminal: false };
        let world = World {
            args: ["infra"].into_iter().chain(line.split_whitespace()).map(Into::into).collect(),
            vars: BTreeMap::from([("HOME".to_owned(), home.to_owned())]),
            cwd: self.0.path().to_owned(),
            stdout: stream(&stdout),
            stderr: stream(&stderr),
            prompts: Arc::new(Console),
            interruptible: false,
        };
        let code = pallet_runtime::main().provider(pallet_vbox::provider()).run_in(world);
        let text = |kept: Kept| {
            let bytes = kept.0.lock().expect("nobody panicked").clone();
            String::from_utf8(bytes).expect("text").replace(home, "~")
        };
        Outcome { code, stdout: text(stdout), stderr: text(stderr) }
    }

    fn config(&self, file: &str) -> std::path::PathBuf {
        self.0.path().join(".config/pallet").join(file)
    }
}

#[test]
fn an_old_configuration_is_printed_as_a_new_one_with_what_was_left_out() {
    let home = Home::new(&[(".pallet/config.clj", CONFIG)]);
    let outcome = home.run("config import");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(
        outcome.stderr.lines().collect::<Vec<_>>(),
        [
            ".pallet/config.clj:10:6: not carried over: `sudo-user` of the admin user: phases run as root; an action can be \
             told to run as somebody else",
            ".pallet/config.clj:11:3: not carried over: `environment`: say it in the program, as constants and arguments",
            ".pallet/config.clj:15:8: not carried over: `identity`: nothing is left that could use it",
            ".pallet/config.clj:16:8: not carried over: `credential`: nothing is left that could use it",
            ".pallet/config.clj:20:32: not carried over: `memory-size`: a list is code, which is not evaluated",
            ".pallet/config.clj:32:25: not carried over: unknown option `packager` of `ubuntu-1204` of `images` of \
             service \"vbox\"",
            ".pallet/config.clj:33:13: not carried over: the service `cloud`: this program has no provider `aws-ec2`, but \
             vbox, node-list, localhost",
            ".pallet/config.clj:37:25: not carried over: option `name` of the host: invalid node name \"bad host\": 1 to 63 \
             letters, digits, inner hyphens and dots",
            "1 file, 8 things not carried over; nothing was written: `--write` does",
        ],
        "{}",
        outcome.stderr
    );
    let expected = r#"# ~/.config/pallet/config.toml
default-service = "vbox"

[admin-user]
passphrase = "***"
private-key-path = "/home/ian/.ssh/pallet-admin"
public-key-path = "/home/ian/.ssh/pallet-admin.pub"
username = "pallet-admin"

[services.rack]
provider = "node-list"

[[services.rack.nodes]]
address = "192.0.2.7"
group = "web"
name = "web-1"
port = 2222

[services.vbox]
default-local-interface = "vboxnet1"
default-network-type = "local"
model-path = "~/.vmfest/models"
node-path = "~/.vmfest/nodes"
provider = "vbox"
"#;
    assert!(outcome.stdout.starts_with(expected), "{}", outcome.stdout);
    for line in
        ["boot-mount-point = [", "boot-order = [", "password = \"***\"", "\"io-apic-enabled?\" = true"]
    {
        assert!(outcome.stdout.contains(line), "{line}\n{}", outcome.stdout);
    }
    for secret in ["open sesame", "hunter2", "canary"] {
        assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret), "{secret}");
    }
    assert!(!home.config("").exists(), "nothing is written unasked");
}

#[test]
fn what_is_written_is_what_counts_then_and_is_for_its_owner_alone() {
    let lab = r#"{:lab {:provider :vmfest :model-path "/srv/models" :node-path "/srv/nodes" :default-network-type :nat}}"#;
    let home = Home::new(&[(".pallet/config.clj", CONFIG), (".pallet/services/of mine/lab.clj", lab)]);
    let outcome = home.run("config import --write");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(
        outcome.stdout,
        "wrote ~/.config/pallet/config.toml\nwrote ~/.config/pallet/services/lab.toml\n"
    );
    for file in ["config.toml", "services/lab.toml"] {
        let mode = fs::metadata(home.config(file)).expect("written").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let text = fs::read_to_string(home.config("config.toml")).expect("text");
    assert!(text.contains("passphrase = \"open sesame\"") && text.contains("{ env = "), "{text}");

    let shown = home.run("config show");
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    for row in [
        ("default-service", "vbox", ".config/pallet/config.toml:"),
        ("admin-user.passphrase", "***", ".config/pallet/config.toml:"),
        ("services.lab.provider", "vbox", ".config/pallet/services/lab.toml:"),
        ("services.vbox.images.ubuntu-1204.password", "***", ".config/pallet/config.toml:"),
        ("services.vbox.hardware-models.build.cpu-count", "2", ".config/pallet/config.toml:"),
    ] {
        let found = shown.stdout.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(row.0)
                && words.next() == Some(row.1)
                && words.next().is_some_and(|at| at.starts_with(row.2))
        });
        assert!(found, "{row:?}\n{}", shown.stdout);
    }
    assert!(!shown.stdout.contains("hunter2"), "{}", shown.stdout);
    assert_eq!(
        shown.stderr,
        "read, the first wins: .config/pallet/services/lab.toml, .config/pallet/config.toml\n"
    );
    // The provider understands all of it: what it misses, if anything, is VirtualBox.
    let hardware = home.run("hardware --service vbox");
    assert!(hardware.code == 0 || hardware.stderr.starts_with("error: no VBoxManage"), "{}", hardware.stderr);
}

#[test]
fn a_file_that_exists_is_replaced_only_when_that_is_said() {
    let home = Home::new(&[
        (".pallet/config.clj", "(defpallet :services {:a {:provider :vmfest}})"),
        (".pallet/services/b.clj", "{:b {:provider :vmfest}}"),
        (".config/pallet/services/b.toml", "mine"),
    ]);
    let outcome = home.run("config import --write");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.starts_with("error: these exist already: ~/.config/pallet/services/b.toml\n"));
    assert!(outcome.stderr.contains("`--force`"), "{}", outcome.stderr);
    assert!(!home.config("config.toml").exists(), "all or nothing");
    assert_eq!(fs::read_to_string(home.config("services/b.toml")).expect("still there"), "mine");
    assert_eq!(home.run("config import --write --force").code, 0);
    let text = fs::read_to_string(home.config("services/b.toml")).expect("replaced");
    assert!(text.contains("provider = \"vbox\""), "{text}");
    let left = fs::read_dir(home.config("services")).expect("a folder").count();
    assert_eq!(left, 1, "no temporary file stays");
    assert_eq!(home.run("config import --force").code, 2, "forced without writing");
}

/// Returns what is said about a file, without its last line.
fn notes(config: &str) -> String {
    let outcome = Home::new(&[("old.clj", config)]).run("config import old.clj");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("old.clj:"))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn every_thing_that_is_no_data_is_told_with_its_place() {
    assert_eq!(
        notes(
            "(def x 1)\n(defpallet\n  :services [[:a {:provider vmfest :model-path ~(path) :node-path #\"x\"}] [1 {}] :b 2 :c {}\n  \
             :a {:provider :vmfest}]\n  :blobstore {} :default-service 7 :colour :red)\n42\n"
        ),
        "1:1: not carried over: `(def …)`: code is not evaluated\n\
         3:48: not carried over: `model-path`: a value that is computed is code, which is not evaluated\n\
         3:67: not carried over: `node-path`: a regular expression is code, which is not evaluated\n\
         3:75: not carried over: a service has a name, not a whole number\n\
         3:84: not carried over: the service `b` is a whole number, not a map\n\
         3:89: not carried over: the service `c` has no `provider`\n\
         4:3: not carried over: the service `a` is there twice\n\
         5:3: not carried over: `blobstore`: there are no stores of blobs here\n\
         5:34: not carried over: expected the name of a service, found a whole number\n\
         5:36: not carried over: `colour`: no such key is known\n\
         6:1: not carried over: neither `(defpallet …)` nor a map of services\n"
    );
}

#[test]
fn the_service_without_a_name_is_the_default() {
    let config = "(defpallet :provider \"vmfest\" :identity \"x\" :services {:rack {:provider :node-list :node-list []}})";
    let outcome = Home::new(&[("old.clj", config)]).run("config import old.clj");
    assert!(outcome.stdout.contains("default-service = \"vbox\"\n"), "{}", outcome.stdout);
    let config = "(defpallet :default-service :rack :providers {:vbox {:provider :vmfest} :rack {:provider :node-list :node-list []}})";
    let outcome = Home::new(&[("old.clj", config)]).run("config import old.clj -o json");
    let first = outcome.stdout.lines().next().unwrap_or_default();
    assert!(
        first.contains("default-service = \\\"rack\\\"") && first.contains("\"written\":false"),
        "{first}"
    );
}

#[test]
fn what_cannot_be_read_is_refused_where_it_stands() {
    let refused = |bytes: &[u8]| {
        let home = Home::new(&[]);
        home.write("old.clj", bytes);
        let outcome = home.run("config import old.clj --write");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
        assert!(!home.config("").exists());
        outcome.stderr
    };
    let is_at = |stderr: String, what: &str, place: &str| {
        assert!(stderr.starts_with(&format!("error: {what}")), "{stderr}");
        assert!(stderr.contains(&format!("--> {place}\n")), "{stderr}");
    };
    is_at(refused(b"(defpallet\n  :a #=(eval (rm)))"), "`#=` evaluates", "old.clj:2:6");
    is_at(refused(b"(defpallet\n  :services {"), "this is never closed", "old.clj:2:13");
    is_at(refused(b"(defpallet))"), "this closes nothing", "old.clj:1:12");
    is_at(refused(b"(defpallet :services)"), "a key without a value", "old.clj:1:12");
    is_at(refused(b"(defpallet\n :a \"\xe9t\xe9\")"), "the file is not UTF-8", "old.clj:2:6");
    is_at(refused(&[b'['; 5000]), "too many levels", "old.clj:1:34");
    is_at(refused(&vec![b' '; (256 << 10) + 1]), "the file has more than 256 KiB", "~/old.clj");
    let secret = refused(b"(defpallet :admin-user {:password \"canary\" ]");
    assert!(!secret.contains("canary"), "{secret}");
}

#[test]
fn what_means_nothing_has_an_end() {
    let keys: String = (0..10_000).map(|n| format!(":key-{n} {n}\n")).collect();
    let found = notes(&format!("(defpallet :services {{:a {{:provider :vmfest\n{keys}}}}})"));
    assert!(found.contains("more than 50 of its options mean nothing\n"), "{found}");
    assert_eq!(found.lines().count(), 51);
    let forms = notes(&"(f)\n".repeat(10_000));
    assert!(forms.ends_with("201:1: not carried over: 9800 more things from here on\n"), "{forms}");
}

#[test]
fn a_folder_without_old_files_is_told() {
    let home = Home::new(&[("empty/x", "")]);
    for (from, what) in
        [("", "cannot read the old configuration"), ("empty", "there is neither `config.clj` nor")]
    {
        let outcome = home.run(&format!("config import {from}"));
        assert_eq!(outcome.code, 2);
        assert!(outcome.stderr.starts_with(&format!("error: {what}")), "{}", outcome.stderr);
    }
    assert!(!Path::new(&home.config("")).exists());
}
