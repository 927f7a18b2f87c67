//! What a node downloads, and how it is checked.

use super::RemoteFile;
use super::source::Wanted;
use crate::action::Problem;
use crate::actions::attributes::{GivenPath, never_runs};
use crate::graph::{ActionId, Handle};
use crate::name::RemotePath;
use crate::probe::{Probe, Sha256};
use crate::script::{DOWNLOADS, Script};
use crate::secret::Secret;
use crate::text::Text;
use crate::world::World;

/// A download.
#[derive(Debug)]
pub(crate) struct Download {
    url: String,
    check: Option<Check>,
    proxy: Option<Text>,
    insecure: bool,
}

/// How it is known that a download is the right one.
#[derive(Debug)]
enum Check {
    /// By this hash, or by none because this is none.
    Hash(Result<Sha256, String>),
    /// By the hash in a file at another URL.
    HashAt(String),
    /// Not at all, or by its signature alone.
    Nothing,
}

/// A detached signature at a URL, and the keys of which one must have made it.
#[derive(Debug)]
pub(super) struct Signature {
    url: String,
    keyring: GivenPath,
}

/// A download of which has not been said yet how it is checked: the type of what
/// [`url`](Handle::<super::NewFile>::url) returns.
#[derive(Debug)]
pub enum NewDownload {}

impl Handle<NewDownload> {
    /// Checks the download by its SHA-256, 64 hexadecimal digits. The file is downloaded only when what is there has
    /// another one, so a plan is certain.
    #[track_caller]
    pub fn sha256(self, hash: impl AsRef<str>) -> Handle<RemoteFile> {
        self.checked_by(Check::hash(hash.as_ref()))
    }

    /// Checks the download by the SHA-256 in a file at another URL, which is read by every plan: a line of
    /// `sha256sum` with the name of what is downloaded, or nothing but the digits. Whoever can change both can give
    /// the node anything: `https` or a [`signature`](Handle::<RemoteFile>::signature) keeps others out.
    #[track_caller]
    pub fn sha256_url(self, url: impl Into<String>) -> Handle<RemoteFile> {
        self.checked_by(Check::HashAt(url.into()))
    }

    /// Downloads through a proxy, `http://proxy.example.org:3128`; without this the node's environment says which, if
    /// any. The address may have a password in it, as a [`Secret`].
    #[track_caller]
    pub fn proxy(self, url: impl Into<Text>) -> Self {
        let url = url.into();
        self.cast::<RemoteFile>().edit(|file| {
            if let Some(download) = file.download() {
                download.set_proxy(url);
            }
        });
        self
    }

    /// Does not check the certificate of the host, for one that nobody vouches for. What is downloaded must be checked by
    /// its [`sha256`](Handle::<NewDownload>::sha256) or its [`signature`](Handle::<NewDownload>::signature) then.
    #[track_caller]
    pub fn insecure(self) -> Self {
        self.cast::<RemoteFile>().edit(|file| {
            if let Some(download) = file.download() {
                download.insecure = true;
            }
        });
        self
    }

    /// Checks the download by its signature alone: see [`signature`](Handle::<RemoteFile>::signature). The file is
    /// downloaded when it is not there, or came from another URL, and not again while it is as it came.
    #[track_caller]
    pub fn signature(self, url: impl Into<String>, keyring: impl AsRef<str>) -> Handle<RemoteFile> {
        self.checked_by(Check::Nothing).signature(url, keyring)
    }

    /// Takes whatever comes. The file is downloaded when it is not there, or came from another URL, and not again
    /// while it is as it came: that something new is behind the URL is not noticed. Who can change what is there, or
    /// is between with `http`, can give the node anything.
    #[track_caller]
    pub fn unverified(self) -> Handle<RemoteFile> {
        self.checked_by(Check::Nothing)
    }

    #[track_caller]
    fn checked_by(self, check: Check) -> Handle<RemoteFile> {
        self.cast::<RemoteFile>().edit(|file| {
            if let Some(download) = file.download() {
                download.check = Some(check);
            }
        })
    }
}

