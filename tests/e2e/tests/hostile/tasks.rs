//! Attacks of the guests in `tests/guests/tasks`: of the world `adapter-async`, by its tasks, streams and futures.
//!
//! The guests of `rust` attack in this world too, where they are built for it: see `just hostile-async`.

use crate::attack::Ask::{Chat, Leave, Stream};
use crate::attack::{Attack, attack};
use crate::beside::Beside;
use crate::replies::Reply;

/// What stops a guest that never ends: whichever comes first, as the machine is fast or slow.
const ENDLESS: [(u16, &str); 2] = [(502, "fuel_exhausted"), (504, "deadline_exceeded")];
/// The same amid a stream.
const ENDLESS_STREAM: [(u16, &str); 2] = [(200, "fuel_exhausted"), (200, "deadline_exceeded")];

/// One row for each guest, or more.
pub(crate) fn attacks() -> Vec<Attack> {
    let all = [waiting(), computing(), flooding(), streaming()];
    all.into_iter().flatten().map(Attack::of_other_world).collect()
}

/// Waits for what never comes.
fn waiting() -> Vec<Attack> {
    vec![
        attack("never-writes", "never_writes", "gives a stream and never writes to it")
            .asks(&[Stream])
            .limit("timeout-ms", 500)
            .fails(200, "deadline_exceeded"),
        attack("never-writes-and-the-client-leaves", "no_end", "never ends a stream that its client leaves")
            .asks(&[Leave])
            .answers("the client's leaving", |reply, _| assert!(matches!(reply, Reply::Left(Some(_))), "{reply:?}")),
        attack("never-answers", "never_answers", "has no task left that could answer or end its stream")
            .asks(&[Chat, Stream])
            .fails_with(&[(502, "adapter_trap"), (200, "adapter_trap")]),
        attack("no-end", "no_end", "drops a stream and never says how it ended")
            .asks(&[Stream])
            .fails(200, "adapter_trap"),
    ]
}

/// Computes, or traps, where no call of the host's is waiting for it.
fn computing() -> Vec<Attack> {
    vec![
        attack(
            "spin-in-task",
            "spin_in_task",
            "computes without end in a task that goes on after its stream was given",
        )
        .asks(&[Stream])
        .fails(200, "fuel_exhausted"),
        attack("spin-in-task-after-the-client-left", "spin_in_task", "computes on in a task when its client has left")
            .asks(&[Leave])
            .limit("fuel", 1_000_000_000_000)
            .answers("the client's leaving", |reply, _| assert!(matches!(reply, Reply::Left(Some(_))), "{reply:?}")),
        attack("spin-after-answer", "spin_after_answer", "leaves tasks behind that compute without end")
            .answers("the sandbox's end", survives),
        attack("trap-in-task", "trap_in_task", "traps in a task that goes on after its stream was given")
            .asks(&[Stream])
            .fails(200, "adapter_trap"),
        attack("timer-churn", "timer_churn", "begins to wait and gives it up, again and again").fails_with(&ENDLESS),
        attack("stream-churn", "stream_churn", "makes streams and drops them").fails_with(&ENDLESS),
        attack("copy-to-itself", "copy_to_itself", "writes to a stream of 16 MiB that it reads itself")
            .limit("timeout-ms", 5_000)
            .fails_with(&[(502, "memory_exhausted"), ENDLESS[0], ENDLESS[1]]),
    ]
}

/// Has the host keep things for it.
fn flooding() -> Vec<Attack> {
    const FULL: [(u16, &str); 4] =
        [(502, "adapter_trap"), (502, "memory_exhausted"), (502, "fuel_exhausted"), (504, "deadline_exceeded")];
    vec![
        attack("task-storm", "task_storm", "spawns tasks without end").fails_with(&FULL),
        attack("timer-flood", "timer_flood", "waits for timers without end, all at one time").fails_with(&FULL),
        attack("stream-flood", "stream_flood", "makes streams and keeps both ends").fails_with(&FULL),
        attack("future-flood", "future_flood", "makes futures and keeps both ends").fails_with(&FULL),
        attack("log-streams", "log_streams", "opens its log again and again").fails_with(&FULL),
        attack("request-hoard", "request_hoard", "makes requests with long parts and sends none").fails_with(&FULL),
        attack("body-streams", "body_streams", "begins requests whose bodies never end")
            .terms(|push, beside| beside.granted(push))
            .upstream(|mut connection| {
                Box::pin(async move {
                    // Reads nothing, and stays.
                    connection.write("").await;
                    std::future::pending().await
                })
            })
            .limit("timeout-ms", 2_000)
            .fails_with(&FULL),
    ]
}

/// Gives more than anybody asked for, or what isn't there.
fn streaming() -> Vec<Attack> {
    vec![
        attack("single-events", "single_events", "streams events without end, one by one")
            .asks(&[Stream])
            .fails_with(&[ENDLESS_STREAM[0], ENDLESS_STREAM[1], (200, "malformed_answer")]),
        attack("million-writes", "million_writes", "writes two million events at once")
            .asks(&[Stream])
            .fails_with(&[(200, "memory_exhausted"), (502, "memory_exhausted")]),
        // The stream was given before the first write, so its status is too.
        attack("empty-writes", "empty_writes", "writes nothing, again and again")
            .asks(&[Stream])
            .fails_with(&ENDLESS_STREAM),
        attack("events-aliased", "events_aliased", "writes 200 events that are the same 4 MiB")
            .asks(&[Stream])
            .fails_with(&[(200, "adapter_trap"), (502, "adapter_trap")]),
    ]
}

fn survives(reply: &Reply, _: &Beside) {
    assert!(reply.content().contains("survived"), "{reply:?}");
}
