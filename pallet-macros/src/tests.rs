//! Unit tests of the macros.
