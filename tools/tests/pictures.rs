//! `gradcheck`, `filterviz` and `applyfilter` do what they say.

mod common;

use std::fs;

use common::{Folder, Ran};
use tools::picture::read_grey_png;

#[test]
fn the_backward_pass_is_right_for_any_seed() {
    let folder = Folder::new();
    for seed in 0..3 {
        let ran = folder.run("gradcheck", &format!("--seed {seed}")).succeeds();
        let lines: Vec<_> = ran.stdout.lines().collect();
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