impl Handle<RemoteFile> {
    /// Checks a download by a detached signature at another URL as well, with `gpgv` and a keyring on the node: a
    /// binary one, not armored. Without `gpgv`, without the keyring, and with a signature by any other key the action
    /// fails, and what was there stays.
    #[track_caller]
    pub fn signature(self, url: impl Into<String>, keyring: impl AsRef<str>) -> Self {
        let signature = Signature { url: url.into(), keyring: GivenPath::new(keyring) };
        self.edit(|file| file.signature = Some(signature))
    }
}

impl Check {
    fn hash(hash: &str) -> Self {
        let parsed = Sha256::parse(hash);
        Check::Hash(
            parsed.ok_or_else(|| format!("{hash:?} is not a SHA-256, which is 64 hexadecimal digits")),
        )
    }
}

impl Signature {
    pub(super) fn check(&self) -> Result<(), String> {
        check_url(&self.url)?;
        self.keyring.check()
    }

    /// Returns code that checks the staged file `p_new`. When it fails it has removed it.
    pub(super) fn verify(&self, of: &Download) -> Script {
        let words = [self.url.as_str(), self.keyring.get().as_str()];
        let signed = Script::new().library(&DOWNLOADS).code("p_signed ").word(words[0]).code(" ");
        of.around(signed.word(words[1])).code(" || { rm -f \"$p_new\"; return 1; }\n")
    }
}

impl Download {
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Download { url: url.into(), check: None, proxy: None, insecure: false }
    }

    /// Returns a download that has this hash, or that is not checked without one.
    pub(crate) fn checked(url: impl Into<String>, hash: Option<&str>) -> Self {
        let check = hash.map_or(Check::Nothing, Check::hash);
        Download { check: Some(check), ..Download::new(url) }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        check_url(&self.url)?;
        if self.proxy.as_ref().is_some_and(|proxy| !proxy.values().is_empty()) {
            return Err("the address of a proxy must be known before the run".to_owned());
        }
        match &self.check {
            Some(Check::Hash(hash)) => hash.as_ref().map(|_| ()).map_err(Clone::clone),
            Some(Check::HashAt(url)) => check_url(url),
            Some(Check::Nothing) | None => Ok(()),
        }
    }

    pub(super) fn missing(&self) -> Option<&'static str> {
        self.check.is_none().then_some(
            "it is not said how the download is checked: call `sha256`, `sha256_url`, `signature` or `unverified`",
        )
    }

    /// Tells whether anybody who is between could give the node anything.
    pub(super) fn is_open(&self) -> bool {
        self.insecure && !matches!(self.check, Some(Check::Hash(_)))
    }

    pub(in crate::actions) fn set_proxy(&mut self, url: Text) {
        self.proxy = Some(url);
    }

    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.proxy.as_ref().map(Text::secrets).unwrap_or_default()
    }

    /// Returns code that downloads to where `to` says, in a subshell with its own environment.
    fn fetch(&self, url: &str, to: &'static str) -> Script {
        self.around(Script::new().library(&DOWNLOADS).code("p_download ").word(url).code(to))
    }

    /// Returns code that runs other code in a subshell with the environment of this download.
    pub(super) fn around(&self, script: Script) -> Script {
        let begin = Script::new().code(if self.insecure { "(p_insecure=1\n" } else { "(" });
        let begin = match &self.proxy {
            Some(proxy) => begin.code("http_proxy=").word(proxy.clone()).code(
                "; https_proxy=$http_proxy ftp_proxy=$http_proxy; export http_proxy https_proxy ftp_proxy\n",
            ),
            None => begin,
        };
        begin.append(script).code(")")
    }

    pub(crate) fn probe(&self, id: ActionId, target: &RemotePath, probe: &mut Probe) {
        match &self.check {
            Some(Check::HashAt(url)) => {
                probe.capture(id, 0, self.fetch(url, " -").code(" | head -c 1048576"));
            }
            Some(Check::Nothing) => probe.origin(target),
            _ => {}
        }
    }

    /// Returns the hash, if the source has it.
    pub(in crate::actions) fn hash(&self) -> Option<Sha256> {
        match &self.check {
            Some(Check::Hash(Ok(hash))) => Some(*hash),
            _ => None,
        }
    }

    /// Returns what is wanted.
    ///
    /// # Errors
    ///
    /// When the hash that is read from a URL is not there.
    pub(in crate::actions) fn wanted(&self, id: ActionId, world: &World) -> Result<Wanted, Problem> {
        match &self.check {
            Some(Check::Hash(Ok(hash))) => Ok(Wanted::content(*hash)),
            Some(Check::HashAt(url)) => {
                let known = world.command(id, 0);
                let output = known.is.map(|result| String::from_utf8_lossy(&result.output).into_owned());
                match (output.and_then(|text| find_hash(&text, &self.url)), known.doubt) {
                    // What stands at another place does not depend on what happens here.
                    (Some(hash), _) => Ok(Wanted::content(hash)),
                    (None, Some(because)) => Ok(Wanted::Unknown { because, look: true }),
                    (None, None) => Err(Problem {
                        message: format!("the SHA-256 of {} cannot be read from {url}", self.url),
                        hint: Some(
                            "can the node reach it with curl or wget, and is the file named there?".into(),
                        ),
                    }),
                }
            }
            _ => Ok(Wanted::Origin(Sha256::of(self.url.as_bytes()))),
        }
    }

    /// Returns code that fills the staged file `p_new`. When it fails it has removed it.
    pub(crate) fn stage(&self) -> Script {
        self.fetch(&self.url, " \"$p_new\"").code(" || { rm -f \"$p_new\"; return 1; }\n")
    }
}

