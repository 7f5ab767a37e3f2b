//! From one format of weights to another: what the program `convert` does.

use anyhow::bail;
use model::formats::{Element, Format, FormatError, NamedArray, Naming, by_name};
use model::{LayerSpec, Network};

use crate::advice::Advice;
use crate::text::{grouped, shape, table};
use crate::weights::Weights;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The format.
    pub format: Format,
    /// The names of the arrays, where the format leaves a choice.
    pub naming: Naming,
    /// How numbers are stored.
    pub element: Element,
}

/// A file in another format.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The content.
    pub bytes: Vec<u8>,
    /// The arrays as they are named in it, first layer to last, before their numbers are rounded.
    pub arrays: Vec<NamedArray>,
    /// What rounding has done, where there is less room for a number than before.
    pub loss: Option<Loss>,
}

/// What rounding has done to numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// The largest difference.
    pub largest: f64,
    /// The array that has it.
    pub array: String,
    /// The largest magnitude of a number in that array.
    pub of: f64,
}

impl Target {
    /// A target for what is in a file: PyTorch's names in safetensors and ours elsewhere, and the numbers stored as they are,
    /// where the format can, or as f32; each unless somebody has chosen.
    ///
    /// # Errors
    /// Where the format has names of its own and somebody has chosen others.
    pub fn new(
        format: Format,
        source: &[NamedArray],
        naming: Option<Naming>,
        element: Option<Element>,
    ) -> anyhow::Result<Target> {
        if matches!(format, Format::Params | Format::Onnx) && naming == Some(Naming::PyTorch) {
            bail!("the arrays in .{} files have names of their own\n  leave out --names", format.extension());
        }
        let usual = if format == Format::Safetensors { Naming::PyTorch } else { Naming::Book };
        let finest = Element::ALL.into_iter().find(|&element| source.iter().any(|array| array.element == element));
        let kept = finest.filter(|element| format.elements().contains(element));
        let element = element.or(kept).unwrap_or(Element::F32);
        Ok(Target { format, naming: naming.unwrap_or(usual), element })
    }

    /// The file with this network.
    ///
    /// # Errors
    /// Where the format has no such numbers, the network cannot be had by PyTorch's names, or a number is too large.
    pub fn write(self, network: &Network<f64>) -> anyhow::Result<Converted> {
        let bytes = self.format.write(network, self.naming, self.element).map_err(|error| match error {
            FormatError::NoSuchElement { .. } => with_hint(error, "choose another --dtype"),
            FormatError::Dropout { .. } => with_hint(error, "choose --names ours"),
            other => other.into(),
        })?;
        let arrays = network.to_arrays(self.naming)?;
        Ok(Converted { bytes, loss: self.loss(&arrays)?, arrays })
    }

    /// Compares numbers with what is left of them.
    fn loss(self, arrays: &[NamedArray]) -> anyhow::Result<Option<Loss>> {
        let mut loss: Option<Loss> = None;
        for array in arrays {
            let rounded = self.element.rounded(&array.values);
            if let Some((value, _)) =
                array.values.iter().zip(rounded.iter()).find(|(a, b)| a.is_finite() && b.is_infinite())
            {
                let error =
                    anyhow::anyhow!("{} has the number {value}, too large for {}", array.name, self.element.name());
                return Err(error).advice(|| "choose another --dtype".to_owned());
            }
            let differences = array.values.iter().zip(rounded.iter()).map(|(value, rounded)| (value - rounded).abs());
            let largest = differences.fold(0.0, f64::max);
            if largest > loss.as_ref().map_or(0.0, |loss| loss.largest) {
                let of = array.values.iter().map(f64::abs).fold(0.0, f64::max);
                loss = Some(Loss { largest, array: array.name.clone(), of });
            }
        }
        Ok(loss)
    }

    /// "safetensors, f16, PyTorch's names".
    pub fn describe(self) -> String {
        let names = match self.naming {
            Naming::Book => "",
            Naming::PyTorch => ", PyTorch's names",
        };
        format!("{}, {}{names}", self.format.name(), self.element.name())
    }
}

fn with_hint(error: FormatError, hint: &str) -> anyhow::Error {
    anyhow::anyhow!("{error}\n  {hint}")
}

/// What was found and what became of it, layer by layer: a line for each array.
///
/// # Errors
/// Never, for a network that came from this file.
pub fn layers(weights: &Weights<f64>, converted: &Converted) -> anyhow::Result<Vec<String>> {
    let found = by_name(&weights.file.arrays);
    let ours = weights.network.to_arrays(Naming::of(&weights.file.arrays))?;
    let mut rows = vec![["layer", "found", "", "written", ""].map(str::to_owned)];
    let mut arrays = ours.iter().zip(&converted.arrays);
    let layers = weights.network.layers();
    for (name, layer) in layers.names().iter().zip(layers.layers()) {
        let mut count = 0;
        layer.visit_params(&mut |_| count += 1);
        for (number, (ours, written)) in arrays.by_ref().take(count).enumerate() {
            let found = found.get(&ours.name).copied().unwrap_or(ours);
            let layer = if number == 0 { name.clone() } else { String::new() };
            let [from, to] = [found, written].map(|array| shape(&array.shape));
            rows.push([layer, printable(&found.name), from, written.name.clone(), to]);
        }
    }
    Ok(table(&rows, &[false; 5]))
}

/// A name from a file, without what a terminal would obey.
fn printable(name: &str) -> String {
    name.escape_debug().collect()
}

/// What is worth knowing about the file that was written.
pub fn notes(network: &Network<f64>, target: Target, converted: &Converted) -> Vec<String> {
    let mut notes = vec![match &converted.loss {
        None => "no number has changed".to_owned(),
        Some(Loss { largest, array, of }) => format!(
            "rounded to {}: numbers differ by at most {largest:.2e} (in {array}, whose largest is {of:.3})",
            target.element.name()
        ),
    }];
    let drops = |layer: &&LayerSpec| matches!(layer, LayerSpec::Dropout { .. });
    let dropouts = network.spec().layers.iter().filter(drops).count();
    if dropouts > 0 && target.naming == Naming::PyTorch {
        notes.push(format!(
            "the factor of {} (1 - ratio) is in the weights beside, for PyTorch's dropout does nothing in inference",
            crate::text::counted(dropouts, "dropout")
        ));
    }
    notes
}

/// "868 KB".
pub fn size(bytes: usize) -> String {
    if bytes < 10_000 {
        format!("{} bytes", grouped(bytes))
    } else if bytes < 10_000_000 {
        format!("{} KB", grouped(bytes / 1000))
    } else {
        format!("{} MB", grouped(bytes / 1_000_000))
    }
}
