//! The settings of a table, taken out one by one, so that what is left over is a mistake.

use std::fmt::Display;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{PAGE, Wrong};

/// A table whose settings are taken.
pub(super) struct Fields<'a> {
    table: &'a DeTable<'a>,
    /// Where the table begins.
    at: usize,
    /// What it describes, for messages.
    what: &'static str,
    known: Vec<&'static str>,
}

/// A value, and where its setting stands.
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// The value of a setting, not yet understood.
pub(super) struct Value<'a> {
    name: &'static str,
    at: usize,
    value: &'a DeValue<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(table: &'a DeTable<'a>, at: usize, what: &'static str) -> Self {
        Fields { table, at, what, known: Vec::new() }
    }

    /// The setting of this name, if it is there.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value<'a>) -> Result<T, Wrong>,
    ) -> Result<Option<Placed<T>>, Wrong> {
        self.known.push(name);
        let Some((key, value)) = self.entry(name) else { return Ok(None) };
        let value = Value { name, at: key.span().start, value: value.get_ref() };
        Ok(Some(Placed { at: value.at, value: read(&value)? }))
    }

    /// The setting of this name, which must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value<'a>) -> Result<T, Wrong>,
    ) -> Result<Placed<T>, Wrong> {
        let found = self.optional(name, read)?;
        let missing = || Wrong::new(self.at, format!("{} without `{name}`", self.what));
        found.ok_or_else(|| missing().hint(format!("add `{name} = …`; {PAGE}")))
    }

    fn entry(&self, name: &str) -> Option<(&'a Spanned<std::borrow::Cow<'a, str>>, &'a Spanned<DeValue<'a>>)> {
        self.table.iter().find(|(key, _)| key.get_ref() == name)
    }

    /// Refuses settings that nobody asked for.
    pub(super) fn none_left(&self) -> Result<(), Wrong> {
        self.only(self.what, &self.known)
    }

    /// Refuses settings other than these of the table, which is called `what`.
    pub(super) fn only(&self, what: &str, known: &[&str]) -> Result<(), Wrong> {
        let unknown = self.table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|(key, _)| key.span().start) {
            None => Ok(()),
            Some((key, _)) => {
                let wrong = Wrong::new(key.span().start, format!("{what} has no `{}`", key.get_ref()));
                Err(wrong.hint(format!("it may have: {}", known.join(", "))))
            }
        }
    }
}

impl<'a> Value<'a> {
    pub(super) fn get(&self) -> &'a DeValue<'a> {
        self.value
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// An error about this value.
    pub(super) fn wrong(&self, expected: impl Display) -> Wrong {
        let got = match self.value {
            DeValue::String(text) => format!("{text:?}"),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        Wrong::new(self.at, format!("`{}`: {expected}, got {got}", self.name))
    }

    pub(super) fn text(&self) -> Result<&'a str, Wrong> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong("expected a text in quotes")),
        }
    }

    pub(super) fn at_least_one(&self) -> Result<usize, Wrong> {
        whole(self.value, 1).ok_or_else(|| self.wrong("expected a whole number, 1 or more"))
    }

    /// One number for both directions, or two: vertical and horizontal.
    pub(super) fn pair(&self, least: usize) -> Result<[usize; 2], Wrong> {
        let both = whole(self.value, least).map(|both| [both; 2]);
        let pair = both.or_else(|| list::<2>(self.value, least));
        pair.ok_or_else(|| {
            self.wrong(format!("expected a whole number, {least} or more, or two: [vertical, horizontal]"))
        })
    }

    pub(super) fn sizes<const N: usize>(&self, names: &str) -> Result<[usize; N], Wrong> {
        list(self.value, 1).ok_or_else(|| self.wrong(format!("expected {names}, whole numbers of 1 or more")))
    }

    pub(super) fn below_one(&self) -> Result<f64, Wrong> {
        let number = self.number().filter(|number| (0.0..1.0).contains(number));
        number.ok_or_else(|| self.wrong("expected a number from 0 to below 1"))
    }

    pub(super) fn positive(&self) -> Result<f64, Wrong> {
        let number = self.number().filter(|number| (1e-37..=1e37).contains(number));
        number.ok_or_else(|| self.wrong("expected a number above 0 (1e-37 to 1e37)"))
    }

    fn number(&self) -> Option<f64> {
        match self.value {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            _ => None,
        }
    }
}

fn whole(value: &DeValue<'_>, least: usize) -> Option<usize> {
    let DeValue::Integer(number) = value else { return None };
    usize::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| *number >= least)
}

fn list<const N: usize>(value: &DeValue<'_>, least: usize) -> Option<[usize; N]> {
    let DeValue::Array(numbers) = value else { return None };
    let numbers: Option<Vec<usize>> = numbers.iter().map(|number| whole(number.get_ref(), least)).collect();
    numbers?.try_into().ok()
}
