//! The engine against a real registry on loopback: real sockets, a real vault file, a real history.

mod causes;
mod life;
mod scene;
