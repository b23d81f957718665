//! The one server that all attacks go against, its neighbour, and what it takes when nothing happens.
//!
//! It's the same process from the first attack to the last, so that what one of them broke or leaked would show in those after it.

use std::fs;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use caisson_e2e::{Caisson, adapter, guest, say, soon};
use serde_json::json;

/// How far above its resting level memory may be after an attack.
///
/// What stays is bounded and known: 256 KiB of each freed slot's memory, which the pool keeps, and what the allocator hasn't given back
/// yet: it does within some ten seconds. An attack that isn't stopped takes GiB, and one that leaks half a mebibyte a request passes this
/// within the suite, since the level is taken once and not before each attack.
const MEMORY_MARGIN: u64 = 64 << 20;
/// What the host may hold for one sandbox beside the guest's own memory: a value in transit (64 MiB at most, and once more as what the
/// answer becomes on the wire), pieces of bodies, header fields.
const HOST_SHARE: u64 = 160 << 20;
/// How many more descriptors may be open after an attack: a connection of the harness that is closing.
const DESCRIPTOR_MARGIN: u64 = 4;
/// The slots that wasmtime's pool keeps warm for no component in particular (`max_unused_warm_slots`), and some more.
const WARM_SLOTS: usize = 110;
/// How long memory, descriptors and sandboxes have to come back: reaching it is a leak, not a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(20);
/// What the server prints of itself stays below this, so that the harness can read it: wasmtime's compiler is left out.
const LOG: &str =
    "debug,cranelift_codegen=info,cranelift_frontend=info,wasmtime_internal_cranelift=info,regalloc2=info";

/// What compiling may take, in CPU time: some times what an honest guest of the suite needs, and well below what the runaway uploads
/// would take, on a fast machine too. By default it's minutes, which nobody should have to wait for here.
const COMPILING: &str = "compile-cpu-seconds = 2";

/// The deployment that has to go on answering.
const NEIGHBOUR: &str = "echo";

/// A server with a neighbour.
pub(crate) struct Scene {
    pub(crate) caisson: Caisson,
    /// Moved on by an attack whose traces stay, so that those after it are judged by themselves.
    resting: Mutex<Taken>,
}

/// What a server takes of its machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// Resident memory, in bytes.
    pub resident: u64,
    /// What of it is the process's own: all but files that it maps, such as its binary, which the kernel reads in and drops as it likes.
    pub memory: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Sandboxes in use.
    pub sandboxes: u64,
}

impl Scene {
    /// Starts the server, warms it with every kind of request, and notes what it takes at rest.
    pub(crate) async fn start() -> Self {
        let caisson = Caisson::prepare().config(COMPILING).log(LOG).start().await;
        caisson.push(NEIGHBOUR, adapter("echo")).await;
        caisson.push("warm", guest("spin")).await;
        for _ in 0..20 {
            caisson.chat(say("warm/behave", "x")).await.content();
            caisson.stream(say("echo/echo", "x")).await.rest().await.content();
            caisson.embed(json!({ "model": "echo/echo", "input": "x" })).await.expect(200);
        }
        remove(&caisson, "warm").await;
        fill_pool(&caisson).await;
        let resting = Taken::by(&caisson).await;
        Self { caisson, resting: Mutex::new(resting) }
    }

    /// Forgets the most memory that was resident so far.
    pub(crate) fn forget_peak(&self) {
        // As proc(5) has it: 5 resets the high-water mark.
        fs::write(format!("/proc/{}/clear_refs", self.caisson.process_id()), "5").unwrap();
    }

    /// The most memory that was resident since [`Scene::forget_peak`], above that at rest. `sandboxes` of `bytes` each must explain it.
    pub(crate) fn check_peak(&self, sandboxes: usize, bytes: u64) -> u64 {
        let peak = status(self.caisson.process_id(), "VmHWM:").saturating_sub(self.resting().resident);
        let most = MEMORY_MARGIN + sandboxes as u64 * (bytes + HOST_SHARE);
        assert!(peak <= most, "memory rose by {} MiB, with room for {} MiB", peak >> 20, most >> 20);
        peak
    }

    /// The neighbour answers as ever. Gives the time it took.
    pub(crate) async fn check_neighbour(&self) -> Duration {
        let asked = Instant::now();
        let said = self.caisson.chat(say("echo/echo", "next door")).await.content();
        assert!(said.contains("next door"), "the neighbour says {said:?}");
        asked.elapsed()
    }

    /// Waits until sandboxes, descriptors and memory are back where they were, and gives how far from there they are.
    pub(crate) async fn settled(&self) -> Taken {
        let (began, resting) = (Instant::now(), self.resting());
        loop {
            let taken = Taken::by(&self.caisson).await;
            let back = taken.sandboxes == 0
                && taken.descriptors <= resting.descriptors + DESCRIPTOR_MARGIN
                && taken.memory <= resting.memory + MEMORY_MARGIN;
            if back {
                return taken;
            }
            if began.elapsed() > PATIENCE {
                *self.resting.lock().unwrap() = taken;
                panic!("not back after {PATIENCE:?}: {taken:?}, at rest {resting:?}");
            }
            // What the server takes is measured, not announced: there is no event to await.
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// What the server took before the first attack, or after the last whose traces stayed.
    pub(crate) fn resting(&self) -> Taken {
        *self.resting.lock().unwrap()
    }
}

/// Has as many sandboxes run at one time as the pool keeps warm. It gives each component fresh slots until then, and keeps 256 KiB
/// of every one, so that any suite of many components would look like a leak.
async fn fill_pool(caisson: &Caisson) {
    caisson.push("fill", guest("midstream")).set("then", "wait").await;
    let mut held = Vec::new();
    for _ in 0..WARM_SLOTS {
        let mut stream = caisson.stream(say("fill/x", "x")).await;
        stream.next_text().await;
        held.push(stream);
    }
    drop(held);
    let freed = async {
        while Taken::by(caisson).await.sandboxes > 0 {
            // Slots are freed once their connections are found closed: no event tells it.
            tokio::time::sleep(GLANCE).await;
        }
    };
    soon("the end of what filled the pool", freed).await;
    remove(caisson, "fill").await;
}

/// Removes a deployment, if it's there.
pub(crate) async fn remove(caisson: &Caisson, name: &str) {
    caisson.control("DELETE", &format!("/adapters/{name}")).answer().await;
}

impl Taken {
    async fn by(caisson: &Caisson) -> Self {
        let metrics = caisson.get("/metrics").await.text();
        let metric = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.map(|value| value.parse::<f64>().unwrap_or_else(|_| panic!("{name} is {value:?}")) as u64)
        };
        let process = caisson.process_id();
        Self {
            resident: status(process, "VmRSS:"),
            memory: status(process, "RssAnon:"),
            descriptors: metric("process_open_fds").unwrap_or_else(|| descriptors(process)),
            sandboxes: metric("caisson_sandboxes").expect("the metrics count sandboxes"),
        }
    }
}

/// A line of the process's status, in bytes.
fn status(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn descriptors(process: u32) -> u64 {
    fs::read_dir(format!("/proc/{process}/fd")).unwrap().count() as u64
}
