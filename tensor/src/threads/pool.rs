//! The pool: workers, shares of tasks, and how a job is handed over.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, TryLockError};
use std::thread::{JoinHandle, Thread};

use crate::kernels::forget_scratch;

/// How often an idle worker looks for work before it sleeps: at first in a tight loop, later giving way to others.
const TIGHT_LOOKS: u32 = 4_000;
const POLITE_LOOKS: u32 = 300;

/// A share holds at most this many units, because it is counted in 16 bits.
const MAX_UNITS: usize = 30_000;

thread_local! {
    /// The task that this thread is running.
    static TASK: Cell<Option<Task>> = const { Cell::new(None) };
}

/// A fixed number of threads that run tasks; cheap to clone, ends its threads with the last clone.
#[derive(Clone)]
pub struct Pool {
    owner: Arc<Owner>,
}

/// Ends the workers when the last handle goes.
struct Owner {
    shared: Arc<Shared>,
    workers: Vec<(Thread, Option<JoinHandle<()>>)>,
}

struct Shared {
    id: u64,
    /// Held by the one caller whose job is running.
    caller: Mutex<()>,
    /// Counts jobs; part of every share, so that a late worker cannot take a task of another job.
    generation: AtomicU32,
    /// The tasks of each thread (0 is the caller) that are not yet taken.
    shares: Box<[Share]>,
    /// Whether each worker sleeps, or is about to.
    asleep: Box<[AtomicBool]>,
    /// Workers that are woken for a job and look for the next one: no more than there are cores for them. The others
    /// sleep; theirs is taken over by those that are awake.
    awake: usize,
    job: Job,
    /// Until all workers run: what a thread allocates at its start is not to be part of a later step.
    started: Barrier,
    /// Units not yet counted as finished.
    remaining: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    quit: AtomicBool,
}

/// What the tasks of the running job do. A unit is a run of tasks, a single one unless there are very many.
struct Job {
    /// Points to the caller's `&(dyn Fn(usize) + Sync)`.
    task: AtomicPtr<&'static (dyn Fn(usize) + Sync)>,
    tasks: AtomicUsize,
    tasks_a_unit: AtomicUsize,
}

/// generation (32 bits) · next unit (16) · end (16), on a cache line of its own.
#[repr(align(128))]
struct Share(AtomicU64);

impl Share {
    fn open(&self, generation: u32, next: usize, end: usize) {
        self.0.store(u64::from(generation) << 32 | (next as u64) << 16 | end as u64, Ordering::Release);
    }

    /// Takes the next unit, if there is one left of this job.
    fn take(&self, generation: u32) -> Option<usize> {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            let (next, end) = (seen >> 16 & 0xffff, seen & 0xffff);
            if (seen >> 32) as u32 != generation || next >= end {
                return None;
            }
            match self.0.compare_exchange_weak(seen, seen + (1 << 16), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(next as usize),
                Err(now) => seen = now,
            }
        }
    }
}

impl Pool {
    /// A pool of this many threads, the caller's among them: `Pool::new(1)` starts none.
    ///
    /// # Panics
    /// Where the system cannot start a thread.
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        static LAST_ID: AtomicU64 = AtomicU64::new(0);
        let shared = Arc::new(Shared {
            id: LAST_ID.fetch_add(1, Ordering::Relaxed) + 1,
            caller: Mutex::new(()),
            generation: AtomicU32::new(0),
            shares: (0..threads).map(|_| Share(AtomicU64::new(0))).collect(),
            asleep: (0..threads).map(|_| AtomicBool::new(false)).collect(),
            job: Job {
                task: AtomicPtr::new(std::ptr::null_mut()),
                tasks: AtomicUsize::new(0),
                tasks_a_unit: AtomicUsize::new(1),
            },
            started: Barrier::new(threads),
            remaining: AtomicUsize::new(0),
            panic: Mutex::new(None),
            awake: threads.min(super::available_cores()) - 1,
            quit: AtomicBool::new(false),
        });
        let start = |index| {
            let shared = Arc::clone(&shared);
            let builder = std::thread::Builder::new().name(format!("tensor-{index}"));
            let handle = builder.spawn(move || shared.work(index)).expect("the system starts a thread");
            (handle.thread().clone(), Some(handle))
        };
        let workers = (1..threads).map(start).collect();
        shared.started.wait();
        Pool { owner: Arc::new(Owner { shared, workers }) }
    }

    /// Number of threads, the caller's among them.
    pub fn threads(&self) -> usize {
        self.owner.workers.len() + 1
    }

    /// Runs `f`; every kernel that it calls on this thread uses this pool.
    ///
    /// ```
    /// let one = tensor::threads::Pool::new(1);
    /// one.install(|| assert_eq!(tensor::threads::current().threads(), 1));
    /// ```
    pub fn install<R>(&self, f: impl FnOnce() -> R) -> R {
        super::with_pool(self, f)
    }

    /// Runs `task(0)` … `task(tasks − 1)`, each exactly once; returns when all are done.
    pub(super) fn for_each_task(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let free = if self.threads() == 1 || tasks <= 1 || this_task().is_some() {
            None
        } else {
            match self.owner.shared.caller.try_lock() {
                Ok(guard) => Some(guard),
                // A job that panicked was still run to its end.
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            }
        };
        match free {
            // A single task is a task, too: it uses the same memory as others.
            None if self.threads() > 1 && this_task().is_none() => {
                self.owner.shared.as_task(|| (0..tasks).for_each(task))
            }
            None => (0..tasks).for_each(task),
            Some(_caller) => self.owner.run(tasks, task),
        }
    }
}

