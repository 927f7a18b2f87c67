//! What only the builder of a graph can see, as a catalogue: each mistake with what is said about it, to the letter.
//!
//! The index is `pallet-core/docs/mistakes.md`, which is part of the documentation of [`pallet::graph`]. A line that a
//! message must name ends with a comment such as `//~ here`, and stands as `‹here›` in the message; a line without one
//! stands there itself.

use pallet::actions::File;
use pallet::context::NodeInfo;
use pallet::graph::{GraphError, build, build_phase, tagged};
use pallet::name::PhaseName;
use pallet::prelude::*;
use pallet::spec::PhaseFn;
use pallet::{Condition, Context, Handle, Location, PhaseOutput, settings};
use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

struct Mistake {
    /// What is wrong, as in the index.
    what: &'static str,
    phase: fn(),
    /// What is said: line, message, and the way out after ` / `.
    says: &'static str,
}

thread_local! {
    /// The compiler keeps handles out of statics and other threads, but not from being kept.
    static KEPT: Cell<Option<Handle<File>>> = const { Cell::new(None) };
}

#[phase]
fn panicking() {
    let empty: [u8; 0] = [];
    let _ = empty.first().expect("no address");
}

#[phase]
fn failing() -> Result {
    let _: u16 = "eighty".parse()?;
    Ok(())
}

#[phase]
fn with_settings(_port: Settings<u16>) {}

group! { Databases { count: 0 } }

#[phase]
fn with_database(databases: NodesIn<Databases>) -> Result {
    file(format!("/{}", databases.first()?.name()));
    Ok(())
}

