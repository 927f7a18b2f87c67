//! The language of pallet, tested from the outside: `cases/` is a catalogue of what is refused, `tests/` says what
//! works. There is nothing in the library itself.
