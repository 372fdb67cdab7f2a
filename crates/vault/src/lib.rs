//! Agent keys: keychain in, signatures out.
