//! Versions of operating systems and kernels, and conditions on them.

use crate::name::InvalidName;
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
pub struct Version {
    numbers: Vec<u64>,
    /// As it was written, zeros and all.
    text: String,
}

impl Version {
    /// Returns the version in a text such as `12` or `22.04`. What follows the last number is ignored, and a
    /// text without numbers gives the empty version, which is lower than every other.
    pub fn parse(text: &str) -> Version {
        let mut numbers = Vec::new();
        let mut end = 0;
        for part in text.split('.') {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let Ok(number) = part[..digits].parse() else { break };
            end += usize::from(!numbers.is_empty()) + digits;
            numbers.push(number);
            if digits < part.len() {
                break;
            }
        }
        Version { numbers, text: text[..end].to_owned() }
    }

    /// Returns the numbers without the zeros at the end.
    fn significant(&self) -> &[u64] {
        let end = self.numbers.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
        &self.numbers[..end]
    }

    /// Returns the first version after all that begin like this one.
    fn next(&self) -> Version {
        let mut numbers = self.numbers.clone();
        if let Some(last) = numbers.last_mut() {
            *last = last.saturating_add(1);
        }
        let text: Vec<String> = numbers.iter().map(u64::to_string).collect();
        Version { numbers, text: text.join(".") }
    }

    /// Tells whether all numbers of `other` are this one's first.
    fn begins_like(&self, other: &Version) -> bool {
        let mut own = self.numbers.iter().copied().chain(std::iter::repeat(0));
        other.numbers.iter().all(|number| own.next() == Some(*number))
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

#[cfg(feature = "serde")]
impl serde::Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Version::parse(&String::deserialize(deserializer)?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
    /// which must hold, or `*` for any version. A bare version means that version and all that begin like it: `12` holds for `12.5`.
    ///
    /// # Errors
    ///
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<VersionReq, InvalidName> {
        let error = || {
            InvalidName::new("version condition", text, "comparisons such as \">= 12\" or \">= 20.04, < 24\"")
        };
        if text.trim() == "*" {
            return Ok(VersionReq(Vec::new()));
        }
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

    /// Returns the versions that satisfy the condition: from the first on, up to the second and without it.
    pub(crate) fn range(&self) -> (Version, Option<Version>) {
        let mut range = (Version::default(), None::<Version>);
        for (op, version) in &self.0 {
            let (from, to) = match op {
                VersionOp::Is => (Some(version.clone()), Some(version.next())),
                VersionOp::AtLeast => (Some(version.clone()), None),
                VersionOp::Above => (Some(version.next()), None),
                VersionOp::AtMost => (None, Some(version.next())),
                VersionOp::Below => (None, Some(version.clone())),
            };
            range.0 = from.into_iter().chain([range.0]).max().unwrap_or_default();
            range.1 = to.into_iter().chain(range.1).min();
        }
        range
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
        if self.0.is_empty() {
            return f.write_str("any version");
        }
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
        assert_eq!(Version::parse("8a.5").to_string(), "8");
        for text in ["", ".5", "sid", "é"] {
            assert_eq!(Version::parse(text).to_string(), "", "{text:?}");
        }
    }
}
