//! Where the certificate of a site comes from.

use crate::site::Site;
use pallet::graph::AnyHandle;
use pallet::prelude::*;

/// The directory for certificates and keys that pallet puts on a node.
const DIRECTORY: &str = "/etc/nginx/tls";

/// The certificate and key of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls(Source);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Node { certificate: String, key: String },
    Given { certificate: String, key: Secret },
    SelfSigned { days: u32 },
}

/// A certificate that is made on the node is replaced when it has fewer days left than this.
const RENEWED_BEFORE: u32 = 30;

impl Tls {
    /// Returns a certificate, with those it was signed by behind it, and a key that are files of the node already.
    pub fn on_node(certificate: impl Into<String>, key: impl Into<String>) -> Self {
        Tls(Source::Node { certificate: certificate.into(), key: key.into() })
    }

    /// Returns a certificate and a key, both in PEM, that are put on the node. Only root can read the key there.
    pub fn given(certificate: impl Into<String>, key: impl Into<Secret>) -> Self {
        Tls(Source::Given { certificate: certificate.into(), key: key.into() })
    }

    /// Returns a certificate that the node makes and signs itself, for the names of the site. It is valid for 825 days,
    /// and made anew when it has less than 30 left or does not have all names. The key never leaves the node.
    pub fn self_signed() -> Self {
        Tls(Source::SelfSigned { days: 825 })
    }

    /// Returns the paths of certificate and key on the node.
    pub(crate) fn paths(&self, site: &str) -> (String, String) {
        match &self.0 {
            Source::Node { certificate, key } => (certificate.clone(), key.clone()),
            Source::Given { .. } | Source::SelfSigned { .. } => {
                (format!("{DIRECTORY}/{site}.crt"), format!("{DIRECTORY}/{site}.key"))
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if let Source::Given { certificate, .. } = &self.0
            && !certificate.contains("-----BEGIN CERTIFICATE-----")
        {
            return Err(
                "the certificate is not in PEM: it has no line `-----BEGIN CERTIFICATE-----`".to_owned()
            );
        }
        Ok(())
    }
}

/// Puts the certificate of a site on the node, or has it made there.
#[track_caller]
pub(crate) fn provide(site: &Site) -> Vec<AnyHandle> {
    let Some(tls) = site.tls_of() else { return Vec::new() };
    let (certificate_path, key_path) = tls.paths(site.name());
    match &tls.0 {
        Source::Node { .. } => Vec::new(),
        Source::Given { certificate, key } => {
            directory(DIRECTORY).mode(0o755);
            vec![
                remote_file(&key_path).content(key.clone()).mode(0o600).any(),
                remote_file(&certificate_path).content(certificate.as_str()).mode(0o644).any(),
            ]
        }
        Source::SelfSigned { days } => {
            package("openssl");
            directory(DIRECTORY).mode(0o755);
            let names = names_of(site);
            let make = exec(make_script(*days))
                .env("CERTIFICATE", certificate_path.as_str())
                .env("KEY", key_path.as_str())
                .env("NAME", names[0].as_str())
                .env("ALT", names.iter().map(|name| format!("DNS:{name}")).collect::<Vec<_>>().join(","))
                .unless(is_good(&certificate_path, &key_path, &names))
                .umask(0o077)
                .comment("self-signed certificate");
            vec![make.any()]
        }
    }
}

fn names_of(site: &Site) -> Vec<String> {
    match site.server_names() {
        [] => vec!["localhost".to_owned()],
        names => names.to_vec(),
    }
}

/// Key and certificate are made beside their places and moved together, so that neither is there without the other.
fn make_script(days: u32) -> String {
    format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days {days} \
         -subj \"/CN=$NAME\" -addext \"subjectAltName=$ALT\" -keyout \"$KEY.new\" -out \"$CERTIFICATE.new\" \
         2>\"$KEY.log\" || {{ cat \"$KEY.log\" >&2; rm -f \"$KEY.log\" \"$KEY.new\" \"$CERTIFICATE.new\"; exit 1; }}\n\
         rm -f \"$KEY.log\"; chmod 644 \"$CERTIFICATE.new\"\n\
         mv -f \"$KEY.new\" \"$KEY\" && mv -f \"$CERTIFICATE.new\" \"$CERTIFICATE\""
    )
}

/// A command that tells whether the certificate has all names and will be valid for a while. The names have been
/// checked and have nothing that a shell would read.
fn is_good(certificate: &str, key: &str, names: &[String]) -> String {
    let seconds = u64::from(RENEWED_BEFORE) * 86_400;
    let mut command = format!(
        "[ -s {key} ] && openssl x509 -noout -checkend {seconds} -in {certificate} >/dev/null 2>&1 && \
         a=$(openssl x509 -noout -ext subjectAltName -in {certificate}) && a=\" $(printf %s \"$a\" | tr ',\\n' '  ') \""
    );
    for name in names {
        command.push_str(&format!(" && case $a in *\" DNS:{name} \"*) ;; *) false ;; esac"));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_stars_are_compared_as_they_are() {
        let command = is_good("/c", "/k", &["*.example.org".to_owned()]);
        assert!(command.contains("DNS:*.example.org"));
    }
}
