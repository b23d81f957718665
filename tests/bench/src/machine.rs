//! What the numbers were taken on, and how busy it was with other things. Reads Linux's /proc; elsewhere the figures are absent.

use std::fs;

use anyhow::Context;
use serde::Serialize;

/// The machine.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) cpu: String,
    pub(crate) kernel: String,
}

/// The load averages over 1, 5 and 15 minutes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Load(String);

/// CPU time used so far, in clock ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticks(pub(crate) u64);

/// Clock ticks a second in /proc: `USER_HZ`, which is 100 on every architecture that we run on.
pub(crate) const TICKS_PER_SECOND: f64 = 100.0;

impl Machine {
    pub(crate) fn this() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            cpu: cpu.map_or("unknown", |(_, model)| model.trim()).to_owned(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        }
    }
}

impl Load {
    pub(crate) fn now() -> Self {
        let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self(text.split(' ').take(3).collect::<Vec<_>>().join(" "))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ticks {
    /// Of one process with all its threads, user and system.
    pub(crate) fn of_process(pid: u32) -> Option<Self> {
        process_ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Of the whole machine, without idling and waiting for disks. What the hypervisor took for others counts as used.
    pub(crate) fn of_machine() -> Option<Self> {
        machine_ticks(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// Seconds of CPU time since `before`.
    pub(crate) fn seconds_since(self, before: Self) -> f64 {
        self.0.saturating_sub(before.0) as f64 / TICKS_PER_SECOND
    }
}

fn process_ticks(stat: &str) -> Option<Ticks> {
    // The program's name is in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Ticks(number(11)? + number(12)?))
}

fn machine_ticks(stat: &str) -> Option<Ticks> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let numbers: Vec<u64> = fields.map_while(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; guest time is within user's.
    Some(Ticks([0, 1, 2, 5, 6, 7].iter().filter_map(|index| numbers.get(*index)).sum()))
}

/// Memory of a process in RAM, in KiB; what it shares with others, or maps several times, is counted once (the kernel's "proportional set
/// size"): each sandbox maps its component's image, whose unwritten pages are the same ones in memory.
pub(crate) fn memory_kib(pid: u32) -> anyhow::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("no /proc: this needs Linux")?;
    let proportional = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next());
    proportional.and_then(|kib| kib.parse().ok()).context("no Pss")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;

    #[test]
    fn a_process_is_charged_user_and_system_time_whatever_its_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 120 34 5 6 20 0 3 0 100 1 1";
        assert_eq!(process_ticks(stat).unwrap().0, 154);
        assert!(process_ticks("7 (a").is_none());
    }

    #[test]
    fn the_machines_idle_time_is_not_used_time() {
        assert_eq!(machine_ticks("cpu  1 2 4 1000 1000 8 16 32 1 1\ncpu0 9 9 9\n").unwrap().0, 63);
    }
}
