//! Attacks of the guests in `tests/guests/wat`: written by hand, below what a compiler would make.

use crate::attack::Ask::{Chat, Embed, Leave, Stream};
use crate::attack::{Attack, attack};
use crate::beside::Beside;
use crate::replies::Reply;

/// What stops a guest that never ends: whichever comes first, as the machine is fast or slow.
const ENDLESS: [(u16, &str); 2] = [(502, "fuel_exhausted"), (504, "deadline_exceeded")];

/// One row for each guest.
pub(crate) fn attacks() -> Vec<Attack> {
    [computing(), memory(), calls(), lies()].into_iter().flatten().collect()
}

/// Computes without end wherever a guest runs, or stops where it must not.
fn computing() -> Vec<Attack> {
    vec![
        attack("spin-in-start", "spin_in_start", "computes without end in its start function")
            .refused("describe_failed"),
        attack("trap-in-start", "trap_in_start", "traps in its start function").refused("describe_failed"),
        attack(
            "spin-in-initialize",
            "spin_in_initialize",
            "computes without end in `_initialize`, but not at its upload",
        )
        .asks(&[Chat, Stream, Embed])
        .fails(502, "fuel_exhausted"),
        attack("spin-in-realloc", "spin_in_realloc", "computes without end where the host hands over the request")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "fuel_exhausted"),
        attack("spin-after-return", "spin_after_return", "computes without end after its answer was read")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "fuel_exhausted"),
        attack("spin-in-destructor", "spin_in_destructor", "computes without end in a destructor of its own")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "fuel_exhausted"),
        attack("spin-in-next", "spin_in_next", "computes without end amid a stream")
            .asks(&[Stream])
            .fails(200, "fuel_exhausted"),
        attack("spin-after-the-client-left", "spin_in_next", "computes on after its client has left")
            .asks(&[Leave])
            .limit("fuel", 1_000_000_000_000)
            .answers("the client's leaving", |reply, _| assert!(matches!(reply, Reply::Left(Some(_))), "{reply:?}")),
        attack("tail-calls", "tail_calls", "computes without end by calls in tail position")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "fuel_exhausted"),
        attack("divide-by-zero", "divide_by_zero", "divides by zero")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "adapter_trap"),
        attack("wrong-indirect-call", "wrong_indirect_call", "calls a function as if it had another type")
            .fails(502, "adapter_trap"),
        attack("exit", "exit", "ends its process").asks(&[Chat, Stream, Embed]).fails(502, "adapter_trap"),
        attack("recursion", "recursion", "calls itself until its stack is full")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "adapter_trap"),
        attack("recursion-by-table", "recursion_by_table", "calls itself through a table until its stack is full")
            .fails(502, "adapter_trap"),
        attack(
            "host-call-at-every-depth",
            "host_call_at_every_depth",
            "calls the host with a stack that is nearly full",
        )
        .fails(502, "adapter_trap"),
    ]
}

/// Takes more than its share, of its own memory or of the host's.
fn memory() -> Vec<Attack> {
    vec![
        attack("memory-at-once", "memory_at_once", "takes 512 MiB at once")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "memory_exhausted"),
        attack("memory-in-steps", "memory_in_steps", "takes memory page by page")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "memory_exhausted"),
        attack("memory-twice", "memory_twice", "has two memories, to take the limit in each")
            .refused("invalid_component"),
        attack("table-growth", "table_growth", "grows a table for ever").fails(502, "fuel_exhausted"),
        attack("grow-refused-storm", "grow_refused_storm", "asks for too much memory 100,000 times")
            .answers("memory limit", survived),
        attack("memory-fill", "memory_fill", "fills 32 MiB again and again")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("memory-copy", "memory_copy", "copies 16 MiB again and again")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("table-fill", "table_fill", "fills and copies a table again and again")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("table-of-ten-million", "table_of_ten_million", "declares a table of ten million elements")
            .refused("component_too_complex"),
        attack("memory-of-4-gib", "memory_of_4_gib", "declares a memory of 4 GiB").refused("component_too_complex"),
        attack("list-overflow", "list_overflow", "answers with a list whose size overflows")
            .asks(&[Embed])
            .fails(502, "adapter_trap"),
        attack("list-amplified", "list_amplified", "answers with 16 GiB that are 16 MiB, 1,000 times over")
            .asks(&[Embed])
            .fails(502, "adapter_trap"),
        attack("list-of-empties", "list_of_empties", "answers with six million empty lists")
            .asks(&[Embed])
            .fails(502, "adapter_trap"),
        attack("events-amplified", "events_amplified", "gives 200,000 events that are one text of 64 KiB")
            .asks(&[Stream])
            .fails(200, "adapter_trap"),
    ]
}

