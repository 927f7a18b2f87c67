use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

fn local(home: &Path) -> LocalUser {
    LocalUser {
        name: "me".to_owned(),
        uid: rustix::process::getuid().as_raw(),
        home: home.to_owned(),
        hostname: "desk.example".to_owned(),
        agent: None,
    }
}

/// A home with these files in `.ssh`, and the configuration there without the system's.
fn home(files: &[(&str, &str)]) -> (TempDir, SshConfig) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".ssh");
    fs::create_dir(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let config = SshConfig { system_file: None, ..SshConfig::new(local(home.path())) };
    (home, config)
}

fn error(config: &SshConfig) -> ConfigError {
    config.resolve("a").unwrap_err()
}

#[test]
fn without_files_a_host_is_what_it_is_called() {
    let (home, config) = home(&[]);
    let host = config.resolve("Web").unwrap();
    assert_eq!((host.hostname.as_str(), host.port, host.user), ("web", 22, None));
    assert_eq!(host.known_hosts[0], home.path().join(".ssh/known_hosts"));
    assert_eq!((host.proxy, host.agent), (Proxy::None, AgentSetting::Default));
}

#[test]
fn what_is_given_wins() {
    let (_home, config) = home(&[("config", "User u\nPort 1\nMatch user given\nHostKeyAlias known\n")]);
    let host = config.resolve_as("a", Some("given"), Some(2)).unwrap();
    assert_eq!((host.user.as_deref(), host.port), (Some("given"), 2));
    assert_eq!(host.host_key_alias.as_deref(), Some("known"));
}

#[test]
fn tokens_and_variables_in_paths_are_filled_in() {
    let text = "Host a\nHostName b.example\nUser u\nPort 3\n\
                IdentityFile %d/k_%h_%n_%p_%r_%u_%L_%l_%k_%%\nIdentityFile ~/${PALLET_NO_SUCH}x\n";
    let (_unset, config) = home(&[("config", text)]);
    let message = error(&config).to_string();
    assert!(message.contains("PALLET_NO_SUCH"), "{message}");

    let text = text.replace("${PALLET_NO_SUCH}", "");
    let (home, config) = home(&[("config", &text)]);
    let files = config.resolve("a").unwrap().identity_files;
    let name = "k_b.example_a_3_u_me_desk_desk.example_b.example_%";
    assert_eq!(files, [home.path().join(name), home.path().join("x")]);
}

#[test]
fn an_unknown_token_is_an_error() {
    let (_home, config) = home(&[("config", "HostName %p.example\n")]);
    assert!(error(&config).to_string().contains("%p stands for nothing here"));
}

#[test]
fn a_proxy_command_is_complete() {
    let (_home, config) = home(&[("config", "ProxyCommand nc \"%h\" %p # %n %r ${X}\n")]);
    let host = config.resolve_as("a", Some("u"), Some(5)).unwrap();
    assert_eq!(host.proxy, Proxy::Command("nc \"a\" 5 # a u ${X}".to_owned()));
}

#[test]
fn relative_includes_are_beside_the_configuration() {
    let (_home, config) =
        home(&[("config", "Include conf-*\n"), ("conf-1", "User one\n"), ("conf-2", "Port 9\n")]);
    let host = config.resolve("a").unwrap();
    assert_eq!((host.user.as_deref(), host.port), (Some("one"), 9));
}

#[test]
fn includes_in_a_circle_are_noticed() {
    let (_home, config) = home(&[("config", "Include config\n")]);
    assert!(error(&config).message.contains("include each other"));
}

#[test]
fn an_error_names_file_and_line() {
    let (home, config) = home(&[("config", "\n# comment\nInclude more\n"), ("more", "\nMatch tagged x\n")]);
    let error = error(&config);
    assert_eq!(error.place, Some((home.path().join(".ssh/more"), 2)));
    assert!(error.hint.unwrap().contains("originalhost"));
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let (home, config) = home(&[("config", "User u\n")]);
    let file = home.path().join(".ssh/config");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(error(&config).hint.unwrap().contains("chmod go-w"));
}

#[test]
fn canonical_names_are_refused_not_ignored() {
    let (_home, config) = home(&[("config", "CanonicalizeHostname yes\n")]);
    assert!(error(&config).message.contains("not supported"));
}

#[test]
fn the_agent_may_be_named_by_a_variable() {
    let (_home, config) =
        home(&[("config", "Host a\nIdentityAgent $PATH\nHost b\nIdentityAgent $PALLET_NO_SUCH\n")]);
    let path = PathBuf::from(std::env::var_os("PATH").unwrap());
    assert_eq!(config.resolve("a").unwrap().agent, AgentSetting::Socket(path));
    assert_eq!(config.resolve("b").unwrap().agent, AgentSetting::None);
}

proptest! {
    #[test]
    fn no_file_is_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300), host in ".{0,20}") {
        // A command that happens to be written there must not be run.
        prop_assume!(!bytes.to_ascii_lowercase().windows(4).any(|four| four == b"exec"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, bytes).unwrap();
        let _ = SshConfig::from_file(local(folder.path()), file).resolve(&host);
    }

    #[test]
    fn no_line_of_known_words_is_too_strange(
        keyword in "(host|match|include|hostname|port|identityfile|identityagent|proxyjump|proxycommand|connecttimeout)",
        rest in "[ =\"'\\\\%{}$#!*?a-z0-9:@,/.-]{0,40}",
    ) {
        prop_assume!(!rest.contains("exec"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, format!("{keyword} {rest}\nhost *\n")).unwrap();
        let _ = SshConfig::from_file(local(folder.path()), file).resolve("host");
    }
}
