//! What an agent writes, on the disk.
