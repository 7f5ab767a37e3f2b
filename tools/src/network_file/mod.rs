#![doc = include_str!("../../networks/README.md")]

mod fields;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use layers::{Init, NetworkError, Rounding, ShapeError, Window};
use model::{LayerSpec, NetworkSpec, SpecError};
use tensor::GeometryError;
use toml::de::{DeTable, DeValue};

use crate::advice::Advice;
use crate::text::shape;
use fields::Fields;

/// A file is refused where it is larger than this: no description is.
const MOST_BYTES: u64 = 1 << 20;
/// The same for its layers.
const MOST_LAYERS: usize = 1000;

/// What to do about a mistake where nothing better is known.
const PAGE: &str = "tools/networks/README.md shows every layer with its settings";

/// Something is wrong at a place of the text.
#[derive(Debug)]
struct Wrong {
    /// The byte where it begins.
    at: usize,
    what: String,
    /// What to do about it.
    hint: String,
}

impl Wrong {
    fn new(at: usize, what: impl Into<String>) -> Wrong {
        Wrong { at, what: what.into(), hint: PAGE.to_owned() }
    }

    fn hint(self, hint: impl Into<String>) -> Wrong {
        Wrong { hint: hint.into(), ..self }
    }
}

/// What a file describes.
#[derive(Debug)]
pub struct NetworkFile {
    path: PathBuf,
    text: String,
    /// The shape of an input, and where the text says so.
    input: Option<([usize; 3], usize)>,
    layers: Vec<LayerSpec>,
    /// Where the text has the kind of each layer.
    places: Vec<usize>,
}

impl NetworkFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read, or is no description: with the line.
    pub fn read(path: &Path) -> anyhow::Result<NetworkFile> {
        let text = read_text(path).with_context(|| format!("cannot read the network in {}", path.display()));
        NetworkFile::parse(path, text.advice(|| "name another file with --network".to_owned())?)
    }

    /// Reads the text of the file `path`.
    ///
    /// # Errors
    /// Where it is no description: with the line.
    pub fn parse(path: &Path, text: String) -> anyhow::Result<NetworkFile> {
        let mut file = NetworkFile { path: path.to_owned(), text, input: None, layers: Vec::new(), places: Vec::new() };
        match parse(&file.text) {
            Ok((input, layers)) => {
                file.input = input;
                (file.layers, file.places) = layers.into_iter().unzip();
                Ok(file)
            }
            Err(wrong) => Err(file.at_its_line(&wrong)),
        }
    }

    /// The network for images of this shape.
    ///
    /// # Errors
    /// Where the file says that they have another.
    pub fn spec(&self, image: [usize; 3]) -> anyhow::Result<NetworkSpec> {
        match self.input {
            Some((input, at)) if input != image => {
                let what = format!("the input is {}, but the images are {}", shape(&input), shape(&image));
                Err(self.at_its_line(&Wrong::new(at, what).hint("change that, or choose another --dataset")))
            }
            _ => Ok(NetworkSpec { input: image.to_vec(), layers: self.layers.clone() }),
        }
    }

    /// The shape of an input, if the file has one.
    pub fn input(&self) -> Option<[usize; 3]> {
        self.input.map(|(input, _)| input)
    }

    /// What is wrong with the network, at the line of the layer that it is about.
    pub fn explain(&self, error: model::Error) -> anyhow::Error {
        let (place, hint) = match &error {
            model::Error::Spec(SpecError::Network(NetworkError::Layer { index, source, .. })) => {
                (self.places.get(*index), of_shape(source))
            }
            model::Error::Spec(SpecError::Scores { .. }) => (
                self.places.last(),
                "add a layer of the kind \"affine\" below, its outputs as many as there are classes",
            ),
            _ => (None, PAGE),
        };
        match place {
            Some(&at) => self.at_its_line(&Wrong::new(at, error.to_string()).hint(hint)),
            None => anyhow!("{}: {error}\n  {hint}", self.path.display()),
        }
    }

    /// The error with file and line, the line itself, and what to do.
    fn at_its_line(&self, wrong: &Wrong) -> anyhow::Error {
        let at = wrong.at.min(self.text.len());
        let before = &self.text.as_bytes()[..at];
        let number = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let line = self.text.lines().nth(number - 1).unwrap_or_default().trim();
        let line: String = line.chars().take(100).flat_map(char::escape_debug).collect();
        let line = line.replace("\\\"", "\"");
        anyhow!("{}, line {number}: {}\n  {number} | {line}\n  {}", self.path.display(), wrong.what, wrong.hint)
    }
}

