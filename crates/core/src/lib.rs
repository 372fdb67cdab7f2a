//! The rules of Beatkeeper, as data: no clock, no randomness, no I/O.
