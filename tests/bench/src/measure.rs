//! The order of a run: every work is tried once each way, warmed up, then measured in turns.
//!
//! Turns (A, B, A, B) rather than one after the other: what else the machine does then falls on both alike.

use anyhow::Context;

use crate::client::Connection;
use crate::load::{self, Bounds};
use crate::machine::Ticks;
use crate::options::Options;
use crate::statistics::percentile;
use crate::subject::{Subject, Way};
use crate::workload::{Receipt, Workload};

/// One work done one way.
pub(crate) struct Measured {
    pub(crate) workload: Workload,
    pub(crate) subject: String,
    pub(crate) way: Way,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) rounds: Vec<Figures>,
}

/// One round's figures.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) answers_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// CPU time for each answer, in microseconds.
    pub(crate) subject_cpu_us: f64,
    pub(crate) upstream_cpu_us: f64,
    pub(crate) generator_cpu_us: f64,
    /// The part of the machine that neither generator, subject nor upstream used, but somebody did.
    pub(crate) others: f64,
}

/// Measures every workload every way.
pub(crate) async fn all(
    options: &Options,
    subjects: &[Subject],
    upstream: Option<u32>,
) -> anyhow::Result<Vec<Measured>> {
    let mut measured = Vec::new();
    let workloads = options.workloads().iter().copied();
    let ways: Vec<(Workload, &Subject)> = workloads
        .flat_map(|workload| subjects.iter().map(move |subject| (workload, subject)))
        .filter(|(workload, subject)| subject.way.does(*workload))
        .collect();
    for &(workload, subject) in &ways {
        let receipt = try_once(workload, subject).await.with_context(|| named(workload, subject))?;
        eprintln!("warming up: {}", named(workload, subject));
        round(options, workload, subject, upstream, options.warm_up_time()).await?;
        let (subject, way) = (subject.name.clone(), subject.way);
        measured.push(Measured { workload, subject, way, receipt, rounds: Vec::new() });
    }
    let mut failed = Vec::new();
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        for (&(workload, subject), measured) in ways.iter().zip(&mut measured) {
            if failed.contains(&subject.name) {
                continue;
            }
            match round(options, workload, subject, upstream, options.round_time()).await {
                Ok(figures) => measured.rounds.extend(figures),
                // Somebody else's gateway may break under load; what was measured until then stands.
                Err(error) if subject.way.is_peer() => {
                    eprintln!("{} is left out from here on: {error:#}", subject.name);
                    failed.push(subject.name.clone());
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(measured)
}

async fn try_once(workload: Workload, subject: &Subject) -> anyhow::Result<Option<Receipt>> {
    let task = workload.task(subject);
    let mut connection = Connection::open(task.address).await?;
    workload.check(subject.wire(workload.provider()), &connection.exchange(&task.request).await?)
}

/// One round. None where it has no time.
async fn round(
    options: &Options,
    workload: Workload,
    subject: &Subject,
    upstream: Option<u32>,
    time: std::time::Duration,
) -> anyhow::Result<Option<Figures>> {
    if time.is_zero() {
        return Ok(None);
    }
    let bounds = Bounds { connections: workload.connections(options.connections), time, answers: options.max_answers };
    let processes = [subject.pid, upstream, Some(std::process::id())];
    let before = Clocks::now(processes);
    let mut done = load::drive(&workload.task(subject), bounds).await.with_context(|| named(workload, subject))?;
    let used = Clocks::now(processes).since(&before);
    done.latencies.sort_unstable();
    let answers = done.latencies.len() as f64;
    let [subject_cpu_us, upstream_cpu_us, generator_cpu_us] = used.processes.map(|seconds| seconds * 1e6 / answers);
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let idle_or_ours = used.processes.iter().sum::<f64>();
    Ok(Some(Figures {
        answers_per_second: answers / done.elapsed.as_secs_f64(),
        p50_us: percentile(&done.latencies, 0.5).into(),
        p99_us: percentile(&done.latencies, 0.99).into(),
        subject_cpu_us,
        upstream_cpu_us,
        generator_cpu_us,
        others: ((used.machine - idle_or_ours) / (done.elapsed.as_secs_f64() * cores)).clamp(0.0, 1.0),
    }))
}

fn named(workload: Workload, subject: &Subject) -> String {
    format!("{} through {}", workload.name(), subject.name)
}

/// CPU time used so far by the machine and by subject, upstream and generator.
struct Clocks {
    machine: Option<Ticks>,
    processes: [Option<Ticks>; 3],
}

/// CPU seconds of a round.
struct Used {
    machine: f64,
    processes: [f64; 3],
}

impl Clocks {
    fn now(processes: [Option<u32>; 3]) -> Self {
        Self { machine: Ticks::of_machine(), processes: processes.map(|pid| pid.and_then(Ticks::of_process)) }
    }

    fn since(&self, before: &Self) -> Used {
        let seconds = |now: Option<Ticks>, before: Option<Ticks>| match (now, before) {
            (Some(now), Some(before)) => now.seconds_since(before),
            _ => 0.0,
        };
        let mut processes = [0.0; 3];
        for (used, (now, before)) in processes.iter_mut().zip(self.processes.iter().zip(before.processes)) {
            *used = seconds(*now, before);
        }
        Used { machine: seconds(self.machine, before.machine), processes }
    }
}