/// The text of a plain file that is not too large.
fn read_text(path: &Path) -> anyhow::Result<String> {
    let file = fs::metadata(path)?;
    // Others may never end.
    ensure!(file.is_file(), "it is not a plain file");
    ensure!(file.len() <= MOST_BYTES, "{} bytes are too many for the description of a network", file.len());
    let bytes = fs::read(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let number =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        anyhow!("line {number} is no text (UTF-8)")
    })
}

/// What to do where a layer cannot take what comes from the one before.
fn of_shape(error: &ShapeError) -> &'static str {
    match error {
        ShapeError::Geometry(GeometryError::NotWhole { .. }) => {
            "choose another `kernel`, `stride` or `pad`, or add `rounding = \"down\"` to the layer"
        }
        ShapeError::Geometry(_) => "choose another `kernel`, `stride` or `pad`, here or in the layers above",
        _ => "change this layer, or those above it",
    }
}

/// Input and layers, each with its place.
type Parsed = (Option<([usize; 3], usize)>, Vec<(LayerSpec, usize)>);

fn parse(text: &str) -> Result<Parsed, Wrong> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Wrong::new(at, format!("this is no TOML: {}", error.message().lines().next().unwrap_or("?")))
    })?;
    let mut fields = Fields::new(table.get_ref(), 0, "the description of a network");
    fields.only("the description of a network", &["input", "layer"])?;
    let input = fields.optional("input", |value| value.sizes::<3>("[channels, height, width]"))?;
    let input = input.map(|input| (input.value, input.at));
    let layers = fields.required("layer", |value| match value.get() {
        DeValue::Array(layers) => Ok(layers.clone()),
        _ => Err(value.wrong("layers are listed one by one, each under [[layer]]")),
    });
    let layers = layers.map_err(|wrong| wrong.hint(format!("list each layer under a line [[layer]]; {PAGE}")))?;
    fields.none_left()?;
    if layers.value.len() > MOST_LAYERS {
        let many = format!("{} layers are more than {MOST_LAYERS}", layers.value.len());
        return Err(Wrong::new(layers.at, many).hint("leave some out"));
    }
    let layers = layers.value.iter().map(|entry| match entry.get_ref() {
        DeValue::Table(table) => layer(table, entry.span().start),
        _ => Err(Wrong::new(entry.span().start, "a layer begins with [[layer]], and its settings follow")),
    });
    Ok((input, layers.collect::<Result<_, _>>()?))
}

const KINDS: &str = "convolution, max-pool, average-pool, affine, relu, sigmoid, tanh, dropout, batch-normalization";

/// The settings of all kinds of layers.
const ALL: [&str; 10] =
    ["kind", "filters", "kernel", "stride", "pad", "rounding", "init", "outputs", "ratio", "momentum"];

/// The settings of a layer of this kind, if there is one.
fn settings(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "convolution" => &["kind", "filters", "kernel", "stride", "pad", "rounding", "init"],
        "max-pool" | "average-pool" => &["kind", "kernel", "stride", "pad", "rounding"],
        "affine" => &["kind", "outputs", "init"],
        "relu" | "sigmoid" | "tanh" => &["kind"],
        "dropout" => &["kind", "ratio"],
        "batch-normalization" => &["kind", "momentum"],
        _ => return None,
    })
}

