//! What shadow has of a user: the password, whether it is locked, and when the account expires.

use super::User;
use crate::action::Diff;
use crate::actions::user_entry::{Password, day_number};
use crate::name::AccountName;
use crate::probe::Shadow;
use crate::script::Script;
use crate::secret::Secret;
use crate::text::Text;
use crate::world::World;

/// When an account can no longer be used.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expiry {
    Never,
    /// A date as it was written.
    On(String),
}

impl std::fmt::Display for Expiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expiry::Never => f.write_str("never"),
            Expiry::On(date) => f.write_str(date),
        }
    }
}

impl User {
    pub(super) fn has_shadow(&self) -> bool {
        self.password.is_some() || self.locked.is_some() || self.expires.is_some()
    }

    pub(super) fn diff_shadow(&self, is: Option<&Shadow>, diff: &mut Diff) {
        let before = is.map_or(Password::None, |is| Password::of(is.password.expose()));
        let after = self.password_after(before);
        if before.hash() != after.hash() {
            diff.change("password");
        }
        match (self.locked, after) {
            (Some(false), Password::None) => {
                let message = format!("{} has no password that could be unlocked", self.name);
                *diff = Diff::problem(message, "give one with `password_hash`".to_owned());
                return;
            }
            (Some(true), _) if before.is_open() => diff.change("locked"),
            (Some(false), _) if !before.is_open() && before.hash().is_some() => diff.change("unlocked"),
            _ => {}
        }
        let expires = is.and_then(|is| is.expires);
        match &self.expires {
            Some(Expiry::Never) if expires.is_some() => diff.change("expires never"),
            Some(Expiry::On(date)) if day_number(date) != expires => diff.change(format!("expires {date}")),
            _ => {}
        }
    }

    fn password_after<'a>(&'a self, before: Password<'a>) -> Password<'a> {
        let hash = self.password.as_ref().map(|hash| hash.expose().as_str()).or(before.hash());
        let locked = self.locked.unwrap_or(matches!(before, Password::Locked(_)));
        match hash {
            None => Password::None,
            Some(hash) if locked => Password::Locked(hash),
            Some(hash) => Password::Open(hash),
        }
    }

    pub(super) fn predict_shadow(&self, name: &AccountName, world: &mut World) {
        if !self.has_shadow() {
            return;
        }
        let is = world.shadow(name).is.cloned();
        let before = is.as_ref().map_or(Password::None, |is| Password::of(is.password.expose()));
        let password = self.password_after(before).entry();
        let expires = match &self.expires {
            Some(Expiry::On(date)) => day_number(date),
            Some(Expiry::Never) => None,
            None => is.as_ref().and_then(|is| is.expires),
        };
        world.set_shadow(name, Some(Shadow { password: Secret::from(password), expires }));
    }

    pub(super) fn apply_shadow(&self, script: Script, id: &str) -> Script {
        let flag = |wanted: Option<bool>| match wanted {
            Some(true) => "locked",
            Some(false) => "unlocked",
            None => "",
        };
        let mut script = script;
        if self.password.is_some() || self.locked.is_some() {
            let hash = self.password.as_ref().map(Text::from).unwrap_or_default();
            let words = [Text::from(id), Text::from(&self.name), hash, Text::from(flag(self.locked))];
            script = script.call("p_password", words).code("[ $? -eq 0 ] || return\n");
        }
        if let Some(expires) = &self.expires {
            let day = match expires {
                Expiry::Never => String::new(),
                Expiry::On(date) => day_number(date).map(|day| day.to_string()).unwrap_or_default(),
            };
            script = script.call("p_expire", [id, &self.name, &day]).code("[ $? -eq 0 ] || return\n");
        }
        script
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$6$salt$hashhashhash";
    const OTHER: &str = "$6$salt$otherotherot";

    fn changes(user: &User, entry: Option<&str>, expires: Option<u32>) -> Vec<String> {
        let is = entry.map(|entry| Shadow { password: Secret::from(entry), expires });
        let mut diff = Diff::none();
        user.diff_shadow(is.as_ref(), &mut diff);
        assert!(!format!("{diff:?} {user:?}").contains(HASH));
        diff.problem.map_or(diff.changes, |problem| vec![problem.message])
    }

    #[test]
    fn passwords_are_compared_and_never_shown() {
        let user = |password: Option<&str>, locked| User {
            name: "app".to_owned(),
            password: password.map(Secret::from),
            locked,
            ..User::default()
        };
        let locked = format!("!{HASH}");
        let cases: [(User, Option<&str>, &[&str]); 12] = [
            (user(Some(HASH), None), Some(HASH), &[]),
            (user(Some(HASH), None), Some(&locked), &[]),
            (user(Some(HASH), None), Some("!"), &["password"]),
            (user(Some(HASH), None), Some("*"), &["password"]),
            (user(Some(HASH), None), Some(OTHER), &["password"]),
            (user(Some(HASH), None), None, &["password"]),
            (user(Some(HASH), Some(true)), Some(HASH), &["locked"]),
            (user(Some(HASH), Some(false)), Some(&locked), &["unlocked"]),
            (user(None, Some(true)), Some("!"), &[]),
            (user(None, Some(true)), Some(""), &["locked"]),
            (user(None, Some(false)), Some(HASH), &[]),
            (user(None, Some(false)), Some("!"), &["app has no password that could be unlocked"]),
        ];
        for (user, entry, expected) in cases {
            assert_eq!(changes(&user, entry, None), expected, "{user:?} on {entry:?}");
        }
    }

    #[test]
    fn an_expiry_is_compared_by_day() {
        let user = |expires| User { expires: Some(expires), ..User::default() };
        assert!(changes(&user(Expiry::On("1970-01-11".into())), Some("!"), Some(10)).is_empty());
        assert_eq!(changes(&user(Expiry::Never), Some("!"), Some(10)), ["expires never"]);
        assert_eq!(changes(&user(Expiry::On("1970-01-12".into())), None, None), ["expires 1970-01-12"]);
    }
}