/// What stands in a process list must not be secret.
fn check_url(url: &str) -> Result<(), String> {
    let rest = ["http://", "https://", "ftp://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let Some(rest) = rest else {
        return Err(format!("{url:?} is not a URL that begins with http://, https:// or ftp://"));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("{url:?} is not a URL: it has no host, or blanks in it"));
    }
    if host.contains('@') {
        return Err(
            "a password in a URL would show in the node's process list: let the host ask for none".into()
        );
    }
    Ok(())
}

/// Returns the hash of what a URL names from a file of checksums: `HASH  NAME`, `HASH *NAME`, `SHA256 (NAME) = HASH`,
/// or nothing but the digits.
fn find_hash(checksums: &str, url: &str) -> Option<Sha256> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().filter(|name| !name.is_empty());
    let of_line = |line: &str| -> Option<(Sha256, String)> {
        if let Some((name, hash)) = line.strip_prefix("SHA256 (").and_then(|rest| rest.split_once(") = ")) {
            return Some((Sha256::parse(hash.trim())?, name.to_owned()));
        }
        let (hash, name) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let name = name.trim().trim_start_matches('*');
        Some((Sha256::parse(hash.trim())?, name.rsplit('/').next().unwrap_or_default().to_owned()))
    };
    let found: Vec<(Sha256, String)> = checksums.lines().filter_map(|line| of_line(line.trim())).collect();
    match found.as_slice() {
        [(hash, of)] if of.is_empty() => Some(*hash),
        _ => found.iter().find(|(_, of)| Some(of.as_str()) == name).map(|(hash, _)| *hash),
    }
}

never_runs!(NewDownload);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_found_in_files_of_checksums() {
        let (one, two) = ("1".repeat(64), "2".repeat(64));
        let url = "https://example.org/a/app.tar.gz?x=1";
        let found = |text: String| find_hash(&text, url).map(|hash| hash.to_string());
        assert_eq!(found(format!("{two}  other\n{one}  app.tar.gz\n")), Some(one.clone()));
        assert_eq!(found(format!("{two} *other\n{one} *./dist/app.tar.gz\n")), Some(one.clone()));
        assert_eq!(
            found(format!("SHA256 (other) = {two}\nSHA256 (app.tar.gz) = {one}\n")),
            Some(one.clone())
        );
        assert_eq!(found(format!("{one}\n")), Some(one.clone()));
        assert_eq!(found(format!("{one}  other\n")), None);
        assert_eq!(found("<html>not found</html>".to_owned()), None);
    }

    #[test]
    fn only_urls_without_passwords_are_taken() {
        assert!(check_url("https://example.org/a").is_ok());
        for wrong in ["file:///etc/passwd", "https://", "https://u:p@example.org/", "http://a b/", "-x"] {
            assert!(check_url(wrong).is_err(), "{wrong}");
        }
    }
}
