//! What an editor offers in a project that uses pallet. All of it is in `tests/editor`; the project is
//! `project/main.rs`.
