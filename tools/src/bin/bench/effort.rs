//! How much is measured.

/// Seconds and repetitions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Epochs that count.
    pub epochs: usize,
    /// Times that a new process is started for its first step.
    pub starts: usize,
    /// Epochs of the training whose memory is looked at.
    pub memory_epochs: usize,
    /// Seconds for a batch size of inference.
    pub inference: f64,
    /// Steps that are taken apart.
    pub steps: usize,
    /// Seconds for a kernel, on one thread and again on all.
    pub kernel: f64,
    /// Seconds for a setting of the growth tables.
    pub growth: f64,
    /// The smallest of everything: enough to see that it works.
    pub tiny: bool,
}

impl Effort {
    /// Some minutes.
    pub const FULL: Effort = Effort {
        epochs: 5,
        starts: 5,
        memory_epochs: 20,
        inference: 0.5,
        steps: 400,
        kernel: 0.15,
        growth: 0.4,
        tiny: false,
    };

    /// Less than a minute.
    pub const QUICK: Effort = Effort {
        epochs: 3,
        starts: 3,
        memory_epochs: 1,
        inference: 0.1,
        steps: 100,
        kernel: 0.03,
        growth: 0.06,
        tiny: false,
    };

    /// Less than a second: figures of no worth.
    pub const TINY: Effort = Effort {
        epochs: 1,
        starts: 1,
        memory_epochs: 1,
        inference: 0.0,
        steps: 2,
        kernel: 0.0,
        growth: 0.0,
        tiny: true,
    };
}
