//! What servers keep of a password. It is computed here, so that a password never travels, and so that whether a
//! user has it can be seen without logging in.
//!
//! MariaDB: `mysql_native_password`, a double SHA-1. MySQL: `caching_sha2_password`, Drepper's SHA-256 crypt with a salt of
//! twenty characters and a number of rounds in thousands; compared with real servers of both.

use hmac_sha256::{HMAC, Hash};
use pallet::prelude::*;
use sha1::{Digest, Sha1};

/// How a server keeps passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Native,
    CachingSha2,
}

/// The least number of rounds, in thousands: what servers before MySQL 9 take for their own.
const ROUNDS: u32 = 5;

impl Scheme {
    /// Returns what follows the user in `CREATE USER` and `ALTER USER`.
    pub(crate) fn identified(self, password: &Secret, seed: &str) -> Text {
        match self {
            Scheme::Native => Text::concat([
                Text::from("IDENTIFIED VIA mysql_native_password USING '"),
                Secret::from(native(password.expose())).into(),
                "'".into(),
            ]),
            Scheme::CachingSha2 => {
                let stored = caching_sha2(password.expose(), &salt(password.expose(), seed), ROUNDS);
                Text::concat([
                    Text::from("IDENTIFIED WITH caching_sha2_password AS 0x"),
                    Secret::from(hex(&stored)).into(),
                ])
            }
        }
    }

    /// Tells whether what a server keeps is that of this password. `stored` is in hexadecimal.
    pub(crate) fn matches(self, password: &Secret, plugin: &str, stored: &str) -> bool {
        let Some(stored) = unhex(stored) else { return false };
        match self {
            Scheme::Native => {
                plugin == "mysql_native_password" && stored == native(password.expose()).as_bytes()
            }
            Scheme::CachingSha2 => {
                let Some((rounds, salt)) = parts(&stored) else { return false };
                plugin == "caching_sha2_password" && caching_sha2(password.expose(), salt, rounds) == stored
            }
        }
    }
}

/// Returns what is the same for equal passwords, for comparing what two functions declare.
pub(crate) fn fingerprint(password: &Secret) -> String {
    hex(&HMAC::mac("pallet-mysql", password.expose()))
}

fn native(password: &str) -> String {
    format!("*{}", hex(&Sha1::digest(Sha1::digest(password))).to_uppercase())
}

/// Splits `$A$005$`, twenty bytes of salt and the rest.
fn parts(stored: &[u8]) -> Option<(u32, &[u8])> {
    let rest = stored.strip_prefix(b"$A$")?;
    let rounds = u32::from_str_radix(std::str::from_utf8(rest.get(..3)?).ok()?, 16).ok()?;
    (rest.get(3) == Some(&b'$') && (1..=0xfff).contains(&rounds)).then_some(())?;
    Some((rounds, rest.get(4..24)?))
}

/// The same password of the same user has the same salt each time, so that nothing differs in the next run. What it
/// is made of is secret, and it is of no use for another user.
fn salt(password: &str, seed: &str) -> Vec<u8> {
    let mac = HMAC::mac(format!("salt of {seed}"), password);
    mac[..20].iter().map(|b| CRYPT[usize::from(b & 0x3f)]).collect()
}

fn caching_sha2(password: &str, salt: &[u8], rounds: u32) -> Vec<u8> {
    let digest = sha256_crypt(password.as_bytes(), salt, rounds * 1000);
    let mut stored = format!("$A${rounds:03X}$").into_bytes();
    stored.extend_from_slice(salt);
    stored.extend_from_slice(&encode(&digest));
    stored
}

/// SHA-256 crypt as Ulrich Drepper described it, with a salt of any length.
fn sha256_crypt(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let alternate = digest(&[password, salt, password]);
    let mut first = Hash::new();
    first.update(password);
    first.update(salt);
    for chunk in password.chunks(32) {
        first.update(&alternate[..chunk.len()]);
    }
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            first.update(alternate)
        } else {
            first.update(password)
        }
        bits >>= 1;
    }
    let mut result = first.finalize();
    let of_password = stretched(&vec![password; password.len()].concat(), password.len());
    let of_salt = stretched(&vec![salt; 16 + usize::from(result[0])].concat(), salt.len());
    for round in 0..rounds {
        let mut next = Hash::new();
        if round % 2 == 1 {
            next.update(&of_password)
        } else {
            next.update(result)
        }
        if round % 3 != 0 {
            next.update(&of_salt);
        }
        if round % 7 != 0 {
            next.update(&of_password);
        }
        if round % 2 == 1 {
            next.update(result)
        } else {
            next.update(&of_password)
        }
        result = next.finalize();
    }
    result
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Hash::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize()
}

/// Returns the digest of `input`, repeated up to `length` bytes.
fn stretched(input: &[u8], length: usize) -> Vec<u8> {
    digest(&[input]).iter().copied().cycle().take(length).collect()
}

const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// crypt's base64, in the order of bytes that it has for SHA-256.
fn encode(digest: &[u8; 32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(43);
    let mut put = |value: u32, count: usize| {
        out.extend((0..count).map(|place| CRYPT[(value >> (6 * place) & 0x3f) as usize]));
    };
    let byte = |index: usize| u32::from(digest[index]);
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        put(byte(a) << 16 | byte(b) << 8 | byte(c), 4);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    put(byte(31) << 8 | byte(30), 3);
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What MySQL 9.7 kept of a password that it was given in clear.
    const BY_MYSQL: &str = "244124303041247C236436687135501F3E272F3F5361180A4D076A49674D58573550696831674B6C5576312E\
                            36723451755A72464B32365362486C6379676C584E7444356334";

    #[test]
    fn what_mysql_keeps_is_recognised() {
        let right = Secret::from("pa'ss w\\ö\"rd");
        assert!(Scheme::CachingSha2.matches(&right, "caching_sha2_password", BY_MYSQL));
        assert!(!Scheme::CachingSha2.matches(&Secret::from("wrong"), "caching_sha2_password", BY_MYSQL));
        assert!(!Scheme::CachingSha2.matches(&right, "mysql_native_password", BY_MYSQL));
    }

    #[test]
    fn what_we_write_is_recognised() {
        for password in ["", "x", "a password of more than thirty-two characters, to be sure"] {
            let stored = hex(&caching_sha2(password, &salt(password, "'a'@'b'"), ROUNDS));
            assert!(Scheme::CachingSha2.matches(&Secret::from(password), "caching_sha2_password", &stored));
        }
    }

    #[test]
    fn what_mariadb_keeps_is_recognised() {
        // SELECT PASSWORD('secret'), which is in its manual's form.
        let stored = hex(b"*14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
        assert!(Scheme::Native.matches(&Secret::from("secret"), "mysql_native_password", &stored));
    }

    #[test]
    fn what_is_no_hash_is_no_match() {
        for stored in ["", "0", "zz", "2441", "24412430303524"] {
            assert!(
                !Scheme::CachingSha2.matches(&Secret::from("x"), "caching_sha2_password", stored),
                "{stored}"
            );
        }
    }
}
