//! `explain` shows the numbers that the network really has.

mod common;

use std::fs;

use common::Folder;
use datasets::digits;
use layers::{Init, Window};
use model::{LayerSpec, Network, NetworkSpec};

/// The last word of the line that begins so, as a number.
#[track_caller]
fn number_after(text: &str, beginning: &str) -> f64 {
    let line = text.lines().find(|line| line.trim_start().starts_with(beginning));
    let line = line.unwrap_or_else(|| panic!("no line begins with {beginning:?}:\n{text}"));
    let word = line.split_whitespace().last().unwrap().replace('−', "-");
    word.parse().unwrap_or_else(|_| panic!("no number at the end of {line:?}"))
}

#[test]
fn the_sum_of_the_window_is_the_one_of_the_parameter_file_and_the_image() {
    let folder = Folder::new();
    folder.train("").succeeds();
    let text = folder.run("explain", "--image 3 --dataset digits").succeeds().stdout;
    let worked = text.lines().find_map(|line| line.trim().strip_prefix("Worked out: filter ")).unwrap();
    let places: Vec<usize> = worked.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    let [filter, row, column] = places[..] else { panic!("{worked}") };

    let network = Network::<f32>::load(folder.join("out/params.postcard")).unwrap();
    let (w, b) = (network.param("W1").unwrap(), network.param("b1").unwrap());
    let image = digits::splits(1, 10_000, 0).test.image(3).to_vec();
    let mut sum = 0.0;
    for fy in 0..5 {
        for fx in 0..5 {
            let pixel = f32::from(image[(row + fy) * 28 + column + fx]) / 255.0;
            sum += f64::from(pixel) * f64::from(w[[filter, 0, fy, fx]]);
        }
    }
    let near = |shown: f64, exact: f64| assert!((shown - exact).abs() <= 1e-4 * exact.abs(), "{shown} {exact}\n{text}");
    near(number_after(&text, "sum of the 25 products"), sum);
    near(number_after(&text, &format!("+ bias b[{filter}]")), f64::from(b[[filter]]));
    let y = sum + f64::from(b[[filter]]);
    near(number_after(&text, &format!("= y[{filter}, {row}, {column}]")), y);
    near(number_after(&text, "the network's own"), y);
    // The step goes down.
    let [before, after] =
        ["before the step", "after it"].map(|when| number_after(&text, &format!("loss of this image {when}")));
    assert!(after <= before, "{before} {after}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "no line is wider than 80 characters:\n{text}");
}

#[test]
fn a_page_stands_by_itself() {
    let folder = Folder::new();
    let ran = folder.run("explain", "--untrained --seed 4 --dataset digits --html pages/explain.html").succeeds();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("written pages/explain.html\n", ""));
    let page = fs::read_to_string(folder.join("pages/explain.html")).unwrap();
    for unwanted in ["http:", "https:", "<script", "<link rel=\"stylesheet", "@import", "url("] {
        assert!(!page.contains(unwanted), "{unwanted}");
    }
    let pictures: Vec<_> = page.split("<img ").skip(1).collect();
    assert!(pictures.len() > 100, "{} pictures", pictures.len());
    for picture in pictures {
        let tag = picture.split('>').next().unwrap();
        let alt = tag.split("alt=\"").nth(1).and_then(|alt| alt.split('"').next());
        assert!(alt.is_some_and(|alt| alt.len() > 10) && tag.contains(" src=\"data:image/png;base64,"), "{tag:.60}");
    }
    for tag in ["section", "figure", "table", "tr", "td", "th", "p", "div", "span", "h2", "main"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    for heading in ["The image", "Conv1", "Pool1", "Affine2", "Softmax and loss", "Conv1, backward", "A step of SGD"] {
        assert!(page.contains(&format!("<h2>{heading} <small>")), "{heading}");
    }
}

#[test]
fn any_network_is_explained() {
    let init = Init::HeNormal;
    let affine = |outputs| LayerSpec::Affine { outputs, init };
    let convolution = |filters, window| LayerSpec::Convolution { filters, window, init };
    let normalization = LayerSpec::BatchNormalization { momentum: 0.9 };
    let deep = vec![
        convolution(3, Window::square(3).pad(1)),
        normalization,
        LayerSpec::Relu,
        convolution(70, Window::new(4, 2).stride(2).pad(1)),
        LayerSpec::Tanh,
        LayerSpec::MaxPool { window: Window::square(3).stride(2).pad(1).rounding(layers::Rounding::Down) },
        convolution(1, Window::square(1)),
        LayerSpec::AveragePool { window: Window::square(2).pad(1) },
        affine(23),
        normalization,
        LayerSpec::Sigmoid,
        LayerSpec::Dropout { ratio: 0.5 },
        affine(12),
    ];
    // A window larger than can be shown; a network that takes the image flat; and one of a single layer.
    let large = vec![convolution(2, Window::square(15)), LayerSpec::Relu, affine(10)];
    let folder = Folder::new();
    for (name, input, layers) in [
        ("deep", vec![1, 28, 28], deep),
        ("large", vec![1, 28, 28], large),
        ("flat", vec![784], vec![affine(30), LayerSpec::Relu, affine(10)]),
        ("single", vec![1, 28, 28], vec![affine(10)]),
    ] {
        let network = Network::<f32>::build(NetworkSpec { input, layers }, 1).unwrap();
        folder.write("net.postcard", network.to_bytes());
        let line = "--params net.postcard --dataset digits --image 5";
        let text = folder.run("explain", line).succeeds().stdout;
        for layer in network.layers().names() {
            assert!(
                text.contains(&format!("── {layer}  ")) && text.contains(&format!("── {layer}, backward")),
                "{layer}"
            );
        }
        assert_eq!(text.contains("something else in training: BatchNorm1"), name == "deep", "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{name}:\n{text}");
        if let Some(dropout) = text.split("── Dropout1  ").nth(1) {
            let [x, y] = ["x at neuron", "y there"].map(|line| number_after(dropout, line));
            let section: String = dropout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(section.contains("with probability 0.5.") && section.contains("y = 0.5 · x."), "{dropout}");
            assert!((y - 0.5 * x).abs() <= 1e-4 * x.abs(), "{x} {y}");
        }
        folder.run("explain", &format!("{line} --html page.html")).succeeds();
        assert!(!fs::read_to_string(folder.join("page.html")).unwrap().contains("NaN"), "{name}");
    }
}
