//! Public keys of SSH, as they stand in files.

/// A public key: what is left of a line without its options and its comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    kind: String,
    blob: String,
}

const KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

impl PublicKey {
    /// Returns the key in a line of `authorized_keys`, of `known_hosts` or of a `.pub` file.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        if line.contains("PRIVATE KEY") {
            return Err("this is a private key; give the line of the `.pub` file".to_owned());
        }
        if line.contains(['\n', '\r', '\0']) {
            return Err("a public key is one line".to_owned());
        }
        let mut words = words(line).into_iter().skip_while(|word| !KINDS.contains(word));
        let (kind, blob) = (words.next(), words.next());
        let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
        match (kind, blob) {
            (Some(kind), Some(blob))
                if blob.len() > 60 && blob.starts_with("AAAA") && blob.bytes().all(base64) =>
            {
                Ok(PublicKey { kind: kind.to_owned(), blob: blob.to_owned() })
            }
            _ => {
                let short: String = line.chars().take(40).collect();
                Err(format!("{short:?} is no public key of SSH: a line such as `ssh-ed25519 AAAA… comment`"))
            }
        }
    }

    /// Returns for people what key a line has.
    pub(crate) fn of_line(line: &str) -> Option<String> {
        PublicKey::parse(line).ok().map(|key| key.in_short())
    }

    /// Tells whether a line has this key.
    pub(crate) fn is_in(&self, line: &str) -> bool {
        !line.starts_with('#') && line.split([' ', '\t']).any(|word| word == self.blob)
    }

    /// Returns the kind, such as `ssh-ed25519`.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the key itself, in base64.
    pub(crate) fn blob(&self) -> &str {
        &self.blob
    }

    /// Returns the key for people: its kind and its end, which tells it from others.
    pub(crate) fn in_short(&self) -> String {
        let end = self.blob.len().saturating_sub(8);
        format!("{} …{}", self.kind, &self.blob[end..])
    }
}

/// Splits at blanks that are not in quotes: options may have some.
fn words(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => {
                words.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&line[start..]);
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOB: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2";

    #[test]
    fn options_and_comments_are_no_part_of_a_key() {
        let lines = [
            format!("ssh-ed25519 {BLOB}"),
            format!("ssh-ed25519 {BLOB} a comment"),
            format!("command=\"echo ssh-rsa x\",no-pty ssh-ed25519 {BLOB} c"),
        ];
        for line in lines {
            let key = PublicKey::parse(&line).expect("a key");
            assert_eq!((key.kind(), key.blob()), ("ssh-ed25519", BLOB));
            assert!(key.is_in(&line) && !key.is_in(&format!("# {line}")));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in [
            "",
            BLOB,
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "ssh-dss AAAAB3NzaC1kc3MAAACBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            &format!("ssh-ed25519 {BLOB}\nssh-ed25519 {BLOB}"),
        ] {
            assert!(PublicKey::parse(bad).is_err(), "{bad:?}");
        }
    }
}
