use super::*;
use crate::ssh_config::SshConfig;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;

fn local(home: &Path) -> LocalUser {
    LocalUser { home: home.to_owned(), name: "me".to_owned(), agent: None, ..LocalUser::current() }
}

/// A home with a key in `.ssh`, or `None` where there is no ssh-keygen.
fn home_with_key(name: &str, passphrase: &str, options: &[&str]) -> Option<(TempDir, PathBuf)> {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".ssh");
    std::fs::create_dir(&folder).unwrap();
    let key = folder.join(name);
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-N", passphrase]).args(options).arg("-f").arg(&key);
    keygen.status().ok()?.success().then_some((home, key))
}

fn named(key: &Path) -> Login {
    Login { username: "deploy".to_owned(), private_key_path: Some(key.to_owned()), ..Login::default() }
}

async fn checked(login: &Login, home: &Path) -> Result<(), TransportError> {
    AdminUser::new(login).check(&local(home)).await
}

async fn shown(login: &Login, home: &Path) -> Credentials {
    let config = SshConfig::empty(local(home));
    let host = config.resolve("node").unwrap();
    AdminUser::new(login).credentials(&host, config.local()).await.unwrap()
}

#[tokio::test]
async fn a_missing_key_is_named() {
    let home = tempfile::tempdir().unwrap();
    let error = checked(&named(Path::new("~/.ssh/no_key")), home.path()).await.unwrap_err();
    assert_eq!(error.stage, Stage::Credentials);
    assert!(error.message.contains(&home.path().join(".ssh/no_key").display().to_string()), "{error}");
    assert!(error.hint.unwrap().contains("ssh-keygen"));
}

#[tokio::test]
async fn a_folder_is_no_key() {
    let home = tempfile::tempdir().unwrap();
    let error = checked(&named(home.path()), home.path()).await.unwrap_err();
    assert!(error.message.contains("cannot be used"), "{error}");
}

#[tokio::test]
async fn a_public_key_is_recognised() {
    let Some((home, key)) = home_with_key("key", "", &["-t", "ed25519"]) else { return };
    let error = checked(&named(&key.with_extension("pub")), home.path()).await.unwrap_err();
    assert!(error.message.contains("public key"), "{error}");
    assert!(error.hint.unwrap().contains(".pub"));
}

#[tokio::test]
async fn something_else_is_no_key() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("notes");
    std::fs::write(&file, "buy milk").unwrap();
    let error = checked(&named(&file), home.path()).await.unwrap_err();
    assert!(error.message.contains("no private key"), "{error}");
}

#[tokio::test]
async fn a_locked_key_needs_the_right_passphrase() {
    for options in [&["-t", "ed25519"][..], &["-t", "rsa", "-b", "2048", "-m", "PEM"]] {
        let Some((home, key)) = home_with_key("key", "right", options) else { return };
        let path = key.display().to_string();

        let error = checked(&named(&key), home.path()).await.unwrap_err();
        assert!(error.message.contains(&path) && error.message.contains("none was given"), "{error}");
        assert!(error.hint.unwrap().contains("ssh-add"));

        let wrong = Login { passphrase: Some(Secret::from("wrong")), ..named(&key) };
        let error = checked(&wrong, home.path()).await.unwrap_err();
        assert!(error.message.contains(&path) && error.message.contains("does not open it"), "{error}");

        let right = Login { passphrase: Some(Secret::from("right")), ..named(&key) };
        checked(&right, home.path()).await.unwrap();
    }
}

#[tokio::test]
async fn a_passphrase_that_is_not_needed_does_no_harm() {
    let Some((home, key)) = home_with_key("key", "", &["-t", "ed25519"]) else { return };
    let login = Login { passphrase: Some(Secret::from("unused")), ..named(&key) };
    checked(&login, home.path()).await.unwrap();
}

#[tokio::test]
async fn without_a_name_the_usual_keys_are_shown_as_the_local_user() {
    let Some((home, key)) = home_with_key("id_ed25519", "", &["-t", "ed25519"]) else { return };
    let credentials = shown(&Login::default(), home.path()).await;
    assert_eq!(credentials.username(), "me");
    assert!(credentials.first.is_empty());
    let names: Vec<String> = credentials.then.iter().map(|key| key.name.clone()).collect();
    assert_eq!(names, [key.display().to_string()]);
}

#[tokio::test]
async fn a_usual_key_that_is_locked_is_noted() {
    let Some((home, key)) = home_with_key("id_ed25519", "right", &["-t", "ed25519"]) else { return };
    let credentials = shown(&Login::default(), home.path()).await;
    assert!(matches!(credentials.then[0].proof, Proof::InAgent(_)));
    assert!(credentials.notes[0].contains(&key.display().to_string()), "{:?}", credentials.notes);
}

#[tokio::test]
async fn a_named_key_keeps_the_usual_ones_back() {
    let Some((home, _)) = home_with_key("id_ed25519", "", &["-t", "ed25519"]) else { return };
    let Some((_other, key)) = home_with_key("key", "", &["-t", "ed25519"]) else { return };
    let credentials = shown(&named(&key), home.path()).await;
    assert_eq!((credentials.first.len(), credentials.then.len()), (1, 0));
}

#[tokio::test]
async fn a_jump_host_sees_neither_name_nor_password() {
    let home = tempfile::tempdir().unwrap();
    let login =
        Login { username: "deploy".to_owned(), password: Some(Secret::from("p")), ..Login::default() };
    let config = SshConfig::empty(local(home.path()));
    let host = config.resolve("gate").unwrap();
    let credentials = AdminUser::new(&login).credentials_of_jump(&host, config.local()).await.unwrap();
    assert_eq!((credentials.username(), &credentials.password), ("me", &None));
}

#[tokio::test]
async fn an_unreadable_key_is_named() {
    // Root reads everything.
    if rustix::process::getuid().is_root() {
        return;
    }
    let Some((home, key)) = home_with_key("key", "", &["-t", "ed25519"]) else { return };
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o000)).unwrap();
    let error = checked(&named(&key), home.path()).await.unwrap_err();
    assert!(error.message.contains(&key.display().to_string()), "{error}");
}

#[test]
fn the_way_to_root_follows_the_login() {
    let login = Login { password: Some(Secret::from("p")), ..Login::default() };
    let sudo = Login { sudo_password: Some(Secret::from("s")), ..login.clone() };
    let none = Login { no_sudo: true, ..login.clone() };
    let auto = |password: &str| Privilege::Auto { password: Some(Secret::from(password)) };
    assert_eq!(*AdminUser::new(&login).privilege(), auto("p"));
    assert_eq!(*AdminUser::new(&sudo).privilege(), auto("s"));
    assert_eq!(*AdminUser::new(&none).privilege(), Privilege::None);
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let login = Login {
        password: Some(Secret::from("hidden")),
        passphrase: Some(Secret::from("hidden")),
        sudo_password: Some(Secret::from("hidden")),
        ..Login::default()
    };
    let home = tempfile::tempdir().unwrap();
    let text = format!("{:?} {:?}", AdminUser::new(&login), shown(&login, home.path()).await);
    assert!(!text.contains("hidden"), "{text}");
}
