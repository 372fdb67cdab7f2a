//! Where notices and deliveries are kept.

use beatkeeper_core::history::HistoryRow;
use beatkeeper_store::Writer;

/// A history. It is called under the post's lock, so it must neither block nor call the post.
pub trait Keep: Send + Sync {
    /// Keeps a row, in place of an earlier one with its key.
    fn row(&self, row: HistoryRow);
    /// Has the deliveries of a channel that were kept before go by its new name.
    fn rename_channel(&self, from: &str, to: &str);
}

impl Keep for Writer {
    fn row(&self, row: HistoryRow) {
        self.send(row);
    }

    fn rename_channel(&self, from: &str, to: &str) {
        // The writer's own function of this name.
        Self::rename_channel(self, from, to);
    }
}
