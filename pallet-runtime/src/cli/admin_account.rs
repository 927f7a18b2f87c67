//! The admin user as a provider can put it into a new node: a name and public keys, nothing secret.

use super::World;
use crate::credentials::DEFAULT_KEYS;
use pallet::compute::AdminAccount;
use pallet::spec::Login;
use std::path::{Path, PathBuf};

/// Returns the account to make for this login: that of the user who runs pallet, if it names none. `None` if no public
/// key is at hand, without which nobody could log in.
pub(crate) fn admin_account(login: &Login, world: &World) -> Option<AdminAccount> {
    let own_name = || world.var("USER").or_else(|| world.var("LOGNAME")).map(str::to_owned);
    let username = Some(login.username.clone()).filter(|name| !name.is_empty()).or_else(own_name)?;
    let public_keys = match &login.public_key_path {
        Some(file) => public_key(file).into_iter().collect(),
        None => public_keys(login.private_key_path.as_deref(), world.var("HOME").map(Path::new)),
    };
    (!public_keys.is_empty()).then_some(AdminAccount { username, public_keys })
}

/// The public half of the key that was named, or of those that are tried when none is.
fn public_keys(named: Option<&Path>, home: Option<&Path>) -> Vec<String> {
    let files: Vec<PathBuf> = match (named, home) {
        (Some(file), _) => vec![file.to_owned()],
        (None, Some(home)) => DEFAULT_KEYS.iter().map(|name| home.join(".ssh").join(name)).collect(),
        (None, None) => vec![],
    };
    // Only the file beside the private key is read: it says the same and is no secret.
    let beside = |file: &PathBuf| PathBuf::from(format!("{}.pub", file.display()));
    files.iter().filter_map(|file| public_key(&beside(file))).collect()
}

fn public_key(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    // A key, not a file that happens to have this name: `ssh-ed25519 AAAA… comment`.
    let looks_like_one = line.split_whitespace().nth(1).is_some_and(|key| key.starts_with("AAAA"));
    (looks_like_one && !line.contains(char::is_control)).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_half_of_the_named_key_is_handed_out_and_nothing_else() {
        let home = tempfile::tempdir().expect("a folder");
        let ssh = home.path().join(".ssh");
        std::fs::create_dir(&ssh).expect("a folder");
        std::fs::write(ssh.join("id_ed25519.pub"), "ssh-ed25519 AAAAC3 me@here\n").expect("written");
        std::fs::write(ssh.join("id_rsa.pub"), "no key\n").expect("written");
        std::fs::write(ssh.join("other"), "secret").expect("written");
        std::fs::write(ssh.join("other.pub"), "# mine\nssh-rsa AAAAB3 me\n").expect("written");
        let keys =
            |named: Option<&str>| public_keys(named.map(|name| ssh.join(name)).as_deref(), Some(home.path()));
        assert_eq!(keys(None), ["ssh-ed25519 AAAAC3 me@here"]);
        assert_eq!(keys(Some("other")), ["ssh-rsa AAAAB3 me"]);
        assert_eq!(keys(Some("none")), [""; 0]);
    }
}
