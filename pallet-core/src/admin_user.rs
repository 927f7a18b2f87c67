//! The account under which nodes are configured, for the phases that create it.

use crate::context::{Context, ExtractError, FromContext};

/// The admin user of the run, as an extractor: from the command line, or `[admin-user]` of the configuration, else
/// whoever runs the program (Pallet's rule). For the phase that creates this account on new nodes.
///
/// ```
/// use pallet::prelude::*;
///
/// /// Lets the admin user log in.
/// #[phase]
/// fn let_in(admin: AdminUser) {
///     user(admin.username());
///     authorized_keys(admin.username(), admin.public_keys());
/// }
/// # let built = pallet::graph::build(&pallet::Context::example(), || _ = let_in()).unwrap();
/// # assert_eq!(built.graph.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminUser {
    username: String,
    public_keys: Vec<String>,
}

impl AdminUser {
    /// Returns an admin user of this name with these public keys, each a line as `authorized_keys` has it.
    pub fn new(
        username: impl Into<String>,
        public_keys: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        AdminUser {
            username: username.into(),
            public_keys: public_keys.into_iter().map(Into::into).collect(),
        }
    }

    /// Returns the name of the account.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the public halves of the keys that the admin user logs in with, each a line as `authorized_keys` has
    /// it. There are none where login is by password alone.
    pub fn public_keys(&self) -> &[String] {
        &self.public_keys
    }
}

impl FromContext for AdminUser {
    fn from_context(context: &Context) -> Result<Self, ExtractError> {
        context.admin.clone().ok_or(ExtractError::Missing {
            message: "this run has no admin user".to_owned(),
            hint: "give `Setup` one, or name one in `[admin-user]` of the configuration",
        })
    }
}