impl Owner {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let shared = &*self.shared;
        let tasks_a_unit = tasks.div_ceil(MAX_UNITS);
        let units = tasks.div_ceil(tasks_a_unit);
        let threads = shared.shares.len();

        // SAFETY: the lifetime is only extended in the type. A worker reads the pointer after it took a unit of this job,
        // and this function does not return before every unit is finished.
        let mut task: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(task) };
        shared.job.task.store(&raw mut task, Ordering::Relaxed);
        shared.job.tasks.store(tasks, Ordering::Relaxed);
        shared.job.tasks_a_unit.store(tasks_a_unit, Ordering::Relaxed);
        shared.remaining.store(units, Ordering::Relaxed);
        let generation = shared.generation.load(Ordering::Relaxed).wrapping_add(1);
        for (i, share) in shared.shares.iter().enumerate() {
            // (Of an odd number the first share has one more, as the first half of parts has: see `affine::Layout`.)
            share.open(generation, (i * units).div_ceil(threads), ((i + 1) * units).div_ceil(threads));
        }
        shared.generation.store(generation, Ordering::SeqCst);
        for (asleep, (thread, _)) in shared.asleep[1..].iter().zip(&self.workers).take(shared.awake) {
            if asleep.load(Ordering::SeqCst) {
                thread.unpark();
            }
        }

        shared.help(0, generation);
        let mut looks = 0_u32;
        while shared.remaining.load(Ordering::Acquire) != 0 {
            wait_a_little(&mut looks);
        }
        let panic = shared.panic.lock().expect("no panic while it is held").take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Shared {
    /// What worker `index` does until the pool ends.
    fn work(&self, index: usize) {
        self.started.wait();
        let mut done = 0;
        loop {
            let generation = self.next_generation(index, done);
            if self.quit.load(Ordering::Acquire) {
                return;
            }
            self.help(index, generation);
            done = generation;
        }
    }

    /// Waits for a job after generation `done`: looks for a while, then sleeps.
    fn next_generation(&self, index: usize, done: u32) -> u32 {
        let mut looks = 0;
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            if generation != done || self.quit.load(Ordering::Acquire) {
                return generation;
            }
            wait_a_little(&mut looks);
            if looks > TIGHT_LOOKS + POLITE_LOOKS || index > self.awake {
                self.asleep[index].store(true, Ordering::SeqCst);
                // Looked at again after `asleep` is seen by all: a job opened in between would not wake us.
                if self.generation.load(Ordering::SeqCst) == done && !self.quit.load(Ordering::SeqCst) {
                    std::thread::park();
                }
                self.asleep[index].store(false, Ordering::SeqCst);
            }
        }
    }

    /// Runs units of this job, those of share `first` before those of the others, until none is left to take.
    fn help(&self, first: usize, generation: u32) {
        let count = self.shares.len();
        for share in (0..count).map(|i| &self.shares[(first + i) % count]) {
            let mut done = 0;
            while let Some(unit) = share.take(generation) {
                self.run_unit(unit);
                done += 1;
            }
            // (Once a share: every time, the line of the counter would go from core to core.)
            if done > 0 {
                self.remaining.fetch_sub(done, Ordering::AcqRel);
            }
        }
    }

    /// Runs `f` as a task of this pool, also where it panics.
    fn as_task(&self, f: impl FnOnce()) {
        struct End;
        impl Drop for End {
            fn drop(&mut self) {
                TASK.set(None);
            }
        }
        let _end = End;
        TASK.set(Some(Task { pool: self.id, threads: self.awake + 1 }));
        f();
    }

    fn run_unit(&self, unit: usize) {
        let tasks_a_unit = self.job.tasks_a_unit.load(Ordering::Relaxed);
        let first = unit * tasks_a_unit;
        let end = (first + tasks_a_unit).min(self.job.tasks.load(Ordering::Relaxed));
        // SAFETY: this thread took a unit of the running job (taking it acquired what opening the shares released), so the
        // caller is still in `run` and the closure that the pointer leads to is alive.
        let task = unsafe { *self.job.task.load(Ordering::Relaxed) };
        let result = catch_unwind(AssertUnwindSafe(|| self.as_task(|| (first..end).for_each(task))));
        if let Err(panic) = result {
            let mut first = self.panic.lock().expect("no panic while it is held");
            match &*first {
                None => *first = Some(panic),
                // Dropping what a task threw may throw again, in the middle of a job.
                Some(_) => std::mem::forget(panic),
            }
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::SeqCst);
        for (thread, handle) in &mut self.workers {
            thread.unpark();
            if let Some(handle) = handle.take() {
                // The last handle may go inside one of the pool's own tasks; a thread cannot wait for itself.
                if handle.thread().id() != std::thread::current().id() {
                    let _ = handle.join();
                }
            }
        }
        forget_scratch(self.shared.id);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads()).finish()
    }
}

/// Whose task a thread is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Task {
    /// Which pool; none has 0.
    pub(crate) pool: u64,
    /// How many threads run its like at the same time.
    pub(crate) threads: usize,
}

/// The task that this thread is running, if any.
pub(super) fn this_task() -> Option<Task> {
    TASK.get()
}

fn wait_a_little(looks: &mut u32) {
    *looks = looks.saturating_add(1);
    if *looks < TIGHT_LOOKS {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}
