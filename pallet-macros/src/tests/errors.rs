//! Which mistakes are found, and at which token. Their full texts are in the catalogue of `tests/ui`.

use super::{errors, expand};

#[track_caller]
fn check(source: &str, expected: &[&str]) {
    assert_eq!(errors(expand(source)), expected);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    check(
        r#"group! { pub Web {
            cuont: 2,
            image: { os_family: debain },
            hardware: { memory: 1024, cpus: 0 },
            network: [nat(forward 0 => 80), carrier_pigeon],
            roles: ["a b", web, web],
            name: "Web",
            phases: { configure: web, tune: 8 },
            protect: maybe,
        } }"#,
        &[
            "cuont: unknown key `cuont` in `group!`",
            "debain: unknown OS family `debain`",
            "1024: memory of 1024 has no unit",
            "0: cpus 0 is out of range",
            "0: port 0 is out of range",
            "carrier_pigeon: unknown adapter `carrier_pigeon`",
            "web: `web` is listed twice in `roles`",
            "\"a b\": invalid role `a b`",
            "\"Web\": invalid group name `Web`",
            "configure: phase `configure` has a key of its own",
            "8: `tune` takes a phase, a phase with its arguments, or a closure",
            "maybe: `protect` takes `true`, `false`, or an expression in parentheses",
        ],
    );
}

#[test]
fn a_forgotten_comma_costs_nothing_else() {
    check(
        "group! { pub Web { count: 2 image: \"debian-12\", extends: [Web] hardware: small } }",
        &["image: missing `,` before key `image`", "hardware: missing `,` before key `hardware`"],
    );
}

#[test]
fn every_refusal_of_a_signature_is_at_its_own_token() {
    check(
        "#[phase] const async unsafe extern \"C\" fn web<T>(self, (a, b): T, c: impl Fn(), d: &mut Node, ...) {}",
        &[
            "const: phase `web` must not be `const`",
            "async: phase `web` must not be `async`",
            "unsafe: phase `web` must not be `unsafe`",
            "extern: phase `web` must not be `extern`",
            "<: phase `web` must not be generic",
            "self: a phase must not take `self`",
            "(a, b): a parameter of a phase must have a plain name",
            "impl: a parameter of a phase must not be an `impl Trait`",
            "mut: extractor `d` must not be a `&mut` reference",
            ".: phase `web` must not be variadic",
        ],
    );
}

#[test]
fn literals_are_seen_where_they_are_surely_ours() {
    check(
        r##"#[phase] fn web() {
            remote_file("etc/motd").mode(644);
            if true { pallet::package("no such"); }
            [1].iter().map(|_| service("-x")).count();
            packages(["g++", "two words"]);
            directory("/srv/").mode(0o17777);
        }"##,
        &[
            "\"etc/motd\": invalid remote path \"etc/motd\"",
            "644: mode 644 is not written in octal",
            "\"no such\": invalid package name \"no such\"",
            "\"-x\": invalid service name \"-x\"",
            "\"two words\": invalid package name \"two words\"",
            "\"/srv/\": invalid remote path \"/srv/\"",
            "0o17777: mode 0o17777 has more than its twelve bits",
        ],
    );
}

#[test]
fn literals_of_methods_are_seen_behind_their_action() {
    check(
        r##"#[phase] fn web() {
            exec("make").creates("build").dir("./src").comment("x");
            user("app").group("no group").groups(["a", "b c"]).home("home").shell("bash");
            remote_file("/srv/a").content("x").owner("0").group("1a").owner("a b");
            pallet::actions::directory("/srv").mode(0o755).owner("a b");
            wait_for_port(0).on_host("db");
            package("nginx=1.22");
        }"##,
        &[
            "\"build\": invalid remote path \"build\"",
            "\"./src\": invalid remote path \"./src\"",
            "\"no group\": invalid user or group name \"no group\"",
            "\"b c\": invalid user or group name \"b c\"",
            "\"home\": invalid remote path \"home\"",
            "\"bash\": invalid remote path \"bash\"",
            "\"1a\": invalid user or group name \"1a\"",
            "\"a b\": invalid user or group name \"a b\"",
            "\"a b\": invalid user or group name \"a b\"",
            "0: port 0 is out of range",
            "\"nginx=1.22\": package name \"nginx=1.22\" has a version in it",
        ],
    );
}

#[test]
fn what_may_be_somebody_elses_is_left_alone() {
    check(
        r#"#[phase] fn web() {
            reader.file("relative");
            other::package("two words");
            fn user(name: &str) {}
            println!("{}", file("relative"));
            file(&format!("relative"));
            mode(644);
            dirs.home("relative");
            Command::new("make").dir("relative");
            other::exec("make").creates("relative");
            self.exec("make").creates("relative");
            section("x").group("no group");
        }"#,
        &[],
    );
}
