//! `gradcheck`, `filterviz` and `applyfilter` do what they say.

mod common;

use std::fs;

use common::{Folder, Ran};
use datasets::digits;
use layers::ndarray::Array4;
use layers::{Init, Window};
use model::{LayerSpec, Network, NetworkSpec};
use tools::picture::read_grey_png;

#[test]
fn the_backward_pass_is_right_for_any_seed() {
    let folder = Folder::new();
    for seed in 0..3 {
        let ran = folder.run("gradcheck", &format!("--seed {seed}")).succeeds();
        assert!(ran.stdout.lines().all(|line| line.len() <= 80), "{}", ran.stdout);
        // Each parameter goes on a little to the right.
        let lines: Vec<_> = ran.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
        for (line, name) in lines.iter().zip(["W1", "b1", "W2", "b2", "W3", "b3"]) {
            let mut words = line.split(' ');
            assert_eq!(words.next(), Some(name));
            let mean: f64 = words.next().unwrap().parse().unwrap();
            assert!(mean <= 1e-9, "seed {seed}: {line}");
        }
        assert!(lines[6].starts_with("passed"), "{}", ran.stdout);
    }
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn a_check_that_fails_is_exit_code_1() {
    let ran = Folder::new().run("gradcheck", "--tolerance 1e-15");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:#?}");
    assert!(ran.stdout.lines().last().unwrap().starts_with("FAILED"), "{}", ran.stdout);
    let ran = Folder::new().run("gradcheck", "--tolerance 1e-15 --json");
    assert_eq!(ran.code, Some(1));
    for line in ran.stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert_eq!(ran.stdout.lines().last(), Some(r#"{"event":"finished","passed":false}"#));
}

#[test]
fn filters_are_shown_as_files_and_in_the_terminal() {
    let folder = Folder::new();
    folder.train("").succeeds();
    let ran = folder.run("filterviz", "--params out/params.postcard --out pictures").succeeds();
    assert!(ran.stdout.starts_with("Conv1: 4 filters of 5×5\nbefore training, ±"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\x1b'), "no colours in a file");
    for name in ["filters_initial.png", "filters_trained.png"] {
        assert!(ran.stdout.contains(name));
        let (height, width) = read_grey_png(&folder.join("pictures").join(name)).unwrap().dim();
        assert!(height > 150 && width > 400, "{name}: {width}×{height}");
    }
    let bytes = |name| fs::read(folder.join("pictures").join(name)).unwrap();
    assert_ne!(bytes("filters_initial.png"), bytes("filters_trained.png"));
}

#[test]
fn filters_are_applied_to_any_picture() {
    let folder = Folder::new();
    folder.train("").succeeds();
    let ran = folder.run("applyfilter", "").succeeds();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("written out/applied.png\n", ""));
    let ran = folder
        .run("applyfilter", "--params out/params.postcard --activation --single-maps maps --out active")
        .succeeds();
    assert_ne!(fs::read(folder.join("out/applied.png")).unwrap(), fs::read(folder.join("active/applied.png")).unwrap());
    for filter in 0..4 {
        let written = format!("written maps/Conv1-{filter}.png, ");
        let range = ran.stdout.split(&written).nth(1).unwrap_or_else(|| panic!("{}", ran.stdout));
        assert!(!range.starts_with('−'), "nothing is negative: {}", ran.stdout);
        let map = read_grey_png(&folder.join(&format!("maps/Conv1-{filter}.png"))).unwrap();
        assert_eq!(map.dim(), (252, 252), "256 pixels less 5, plus 1");
    }
    let built_in = fs::read(folder.join("out/applied.png")).unwrap();

    // A picture of our own, in colours, as small as the filters allow; then one that is wide and flat.
    for (width, height) in [(5, 5), (900, 6)] {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgba);
        let data: Vec<u8> = (0..width * height * 4).map(|i| (i * 37) as u8).collect();
        encoder.write_header().unwrap().write_image_data(&data).unwrap();
        folder.write("picture.png", file);
        folder.run("applyfilter", "--image picture.png").succeeds();
        assert_ne!(fs::read(folder.join("out/applied.png")).unwrap(), built_in);
    }
}

/// Two convolutions, the second behind a pooling.
fn two_convolutions() -> Vec<u8> {
    let init = Init::HeNormal;
    let layers = vec![
        LayerSpec::Convolution { filters: 3, window: Window::square(5), init },
        LayerSpec::Relu,
        LayerSpec::MaxPool { window: Window::square(2).stride(2) },
        LayerSpec::Convolution { filters: 4, window: Window::square(3), init },
        LayerSpec::Relu,
        LayerSpec::Affine { outputs: 10, init },
    ];
    Network::<f32>::build(NetworkSpec { input: vec![1, 28, 28], layers }, 0).unwrap().to_bytes()
}

#[test]
fn any_layer_is_chosen_by_its_name_and_patches_are_found() {
    let folder = Folder::new();
    folder.write("net.postcard", two_convolutions());
    let line = "--params net.postcard --layer Conv2 --patches 3 --dataset digits";
    let ran = folder.run("filterviz", line).succeeds();
    assert!(ran.stdout.starts_with("Conv2: 4 filters of 3×3, the first of 3 channels\n"), "{}", ran.stdout);
    for name in ["filters_initial.png", "filters_trained.png", "patches.png"] {
        assert!(read_grey_png(&folder.join("out").join(name)).unwrap().len() > 50_000, "{name}");
    }
    let table = fs::read_to_string(folder.join("out/patches.csv")).unwrap();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((lines.len(), lines[0].join(" ").as_str()), (1 + 4 * 3, "filter rank value image label row column"));
    // What the table says is what the network computes.
    let network = Network::<f32>::from_bytes(&two_convolutions()).unwrap();
    let images = digits::splits(1, 10_000, 0).test;
    for line in &lines[1..] {
        let number = |i: usize| line[i].parse::<usize>().unwrap();
        let x: Vec<f32> = images.image(number(3)).iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let x = Array4::from_shape_vec((1, 1, 28, 28), x).unwrap();
        let answer = network.trace(x.view())[3].output[[0, number(0), number(5), number(6)]];
        assert_eq!(line[2].parse(), Ok(answer), "{line:?}");
    }
    folder.run("applyfilter", "--params net.postcard --layer Conv2").succeeds();
    for program in ["filterviz", "applyfilter"] {
        folder.run(program, "--params net.postcard --layer Conv3").refuses(&["\"Conv3\"", "Conv1, Conv2", "--layer"]);
    }
}

#[test]
fn an_image_is_shown_in_every_layer() {
    let folder = Folder::new();
    folder.write("net.postcard", two_convolutions());
    let ran = folder.run("filterviz", "--params net.postcard --image 7 --dataset digits").succeeds();
    let positions =
        ["The image", "Conv1", "Relu1", "Pool1", "Conv2", "Relu2", "Affine1", "written out/activations.png"]
            .map(|name| ran.stdout.find(name).unwrap_or_else(|| panic!("{name} is missing:\n{}", ran.stdout)));
    assert!(positions.is_sorted(), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    assert_eq!(folder.files(), ["net.postcard", "out/", "out/activations.png"]);
    assert!(read_grey_png(&folder.join("out/activations.png")).unwrap().len() > 500_000);
}

#[test]
fn the_environment_cannot_bring_them_down() {
    let folder = Folder::new();
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb"), ("LANG", "C"), ("COLUMNS", "0")] {
        let mut command = folder.program("gradcheck", "");
        command.env(name, value);
        Ran::of(command, name).succeeds();
    }
    let mut command = folder.program("gradcheck", "");
    command.env("TENSOR_ISA", "nonsense");
    Ran::of(command, "TENSOR_ISA").refuses(&["TENSOR_ISA=nonsense", "portable"]);
}
