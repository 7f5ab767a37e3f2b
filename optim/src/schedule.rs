//! How the learning rate changes over time.

use std::fmt;

use crate::error::{OptimError, fraction, positive};

const NAME: &str = "schedule";

/// A factor for the learning rate that depends on time alone; 1 throughout by default.
///
/// Time is counted from 0 in whatever unit the caller likes, and the settings are in the same unit: steps, say, or
/// epochs and fractions of them.
///
/// ```
/// use optim::schedule::{Decay, Schedule};
///
/// let schedule = Schedule { warm_up: 2.0, decay: Decay::Cosine { until: 10.0, floor: 0.0 } };
/// assert_eq!(schedule.factor(0.0), 0.0);
/// assert!(schedule.factor(1.0) < schedule.factor(2.0));
/// assert_eq!(schedule.factor(10.0), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Schedule {
    /// How long the factor rises from 0, in a straight line; 0 is no warm-up.
    pub warm_up: f64,
    /// How it falls; during the warm-up too.
    pub decay: Decay,
}

/// How the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Decay {
    /// Not at all.
    #[default]
    Constant,
    /// By `factor` whenever `every` is over: `factor ^ ⌊time / every⌋`.
    Step {
        /// How long the rate stays.
        every: f64,
        /// What it is multiplied by then.
        factor: f64,
    },
    /// Smoothly, by `factor` in each unit of time: `factor ^ time`.
    Exponential {
        /// What the rate is multiplied by in a unit of time.
        factor: f64,
    },
    /// Along half a wave of the cosine, from 1 down to `floor`, where it stays:
    /// `floor + (1 − floor) · (1 + cos(π · time / until)) / 2`.
    Cosine {
        /// When the floor is reached.
        until: f64,
        /// The last factor.
        floor: f64,
    },
}

impl fmt::Display for Schedule {
    /// The schedule in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decay {
            Decay::Constant => write!(f, "constant")?,
            Decay::Step { every, factor } => write!(f, "step (every {every:?}, factor {factor:?})")?,
            Decay::Exponential { factor } => write!(f, "exponential (factor {factor:?})")?,
            Decay::Cosine { until, floor } => write!(f, "cosine (until {until:?}, floor {floor:?})")?,
        }
        if self.warm_up == 0.0 { Ok(()) } else { write!(f, ", warm-up {:?}", self.warm_up) }
    }
}

impl Schedule {
    /// What to multiply the learning rate by at this time.
    pub fn factor(&self, time: f64) -> f64 {
        let rise = if time < self.warm_up { time / self.warm_up } else { 1.0 };
        rise * self.decay.factor(time)
    }

    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`OptimError::Setting`].
    pub fn validate(&self) -> Result<(), OptimError> {
        if self.warm_up != 0.0 {
            positive(NAME, "warm-up", self.warm_up)?;
        }
        match self.decay {
            Decay::Constant => Ok(()),
            Decay::Step { every, factor } => {
                positive(NAME, "time between steps", every)?;
                positive(NAME, "factor", factor)
            }
            Decay::Exponential { factor } => positive(NAME, "factor", factor),
            Decay::Cosine { until, floor } => {
                positive(NAME, "length of the cosine", until)?;
                fraction(NAME, "floor of the cosine", floor)
            }
        }
    }
}

impl Decay {
    /// What to multiply the learning rate by at this time.
    pub fn factor(&self, time: f64) -> f64 {
        // libm's functions: the same bits on every machine.
        match *self {
            Decay::Constant => 1.0,
            Decay::Step { every, factor } => libm::pow(factor, (time / every).floor()),
            Decay::Exponential { factor } => libm::pow(factor, time),
            Decay::Cosine { until, floor } => {
                let half_wave = libm::cos(std::f64::consts::PI * (time / until).min(1.0));
                floor + (1.0 - floor) * (1.0 + half_wave) / 2.0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn factors(schedule: Schedule, expected: &[(f64, f64)]) {
        schedule.validate().unwrap();
        for &(time, factor) in expected {
            let got = schedule.factor(time);
            assert!((got - factor).abs() < 1e-15, "{schedule:?} at {time}: {got}, expected {factor}");
        }
    }

    #[test]
    fn values_by_hand() {
        factors(Schedule::default(), &[(0.0, 1.0), (1e6, 1.0)]);
        let step = Decay::Step { every: 2.0, factor: 0.1 };
        factors(Schedule { warm_up: 0.0, decay: step }, &[(0.0, 1.0), (1.9, 1.0), (2.0, 0.1), (4.5, 0.01)]);
        let exponential = Decay::Exponential { factor: 0.25 };
        factors(Schedule { warm_up: 0.0, decay: exponential }, &[(0.0, 1.0), (0.5, 0.5), (2.0, 0.0625)]);
        let cosine = Decay::Cosine { until: 4.0, floor: 0.2 };
        factors(Schedule { warm_up: 0.0, decay: cosine }, &[(0.0, 1.0), (2.0, 0.6), (4.0, 0.2), (9.0, 0.2)]);
        factors(Schedule { warm_up: 4.0, decay: Decay::Constant }, &[(0.0, 0.0), (1.0, 0.25), (4.0, 1.0), (5.0, 1.0)]);
        factors(Schedule { warm_up: 4.0, decay: cosine }, &[(2.0, 0.3)]);
    }

    #[test]
    fn nonsense_is_refused() {
        let bad = [
            Schedule { warm_up: -1.0, decay: Decay::Constant },
            Schedule { warm_up: f64::NAN, decay: Decay::Constant },
            Schedule { warm_up: 0.0, decay: Decay::Step { every: 0.0, factor: 0.1 } },
            Schedule { warm_up: 0.0, decay: Decay::Exponential { factor: f64::INFINITY } },
            Schedule { warm_up: 0.0, decay: Decay::Cosine { until: 1.0, floor: 1.0 } },
        ];
        for schedule in bad {
            assert!(schedule.validate().is_err(), "{schedule:?}");
        }
        assert_eq!(
            bad[2].validate().unwrap_err().to_string(),
            "schedule: the time between steps must be a finite number above 0, got 0"
        );
    }
}
