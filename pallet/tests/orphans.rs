//! Actions where no phase is built. Alone in this file: the next build of the process reports them, whichever it is.

use pallet::Context;
use pallet::graph::build;
use pallet::prelude::*;

#[test]
fn an_action_on_another_thread_is_not_lost() {
    let built = build(&Context::example(), || {
        std::thread::spawn(|| {
            file("/lost");
        })
        .join()
        .expect("no panic");
    });
    let error = built.expect_err("an action that nobody would run");
    assert!(error.mistakes[0].message.contains("outside any phase"), "{error}");
}
