//! Versions of operating systems and kernels, and conditions on them.

use crate::name::InvalidName;
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;

/// A version of an operating system: numbers separated by dots, compared number by number.
///
/// Zeros at the end mean nothing: `12` and `12.0` are one version.
///
/// ```
/// use pallet::facts::Version;
///
/// assert!(Version::parse("22.04") > Version::parse("20.10"));
/// assert!(Version::parse("9") < Version::parse("10"));
/// assert_eq!(Version::parse("12"), Version::parse("12.0"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Version(Vec<u64>);

impl Version {
    /// Returns the version in a text such as `12` or `22.04`. What follows the last number is ignored, and a
    /// text without numbers gives the empty version, which is lower than every other.
    pub fn parse(text: &str) -> Version {
        let numbers = text.split('.').map_while(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        Version(numbers.collect())
    }

    /// Returns the numbers without the zeros at the end.
    fn significant(&self) -> &[u64] {
        let end = self.0.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
        &self.0[..end]
    }

    /// Tells whether all numbers of `other` are this one's first.
    fn begins_like(&self, other: &Version) -> bool {
        let mut own = self.0.iter().copied().chain(std::iter::repeat(0));
        other.0.iter().all(|number| own.next() == Some(*number))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.significant() == other.significant()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.significant().cmp(other.significant())
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// A condition on a version, such as `>= 12` or `>= 20.04, < 24`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionReq(Vec<(VersionOp, Version)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VersionOp {
    Is,
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl VersionReq {
    /// Returns the condition in a text: comparisons (`=`, `>=`, `>`, `<=`, `<`) separated by commas, all of
    /// which must hold. A bare version means that version and all that begin like it: `12` holds for `12.5`.
    ///
    /// # Errors
    ///
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<VersionReq, InvalidName> {
        let error = || {
            InvalidName::new("version condition", text, "comparisons such as \">= 12\" or \">= 20.04, < 24\"")
        };
        let comparisons = text.split(',').map(|comparison| {
            let comparison = comparison.trim();
            let (op, rest) = [
                (">=", VersionOp::AtLeast),
                ("<=", VersionOp::AtMost),
                (">", VersionOp::Above),
                ("<", VersionOp::Below),
                ("=", VersionOp::Is),
            ]
            .into_iter()
            .find_map(|(sign, op)| comparison.strip_prefix(sign).map(|rest| (op, rest)))
            .unwrap_or((VersionOp::Is, comparison));
            let rest = rest.trim();
            let plain = !rest.is_empty() && rest.split('.').all(|part| part.parse::<u64>().is_ok());
            if plain { Ok((op, Version::parse(rest))) } else { Err(error()) }
        });
        Ok(VersionReq(comparisons.collect::<Result<_, _>>()?))
    }

    /// Tells whether a version satisfies the condition.
    pub fn matches(&self, version: &Version) -> bool {
        self.0.iter().all(|(op, wanted)| {
            let begins_like = version.begins_like(wanted);
            match (op, version.cmp(wanted)) {
                (VersionOp::Is, _) => begins_like,
                (VersionOp::AtLeast, order) => order != Ordering::Less,
                (VersionOp::Above, order) => order == Ordering::Greater && !begins_like,
                (VersionOp::AtMost, order) => order != Ordering::Greater || begins_like,
                (VersionOp::Below, order) => order == Ordering::Less,
            }
        })
    }
}

impl fmt::Display for VersionReq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (op, version)) in self.0.iter().enumerate() {
            let sign = match op {
                VersionOp::Is => "=",
                VersionOp::AtLeast => ">=",
                VersionOp::Above => ">",
                VersionOp::AtMost => "<=",
                VersionOp::Below => "<",
            };
            write!(f, "{}{sign} {version}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_conditions() {
        let holds = |req: &str, version: &str| {
            VersionReq::parse(req).expect("a condition").matches(&Version::parse(version))
        };
        assert!(holds(">= 12", "12"));
        assert!(holds(">= 12", "13.1"));
        assert!(!holds(">= 12", "11.9"));
        assert!(holds("12", "12.5"));
        assert!(!holds("12", "120"));
        assert!(!holds("> 12", "12.5"));
        assert!(holds("<= 12", "12.5"));
        assert!(holds(">= 20.04, < 24", "22.04"));
        assert!(holds("12.0", "12"));
        assert!(holds(">= 12.0", "12"));
        assert!(!holds(">= 1", "sid"), "a release without numbers is older than all");
        for bad in ["", "twelve", ">= ", "12,", "~> 3"] {
            assert!(VersionReq::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_that_are_too_large_end_the_version() {
        assert_eq!(Version::parse("6.99999999999999999999999.1"), Version::parse("6"));
        assert_eq!(Version::parse("6.1.0-18-amd64").to_string(), "6.1.0");
    }
}
