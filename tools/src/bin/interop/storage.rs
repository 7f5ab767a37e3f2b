//! What is lost where numbers are stored in 16 bits.

use datasets::Dataset;
use model::formats::{Element, Format, Naming, WeightFile};
use model::{Network, NetworkKind, evaluate};
use tools::text::{grouped, table};

/// A line for each network and way of storing it: the largest difference of a number, and how many images are taken for
/// what they are.
pub(crate) fn lines(trained: &[(NetworkKind, Network)], images: &Dataset) -> anyhow::Result<Vec<String>> {
    let mut rows = vec![["network", "stored as", "bytes", "numbers differ by", "right"].map(str::to_owned)];
    let right = |network: &Network| -> anyhow::Result<String> {
        let evaluation = evaluate(network, images)?;
        Ok(format!("{} of {}", grouped(evaluation.correct), grouped(evaluation.total)))
    };
    for (kind, network) in trained {
        let bytes = Format::Safetensors.write(network, Naming::Book, Element::F32)?.len();
        rows.push([kind.name(), "f32", &grouped(bytes), "", &right(network)?].map(str::to_owned));
        for element in [Element::F16, Element::Bf16] {
            let bytes = Format::Safetensors.write(network, Naming::Book, element)?;
            let rounded = WeightFile::from_bytes(&bytes)?.network::<f32>(None)?;
            let difference = format!("{:.1e}", difference(network, &rounded));
            let row = [kind.name(), element.name(), &grouped(bytes.len()), &difference, &right(&rounded)?];
            rows.push(row.map(str::to_owned));
        }
    }
    Ok(table(&rows, &[false, false, true, true, true]))
}

/// The largest difference of a number of two networks with the same layers.
fn difference(a: &Network, b: &Network) -> f64 {
    let mut largest: f64 = 0.0;
    a.visit_params(&mut |name, param| {
        let other = b.param(name).expect("the same layers");
        for (a, b) in param.value().iter().zip(&other) {
            largest = largest.max(f64::from((a - b).abs()));
        }
    });
    largest
}
