//! The user that runs pallet, as far as reaching nodes is concerned.

use std::path::{Path, PathBuf};

/// The user on the controller. A value, so that everything that depends on it can be tested with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalUser {
    /// The name of the account.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its home directory.
    pub home: PathBuf,
    /// The controller's own host name.
    pub hostname: String,
    /// Where the agent listens (`SSH_AUTH_SOCK`), if one runs.
    pub agent: Option<PathBuf>,
}

impl LocalUser {
    /// Returns the user that runs this process.
    pub fn current() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let (name, home) = account(uid, &std::fs::read_to_string("/etc/passwd").unwrap_or_default());
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let user = || variable("USER").or_else(|| variable("LOGNAME"))?.into_string().ok();
        LocalUser {
            name: name.or_else(user).unwrap_or_else(|| uid.to_string()),
            uid,
            home: variable("HOME").map(PathBuf::from).or(home).unwrap_or_else(|| PathBuf::from("/")),
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            agent: variable("SSH_AUTH_SOCK").map(PathBuf::from),
        }
    }

    /// Returns the path with a leading `~` or `~/` replaced by the home directory.
    pub fn expand_home(&self, path: &Path) -> PathBuf {
        match path.strip_prefix("~") {
            Ok(rest) => self.home.join(rest),
            Err(_) => path.to_owned(),
        }
    }
}

/// Returns name and home of an account, from the text of `/etc/passwd`. It may be in a directory service instead.
fn account(uid: u32, passwd: &str) -> (Option<String>, Option<PathBuf>) {
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [name, _, number, _, _, home, ..] = fields[..]
            && number.parse() == Ok(uid)
        {
            return (Some(name.to_owned()), Some(PathBuf::from(home)));
        }
    }
    (None, None)
}
