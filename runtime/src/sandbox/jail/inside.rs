//! The compiling process from within: it binds itself before it reads a byte, compiles, answers, ends.
//!
//! Its answer on standard output is one byte that says which, then machine code or the reason for a refusal. What it can't bind
//! itself from (its own binary's bugs before the bytes are read) is not hostile. It is single-purpose: no runtime, no logging.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use wasmtime::Engine;

use super::super::World;

/// The first byte of an answer with machine code.
pub(super) const COMPILED: u8 = b'C';
/// The first byte of an answer with a reason.
pub(super) const REFUSED: u8 = b'R';
/// Said on standard error where the kernel lacks what confines.
pub(super) const UNCONFINED: &str = "unconfined: ";
/// SIGXCPU.
pub(super) const CPU_SIGNAL: i32 = 24;
/// SIGKILL, which the kernel sends when CPU time is used up to the hard limit, or memory to its last.
pub(super) const KILL_SIGNAL: i32 = 9;

/// What the process may use, as its command line says.
#[derive(Clone, Copy, Debug)]
pub struct Inside {
    /// The world that the component is for.
    pub world: World,
    /// CPU time over all threads, in seconds.
    pub cpu_seconds: u64,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// As in [`CompileBounds`](super::CompileBounds).
    pub hasty: bool,
}

/// Compiles what standard input holds. To be called before any thread is started.
pub fn run_inside(inside: Inside) -> ExitCode {
    match inside.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The last words, for the host's log.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Inside {
    fn run(self) -> io::Result<()> {
        // The engine looks at the machine (CPU features), which it can't any more once confined.
        let engine = Engine::new(&self.world.compiler_config(self.hasty)).map_err(io::Error::other)?;
        self.confine()?;
        let mut component = Vec::new();
        io::stdin().lock().read_to_end(&mut component)?;
        let answer = match engine.precompile_component(&component) {
            Ok(compiled) => (COMPILED, compiled),
            Err(error) => (REFUSED, format!("{error:#}").into_bytes()),
        };
        let mut out = io::stdout().lock();
        out.write_all(&[answer.0])?;
        out.write_all(&answer.1)?;
        out.flush()
    }

    #[cfg(target_os = "linux")]
    pub(super) fn confine(self) -> io::Result<()> {
        self.limit()?;
        if let Err(error) = linux::filter_system_calls() {
            eprintln!("{UNCONFINED}{error}");
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn confine(self) -> io::Result<()> {
        eprintln!("{UNCONFINED}only Linux has what confines a process");
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn limit(self) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
        /// Less than requests get, more than nothing: an upload ends even on a busy machine.
        const NICENESS: i32 = 15;
        /// The binary, thread stacks and what allocators reserve without using.
        const ADDRESS_SPACE_BESIDE: u64 = 1 << 30;
        /// Between the signal that ends it and the one that can't be caught.
        const GRACE_SECONDS: u64 = 2;
        nice(NICENESS)?;
        let same = |limit| (limit, limit);
        for (resource, (soft, hard)) in [
            (Resource::Cpu, (self.cpu_seconds, self.cpu_seconds.saturating_add(GRACE_SECONDS))),
            (Resource::Data, same(self.memory_bytes)),
            (Resource::As, same(self.memory_bytes.saturating_add(ADDRESS_SPACE_BESIDE))),
            (Resource::Fsize, same(0)),
            (Resource::Core, same(0)),
            (Resource::Nofile, same(8)),
        ] {
            // Never above what we were given ourselves.
            let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            setrlimit(resource, Rlimit { current: Some(soft.min(most)), maximum: Some(hard.min(most)) })?;
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! The system calls that compiling takes, and no other: no file is opened, no socket made, nothing executed.

    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        TargetArch,
    };

    /// Allowed with any arguments.
    const ALLOWED: &[i64] = &[
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_fstat,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_nanosleep,
        libc::SYS_read,
        libc::SYS_restart_syscall,
        libc::SYS_rseq,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_set_robust_list,
        libc::SYS_sigaltstack,
        libc::SYS_tgkill,
        libc::SYS_write,
        libc::SYS_writev,
    ];

    /// Confines all threads from now on.
    pub(super) fn filter_system_calls() -> Result<(), String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let program = program().map_err(|error| said(&error))?;
        seccompiler::apply_filter_all_threads(&program).map_err(|error| said(&error))
    }

    fn program() -> Result<BpfProgram, seccompiler::BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
        // Threads, not processes. `clone3` hides its flags behind a pointer, so it is not there, and libc falls back on `clone`.
        rules.insert(libc::SYS_clone, vec![has(0, libc::CLONE_THREAD as u64, libc::CLONE_THREAD as u64)?]);
        // Memory, but none to execute.
        let exec = libc::PROT_EXEC as u64;
        rules.insert(libc::SYS_mmap, vec![has(2, exec, 0)?]);
        rules.insert(libc::SYS_mprotect, vec![has(2, exec, 0)?]);
        // Naming a thread or a mapping; nothing that would loosen anything.
        rules.insert(libc::SYS_prctl, vec![is(0, libc::PR_SET_NAME as u64)?, is(0, PR_SET_VMA)?]);
        // "Not implemented" is what a library expects of an old kernel, and knows to do without.
        let absent = SeccompAction::Errno(libc::ENOSYS as u32);
        let arch: TargetArch = std::env::consts::ARCH.try_into()?;
        SeccompFilter::new(rules, absent, SeccompAction::Allow, arch)?.try_into()
    }

    const PR_SET_VMA: u64 = 0x5356_4d41;

    fn has(argument: u8, mask: u64, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
        condition(argument, SeccompCmpOp::MaskedEq(mask), value)
    }

    fn is(argument: u8, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
        condition(argument, SeccompCmpOp::Eq, value)
    }

    fn condition(argument: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Qword, op, value)?])
    }
}
