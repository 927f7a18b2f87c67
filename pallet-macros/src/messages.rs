//! Every message the macros can give, in one table.
//!
//! A message says what is wrong and names it, in one line; then `note:` and the way out. The tests of the
//! `tests/ui` package read this file as it is (so it names nothing else of the crate) and fail when a message has
//! no case there.

use std::fmt::Display;

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($($field:ident),*): $text:literal;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name($($field: impl Display),*) -> String {
                format!($text)
            }
        )*

        /// The name and the text of every message, for the test that looks for a case of each.
        #[allow(dead_code)] // Only the test reads it.
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $text)),*];
    };
}

messages! {
    // Items of the function-like macros.

    expected_item(form, kind): "`{form}!` needs the name of a {kind} and its keys\n\
        note: write `{form}! {{ pub Name {{ key: value, … }} }}`";
    superfluous_struct(form): "`{form}!` makes the struct by itself\n\
        note: leave out `struct`: `{form}! {{ pub Name {{ … }} }}`";
    tokens_after_item(form, name): "nothing may follow `{name} {{ … }}` in `{form}!`\n\
        note: one `{form}!` defines one item; write another one";
    crate_path(form): "`crate = …;` of `{form}!` takes a path\n\
        note: write `crate = my::pallet;`";

    // Keys and values.

    expected_key(place): "expected a key of {place}\n\
        note: write `key: value`, separated by commas";
    key_without_value(key): "key `{key}` has no value\n\
        note: write `{key}: …`";
    missing_comma(key): "missing `,` before key `{key}`\n\
        note: keys are separated by commas";
    unknown_key(key, place, way_out): "unknown key `{key}` in {place}\n\
        note: {way_out}";
    duplicate_key(key, place): "key `{key}` is given twice in {place}\n\
        note: keep one of them";
    missing_key(key, place, example): "{place} needs the key `{key}`\n\
        note: add `{example}`";
    wrong_value(key, takes, example): "`{key}` takes {takes}\n\
        note: write `{example}`";
    empty_item(): "nothing stands before this `,`\n\
        note: leave out the comma";
    listed_twice(item, key): "`{item}` is listed twice in `{key}`\n\
        note: leave out the second";

    // Names.

    invalid_name(kind, name, rule): "invalid {kind} `{name}`\n\
        note: a {kind} is {rule}";
    underivable_name(kind, name, rule): "no {kind} can be made from `{name}`\n\
        note: add `name: \"…\"`; a {kind} is {rule}";
    phase_has_key(phase): "phase `{phase}` has a key of its own\n\
        note: write `{phase}: …` outside of `phases`";
    phase_closure_parameters(): "a closure that is a phase takes no parameters\n\
        note: write `|| …`; it can use everything that is in scope";
    phase_with_underscores(phase, meant): "phase `{phase}` would never run by itself\n\
        note: write `\"{meant}\": …`";

    // Numbers.

    number_range(key, number, least, most): "{key} {number} is out of range\n\
        note: it can be {least} to {most}";
    memory_without_unit(number): "memory of {number} has no unit\n\
        note: write `{number} MiB` or `{number} GiB`";
    memory_unit(unit): "unknown unit `{unit}` of memory\n\
        note: memory is given in `MiB` or `GiB`";

    // Images and networks.

    unknown_family(family, way_out): "unknown OS family `{family}`\n\
        note: {way_out}";
    version_condition(condition): "`{condition}` is no condition on a version\n\
        note: write comparisons, such as \">= 12\" or \">= 20.04, < 24\"";
    image_without_path(key): "`{key}` belongs to a complete image definition, which needs a `path`\n\
        note: add `path: \"…\"`, or select an image by `os_family`, `os_version` and `os_64_bit` alone";
    secret_in_source(key): "`{key}` must not stand in the source\n\
        note: write an expression that reads it, in parentheses, such as `{key}: (read_password())`";
    login_without_username(key): "`{key}` belongs to a login, which needs a `username`\n\
        note: add `username: \"…\"`";
    unknown_network(network, way_out): "unknown network `{network}`\n\
        note: {way_out}";
    unknown_adapter(adapter, way_out): "unknown adapter `{adapter}`\n\
        note: {way_out}";
    adapter_argument(adapter, example): "wrong argument of adapter `{adapter}`\n\
        note: write {example}";
    too_many_adapters(count): "{count} network adapters are too many\n\
        note: a node can have 1 to 8";
    no_adapters(): "a list of adapters must not be empty\n\
        note: write one at least, such as `[nat]`, or leave `network` out";
    second_management(): "two adapters claim to be the management adapter\n\
        note: pallet reaches a node through one; keep one `management(…)`";
    forwarded_twice(port): "port {port} of the host is forwarded twice\n\
        note: each forward needs a port of its own on the host";

    // #[phase]

    phase_not_fn(): "`#[phase]` stands before something that is not a function\n\
        note: a phase is a function: `#[phase] fn configure() {{ … }}`";
    phase_signature(): "`#[phase]` cannot read the signature of this function\n\
        note: write `fn name(node: &Node, #[arg] port: u16) -> Result {{ … }}`";
    phase_without_body(name): "phase `{name}` has no body\n\
        note: write `{{ … }}` in place of the `;`";
    phase_argument(argument, way_out): "unknown argument `{argument}` of `#[phase]`\n\
        note: {way_out}";
    phase_crate_path(): "`crate` of `#[phase]` takes a path\n\
        note: write `#[phase(crate = my::pallet)]`";
    phase_async(name): "phase `{name}` must not be `async`\n\
        note: a phase describes what to do and waits for nothing; leave out `async`";
    phase_unsafe(name): "phase `{name}` must not be `unsafe`\n\
        note: pallet calls it without any promise; use an `unsafe` block inside";
    phase_const(name): "phase `{name}` must not be `const`\n\
        note: recording an action is a side effect; leave out `const`";
    phase_extern(name): "phase `{name}` must not be `extern`\n\
        note: only pallet and other phases call it; leave out `extern`";
    phase_generic(name): "phase `{name}` must not be generic\n\
        note: it is registered once, by its name; write a generic helper function and call it from phases";
    phase_self(): "a phase must not take `self`\n\
        note: pass the value as an argument: `#[arg] settings: Settings`";
    phase_impl_trait(what): "{what} must not be an `impl Trait`\n\
        note: name the type, or use `Box<dyn …>`";
    phase_variadic(name): "phase `{name}` must not be variadic\n\
        note: take a list instead: `#[arg] items: Vec<…>`";
    phase_pattern(): "a parameter of a phase must have a plain name\n\
        note: take it apart inside the phase: `let … = parameter;`";
    phase_mut_reference(name): "extractor `{name}` must not be a `&mut` reference\n\
        note: what an extractor brings can only be read; write `&` or take it by value";
    arg_arguments(): "`#[arg]` takes no arguments\n\
        note: write `#[arg] name: Type`";
    arg_twice(name): "parameter `{name}` is marked `#[arg]` twice\n\
        note: leave out the second";

    // Literals in the bodies of phases.

    literal_name(kind, name, rule): "invalid {kind} {name}\n\
        note: a {kind} is {rule}";
    package_with_version(text, name, version): "package name {text} has a version in it\n\
        note: write `package(\"{name}\").version(\"{version}\")`";
    mode_decimal(mode, way_out): "mode {mode} is not written in octal\n\
        note: {way_out}";
    mode_range(mode): "mode {mode} has more than its twelve bits\n\
        note: a mode is at most `0o7777`";
}
