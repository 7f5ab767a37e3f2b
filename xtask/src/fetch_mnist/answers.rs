//! What each mirror answered, kept for a table at the end.

use std::fmt;

/// What is noted of a source that gave the file.
pub(super) const VERIFIED: &str = "verified";

/// The answers of one run, in the order in which they came.
#[derive(Default)]
pub(super) struct Answers {
    rows: Vec<(String, String)>,
}

impl Answers {
    /// Notes an answer. What the same place said before stays, unless it said the same.
    pub(super) fn note(&mut self, place: String, answer: &str) {
        match self.rows.iter_mut().find(|(known, _)| *known == place) {
            Some((_, answers)) if answers == answer => {}
            Some((_, answers)) => *answers = format!("{answers}; then {answer}"),
            None => self.rows.push((place, answer.to_string())),
        }
    }

    /// Whether every answer was the file.
    pub(super) fn all_good(&self) -> bool {
        self.rows.iter().all(|(_, answer)| answer == VERIFIED)
    }
}

/// A heading, and a line an answer: the place, and what it said. Nothing if there are none.
impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        let width = self.rows.iter().map(|(place, _)| place.chars().count()).max().unwrap_or(0);
        writeln!(f, "what was answered:")?;
        self.rows.iter().try_for_each(|(place, answer)| writeln!(f, "  {place:width$}  {answer}"))
    }
}
