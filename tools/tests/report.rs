//! What `train` leaves behind to look at.

mod common;

use std::fs;

use common::{Folder, SMALL};
use tools::picture::read_grey_png;

fn report(folder: &Folder, out: &str) -> String {
    fs::read_to_string(folder.join(out).join("report.html")).unwrap()
}

/// The opening tags of this name, with their attributes.
fn tags<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name} ");
    html.split(&open).skip(1).map(|rest| &rest[..rest.find('>').unwrap()]).collect()
}

#[test]
fn the_report_has_all_parts_and_needs_nothing_else() {
    let folder = Folder::new();
    let ran = folder.train("--json --seed 7").succeeds();
    let finished: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    let html = report(&folder, "out").replace("<span class=\"whole\">", "").replace("</span>", "");
    for part in [
        "<h1>A network trained on the built-in digits</h1>",
        "<h2>How the loss fell</h2>",
        "<h2>How the accuracy rose</h2>",
        "<h2>What the filters learned</h2>",
        "<h2>How well each class is known</h2>",
        "<h2>What is taken for what</h2>",
        "<h2>The worst mistakes</h2>",
        "<h2>Settings and machine</h2>",
        "<h2>How to do it again</h2>",
        "<dt>seed</dt><dd>7</dd>",
        "adam, learning rate 0.01",
        "train -- --dataset digits --train-limit 200 --test-limit 50 --epochs 2 --filters 4 --hidden 16 --lr 0.01 --seed 7<",
        finished["params_sha256"].as_str().unwrap(),
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    // Nothing from outside, nothing that runs.
    for outside in ["http:", "https:", "//", "<script", "url(", "@import", "<iframe", " onload"] {
        let text: String =
            html.split("base64,").map(|part| part.split_once('"').map_or(part, |(_, rest)| rest)).collect();
        assert!(!text.contains(outside), "{outside}");
    }
    let loaded = tags(&html, "img").into_iter().chain(tags(&html, "image")).chain(tags(&html, "link"));
    for tag in loaded {
        assert!(tag.contains("src=\"data:") || tag.contains("href=\"data:"), "{tag}");
    }
    // Every picture in words.
    let (drawings, images) = (tags(&html, "svg"), tags(&html, "img"));
    assert!(drawings.len() >= 10 && !images.is_empty());
    for svg in drawings {
        assert!(
            svg.contains("role=\"img\"") && svg.contains("aria-label=\"") && !svg.contains("aria-label=\"\""),
            "{svg}"
        );
    }
    for image in images {
        assert!(image.contains(" alt=\"Test image "), "{image}");
    }
}

/// As a parser sees it: every tag is closed in its order, no attribute twice, no two elements of one id.
#[test]
fn the_report_is_well_formed() {
    let folder = Folder::new();
    folder.train("").succeeds();
    let html = report(&folder, "out");
    let mut open = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap();
        let name = tag.split([' ', '\n', '/']).find(|word| !word.is_empty()).unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !(tag.ends_with('/') || ["!DOCTYPE", "meta", "link", "img", "br"].contains(&name)) {
            open.push(name);
        }
        let names: Vec<_> = tag.split('"').step_by(2).filter_map(|text| text.trim().strip_suffix('=')).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{name} twice: {tag}");
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
}

#[test]
fn mistakes_and_classes_are_those_of_the_network() {
    let folder = Folder::new();
    folder.train("--epochs 1").succeeds();
    let network = model::Network::load(folder.join("out/params.postcard")).unwrap();
    let test = datasets::digits::draw(datasets::Part::Test, 50, 0);
    let guesses = model::guess(&network, &test).unwrap();
    let html = report(&folder, "out");
    let mistakes = guesses.mistakes();
    assert_eq!(tags(&html, "img").len(), mistakes.len().min(24));
    for &number in mistakes.iter().take(24) {
        let guess = guesses.all()[number];
        let alternative = format!("alt=\"Test image {number}: {}, taken for {}\"", guess.truth, guess.class);
        assert!(html.contains(&alternative), "{alternative}");
    }
    let counts = guesses.confusion();
    for (class, row) in counts.iter().enumerate() {
        let (right, all) = (row[class], row.iter().sum::<usize>());
        let cells = format!("<td class=\"number\">{right}</td><td class=\"number\">{all}</td>");
        assert!(html.contains(&cells), "{class}: {cells}");
    }
}

#[test]
fn the_first_filters_are_those_of_the_seed_after_a_resume_too() {
    let folder = Folder::new();
    folder.train("--out straight").succeeds();
    folder.train("--out resumed --epochs 1").succeeds();
    folder.train("--out resumed --resume").succeeds();
    for name in ["filters.png", "accuracy.png", "confusion.svg", "loss.svg", "mistakes.png"] {
        let read = |out: &str| fs::read(folder.join(out).join(name)).unwrap();
        assert!(read("straight") == read("resumed"), "{name}");
    }
    // Another beginning is another picture.
    let line =
        "--dataset digits --train-limit 200 --test-limit 50 --epochs 1 --lr 0.01 --params straight/params.postcard";
    folder.run("train", &format!("{line} --out further")).succeeds();
    let read = |out: &str| read_grey_png(&folder.join(out).join("filters.png")).unwrap();
    assert!(read("straight").dim() == read("further").dim() && read("straight") != read("further"));
}

#[test]
fn names_that_would_be_markup_stay_names() {
    let folder = Folder::new();
    let mut names = vec!["a<b>&\"c\" 'd'".into()];
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        names.push(std::ffi::OsString::from_vec(b"not \xff\xfe text <i>".to_vec()));
    }
    for name in names {
        let mut command = folder.program("train", SMALL);
        command.arg("--out").arg(&name);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{name:?}: {}", String::from_utf8_lossy(&output.stderr));
        let html = fs::read_to_string(folder.path().join(&name).join("report.html")).unwrap();
        assert!(!html.contains("<b>") && !html.contains("<i>"), "{name:?}");
        assert!(html.contains("--out &#39;"), "{name:?}");
    }
}

#[test]
fn a_training_without_mistakes_or_of_few_images_has_its_report_too() {
    let folder = Folder::new();
    for line in ["--test-limit 1", "--train-limit 1 --epochs 1", "--eval-samples 1", "--filters 70 --epochs 1"] {
        folder.train(line).succeeds();
        assert!(report(&folder, "out").ends_with("</html>\n"), "{line}");
        fs::remove_dir_all(folder.join("out")).unwrap();
    }
}