const CATALOGUE: &[Mistake] = &[
    Mistake {
        what: "an action outside any phase",
        phase: || {
            let other = std::thread::spawn(|| {
                file("/a"); //~ on another thread
            });
            other.join().expect("no panic");
        },
        says: "‹on another thread›: this action stands outside any phase and would never run / write it in a \
         `#[phase]` function; a phase must not hand its work to another thread",
    },
    Mistake {
        what: "a handle of another phase, node or run",
        phase: || {
            file("/b").after(KEPT.get().expect("kept")); //~ used again
        },
        says: "‹used again›: this handle is of another phase, node or run (it was made at ‹kept›) / return handles \
         from phases that are called here; pass anything else on as a setting",
    },
    Mistake {
        what: "a handle of another phase, changed",
        phase: || {
            KEPT.get().expect("kept").mode(0o600); //~ changed again
        },
        says: "‹changed again›: this handle is of another phase, node or run (it was made at ‹kept›) / return \
         handles from phases that are called here; pass anything else on as a setting",
    },
    Mistake {
        what: "two actions that wait for each other",
        phase: || {
            let a = file("/a"); //~ a
            let b = file("/b").after(a); //~ b
            a.after(b); //~ a after b
        },
        says: "‹a›: these actions wait for each other: `file /a` of ‹a› after `file /b` (‹a after b›), `file /b` of \
         ‹b› after `file /a` (‹b›) / take one of the `after` away",
    },
    Mistake {
        what: "a circle of `after`",
        phase: || {
            let a = file("/a"); //~ first
            let b = file("/b"); //~ second
            let c = file("/c"); //~ third
            file("/d").after(c);
            a.after(c); //~ first after third
            b.after(a); //~ second after first
            c.after(b); //~ third after second
        },
        says: "‹first›: these actions wait for each other: `file /a` of ‹first› after `file /c` (‹first after \
         third›), `file /c` of ‹third› after `file /b` (‹third after second›), `file /b` of ‹second› after \
         `file /a` (‹second after first›) / take one of the `after` away",
    },
    Mistake {
        what: "an action that comes after itself",
        phase: || {
            let a = file("/a"); //~ alone
            a.after(a); //~ after itself
        },
        says: "‹alone›: these actions wait for each other: `file /a` of ‹alone› after `file /a` (‹after itself›) / \
         take one of the `after` away",
    },
    Mistake {
        what: "a path that is not absolute",
        phase: || _ = file("srv/app"), //~ relative
        says: "‹relative›: file with an invalid path: invalid remote path \"srv/app\": an absolute path without \
         control characters, `.` or `..` components, and not ending in `/`",
    },
    Mistake {
        what: "a path with `..`",
        phase: || _ = remote_file("/srv/../etc").content(""), //~ dots
        says: "‹dots›: remote-file with an invalid path: invalid remote path \"/srv/../etc\": an absolute path \
         without control characters, `.` or `..` components, and not ending in `/`",
    },
    Mistake {
        what: "a path with a slash at its end",
        phase: || _ = directory("/srv/"), //~ slash
        says: "‹slash›: directory with an invalid path: invalid remote path \"/srv/\": an absolute path without \
         control characters, `.` or `..` components, and not ending in `/`",
    },
    Mistake {
        what: "a mode in decimal",
        phase: || _ = directory("/srv").mode(4755), //~ decimal
        says: "‹decimal›: directory /srv: mode 0o11223 has more than the twelve permission bits; did you mean \
         0o4755?",
    },
    Mistake {
        what: "a mode with more than twelve bits",
        phase: || _ = file("/a").mode(0o10644), //~ mode
        says: "‹mode›: file /a: mode 0o10644 has more than the twelve permission bits; did you mean 0o4516?",
    },
    Mistake {
        what: "an owner that cannot be an account",
        phase: || _ = file("/a").owner("two words"), //~ owner
        says: "‹owner›: file /a: invalid user or group name \"two words\": a letter or underscore, then letters, \
         digits, hyphens and underscores, at most 32, optionally a final `$`",
    },
    Mistake {
        what: "a file without a content",
        phase: || _ = remote_file("/a"), //~ no content
        says: "‹no content›: remote-file /a: no content is given: call `content`, `template`, `local_file`, \
         `copy_of` or `url`",
    },
    Mistake {
        what: "a template that cannot be rendered",
        phase: || _ = remote_file("/a").template("{{ port }", context! { port => 80 }), //~ template
        says: "‹template›: template, line 1: syntax error: unexpected `}`, expected end of variable block, in `{{ \
         port }`",
    },
    Mistake {
        what: "a template that names what it is not given",
        phase: || _ = remote_file("/a").template("{{ prot }}", context! { port => 80 }), //~ not given
        says: "‹not given›: template, line 1: undefined value, in `{{ prot }}`",
    },
    Mistake {
        what: "a link without a target",
        phase: || _ = symbolic_link("/srv/now", ""), //~ target
        says: "‹target›: symbolic-link /srv/now: the target of a link is a path without control characters",
    },
    Mistake {
        what: "a root directory that is absent",
        phase: || _ = directory("/").absent_with_contents(), //~ root
        says: "‹root›: directory /: the root directory cannot be absent",
    },
    Mistake {
        what: "an invalid name of a package",
        phase: || _ = packages(["curl", "g++ make"]), //~ package
        says: "‹package›: package curl g++ make: invalid package name \"g++ make\": a letter or digit, then \
         letters, digits and `+ - . _`, optionally `:` and an architecture",
    },
    Mistake {
        what: "a version in the name of a package",
        phase: || _ = package("nginx=1.22"), //~ version in name
        says: "‹version in name›: package nginx=1.22: invalid package name \"nginx=1.22\": a letter or digit, then \
         letters, digits and `+ - . _`, optionally `:` and an architecture; for a version write \
         `package(\"nginx\").version(\"1.22\")`",
    },
    Mistake {
        what: "a version for several packages",
        phase: || _ = packages(["a", "b"]).version("1.0"), //~ versions
        says: "‹versions›: package a b: a version is for a single package that is installed",
    },
    Mistake {
        what: "an invalid version",
        phase: || _ = package("a").version("1.0; reboot"), //~ version
        says: "‹version›: package a: \"1.0; reboot\" is not a version of a package",
    },
    Mistake {
        what: "an invalid name of a service",
        phase: || _ = service("my app").running(), //~ service
        says: "‹service›: service my app: invalid service name \"my app\": letters, digits and `: - _ . @ \\`, not \
         beginning with a hyphen",
    },
    Mistake {
        what: "a service of which nothing is declared",
        phase: || _ = service("nginx"), //~ nothing
        says: "‹nothing›: service nginx: nothing is declared: call `enabled`, `running`, `reload_when_changed` or \
         the like",
    },
    Mistake {
        what: "a masked service that runs",
        phase: || _ = service("nginx").masked().running(), //~ masked
        says: "‹masked›: service nginx: a masked service can neither start with the system nor run",
    },
    Mistake {
        what: "a line of a file that is not given",
        phase: || _ = line_in_file("/a"), //~ no line
        says: "‹no line›: line-in-file /a: no line is given: call `line`, or `absent`",
    },
    Mistake {
        what: "an invalid regular expression",
        phase: || _ = line_in_file("/a").line("b").matching("("), //~ expression
        says: "‹expression›: line-in-file /a: regular expression \"(\": found open group without closing ')'",
    },
    Mistake {
        what: "a download without a checksum",
        phase: || _ = remote_file("/a").url("https://example.org/a"), //~ download
        says: "‹download›: remote-file /a: it is not said how the download is checked: call `sha256`, `sha256_url`, \
         `signature` or `unverified`",
    },
    Mistake {
        what: "an invalid name of a user",
        phase: || _ = user("web admin"), //~ user
        says: "‹user›: user web admin: invalid user or group name \"web admin\": a letter or underscore, then \
         letters, digits, hyphens and underscores, at most 32, optionally a final `$`",
    },
    Mistake {
        what: "a home with a colon",
        phase: || _ = user("app").home("/srv/a:b"), //~ home
        says: "‹home›: user app: \"/srv/a:b\" has a colon, which separates the fields of passwd",
    },
    Mistake {
        what: "a full name with a colon",
        phase: || _ = user("app").full_name("a:b"), //~ full name
        says: "‹full name›: user app: a full name has neither colons nor newlines",
    },
    Mistake {
        what: "an invalid name of a group of users",
        phase: || _ = group("web admins"), //~ group
        says: "‹group›: group web admins: invalid user or group name \"web admins\": a letter or underscore, then \
         letters, digits, hyphens and underscores, at most 32, optionally a final `$`",
    },
    Mistake {
        what: "an invalid name of a variable",
        phase: || _ = exec("true").env("A B", "c"), //~ variable
        says: "‹variable›: exec true: \"A B\" cannot be the name of an environment variable",
    },
    Mistake {
        what: "an invalid path in a condition",
        phase: || _ = exec("true").when(Condition::exists("srv")), //~ condition
        says: "‹condition›: invalid remote path \"srv\": an absolute path without control characters, `.` or `..` \
         components, and not ending in `/`",
    },
    Mistake {
        what: "a condition on no changes",
        phase: || {
            let none: [Handle<File>; 0] = [];
            exec("true").if_changed(none); //~ no changes
        },
        says: "‹no changes›: a condition on changes that names no action never holds",
    },
    Mistake {
        what: "a value of what may not run",
        phase: || {
            let name = exec("hostname").when("false").stdout(); //~ may not run
            let _ = remote_file("/a").content(name); //~ uses it
        },
        says: "‹uses it›: the value of `exec hostname` is used here, and that may not run or may fail (it was made \
         at ‹may not run›) / read the value with `output_of`, without a condition",
    },
    Mistake {
        what: "an invalid tag",
        phase: || {
            file("/a").tags(["two words"]); //~ tag
            tagged("", || ()); //~ no tag
        },
        says: "‹tag›: invalid tag \"two words\": a letter, then letters, digits, hyphens and underscores, at most \
         64\n\
         ‹no tag›: invalid tag \"\": a letter, then letters, digits, hyphens and underscores, at most 64",
    },
    Mistake {
        what: "a timeout of nothing",
        phase: || _ = exec("true").timeout(Duration::ZERO), //~ timeout
        says: "‹timeout›: a timeout of nothing leaves no time to run",
    },
    Mistake {
        what: "a umask with more than nine bits",
        phase: || _ = exec("true").umask(0o1000), //~ umask
        says: "‹umask›: 1000 is not a umask / write one such as 0o027",
    },
    Mistake {
        what: "a variable of the environment without a name that can be",
        phase: || _ = package("nginx").env("a b", "x"), //~ env
        says: "‹env›: \"a b\" cannot be the name of an environment variable",
    },
    Mistake {
        what: "something fetched that comes nowhere",
        phase: || _ = fetch_file("/a"), //~ fetch
        says: "‹fetch›: fetch-file /a: it is not said where on the controller it is written: call `to`",
    },
    Mistake {
        what: "an archive of nothing",
        phase: || _ = archive("/a.tar"), //~ archive
        says: "‹archive›: archive /a.tar: it is not said of what it is an archive: call `of`",
    },
    Mistake {
        what: "an archive of no kind that is known",
        phase: || _ = archive("/a.rar").of("/srv"), //~ archive
        says: "‹archive›: archive /a.rar: /a.rar does not say what kind of archive it is: it ends with none of .tar, .tar.gz, .tgz, .tar.bz2, .tbz2, .tar.xz, .txz, .tar.zst, .zip",
    },
    Mistake {
        what: "an archive in itself",
        phase: || _ = archive("/srv/a.tar").of("/srv"), //~ archive
        says: "‹archive›: archive /srv/a.tar: /srv/a.tar is in what it is an archive of, and would be packed into itself",
    },
    Mistake {
        what: "a crontab without a job",
        phase: || _ = crontab("alice"), //~ crontab
        says: "‹crontab›: crontab alice: nothing is declared: call `job` or `without`",
    },
    Mistake {
        what: "a job of cron that is declared twice",
        phase: || _ = crontab("alice").job("a", "@daily", "x").without("a"), //~ crontab
        says: "‹crontab›: crontab alice: the job a is declared twice",
    },
    Mistake {
        what: "a download that nothing vouches for",
        phase: || _ = remote_file("/a").url("https://example.org/a").insecure().unverified(), //~ download
        says: "‹download›: remote-file /a: without the host's certificate the download must be checked: call `sha256` or `signature`",
    },
    Mistake {
        what: "a fact without a name",
        phase: || _ = publish_fact("", "a"), //~ fact
        says: "‹fact›: publish-fact : a fact without a name cannot be asked for",
    },
    Mistake {
        what: "a secret as a fact",
        phase: || _ = publish_fact("token", Secret::from("hunter2")), //~ secret
        says: "‹secret›: publish-fact token: a secret cannot be published: give it as `Secret` where it is needed",
    },
    Mistake {
        what: "an override by a command",
        phase: || _ = exec("true").overrides(), //~ override
        says: "‹override›: exec true: nothing can be overridden by what declares no state / take `.overrides()` \
         away; a command runs beside whatever else is declared",
    },
    Mistake {
        what: "an override with a condition",
        phase: || _ = file("/a").when("false").overrides(), //~ conditional
        says: "‹conditional›: file /a: an action with a condition may not run, so it cannot override another / give \
         the other action the opposite condition, in place of `.overrides()`",
    },
    Mistake {
        what: "settings published outside the `settings` phase",
        phase: || settings::publish(80_u16), //~ publish
        says: "‹publish›: settings are published in the `settings` phase only / give the `settings` phase of the \
         spec a function that does it",
    },
    Mistake {
        what: "settings that nobody published",
        phase: || with_settings(),
        says: "‹fn with_settings(_port: Settings<u16>) {}›: parameter `_port`: no settings of type u16 were \
         published for example-1 / publish them in a `settings` phase with `settings::publish(..)`",
    },
    Mistake {
        what: "a phase that panics",
        phase: || panicking(),
        says: "‹fn panicking() {›: `mistakes::panicking` panicked: no address / the panic's own message, printed \
         above, has the line",
    },
];

