//! The account under which pallet configures nodes, made on new ones.
//!
//! An image lets its own user in. What comes after `bootstrap` is done by the admin user, whom the configuration or the command
//! line names (`[admin-user]`, `--user`). A group that extends [`AutomatedAdminUser`] has that account on its nodes, with
//! its public key and the right to be root without a password (Pallet's crate of this name):
//!
//! ```
//! use pallet::prelude::*;
//! use pallet_automated_admin_user::AutomatedAdminUser;
//!
//! group! { pub Web { count: 2, image: "debian-12", extends: [AutomatedAdminUser] } }
//! # use pallet::DefinesGroup;
//! # assert!(Web::spec().resolve().unwrap().phases.keys().any(|name| name.as_str() == "bootstrap"));
//! ```
//!
//! [`create`] is the same for any account, and [`also`] adds people beside it. Supported: every system that has sudo.
//! Tested on real nodes: Debian.

use pallet::actions::SudoRule;
use pallet::prelude::*;
use std::time::Duration;

server_spec! {
    /// A node with the admin user of the run on it. The package index is read first, since images are old.
    pub AutomatedAdminUser { bootstrap: bootstrap }
}

/// Reads the package index and makes the admin user.
///
/// # Errors
///
/// When the admin user has no key: nobody could log in.
#[phase]
pub fn bootstrap(admin: AdminUser) -> Result {
    package_manager().update().max_age(Duration::from_secs(3600));
    create(&admin)
}

/// Makes an account with these keys that may do everything as root, without a password.
///
/// # Errors
///
/// When there is no key: nobody could log in.
#[phase]
pub fn create(#[arg] admin: &AdminUser) -> Result {
    let name = admin.username();
    if admin.public_keys().is_empty() {
        return Err(Error::msg(format_args!(
            "the admin user {name} has no public key that could be put on the node: name the key in `[admin-user]` of the \
             configuration, as `private-key-path` or `public-key-path`"
        )));
    }
    if name != "root" {
        package("sudo");
        user(name).shell("/bin/sh").create_home(true);
        sudoers(format!("admin-{}", name))
            .defaults("env_keep += \"SSH_AUTH_SOCK\"")
            .rule(SudoRule::user(name).nopasswd());
    }
    authorized_keys(name, admin.public_keys());
    Ok(())
}

/// Makes an account for somebody beside the admin user: `also("ana", &["ssh-ed25519 AAAA… ana@home"])`.
///
/// # Errors
///
/// When there is no key.
#[phase]
pub fn also(#[arg] username: &str, #[arg] public_keys: &[&str]) -> Result {
    create(&AdminUser::new(username, public_keys.iter().copied()))
}
