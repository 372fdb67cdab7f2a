//! A Zynd registry in a box, with faults to order; and beside it, an [`ArtCafe`] server.
//!
//! It answers as the live registry was seen to answer (protocols.md 1): the same routes, the same sentences, and the same
//! silences. What tests, the demo and users' own development need beyond that is added beside it: a look at every beat
//! that came in ([`State`]), and ways to misbehave ([`Fault`]).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use beatkeeper_devnet::{Config, Devnet};
//!
//! let devnet = Devnet::start(Config::default()).await?;
//! println!("{}", devnet.url());
//! devnet.fault("slow=200".parse()?).await;
//! let stopped = devnet.shutdown().await; // open sockets just die
//! let devnet = stopped.start().await?; // same port, same records
//! # Ok(()) }
//! ```

mod artcafe;
mod config;
mod devnet;
mod fault;
mod registry;
mod server;

pub use artcafe::{Acks, ArtCafe, CafeConfig, CafeState, ChallengeAnswer, TurnsAway, rsa_public_key};
pub use config::{Config, Onboarding, Speech, StartError};
pub use devnet::{Devnet, Stopped, WaitError};
pub use fault::{Fault, FaultError, FaultKind};
pub use registry::{DeveloperProof, EntityRecord, Name, Pricing, ReceivedBeat, Rejection, State, Status};
