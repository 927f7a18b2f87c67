use pallet::prelude::*;

#[phase]
struct Web;

#[phase]
mod web {}

#[phase]
type Function = fn();

#[phase]
const FUNCTION: fn() = function;

#[phase]
impl Web {
    fn web() {}
}

#[phase]
trait Site {
    fn web();
}

fn function() {}

fn use_them<S: Site>(_: Web, _: Function) {
    FUNCTION();
    Web::web();
    S::web();
}

fn main() {}