/// An action of no phase is told to whichever build ends next, so that only one test builds at a time.
static BUILDING: Mutex<()> = Mutex::new(());

fn building() -> MutexGuard<'static, ()> {
    BUILDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those that have another form of phase, or another phase than `configure`.
fn others() -> [(Mistake, String); 3] {
    let mistake = |what, says| Mistake { what, phase: || (), says };
    [
        (
            mistake(
                "an action in the `settings` phase",
                "‹in settings›: file /a: an action cannot stand in the `settings` phase / the settings phase computes \
         and publishes settings; move the action to `configure`",
            ),
            mistakes_of("settings", || _ = file("/a")), //~ in settings
        ),
        (
            mistake(
                "a phase that returns an error",
                "‹fn failing() -> Result {›: phase `configure`: invalid digit found in string",
            ),
            mistakes_of("configure", failing),
        ),
        (
            mistake(
                "a node of a group that has none",
                "‹fn with_database(databases: NodesIn<Databases>) -> Result {›: phase `configure`: group databases \
         has no node: give it a count of at least 1, or include it in the run",
            ),
            mistakes_of("configure", with_database),
        ),
    ]
}

/// Builds a phase as converge does.
fn mistakes_of<R: PhaseOutput + 'static>(phase: &str, function: fn() -> R) -> String {
    let phase = PhaseName::new(phase).expect("a valid name");
    let context = Context { phase, ..Context::example() };
    let built = build_phase(&context, &[PhaseFn::new(function)], Location::caller());
    built.map_or_else(|error| said(&error), |_| "nothing".to_owned())
}

