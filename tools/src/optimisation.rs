//! Whether the arithmetic was compiled to be fast.

use crate::program::complain;

/// Says on standard error where a program was compiled so that it is very slow.
pub fn complain_if_slow() {
    if let Some(warning) = warning(tensor::OPT_LEVEL) {
        complain(&warning);
    }
}

fn warning(opt_level: &str) -> Option<String> {
    (opt_level == "0").then(|| {
        "warning: the arithmetic was compiled without optimisation, which makes it dozens of times slower\n  leave out what \
         sets opt-level to 0 (a profile in Cargo.toml, --config, CARGO_PROFILE_DEV_OPT_LEVEL), or add --release to cargo"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_build_without_optimisation_is_slow() {
        assert_eq!(
            ["0", "1", "2", "3", "s", "z"].map(|level| warning(level).is_some()),
            [true, false, false, false, false, false]
        );
        assert_eq!(warning("0").unwrap().lines().count(), 2);
    }

    #[test]
    fn this_workspace_is_optimised() {
        assert_eq!(tensor::OPT_LEVEL, "3");
    }
}
