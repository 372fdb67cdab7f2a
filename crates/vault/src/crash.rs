//! A process that dies must not leave its keys in a file.

/// Has this process, and those that it starts, end without a memory image when they crash. To be called first of all.
///
/// What it cannot do is logged, and no reason not to run.
pub fn keep_memory_out_of_crash_reports() {
    platform::keep_memory_out();
}

#[cfg(unix)]
mod platform {
    use rustix::process::{Resource, Rlimit, setrlimit};

    /// To Linux one byte means "not even through a pipe", where zero leaves it to the program at the pipe's other end
    /// (core(5)). To every system it is less than the smallest image.
    const LIMIT: u64 = 1;

    pub(super) fn keep_memory_out() {
        let limit = Rlimit { current: Some(LIMIT), maximum: Some(LIMIT) };
        // A limit of zero that somebody set cannot be raised, and is as good.
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        if let Err(error) = setrlimit(Resource::Core, limit).or_else(|_| setrlimit(Resource::Core, none)) {
            tracing::warn!("memory images cannot be switched off: {error}");
        }
    }
}

/// Windows' own reports hold stacks and no heap, where the keys are, unless a person switched full dumps on.
#[cfg(windows)]
mod platform {
    pub(super) fn keep_memory_out() {}
}
