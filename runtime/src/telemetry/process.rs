//! What the process itself takes, under the names that Prometheus's own clients use, so that existing dashboards show it.
//!
//! Read at each scrape, from the kernel. Linux only; where the kernel doesn't tell (no `/proc`, no descriptor left to read it with),
//! that one metric is absent rather than zero.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Asks the kernel at each scrape.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let gauges = [
            ("process_resident_memory", "Memory in RAM", Some(Unit::Bytes), resident_bytes()),
            ("process_open_fds", "Open file descriptors", None, open_descriptors()),
            (
                "process_max_fds",
                "The most file descriptors that may be open",
                None,
                getrlimit(Resource::Nofile).current,
            ),
        ];
        for (name, help, unit, value) in gauges {
            let Some(value) = value.and_then(|value| i64::try_from(value).ok()) else { continue };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit.as_ref(), gauge.metric_type())?)?;
        }
        let cpu = ConstCounter::new(cpu_seconds());
        let help = "CPU time used, in user and kernel mode";
        cpu.encode(encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), cpu.metric_type())?)
    }
}

fn resident_bytes() -> Option<u64> {
    let sizes = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = sizes.split(' ').nth(1)?.parse().ok()?;
    pages.checked_mul(u64::try_from(rustix::param::page_size()).ok()?)
}

fn open_descriptors() -> Option<u64> {
    let listed = std::fs::read_dir("/proc/self/fd").ok()?.count();
    // The listing is itself read through a descriptor.
    u64::try_from(listed).ok()?.checked_sub(1)
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::super::Metrics;
    use super::*;

    fn shown(metric: &str) -> f64 {
        let text = Metrics::new().encode();
        let line = text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {metric} in:\n{text}")).parse().unwrap()
    }

    #[test]
    fn the_process_is_shown_under_the_names_that_dashboards_know() {
        assert!(shown("process_resident_memory_bytes") > 1e6);
        assert!(shown("process_open_fds") >= 3.0);
        assert!(shown("process_max_fds") >= shown("process_open_fds"));
        assert!(shown("process_cpu_seconds_total") > 0.0);
    }

    #[test]
    fn an_open_file_is_one_descriptor_more() {
        // Other tests open files meanwhile: enough of them that this is no chance.
        let before = open_descriptors().unwrap();
        let files: Vec<_> = (0..400).map(|_| std::fs::File::open("/proc/self/statm").unwrap()).collect();
        let with = open_descriptors().unwrap();
        drop(files);
        assert!(with.abs_diff(before + 400) < 200, "{before} then {with}");
    }
}
