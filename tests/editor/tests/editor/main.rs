//! What an editor offers where pallet's macros are used: the file that is asked about is `examples/project.rs`.

mod editor;
mod server;

use editor::Editor;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// All tests use one editor: a server takes seconds to know a project.
fn editor() -> MutexGuard<'static, Editor> {
    static EDITOR: LazyLock<Mutex<Editor>> = LazyLock::new(|| Mutex::new(Editor::open()));
    let mut editor = EDITOR.lock().unwrap_or_else(PoisonError::into_inner);
    editor.restore();
    editor
}

/// Fails unless all of `names` are offered and none of `others`.
#[track_caller]
fn assert_offers(offered: &[String], names: &[&str], others: &[&str]) {
    let is_offered = |name: &&&str| offered.iter().any(|offer| offer == **name);
    let missing: Vec<_> = names.iter().filter(|name| !is_offered(name)).collect();
    let wrong: Vec<_> = others.iter().filter(is_offered).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "missing {missing:?}, wrong {wrong:?} in {offered:?}");
}

/// Fails unless the pieces stand in this order in what an editor says.
#[track_caller]
fn assert_says(said: &str, pieces: &[&str]) {
    let mut rest = said;
    for piece in pieces {
        let (_, after) = rest.split_once(piece).unwrap_or_else(|| panic!("no `{piece}` in {said}"));
        rest = after;
    }
}

#[test]
fn actions_are_offered_in_a_phase() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    editor.edit("let nginx = package(\"nginx\");", "let nginx = pack(\"nginx\");");
    assert_offers(&editor.completions("pack|("), &["package", "packages", "package_manager"], &[]);
}

#[test]
fn methods_are_those_of_the_type() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    let of_files = ["mode", "owner", "overwrite_edits"];
    editor.edit("let most = clients", "remote_file(\"/x\").after(());\n    let most = clients");
    assert_offers(&editor.completions("(\"/x\").aft|er(())"), &["content", "template", "after"], &of_files);
    editor.restore();
    editor.edit("let most = clients", "remote_file(\"/x\").content(\"\").mode(0);\n    let most = clients");
    assert_offers(&editor.completions("(\"\").mo|de(0)"), &of_files, &["content", "enabled"]);
}

#[test]
fn a_body_that_is_half_typed_is_completed() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    let mut type_in = |half: &str| {
        editor.restore();
        editor.edit("    let most = clients", &format!("    {half}\n    let most = clients"));
        editor.completions(&format!("    {half}|\n"))
    };
    assert_offers(&type_in("pack"), &["package", "packages"], &[]);
    assert_offers(&type_in("let page = remote_file(\"/x\")."), &["content", "template"], &["mode"]);
    assert_offers(&type_in("remote_file(\"/x\").content(\"\")."), &["mode", "owner"], &["content"]);
    assert_offers(&type_in("if cli"), &["clients"], &[]);
    assert_offers(&type_in("for name in [\"a\", \"b\"] { pack"), &["package", "name"], &[]);
    assert_offers(
        &type_in("service(\"x\").enabled().reload_when_changed("),
        &["remote_file", "clients"],
        &[],
    );
}

#[test]
fn parameters_are_known_in_the_body() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    editor.edit("    Ok(())\n}\n\n/// Prepares", "    if node.\n}\n\n/// Prepares");
    assert_offers(&editor.completions("if node.|\n"), &["hostname", "private_ip", "roles"], &[]);
}

#[test]
fn phases_and_specs_are_offered_in_specs() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    editor.edit("configure: web", "configure: w");
    assert_offers(&editor.completions("configure: w|"), &["web", "base", "tune"], &[]);
    editor.restore();
    editor.edit("extends: [Base]", "extends: [Ba]");
    assert_offers(&editor.completions("extends: [Ba|]"), &["Base", "Web"], &[]);
}

#[test]
fn a_name_leads_to_what_the_user_wrote() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    for (name, definition) in [
        ("configure: w|eb", "fn |web(node: &Node) -> Result {"),
        ("bootstrap: b|ase", "fn |base() {"),
        ("tune: t|une(1024)", "fn |tune(#[arg] clients: u32) {"),
        ("extends: [B|ase]", "pub |Base { bootstrap: base }"),
        (
            "extends: [W|eb]",
            "pub |Web { extends: [Base], roles: [web], configure: web, phases: { tune: tune(1024) } }",
        ),
        ("groups: [W|ebServers]", "pub |WebServers { count: 2, node_spec: Small, extends: [Web] }"),
        ("node_spec: S|mall", "pub |Small { image: \"debian-12\", hardware: { memory: 1024 MiB, cpus: 1 } }"),
        (".after(ng|inx)", "let |nginx = package(\"nginx\");"),
        (
            "saturating_mul(2);\n    remote_file|(",
            "pub fn |remote_file(path: impl AsRef<str>) -> Handle<NewFile> {",
        ),
    ] {
        assert_eq!(editor.definition(name), [definition], "{name}");
    }
}

#[test]
fn a_name_that_is_declared_leads_to_itself() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    assert_eq!(editor.definition("fn w|eb"), ["fn |web(node: &Node) -> Result {"]);
    assert_eq!(editor.definition("pub B|ase"), ["pub |Base { bootstrap: base }"]);
}

#[test]
fn a_name_shows_its_documentation_and_nothing_else() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    for (name, documentation) in [
        ("configure: w|eb", "Serves one page, with the name of the node."),
        ("tune: t|une(1024)", "Prepares the kernel for many clients."),
        ("extends: [B|ase]", "What all servers share."),
        ("extends: [W|eb]", "A server with one page."),
        ("groups: [W|ebServers]", "The web servers, all alike."),
        ("node_spec: S|mall", "A machine that costs little."),
    ] {
        let said = editor.hover(name);
        // A piece of code, a rule, the documentation.
        assert!(said.ends_with(&format!("---\n\n{documentation}")), "{name}: {said}");
        assert_eq!(said.matches("\n---\n").count(), 1, "{name}: {said}");
    }
    assert_says(&editor.hover("fn w|eb"), &["fn web() -> Result", "Serves one page"]);
    assert!(!editor.hover("fn w|eb").contains("pallet::"), "{}", editor.hover("fn w|eb"));
}

#[test]
fn keys_and_macros_and_actions_show_their_documentation() {
    pallet_test::require!("rust-analyzer");
    let mut editor = editor();
    for (name, pieces) in [
        ("cou|nt: 2", ["fn count(self, count: u32)", "Sets how many nodes there shall be."]),
        ("conf|igure: web", ["fn phase", "Adds a function to a phase."]),
        ("pack|age(\"nginx\")", ["fn package", "Declares that a package is installed."]),
        ("#[ph|ase]\nfn tune", ["proc_macro phase", "Makes a function a phase"]),
        ("ser|ver_spec! {\n    /// What", ["proc_macro server_spec", "Defines a server spec"]),
        ("gr|oup! {", ["proc_macro group", "Defines a group"]),
    ] {
        assert_says(&editor.hover(name), &pieces);
    }
}
