//! A Redis bus: whether it answers.

use super::cause::capital;
use super::{Cause, Code, Reading};
use crate::failure::{Failure, Fatal, Transient};

/// What a bus did when it was dialled and asked (PING).
#[derive(Clone, Debug)]
pub struct BusSeen {
    /// What it is called.
    pub name: String,
    /// Why it did not answer as it should.
    pub answer: Result<(), Failure>,
    /// The vault, where its password would be, does not open.
    pub vault_is_closed: bool,
}

impl BusSeen {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let failure = match &self.answer {
            Ok(()) => return Reading::ok("A Redis bus, which answers (PING)"),
            Err(failure) => failure,
        };
        let refused = matches!(failure, Failure::Fatal(Fatal::Forbidden { .. }));
        if refused && self.vault_is_closed {
            return Reading::unknown("It wants a password, and the vault that may have it does not open");
        }
        if refused {
            const SENTENCE: &str = "The bus refuses the password, the user, or what the user may do";
            let name = self.name.escape_debug();
            let remedy =
                format!("Check the user in its address; `beatkeeper bus password {name}` gives it another password.");
            return Reading::bad(SENTENCE, Cause::new(Code::Forbidden, SENTENCE, remedy));
        }
        if *failure == Failure::from(Transient::DialTimeout) {
            const SENTENCE: &str = "The bus lets us in and does not answer in time";
            let remedy = "Its server hangs, or is none of Redis: look at it with `redis-cli PING`.";
            return Reading::bad(SENTENCE, Cause::new(Code::Silent, SENTENCE, remedy));
        }
        Reading::bad(capital(&failure.to_string()), Cause::of(failure))
    }
}
