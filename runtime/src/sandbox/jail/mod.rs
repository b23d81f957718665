//! Compilation in a process of its own: the same binary, started with nothing but the component's bytes (invariant 5).
//!
//! A few kilobytes of Wasm can cost a compiler minutes and gigabytes, and a compiler is a large program to trust with hostile input.
//! The process has no environment, no files, no network, a niceness that leaves the cores to requests, and bounds on CPU time,
//! memory and output; [`inside`] imposes what a process imposes on itself. This side feeds it, bounds its time, and tells why it
//! ended. Dropping the future kills it. It knows no artifact's name and keeps nothing.
//!
//! What comes out is machine code that the host will run, so the jail bounds what compiling can cost and reach; it does not replace
//! trust in the compiler's correctness.

mod inside;

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use super::{CompileError, World};

pub use inside::{Inside, run_inside};

/// The hidden command of our own binary that compiles.
pub const COMMAND: &str = "compile-in-jail";
/// Machine code is a few times the size of its Wasm; more than this is no adapter's.
const MAX_COMPILED_BYTES: u64 = 1 << 30;
/// What is kept of what a dying compiler says.
const MAX_LAST_WORDS: u64 = 8 << 10;
/// The longest reason for a refusal.
const MAX_REASON: usize = 4 << 10;
/// Uploads that may wait for their turn; each holds its bytes meanwhile.
const MAX_WAITING: usize = 16;

/// What compiling one component may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileBounds {
    /// CPU time over all threads, in seconds.
    pub cpu_seconds: u64,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// From start to end, in seconds.
    pub seconds: u64,
    /// Whether machine code is wanted soon, however slow it runs. For an author who tries, never for callers.
    pub hasty: bool,
}

/// Machine code that our own compiler made in the jail just now. Nothing else makes one.
pub struct Compiled {
    pub(super) code: Vec<u8>,
    pub(super) world: World,
}

impl Compiled {
    /// The machine code, to be kept.
    pub fn code(&self) -> &[u8] {
        &self.code
    }

    /// The world that it was compiled for.
    pub fn world(&self) -> World {
        self.world
    }
}

/// Where components are compiled.
pub(super) struct Jail {
    bounds: CompileBounds,
    jobs: Semaphore,
    places: Semaphore,
}

/// One process that compiles one component.
struct Inmate {
    child: Child,
}

/// How an inmate ended.
struct End {
    said: Vec<u8>,
    last_words: String,
    status: ExitStatus,
}

impl Jail {
    /// Compiles as many at a time as half the cores, so that uploads never take the whole machine.
    pub(super) fn new(bounds: CompileBounds) -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Arc::new(Self { bounds, jobs: Semaphore::new((cores / 2).max(1)), places: Semaphore::new(MAX_WAITING) })
    }

    /// Compiles a component whose structure was checked; says when its turn has come.
    pub(super) async fn compile(
        &self,
        world: World,
        component: Bytes,
        begun: &(dyn Fn() + Send + Sync),
    ) -> Result<Compiled, CompileError> {
        let _place = self.places.try_acquire().map_err(|_| CompileError::Busy)?;
        // Never closed.
        let _job = self.jobs.acquire().await.map_err(|_| CompileError::Busy)?;
        begun();
        let inmate = Inmate::start(world, &self.bounds).map_err(CompileError::Jail)?;
        let seconds = Duration::from_secs(self.bounds.seconds);
        match tokio::time::timeout(seconds, inmate.converse(component)).await {
            Ok(Ok(end)) => Ok(Compiled { code: end.code(&self.bounds)?, world }),
            Ok(Err(error)) => Err(CompileError::Jail(error)),
            Err(_) => Err(CompileError::Bound {
                what: "time",
                bound: format!("{} s", self.bounds.seconds),
                setting: "compile-seconds",
            }),
        }
    }
}

impl Inmate {
    fn start(world: World, bounds: &CompileBounds) -> std::io::Result<Self> {
        let mut command = Command::new(own_binary()?);
        command
            .arg(COMMAND)
            .args(["--world", world.name()])
            .args(["--cpu-seconds", &bounds.cpu_seconds.to_string()])
            .args(["--memory-bytes", &bounds.memory_bytes.to_string()])
            .args(bounds.hasty.then_some("--hasty"))
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(Self { child: command.spawn()? })
    }

    /// Hands the component over, takes what comes back, and waits for the end.
    async fn converse(mut self, component: Bytes) -> std::io::Result<End> {
        let (stdin, stdout, stderr) = (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take());
        let hand_over = async {
            if let Some(mut stdin) = stdin {
                // One that dies early closes its end; how it ended says more than this error.
                let _ = stdin.write_all(&component).await;
            }
        };
        let ((), said, last_words) =
            tokio::join!(hand_over, read(stdout, MAX_COMPILED_BYTES), read(stderr, MAX_LAST_WORDS));
        let (said, last_words) = (said?, String::from_utf8_lossy(&last_words?).into_owned());
        if said.len() as u64 >= MAX_COMPILED_BYTES {
            self.child.start_kill()?;
        }
        Ok(End { said, last_words, status: self.child.wait().await? })
    }
}

impl End {
    fn code(mut self, bounds: &CompileBounds) -> Result<Vec<u8>, CompileError> {
        if self.last_words.contains(inside::UNCONFINED) {
            tracing::warn!("the kernel has no seccomp: components are compiled with resource limits only");
        }
        match self.said.first() {
            Some(&inside::COMPILED) if self.status.success() => {
                self.said.remove(0);
                Ok(self.said)
            }
            Some(&inside::REFUSED) if self.status.success() => {
                let mut reason = String::from_utf8_lossy(&self.said[1..]).into_owned();
                reason.truncate(reason.floor_char_boundary(MAX_REASON));
                Err(CompileError::Invalid(reason))
            }
            _ => Err(self.failure(bounds)),
        }
    }

    /// Why there is neither code nor a reason.
    fn failure(&self, bounds: &CompileBounds) -> CompileError {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&self.status)
            && (signal == inside::CPU_SIGNAL || (signal == inside::KILL_SIGNAL && self.last_words.is_empty()))
        {
            let bound = format!("{} s", bounds.cpu_seconds);
            return CompileError::Bound { what: "CPU time", bound, setting: "compile-cpu-seconds" };
        }
        if self.last_words.contains("memory allocation of") || self.last_words.contains("out of memory") {
            let bound = format!("{} MiB", bounds.memory_bytes >> 20);
            return CompileError::Bound { what: "memory", bound, setting: "compile-memory-bytes" };
        }
        tracing::warn!(status = %self.status, said = self.last_words.trim_end(), "the compiler failed");
        CompileError::Compiler(self.status.to_string())
    }
}

/// Reads to the end, or to as many bytes as are wanted.
async fn read(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// The very file that this process runs, even if another version was installed over it meanwhile.
fn own_binary() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

#[cfg(test)]
mod tests;
