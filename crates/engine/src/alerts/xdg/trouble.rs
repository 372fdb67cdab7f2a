//! Why a notification server on a session bus did not show a notice.

use thiserror::Error;
use zbus::Message;

use crate::alerts::PATIENCE;
use crate::alerts::outcome::Failure;

/// The notification server's name, and the name of its interface.
pub(super) const SERVER: &str = "org.freedesktop.Notifications";

/// Each ends with what a person can do.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    /// Nothing to connect to.
    #[error(
        "there is no session bus, which carries them ({0}). Start Beatkeeper inside a desktop session, or with \
         dbus-run-session."
    )]
    NoBus(String),
    /// The connection broke.
    #[error("the connection to the session bus broke ({0}). The next one is tried on a new connection.")]
    Gone(String),
    /// Nobody shows notices.
    #[error(
        "nothing owns {SERVER} on the session bus. Start your desktop's notification server, or install one, such as \
         dunst or mako; what waits is then shown."
    )]
    NoServer,
    /// Somebody did.
    #[error("the notification server ended before it answered. Start it again; what waits is then shown.")]
    Ended,
    /// Somebody does, but does not answer.
    #[error("the notification server did not answer within {} s. Restart it; what waits is then shown.", PATIENCE.as_secs())]
    Silent,
    /// Somebody does and was given the notice, but does not answer.
    #[error(
        "the notification server took this one and did not answer within {} s. Restart it; it is then given this one \
         again.",
        PATIENCE.as_secs()
    )]
    Unanswered,
    /// Ours alone: what the bus cannot carry.
    #[error("this one cannot be put into a message ({0}). Look at the agent in the window, and report this.")]
    Unsendable(String),
    /// Somebody does, and says no.
    #[error("the notification server refused: {0}. Restart it, or look into its log for the reason.")]
    Refused(String),
}

impl Trouble {
    /// What it means for the next try.
    pub(super) const fn failure(&self) -> Failure {
        match self {
            Self::NoBus(_) | Self::Gone(_) | Self::NoServer | Self::Ended | Self::Silent => Failure::Missed,
            Self::Unanswered => Failure::Unanswered,
            Self::Unsendable(_) => Failure::Hopeless,
            Self::Refused(_) => Failure::Refused,
        }
    }

    /// What an error reply means.
    pub(super) fn of_reply(reply: &Message) -> Self {
        let name = reply.header().error_name().map(ToString::to_string).unwrap_or_default();
        match name.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or(&name) {
            "ServiceUnknown" | "NameHasNoOwner" => Self::NoServer,
            "NoReply" => Self::Ended,
            name => {
                let words = reply.body().deserialize::<String>().unwrap_or_default();
                Self::Refused(format!("{words} ({name})").trim().trim_end_matches('.').to_owned())
            }
        }
    }

    /// What an answer that cannot be read means.
    pub(super) fn unreadable(error: &zbus::Error) -> Self {
        Self::Refused(format!("its answer cannot be read ({error})"))
    }
}