/// Has the host work, or keep things, for nothing.
fn calls() -> Vec<Attack> {
    vec![
        attack("clock-storm", "clock_storm", "asks for the time without end")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("random-storm", "random_storm", "asks for random bytes without end")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("random-without-end", "random_without_end", "asks for 2^64 - 1 random bytes").fails(502, "adapter_trap"),
        attack("body-storm", "body_storm", "asks for the client's body without end")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("token-storm", "token_storm", "has the tokens of a mebibyte counted without end")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("poll-storm", "poll_storm", "waits for 400 timers without end")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("poll-nothing", "poll_nothing", "waits for none of nothing").fails(502, "adapter_trap"),
        attack("sleep", "sleep", "sleeps for 584 years")
            .asks(&[Chat, Stream, Embed])
            .limit("timeout-ms", 1_000)
            .fails(504, "deadline_exceeded"),
        attack("sleep-storm", "sleep_storm", "waits for no time without end")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("log-storm", "log_storm", "logs lines of one byte without end")
            .limit("timeout-ms", 1_000)
            .fails_with(&ENDLESS),
        attack("log-of-zeroes", "log_of_zeroes", "has 2^64 - 1 zeroes logged").fails(502, "adapter_trap"),
        attack("log-too-much", "log_too_much", "logs 32 MiB in one call").answers("log limit", survived),
        attack("pollable-flood", "pollable_flood", "makes timers and drops none").fails(502, "adapter_trap"),
        attack("field-flood", "field_flood", "makes header fields and drops none").fails(502, "adapter_trap"),
        attack("body-flood", "body_flood", "begins requests without end and sends none").fails(502, "adapter_trap"),
        attack("method-flood", "method_flood", "begins requests with a method of 256 KiB each")
            .fails(502, "adapter_trap"),
        attack("authority-flood", "authority_flood", "begins requests to hosts with names of 256 KiB")
            .fails(502, "adapter_trap"),
        attack("path-flood", "path_flood", "begins requests to paths of 60 KiB").fails(502, "adapter_trap"),
        attack("field-hoard", "field_hoard", "makes header fields, fills them and drops none")
            .fails(502, "adapter_trap"),
        attack("socket-flood", "socket_flood", "makes sockets and drops none").answers("no network", survived),
        attack("handle-flood", "handle_flood", "makes streams of its own and drops none").fails(502, "adapter_trap"),
    ]
}

/// Breaks the rules of the boundary between guest and host.
fn lies() -> Vec<Attack> {
    vec![
        attack("realloc-out-of-bounds", "realloc_out_of_bounds", "has the request written outside its memory")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "adapter_trap"),
        attack("realloc-unaligned", "realloc_unaligned", "has the request written to an odd address")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "adapter_trap"),
        attack("realloc-null", "realloc_null", "has the request written over itself")
            .answers("its own memory", survived),
        attack("host-call-in-realloc", "host_call_in_realloc", "calls the host while it hands over the request")
            .fails(502, "adapter_trap"),
        attack("host-call-after-return", "host_call_after_return", "calls the host after its answer was read")
            .fails(502, "adapter_trap"),
        attack("result-out-of-bounds", "result_out_of_bounds", "answers from outside its memory")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "adapter_trap"),
        attack("result-unaligned", "result_unaligned", "answers from an odd address")
            .asks(&[Chat, Stream, Embed])
            .fails(502, "adapter_trap"),
        attack("string-out-of-bounds", "string_out_of_bounds", "answers with a text that ends outside its memory")
            .fails(502, "adapter_trap"),
        attack("string-of-4-gib", "string_of_4_gib", "answers with a text of 4 GiB").fails(502, "adapter_trap"),
        attack("string-no-utf8", "string_no_utf8", "answers with a text that is no UTF-8").fails(502, "adapter_trap"),
        attack("wrong-discriminant", "wrong_discriminant", "answers with a case that isn't there")
            .fails(502, "adapter_trap"),
        attack("describe-out-of-bounds", "describe_out_of_bounds", "describes itself from outside its memory")
            .refused("describe_failed"),
        attack("describe-amplified", "describe_amplified", "describes itself with 4 GiB that are one mebibyte")
            .refused("describe_failed"),
        attack("foreign-handle", "foreign_handle", "gives a handle that it was never given")
            .asks(&[Stream])
            .fails(502, "adapter_trap"),
        attack("dropped-handle", "dropped_handle", "gives a handle that it has dropped")
            .asks(&[Stream])
            .fails(502, "adapter_trap"),
        attack("wrong-handle", "wrong_handle", "gives a handle of something else")
            .asks(&[Stream])
            .fails(502, "adapter_trap"),
        attack("double-drop", "double_drop", "drops a handle twice").fails(502, "adapter_trap"),
        attack("use-after-drop", "use_after_drop", "writes to a stream that it has dropped").fails(502, "adapter_trap"),
        attack("parent-dropped-first", "parent_dropped_first", "drops a body before its stream")
            .fails(502, "adapter_trap"),
    ]
}

/// The guest's own answer came whole, so what it tried has hurt at most itself.
fn survived(reply: &Reply, _: &Beside) {
    assert_eq!(reply.content(), "survived");
}
