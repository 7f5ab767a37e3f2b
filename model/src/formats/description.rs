//! The description of a network as text, for files that have room for one.

use serde::{Deserialize, Serialize};

use super::error::FormatError;
use crate::params::MOST_AXES;
use crate::params::v1::NetworkV1;
use crate::spec::NetworkSpec;

/// The key under which the description stands in a file.
pub(super) const KEY: &str = "network";

/// The version of the parameter file whose description of a network this is.
const VERSION: u32 = 1;

/// `{"version":1,"network":{"input":[1,28,28],"layers":[…]}}`
#[derive(Serialize, Deserialize)]
struct Description {
    version: u32,
    network: NetworkV1,
}

/// As JSON.
pub(super) fn to_text(spec: &NetworkSpec) -> String {
    let description = Description { version: VERSION, network: NetworkV1::new(spec) };
    serde_json::to_string(&description).expect("plain numbers and names")
}

/// From JSON.
pub(super) fn from_text(text: &str) -> Result<NetworkSpec, FormatError> {
    let problem = |problem: String| FormatError::Description { problem };
    let Description { version, network } = serde_json::from_str(text).map_err(|error| problem(error.to_string()))?;
    if version != VERSION {
        return Err(problem(format!("it has version {version}, but only version {VERSION} is known here")));
    }
    let spec = network.spec()?;
    match spec.input.len() {
        axes if axes > MOST_AXES => Err(FormatError::Axes { count: axes, most: MOST_AXES }),
        _ => Ok(spec),
    }
}
