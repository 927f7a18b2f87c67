//! Names of databases, users and hosts: what is allowed, and how SQL writes it.

use std::fmt;

/// Why a name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName {
    what: &'static str,
    given: String,
    rule: &'static str,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no {}: expected {}", self.given, self.what, self.rule)
    }
}

impl std::error::Error for InvalidName {}

fn check(
    what: &'static str,
    rule: &'static str,
    most: usize,
    others: &[u8],
    given: &str,
) -> Result<(), InvalidName> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || others.contains(&b);
    if (1..=most).contains(&given.len()) && given.bytes().all(fits) {
        return Ok(());
    }
    Err(InvalidName { what, given: given.to_owned(), rule })
}

/// Checks the name of a database.
pub(crate) fn database(name: &str) -> Result<(), InvalidName> {
    check("name of a database", "1 to 64 letters, digits, `_`, `-`", 64, b"_-", name)
}

/// Checks the name of a user. 32 is what MySQL allows; MariaDB allows 128.
pub(crate) fn user(name: &str) -> Result<(), InvalidName> {
    check("name of a database user", "1 to 32 letters, digits, `_`, `-`, `.`", 32, b"_-.", name)
}

/// Checks from where a user may log in.
pub(crate) fn host(pattern: &str) -> Result<(), InvalidName> {
    let rule = "`localhost`, an address, a host name, or one of these with `%`, such as `10.0.0.%`";
    check("host of a database user", rule, 255, b"_-.%:/", pattern)
}

/// Checks the name of a table.
pub(crate) fn table(name: &str) -> Result<(), InvalidName> {
    check("name of a table", "1 to 64 letters, digits, `_`, `-`", 64, b"_-", name)
}

/// Checks the name of a character set or of a collation.
pub(crate) fn charset(name: &str) -> Result<(), InvalidName> {
    check("character set or collation", "a name such as `utf8mb4`", 64, b"_", name)
}

/// Checks the name of an option of the server.
pub(crate) fn option(name: &str) -> Result<(), InvalidName> {
    check("option of the server", "letters, digits, `_`, `-`", 64, b"_-", name)
}

/// A user of a server, written `'app'@'10.%'` in SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) host: String,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither has a quote or a backslash: see the checks above.
        write!(f, "'{}'@'{}'", self.name, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_sql_would_read_is_a_name() {
        for bad in ["", "a'b", "a`b", "a\\b", "a b", "a;b", "a\nb", "ä"] {
            assert!(database(bad).is_err() && user(bad).is_err() && host(bad).is_err(), "{bad:?}");
        }
        assert!(database(&"x".repeat(64)).is_ok() && database(&"x".repeat(65)).is_err());
        assert!(
            host("10.0.0.%").is_ok()
                && host("2001:db8::1").is_ok()
                && host("192.168.0.0/255.255.0.0").is_ok()
        );
    }
}
