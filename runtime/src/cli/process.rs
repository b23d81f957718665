//! What the process does to itself before it works with secrets: no core dumps, nobody looking in, nothing left in its environment.
//!
//! The environment that a process was started with stays readable in `/proc` and in its memory however it is changed afterwards. So
//! `serve` hands what it finds there to itself through a pipe and starts over without it: the same process, with the same id, whose
//! memory never held that environment. Root can look into any process, and what the kernel swaps out is the operator's to encrypt.

use std::io;

use zeroize::Zeroizing;

use crate::egress::SecretText;

/// The variables that hold secrets, in the order of [`Secrets`]' fields.
const VARIABLES: [&str; 3] = ["CAISSON_ADMIN_KEY", "CAISSON_SECRET_KEY", "CAISSON_OLD_SECRET_KEY"];

/// What a pipe takes at once on every system, so that writing to it before anybody reads never waits.
const MAX_SECRETS_BYTES: usize = 4096;

/// Between what is handed over; no variable can hold one.
const SEPARATOR: u8 = 0;

/// The secrets that were in the environment. A variable that is set to nothing, as deployment scripts do, is none.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    pub(super) admin_key: Option<SecretText>,
    pub(super) secret_key: Option<SecretText>,
    pub(super) old_secret_key: Option<SecretText>,
    /// Why they still are there, if so.
    pub(super) left: Option<io::Error>,
}

/// Has freed memory given back to the system also while nothing happens: the allocator gets threads of its own for that.
#[expect(
    unsafe_code,
    reason = "the allocator is C; the crate that wraps its controls depends on one that is no longer kept"
)]
pub(super) fn give_memory_back() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut on = true;
        // SAFETY: `background_thread` is a bool that may be written at any time; its old value is not asked for.
        let code = unsafe {
            tikv_jemalloc_sys::mallctl(
                c"background_thread".as_ptr(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::from_mut(&mut on).cast(),
                size_of::<bool>(),
            )
        };
        if code != 0 {
            return Err(io::Error::from_raw_os_error(code));
        }
    }
    Ok(())
}

/// Keeps this process's memory out of core dumps, and from other processes of the same user. A failure is told, and not fatal.
pub(super) fn close() -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Has a write beyond the limit for files fail like one to a full disk, where by default it ends the process.
pub(super) fn survive_file_size_limit() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // The handler stays when this is dropped; only nobody is told.
        drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
    }
    Ok(())
}

impl Secrets {
    /// Takes the secrets out of the environment. Where there are some, this starts the process over and doesn't return.
    pub(super) fn take_from_environment() -> Self {
        let found = VARIABLES.map(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
        if found.iter().all(Option::is_none) {
            return Self::default();
        }
        let found = found.map(|value| Zeroizing::new(value.unwrap_or_default().into_encoded_bytes()));
        let left = start_over(&found);
        Self { left, ..Self::of(found.each_ref().map(|value| value.as_slice())) }
    }

    /// Takes what [`Secrets::take_from_environment`] handed over.
    pub(super) fn take_from_stdin() -> io::Result<Self> {
        use std::io::Read;
        #[cfg(unix)]
        // Not by way of `Stdin`, whose buffer would keep it.
        let stdin = std::fs::File::from(std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?);
        #[cfg(not(unix))]
        let stdin = io::stdin();
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRETS_BYTES + 1));
        stdin.take(MAX_SECRETS_BYTES as u64).read_to_end(&mut bytes)?;
        let mut values = bytes.split(|byte| *byte == SEPARATOR);
        Ok(Self::of(VARIABLES.map(|_| values.next().unwrap_or_default())))
    }

    fn of(values: [&[u8]; 3]) -> Self {
        let [admin_key, secret_key, old_secret_key] = values.map(|value| {
            let text = String::from_utf8_lossy(value.trim_ascii());
            (!text.is_empty()).then(|| SecretText::from(text.into_owned()))
        });
        Self { admin_key, secret_key, old_secret_key, left: None }
    }
}

/// Replaces this process by itself, with these secrets in a pipe; gives why that can't be.
#[cfg(unix)]
fn start_over(secrets: &[Zeroizing<Vec<u8>>; 3]) -> Option<io::Error> {
    use std::io::Write;
    use std::os::unix::process::CommandExt;
    let handed = Zeroizing::new(secrets.each_ref().map(|value| value.as_slice()).join(&SEPARATOR));
    let hand_over = || -> io::Result<io::Error> {
        if handed.len() > MAX_SECRETS_BYTES {
            return Err(io::Error::other(format!("they are longer than {MAX_SECRETS_BYTES} bytes")));
        }
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(&handed)?;
        drop(writer);
        let mut arguments = std::env::args_os();
        let mut command = std::process::Command::new(std::env::current_exe()?);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        // Behind the subcommand, which comes first.
        command.args(arguments.next()).arg("--secrets-on-stdin").args(arguments).stdin(reader);
        for name in VARIABLES {
            command.env_remove(name);
        }
        Ok(command.exec())
    };
    Some(hand_over().unwrap_or_else(|error| error))
}

#[cfg(not(unix))]
fn start_over(_: &[Zeroizing<Vec<u8>>; 3]) -> Option<io::Error> {
    Some(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_closed_process_leaves_no_core_and_lets_nobody_look_in() {
        use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
        close().unwrap();
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }

    #[test]
    fn a_variable_of_nothing_but_white_space_is_no_secret() {
        let secrets = Secrets::of([b"cak-x\n", b"", b" \n"]);
        assert_eq!(secrets.admin_key.as_ref().map(SecretText::expose), Some("cak-x"));
        assert!(secrets.secret_key.is_none() && secrets.old_secret_key.is_none());
    }
}
