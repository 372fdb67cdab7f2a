//! The engine against a real registry on loopback: real sockets, a real vault file, a real history.

mod alerts;
mod artcafe;
mod asked;
mod black_box;
mod bus;
mod bus_kinds;
mod causes;
mod channels;
mod copies;
mod demo;
mod dialects;
mod doctor;
mod life;
mod processes;
mod project;
mod redis_server;
mod registry_writes;
mod scene;
mod sdk;
mod signer;
mod silences;
mod team;
mod watch;
