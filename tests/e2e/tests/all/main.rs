//! End-to-end tests: the real `caisson` binary, a process for each test, against fake providers in the same test.
//!
//! One binary, one topic per module, each test a sentence about what somebody outside sees. Tests run in parallel: each has its own
//! port, data folder and upstreams, and nothing leaves loopback. They read no file of the runtime's and call none of its functions.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod callers;
mod clients;
mod clients_at_fault;
mod compiled;
mod conformance;
mod control_plane;
mod conversations;
mod credentials;
mod crowd;
mod disk;
mod durability;
mod egress;
mod faults;
mod first_steps;
mod guests;
mod isolation;
mod leaving;
mod lifecycle;
mod names;
mod projects;
mod provider_errors;
mod queues;
mod receipts;
mod requests;
mod revisions;
mod round_trip;
mod secrets;
mod streaming;
mod unread;
mod uploads;
mod upstream_faults;
mod wire;
