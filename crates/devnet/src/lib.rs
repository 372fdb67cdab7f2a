//! A Zynd registry in a box, with faults to order.
