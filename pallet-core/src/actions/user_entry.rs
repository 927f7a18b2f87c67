//! What a user's entries say and how it is written: passwords, shells, dates. Pure text.

use crate::facts::OsFamily;
use crate::secret::Secret;

/// The password field of shadow.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Password<'a> {
    /// No password lets the user in.
    None,
    /// This hash does.
    Open(&'a str),
    /// This hash would, if it were unlocked.
    Locked(&'a str),
}

impl<'a> Password<'a> {
    pub(super) fn of(entry: &'a str) -> Self {
        let hash = entry.trim_start_matches('!');
        match hash {
            // An empty field lets everybody in; only a hash is a password.
            "" if entry.is_empty() => Password::Open(""),
            "" | "*" => Password::None,
            _ if hash.len() < entry.len() => Password::Locked(hash),
            _ => Password::Open(hash),
        }
    }

    pub(super) fn hash(self) -> Option<&'a str> {
        match self {
            Password::None => None,
            Password::Open(hash) | Password::Locked(hash) => Some(hash),
        }
    }

    pub(super) fn is_open(self) -> bool {
        matches!(self, Password::Open(_))
    }

    pub(super) fn entry(self) -> String {
        match self {
            Password::None => "!".to_owned(),
            Password::Open(hash) => hash.to_owned(),
            Password::Locked(hash) => format!("!{hash}"),
        }
    }
}

/// Refuses what is no hash, above all a password in the clear.
pub(super) fn check_hash(hash: &Secret) -> Result<(), String> {
    let hash = hash.expose();
    let plain = |b: u8| b.is_ascii_graphic() && !b":;*!\\".contains(&b);
    if hash.starts_with('$') && hash.len() > 8 && hash.bytes().all(plain) {
        return Ok(());
    }
    Err("the password is not the text that `crypt` makes of one, such as `$6$…`: make it with `openssl passwd -6`"
        .to_owned())
}

/// Returns where a shell of this name is.
pub(super) fn shell_path(name: &str, family: OsFamily) -> Option<String> {
    let folder = match name {
        "bash" | "csh" | "ksh" | "rsh" | "sh" | "tcsh" | "zsh" | "dash" | "false" => "/bin",
        "fish" => "/usr/bin",
        "nologin" if family.is(OsFamily::Alpine) || family.is(OsFamily::RhBase) => "/sbin",
        "nologin" => "/usr/sbin",
        _ => return None,
    };
    Some(format!("{folder}/{name}"))
}

/// Returns a shell by its path, however it was given.
pub(super) fn named_shell(shell: &str) -> String {
    shell_path(shell, OsFamily::Linux).unwrap_or_else(|| shell.to_owned())
}

/// Returns the number of a date, counted from 1970-01-01, in the proleptic Gregorian calendar.
pub(super) fn day_number(date: &str) -> Option<u32> {
    let numbers: Vec<&str> = date.split('-').collect();
    let [year, month, day] = numbers[..] else { return None };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day): (u32, u32, u32) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months = lengths.get(..usize::try_from(month).ok()?.checked_sub(1)?)?;
    if year < 1970 || day == 0 || day > *lengths.get(months.len())? {
        return None;
    }
    let before = year - 1;
    let leaps = before / 4 - before / 100 + before / 400 - 477;
    Some((year - 1970) * 365 + leaps + months.iter().sum::<u32>() + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$6$salt$hashhashhash";

    #[test]
    fn a_password_in_the_clear_is_refused() {
        assert!(check_hash(&Secret::from(HASH)).is_ok());
        for bad in ["correct horse", "", "!", "$6$", "$6$a:b$cccccccc", "$6$salt$hash\nroot:x"] {
            assert!(check_hash(&Secret::from(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn days_are_counted_from_1970() {
        let days = [("1970-01-01", 0), ("1972-03-01", 790), ("2000-02-29", 11016), ("2031-12-31", 22644)];
        for (date, number) in days {
            assert_eq!(day_number(date), Some(number), "{date}");
        }
        for bad in ["2031-02-29", "2031-13-01", "2031-00-10", "31-12-31", "tomorrow", "1969-12-31", ""] {
            assert_eq!(day_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn shells_have_names() {
        assert_eq!(shell_path("zsh", OsFamily::Debian).as_deref(), Some("/bin/zsh"));
        assert_eq!(shell_path("nologin", OsFamily::Rocky).as_deref(), Some("/sbin/nologin"));
        assert_eq!(shell_path("/opt/sh", OsFamily::Debian), None);
    }
}
