use super::*;
use crate::actions::package::own_file::OwnContent;
use crate::graph::build;

fn rendered(
    manager: PackageManagerKind,
    declare: impl Fn() -> Handle<PackageSource>,
) -> Result<Rendered, String> {
    let facts = Facts { package_manager: Some(manager), ..Facts::example() };
    let built = build(&crate::Context::example(), || {
        declare();
    })
    .expect("no mistakes");
    let (_, node) = built.graph.in_order().next().expect("an action");
    let action: &dyn std::any::Any = node.action();
    action.downcast_ref::<PackageSource>().expect("a source").rendered(&facts)
}

/// Returns path and content of every file, and the line.
fn shown(rendered: &Rendered) -> String {
    let files = rendered.files.iter().map(|file| match &file.content {
        OwnContent::Text(text) => format!("{}:\n{}", file.path, text.masked()),
        OwnContent::Url { url, hash } => format!("{}: {url} {hash}\n", file.path),
        OwnContent::Absent => format!("{}: absent\n", file.path),
    });
    let line = rendered.line.iter().map(|(file, line)| format!("{file} + {}\n", line.masked()));
    files.chain(line).collect()
}

#[test]
fn apt_has_deb822_with_the_key_beside_it() {
    let source = rendered(PackageManagerKind::Apt, || {
        package_source("example").url("https://example.org/apt").component("stable").key("-----BEGIN PGP\n")
    });
    assert_eq!(
        shown(&source.expect("a source of apt")),
        "/etc/apt/keyrings/example.asc:\n-----BEGIN PGP\n/etc/apt/sources.list.d/example.sources:\nTypes: deb\n\
         URIs: https://example.org/apt\nSuites: bookworm\nComponents: stable\n\
         Signed-By: /etc/apt/keyrings/example.asc\n"
    );
}

#[test]
fn a_path_as_suite_has_no_components() {
    let source = rendered(PackageManagerKind::Apt, || {
        package_source("flat").url("file:/srv/repo").suite("./").unsigned()
    });
    assert_eq!(
        shown(&source.expect("a source of apt")),
        "/etc/apt/sources.list.d/flat.sources:\nTypes: deb\nURIs: file:/srv/repo\nSuites: ./\nTrusted: yes\n"
    );
}

#[test]
fn a_personal_package_archive_is_a_path_of_its_archive() {
    let ppa =
        || package_source("git").url("https://ppa.example.org").ppa("ppa:git-core/ppa").key("-----BEGIN");
    let text = shown(&rendered(PackageManagerKind::Apt, ppa).expect("a source of apt"));
    assert!(text.contains("URIs: https://ppa.example.org/git-core/ppa/ubuntu\n"), "{text}");
    let error = rendered(PackageManagerKind::Dnf, ppa).expect_err("not with dnf");
    assert!(error.contains("is supported with apt; this node has dnf"), "{error}");
}

#[test]
fn dnf_and_zypper_have_repo_files() {
    let source = || package_source("example").url("https://example.org/$releasever").option("priority", "10");
    let text = shown(&rendered(PackageManagerKind::Zypper, source).expect("a source of zypper"));
    assert_eq!(
        text,
        "/etc/zypp/repos.d/example.repo:\n[example]\nname=example\nbaseurl=https://example.org/$releasever\n\
         enabled=1\nautorefresh=1\ngpgcheck=1\npriority=10\n"
    );
    let text = shown(&rendered(PackageManagerKind::Dnf, source).expect("a source of dnf"));
    assert!(text.starts_with("/etc/yum.repos.d/example.repo:\n") && !text.contains("autorefresh"), "{text}");
}

#[test]
fn pacman_includes_a_file_and_apk_has_a_line() {
    let source = || package_source("example").url("https://example.org/x");
    let text = shown(&rendered(PackageManagerKind::Pacman, source).expect("a source of pacman"));
    assert!(!text.contains("SigLevel"), "{text}");
    assert!(text.ends_with("/etc/pacman.conf + Include = /etc/pacman.d/example.conf\n"), "{text}");
    let text = shown(&rendered(PackageManagerKind::Apk, source).expect("a source of apk"));
    assert_eq!(text, "/etc/apk/repositories + https://example.org/x\n");
}

#[test]
fn an_absent_source_leaves_no_key() {
    let text =
        shown(&rendered(PackageManagerKind::Apt, || package_source("old").absent()).expect("a source"));
    assert_eq!(text, "/etc/apt/keyrings/old.asc: absent\n/etc/apt/sources.list.d/old.sources: absent\n");
}

#[test]
fn a_password_in_the_address_is_not_shown() {
    let url =
        || Text::concat([Text::from("https://user:"), Secret::from("hunter2").into(), "@example.org".into()]);
    let text =
        shown(&rendered(PackageManagerKind::Apt, || package_source("x").url(url())).expect("a source"));
    assert!(text.contains("https://user:***@example.org"), "{text}");
}