/// One layer, and where its kind stands.
fn layer(table: &DeTable<'_>, at: usize) -> Result<(LayerSpec, usize), Wrong> {
    let mut fields = Fields::new(table, at, "a layer");
    if !table.contains_key("kind") {
        fields.only("a layer", &ALL)?;
    }
    let kind = fields.required("kind", |value| value.text().map(str::to_owned))?;
    // Before anything is missed: it may be there under a name that is misspelt.
    if let Some(settings) = settings(&kind.value) {
        fields.only(&format!("a layer of the kind {:?}", kind.value), settings)?;
    }
    let layer = match kind.value.as_str() {
        "convolution" => LayerSpec::Convolution {
            filters: fields.required("filters", |value| value.at_least_one())?.value,
            window: window(&mut fields, [1, 1])?,
            init: init(&mut fields)?,
        },
        "max-pool" => LayerSpec::MaxPool { window: pool(&mut fields)? },
        "average-pool" => LayerSpec::AveragePool { window: pool(&mut fields)? },
        "affine" => LayerSpec::Affine {
            outputs: fields.required("outputs", |value| value.at_least_one())?.value,
            init: init(&mut fields)?,
        },
        "relu" => LayerSpec::Relu,
        "sigmoid" => LayerSpec::Sigmoid,
        "tanh" => LayerSpec::Tanh,
        "dropout" => LayerSpec::Dropout { ratio: fields.required("ratio", |value| value.below_one())?.value },
        "batch-normalization" => LayerSpec::BatchNormalization {
            momentum: fields.optional("momentum", |value| value.below_one())?.map_or(0.9, |momentum| momentum.value),
        },
        other => {
            return Err(Wrong::new(kind.at, format!("unknown layer {other:?}")).hint(format!("choose one of {KINDS}")));
        }
    };
    fields.none_left()?;
    Ok((layer, kind.at))
}

/// The window of a pooling: its stride is its kernel unless it is said otherwise.
fn pool(fields: &mut Fields<'_>) -> Result<Window, Wrong> {
    let kernel = fields.required("kernel", |value| value.pair(1))?.value;
    Ok(Window { kernel, ..window_of(fields, kernel, kernel)? })
}

fn window(fields: &mut Fields<'_>, stride: [usize; 2]) -> Result<Window, Wrong> {
    let kernel = fields.required("kernel", |value| value.pair(1))?.value;
    window_of(fields, kernel, stride)
}

fn window_of(fields: &mut Fields<'_>, kernel: [usize; 2], stride: [usize; 2]) -> Result<Window, Wrong> {
    let stride = fields.optional("stride", |value| value.pair(1))?.map_or(stride, |stride| stride.value);
    let pad = fields.optional("pad", |value| value.pair(0))?.map_or([0, 0], |pad| pad.value);
    let rounding = fields.optional("rounding", |value| match value.text()? {
        "exact" => Ok(Rounding::Exact),
        "down" => Ok(Rounding::Down),
        _ => Err(value.wrong("expected \"exact\" or \"down\"")),
    })?;
    Ok(Window { kernel, stride, pad, rounding: rounding.map_or(Rounding::Exact, |rounding| rounding.value) })
}

const INITS: &str = "expected \"he-normal\", \"he-uniform\", \"xavier-normal\", \"xavier-uniform\", \"glorot-normal\", \
                     \"glorot-uniform\", { normal = STD } or { uniform = LIMIT }";

