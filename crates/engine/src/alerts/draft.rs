//! A notice as every desktop shows it.

use beatkeeper_core::notice::Notice;
use notify_rust::Notification;

pub(super) fn draft(notice: &Notice) -> Notification {
    let mut draft = Notification::new();
    draft.appname("Beatkeeper").summary(&plain(&notice.title)).body(&plain(&notice.body));
    draft
}

/// Names and reasons come from servers; a NUL can be in none of the desktops' strings.
fn plain(text: &str) -> String {
    text.replace('\0', "")
}
