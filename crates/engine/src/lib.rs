//! The world: sockets, registries, alerts, local control; it drives core.
