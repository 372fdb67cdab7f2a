//! The log of an agent: written, followed, searched.

mod follow;
mod lines;
mod scene;
mod search;
