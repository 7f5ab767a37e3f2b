//! The machine that a program runs on, and its clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// The processor's name, where the system tells it.
pub fn processor() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.trim_start().strip_prefix(':'));
    let windows = std::env::var("PROCESSOR_IDENTIFIER").ok();
    let name = model.map(|name| name.trim().to_owned()).or(windows).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| format!("a processor ({}) whose name is not known", std::env::consts::ARCH))
}

/// The system: "linux, x86_64".
pub fn system() -> String {
    format!("{}, {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// A moment in words, by the calendar and the clock of Greenwich: "2026-11-24 20:31 UTC".
pub fn utc(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let [year, month, day] = date(seconds / 86_400);
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// Year, month and day, so many days after 1 January 1970. Counted from 1 March 0000, so that a leap day ends its year:
/// see "chrono-Compatible Low-Level Date Algorithms" by Howard Hinnant.
fn date(days: u64) -> [u64; 3] {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    [400 * era + year + u64::from(month <= 2), month, day]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds| utc(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01 00:00 UTC");
        assert_eq!(at(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(at(1_795_552_319), "2026-11-24 20:31 UTC");
        assert_eq!(at(4_107_542_399), "2100-02-28 23:59 UTC");
        assert_eq!(at(4_107_542_400), "2100-03-01 00:00 UTC");
    }
}