/// Returns everything that is said about mistakes, with the marks of lines in place of lines.
fn said(error: &GraphError) -> String {
    let lines = error.mistakes.iter().map(|mistake| {
        let hint = mistake.hint.map(|hint| format!(" / {hint}")).unwrap_or_default();
        marked(&format!("{mistake}{hint}"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Puts the marks of lines in place of lines.
fn marked(text: &str) -> String {
    let mut parts = text.split(concat!(file!(), ":"));
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(part.len());
        // The colon behind a place is not part of it.
        let end = part[..end].trim_end_matches(':').len();
        let number: usize = part[..end].split(':').next().and_then(|line| line.parse().ok()).expect("a line");
        let line = include_str!("mistakes.rs").lines().nth(number - 1).expect("a line of this file");
        let mark = line.split_once("//~ ").map_or(line.trim(), |(_, mark)| mark);
        out.push_str(&format!("‹{mark}›{}", &part[end..]));
    }
    out
}

/// What a later call of the same line can mend. It is not held against the line in whose middle a phase had to stop.
const MENDABLE: &[&str] = &[
    "a file without a content",
    "a service of which nothing is declared",
    "a line of a file that is not given",
    "a download without a checksum",
    "something fetched that comes nowhere",
    "an archive of nothing",
    "a crontab without a job",
    "a download that nothing vouches for",
];

/// Returns a node of which nothing is known yet.
fn unknown() -> Node {
    let known = Context::example().node.expect("it has one");
    Node::new(NodeInfo {
        name: known.name().clone(),
        group: known.group().clone(),
        group_item: None,
        roles: Default::default(),
        facts: None,
        primary_ip: None,
        private_ip: None,
    })
}

/// Returns the row of the index: the mistake, and the first thing that is said about it.
fn row(case: &Mistake) -> String {
    let first = case.says.lines().next().unwrap_or_default();
    let (said, hint) = first.split_once(" / ").unwrap_or((first, ""));
    let said = said.split_once("›: ").map_or(said, |(_, message)| message);
    format!("| {} | {said} | {hint} |\n", case.what)
}

#[test]
fn every_mistake_is_refused_with_its_line_and_the_way_out() {
    let _alone = building();
    build(&Context::example(), || KEPT.set(Some(file("/kept")))).expect("no mistake"); //~ kept
    let (mut wrong, mut missing) = (Vec::new(), String::new());
    let cases = CATALOGUE.iter().map(|case| (case, mistakes_of("configure", case.phase)));
    let others = others();
    let index = include_str!("../../pallet-core/docs/mistakes.md");
    for (case, said) in cases.chain(others.iter().map(|(case, said)| (case, said.clone()))) {
        if said != case.says {
            wrong.push(format!("{}\n{said}", case.what));
        } else if !index.contains(&row(case)) {
            missing.push_str(&row(case));
        }
    }
    assert!(wrong.is_empty(), "other words than expected:\n\n{}", wrong.join("\n\n"));
    assert!(missing.is_empty(), "pallet-core/docs/mistakes.md lacks\n{missing}");
}

#[test]
fn a_line_that_needs_what_is_not_known_hides_no_mistake_before_it() {
    let _alone = building();
    build(&Context::example(), || KEPT.set(Some(file("/kept")))).expect("no mistake"); //~ kept
    let node = unknown();
    let context = Context { node: Some(node.clone()), ..Context::example() };
    let (mut wrong, mut mended) = (Vec::new(), Vec::new());
    for case in CATALOGUE {
        let built = build(&context, || {
            (case.phase)();
            let _ = node.private_ip();
        });
        match built {
            Ok(_) => mended.push(case.what),
            Err(error) if said(&error) == case.says => {}
            Err(error) => wrong.push(format!("{}\n{}", case.what, said(&error))),
        }
    }
    assert!(wrong.is_empty(), "other words than without that line:\n\n{}", wrong.join("\n\n"));
    assert_eq!(mended, MENDABLE);
}
