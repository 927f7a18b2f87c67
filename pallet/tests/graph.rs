//! The builder: orders, and mistakes that only it can see.

use pallet::context::NodeInfo;
use pallet::graph::{ActionGraph, GraphError, build};
use pallet::prelude::*;
use pallet::{Context, Text};

fn labels(graph: &ActionGraph) -> Vec<String> {
    graph.in_order().map(|(_, action)| action.action().subject()).collect()
}

fn mistakes(phase: impl FnOnce()) -> GraphError {
    build(&Context::example(), phase).expect_err("a phase with mistakes")
}

#[test]
fn program_order_is_kept_but_for_what_after_asks() {
    let built = build(&Context::example(), || {
        let early = file("/a");
        file("/b");
        let late = file("/c");
        file("/d");
        early.after(late);
    });
    assert_eq!(labels(&built.expect("no mistakes").graph), ["/b", "/c", "/a", "/d"]);
}

#[test]
fn a_circle_is_printed_whole_with_its_lines() {
    let error = mistakes(|| {
        let a = file("/a");
        let b = file("/b").after(a);
        a.after(b);
    });
    let text = error.to_string();
    assert_eq!(error.mistakes.len(), 1, "{text}");
    assert!(text.contains("`file /a`") && text.contains("`file /b`"), "{text}");
    assert_eq!(text.matches("graph.rs").count(), 5, "{text}");
}

#[test]
fn a_handle_of_another_run_is_refused_with_both_lines() {
    let mut kept = None;
    build(&Context::example(), || kept = Some(file("/a"))).expect("no mistakes");
    let error = mistakes(|| {
        file("/b").after(kept.expect("kept"));
    });
    assert!(error.mistakes[0].message.contains("another phase"), "{error}");
    assert!(error.mistakes[0].other.is_some());
}

#[test]
fn literals_that_are_wrong_are_refused_at_their_lines() {
    let error = mistakes(|| {
        file("relative");
        file("/a").mode(4755);
        package("nginx=1.2");
        user("two words");
        let _ = remote_file("/b");
        let value = exec("true").creates("/x").stdout();
        remote_file("/c").content(value);
    });
    let messages: Vec<&str> = error.mistakes.iter().map(|mistake| mistake.message.as_str()).collect();
    assert_eq!(messages.len(), 6, "{error}");
    assert!(messages[0].contains("absolute path"), "{error}");
    assert!(messages[1].contains("did you mean 0o4755?"), "{error}");
    assert!(messages[2].contains("`package(\"nginx\").version(\"1.2\")`"), "{error}");
    assert!(messages[4].contains("no content is given"), "{error}");
}

#[test]
fn a_panic_in_a_phase_is_a_mistake_and_not_the_end() {
    let error = mistakes(|| panic!("no luck"));
    assert!(error.to_string().contains("no luck"), "{error}");
    assert!(build(&Context::example(), || {}).is_ok());
}

/// Returns a node of which nothing is known yet, and the context of a phase for it.
fn unknown() -> (Node, Context) {
    let mut context = Context::example();
    let info = NodeInfo {
        name: "new-1".parse().expect("valid"),
        group: "new".parse().expect("valid"),
        group_item: None,
        roles: Default::default(),
        facts: None,
        primary_ip: None,
        private_ip: None,
    };
    let node = Node::new(info);
    context.node = Some(node.clone());
    (node, context)
}

#[test]
fn what_is_not_known_yet_ends_the_build_at_that_line() {
    let (node, context) = unknown();
    let built = build(&context, || {
        file("/a");
        let _ = remote_file("/b").content(node.private_ip().to_string());
        file("/c");
    })
    .expect("no mistakes");
    assert_eq!(labels(&built.graph), ["/a"]);
    assert_eq!(built.known_after.expect("ended early").what, "the address of new-1");
}

#[test]
fn a_line_in_whose_middle_the_build_ends_may_have_made_other_actions() {
    let (node, context) = unknown();
    let built = build(&context, || {
        file("/a");
        remote_file("/b").content(Text::concat([
            Text::from(exec("hostid").creates("/x").stdout()),
            Text::from(node.private_ip().to_string()),
        ]));
        file("/c");
    })
    .expect("no mistakes");
    assert_eq!(labels(&built.graph), ["/a"]);
}

#[test]
fn what_misses_something_before_that_line_is_refused() {
    let (node, context) = unknown();
    let error = build(&context, || {
        let _ = remote_file("/a");
        file("/b");
        remote_file("/c").content(node.private_ip().to_string());
    })
    .expect_err("a mistake");
    assert_eq!(error.mistakes.len(), 1, "{error}");
    assert!(error.to_string().contains("remote-file /a: no content is given"), "{error}");
}