fn init(fields: &mut Fields<'_>) -> Result<Init, Wrong> {
    let init = fields.optional("init", |value| match value.get() {
        DeValue::Table(table) => {
            let mut fields = Fields::new(table, value.at(), "init");
            fields.only("init", &["normal", "uniform"])?;
            let normal = fields.optional("normal", |value| value.positive())?;
            let uniform = fields.optional("uniform", |value| value.positive())?;
            fields.none_left()?;
            match (normal, uniform) {
                (Some(std), None) => Ok(Init::Normal { std: std.value }),
                (None, Some(limit)) => Ok(Init::Uniform { limit: limit.value }),
                _ => Err(value.wrong(INITS)),
            }
        }
        DeValue::String(name) => Ok(match name.as_ref() {
            "he-normal" => Init::HeNormal,
            "he-uniform" => Init::HeUniform,
            "xavier-normal" => Init::XavierNormal,
            "xavier-uniform" => Init::XavierUniform,
            "glorot-normal" => Init::GlorotNormal,
            "glorot-uniform" => Init::GlorotUniform,
            _ => return Err(value.wrong(INITS)),
        }),
        _ => Err(value.wrong(INITS)),
    })?;
    Ok(init.map_or(Init::HeNormal, |init| init.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = include_str!("../../networks/small.toml");
    const README: &str = include_str!("../../networks/README.md");

    fn parsed(text: &str) -> anyhow::Result<NetworkFile> {
        NetworkFile::parse(Path::new("my.toml"), text.to_owned())
    }

    /// What is said about a text: as a description, or as a network for images of 1×28×28.
    #[track_caller]
    fn refused(text: &str) -> String {
        let build = |file: NetworkFile| {
            let spec = file.spec([1, 28, 28])?;
            model::Network::<f32>::build(spec, 0).map(|_| ()).map_err(|error| file.explain(error))
        };
        parsed(text).and_then(build).expect_err(text).to_string()
    }

    #[test]
    fn the_page_shows_the_example_which_is_a_network() {
        assert!(README.contains(&format!("```toml\n{SMALL}```")), "the example on the page is another");
        let file = parsed(SMALL).unwrap();
        assert_eq!(file.input(), Some([1, 28, 28]));
        let network = model::Network::<f32>::build(file.spec([1, 28, 28]).unwrap(), 0).unwrap();
        assert_eq!(network.layers().names().join(" "), "Conv1 Relu1 Pool1 Conv2 Relu2 Pool2 Affine1");
    }

    #[test]
    fn every_setting_reaches_its_layer() {
        let text = r#"
            [[layer]]
            kind = "convolution"
            filters = 0x10
            kernel = [3, 5]
            stride = [1, 2]
            pad = 2
            rounding = "down"
            init = { uniform = 0.25 }
            [[layer]]
            kind = "average-pool"
            kernel = [2, 1]
            [[layer]]
            kind = "max-pool"
            kernel = 3
            stride = 2
            [[layer]]
            kind = "batch-normalization"
            momentum = 0.5
            [[layer]]
            kind = "dropout"
            ratio = 0
            [[layer]]
            kind = "affine"
            outputs = 7
            init = "glorot-uniform"
            [[layer]]
            kind = "tanh"
        "#;
        let spec = parsed(text).unwrap().spec([1, 28, 28]).unwrap();
        let conv = Window { kernel: [3, 5], stride: [1, 2], pad: [2, 2], rounding: Rounding::Down };
        let average = Window { stride: [2, 1], ..Window::new(2, 1) };
        let expected = [
            LayerSpec::Convolution { filters: 16, window: conv, init: Init::Uniform { limit: 0.25 } },
            LayerSpec::AveragePool { window: average },
            LayerSpec::MaxPool { window: Window::square(3).stride(2) },
            LayerSpec::BatchNormalization { momentum: 0.5 },
            LayerSpec::Dropout { ratio: 0.0 },
            LayerSpec::Affine { outputs: 7, init: Init::GlorotUniform },
            LayerSpec::Tanh,
        ];
        assert_eq!(spec.layers, expected);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let cases = [
            (
                "",
                "my.toml, line 1: the description of a network without `layer`\n  1 | \n  list each layer under a line [[layer]]",
            ),
            ("layer = 3", "line 1: `layer`: layers are listed one by one, each under [[layer]], got 3"),
            ("layer = [3]", "line 1: a layer begins with [[layer]]"),
            ("\n[layer]\nkind = 1", "line 2: `layer`: layers are listed one by one"),
            ("[[layer]]\nkind = \"convolution\n", "line 2: this is no TOML: "),
            ("[[layer]]\nfilters = 1", "line 1: a layer without `kind`\n  1 | [[layer]]"),
            (
                "[[layer]]\nkind = \"relu\"\n[[layer]]\nkind = \"rellu\"",
                "line 4: unknown layer \"rellu\"\n  4 | kind = \"rellu\"\n  choose one of conv",
            ),
            ("[[layer]]\nkind = 7", "line 2: `kind`: expected a text in quotes, got 7\n  2 | kind = 7"),
            ("[[layer]]\nkind = \"affine\"", "line 1: a layer without `outputs`"),
            (
                "[[layer]]\nkind = \"affine\"\noutputs = \"10\"",
                "line 3: `outputs`: expected a whole number, 1 or more, got \"10\"",
            ),
            (
                "[[layer]]\nkind = \"affine\"\noutputs = 0",
                "line 3: `outputs`: expected a whole number, 1 or more, got 0",
            ),
            ("[[layer]]\nkind = \"affine\"\noutputs = -1", "got -1"),
            ("[[layer]]\nkind = \"affine\"\noutputs = 1e3", "got 1e3"),
            (
                "[[layer]]\nkind = \"relu\"\nfilters = 2",
                "line 3: a layer of the kind \"relu\" has no `filters`\n  3 | filters = 2\n  it may have: kind",
            ),
            (
                "input = [28, 28]\n",
                "line 1: `input`: expected [channels, height, width], whole numbers of 1 or more, got a list",
            ),
            ("colour = 1\n[[layer]]\nkind = \"relu\"", "line 1: the description of a network has no `colour`"),
            ("[[layer]]\nkind = \"dropout\"\nratio = 1", "line 3: `ratio`: expected a number from 0 to below 1, got 1"),
            ("[[layer]]\nkind = \"affine\"\noutputs = 2\ninit = \"he\"", "line 4: `init`: expected \"he-normal\""),
            (
                "[[layer]]\nkind = \"affine\"\noutputs = 2\ninit = { normal = -1 }",
                "line 4: `normal`: expected a number above 0",
            ),
            (
                "[[layer]]\nkind = \"max-pool\"\nkernel = [2]",
                "line 3: `kernel`: expected a whole number, 1 or more, or two",
            ),
            ("[[layer]]\nkind = \"max-pool\"\nkernel = 2\nkernel = 3", "line 4: this is no TOML: duplicate key"),
            // Misspelt, not missing.
            (
                "\nlayr = 3",
                "line 2: the description of a network has no `layr`\n  2 | layr = 3\n  it may have: input, layer",
            ),
            ("[[layer]]\nknd = \"relu\"", "line 2: a layer has no `knd`\n  2 | knd = \"relu\"\n  it may have: kind, "),
            (
                "[[layer]]\nkind = \"max-pool\"\nkernl = 2",
                "line 3: a layer of the kind \"max-pool\" has no `kernl`\n  3 | kernl = 2\n  it may have: kind, kernel",
            ),
            ("[[layer]]\nkind = \"affine\"\noutputs = 2\ninit = { std = 1 }", "line 4: init has no `std`"),
            // The arithmetic of the shapes.
            (
                "[[layer]]\nkind = \"relu\"\n\n[[layer]]\nkind = \"max-pool\"\nkernel = 3",
                "line 5: Pool1 (layer 2): the height does not come out even: (28 + 2·0 − 3) / 3 + 1",
            ),
            (
                "[[layer]]\nkind = \"affine\"\noutputs = 9\n[[layer]]\nkind = \"convolution\"\nfilters=1\nkernel=1",
                "line 5: Conv1 (layer 2): expected an input of shape (C, H, W), got [9]",
            ),
            ("[[layer]]\nkind = \"relu\"", "line 2: Relu1 is the last layer and gives an output of shape [1, 28, 28]"),
            (
                "input = [1, 32, 32]\n[[layer]]\nkind = \"relu\"",
                "line 1: the input is 1×32×32, but the images are 1×28×28",
            ),
        ];
        for (text, expected) in cases {
            let message = refused(text);
            assert!(message.contains(expected) && message.starts_with("my.toml, line "), "{text:?}: {message}");
            assert!(message.lines().count() == 3, "{message}");
        }
    }
}
