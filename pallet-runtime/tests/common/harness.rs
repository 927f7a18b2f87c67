//! Tests that know whether they can run: what is missing shows as ignored, with what would help in its kind.

use libtest_mimic::{Arguments, Failed, Trial};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

/// No test takes this long unless something waits for ever.
const LIMIT: Duration = Duration::from_secs(120);

/// A name and a test.
pub type Test = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

/// Runs the tests, or shows them as ignored because of `missing`. With `PALLET_TEST_REQUIRE=1` they then fail.
pub fn run_tests(missing: Option<String>, tests: &'static [Test]) -> ExitCode {
    let required = std::env::var_os("PALLET_TEST_REQUIRE").is_some_and(|value| value == "1");
    let trials = tests.iter().map(|&(name, test)| {
        let reason = missing.clone();
        let trial = Trial::test(name, move || match reason {
            Some(reason) => Err(Failed::from(reason)),
            None => run(test),
        });
        let ignored = missing.is_some() && !required;
        trial.with_ignored_flag(ignored).with_kind(missing.clone().unwrap_or_default())
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn run(test: fn() -> Pin<Box<dyn Future<Output = ()>>>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failed::from(error.to_string()))?;
    let limited = async { tokio::time::timeout(LIMIT, test()).await };
    // The panic's own message is on standard error already.
    let ended =
        catch_unwind(AssertUnwindSafe(|| runtime.block_on(limited))).map_err(|_| Failed::without_message());
    // Streams that a test left open must not hold up the others.
    runtime.shutdown_background();
    ended?.map_err(|_| Failed::from(format!("no end after {} s", LIMIT.as_secs())))
}

/// Lists async functions as tests under their names.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), || Box::pin($name()))),*]
    };
}
