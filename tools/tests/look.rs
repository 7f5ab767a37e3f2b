//! `look` notices what is wrong with a page. Without a browser there is nothing to test; then it says so.

mod common;

use common::{Folder, Ran};

/// A page with these words in its head and its body.
fn page(head: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>A page</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">{head}</head>\n\
         <body><h1>A page</h1>{body}</body>\n</html>\n"
    )
}

/// A picture of one pixel.
const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
/// Views of a page.
type Views = &'static [&'static str];
const VIEWS: Views = &["desktop", "desktop, dark", "phone", "phone, dark", "paper"];
/// Paper as well: whoever has a dark system prints.
const DARK_SYSTEMS: Views = &["desktop, dark", "phone, dark", "paper"];
const PHONES: Views = &["phone", "phone, dark"];
const PAPER: Views = &["paper"];

/// Pages that have a fault each: name, page, the words for it, and the views that have to tell it.
fn faults() -> Vec<(&'static str, String, &'static str, Views)> {
    let head = |text: &str| page(text, "");
    let body = |text: &str| page("", text);
    let without = |part: &str| page("", "").replace(part, "");
    let on_dark = |rule| head(&format!("<style>@media (prefers-color-scheme: dark) {{ {rule} }}</style>"));
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"img-src data:\">";
    let drawing = "<svg viewBox=\"0 0 9 9\" width=\"90\" role=\"img\"><circle r=\"5\"/></svg>";
    let table = "<div class=\"table\" aria-label=\"Sums\" style=\"overflow-x: auto; break-inside: avoid\">\
                 <table><tr><td style=\"min-width: 600px\">1</td></tr></table></div>";
    let high = format!("<img src=\"{PIXEL}\" alt=\"A pixel\" width=\"9\" height=\"1100\">");
    vec![
        ("error", body("<script>undefined.x</script>"), "the console says: Uncaught", VIEWS),
        ("warning", body("<script>console.warn('careful')</script>"), "careful", VIEWS),
        ("refused", page(policy, "<img src=\"cat.png\" alt=\"A cat\">"), "the console says: Loading the image", VIEWS),
        ("request", head("<link rel=\"stylesheet\" href=\"other.css\">"), "a request leaves: file://", VIEWS),
        ("missing", head("<link rel=\"stylesheet\" href=\"other.css\">"), "the console says: net::ERR", VIEWS),
        ("silent", body(&format!("<img src=\"{PIXEL}\">")), "a picture has no text alternative", VIEWS),
        ("drawing", body(drawing), "a drawing has no text alternative", VIEWS),
        ("nameless", body("<div role=\"img\">1</div>"), "no words for 1 of 1 pictures", VIEWS),
        ("broken", body("<img src=\"data:image/png;base64,AAAA\" alt=\"A cat\">"), "cannot be shown: A cat", VIEWS),
        ("wide", body("<p style=\"width: 600px\">wide</p>"), "pixels are wider than the window of 360", PHONES),
        ("table", body(table), "a table has to be scrolled sideways: Sums", PHONES),
        ("script", body("<script>1</script>"), "the page has scripts", VIEWS),
        ("grey", on_dark("body { background: #222; color: #555 }"), "hard to read", DARK_SYSTEMS),
        ("black", head("<style>@media print { body { background: #000; color: #fff } }</style>"), "dark paper", PAPER),
        ("torn", body("<pre>1\n2</pre>"), "the end of a sheet may cut a <pre>", PAPER),
        ("high", body(&high), "a <img> is higher than a sheet", PAPER),
        ("tiny", body("<p style=\"font-size: 5px\">Small print</p>"), "too small to read: Small print", VIEWS),
        ("headings", body("<h1>Another</h1>"), "the page has not one main heading", VIEWS),
        ("twice", body("<p id=\"a\">A</p><p id=\"a\">A</p>"), "two elements have one id", VIEWS),
        ("language", without(" lang=\"en\""), "the page does not say its language", VIEWS),
        ("title", without("<title>A page</title>"), "the page has no title", VIEWS),
    ]
}

/// Looks at a page; nothing where there is no browser.
fn look(folder: &Folder, files: &str) -> Option<Ran> {
    let ran = folder.run("look", &format!("--if-possible --shots shots {files}"));
    if ran.stdout.starts_with("look: skipped") {
        eprintln!("{}", ran.stdout.trim_end());
        return None;
    }
    Some(ran)
}

/// What is said about a view of a page: the line of the view, and those of its troubles.
fn about<'a>(stdout: &'a str, file: &str, view: &str) -> Vec<&'a str> {
    let page = stdout.split("page        ").find(|part| part.starts_with(file)).expect("the page is told");
    let mut lines = page.lines().skip_while(|line| !line.starts_with(&format!("  {view:<16} ")));
    let head = lines.next().expect("the view is told");
    [head].into_iter().chain(lines.take_while(|line| line.starts_with("    "))).collect()
}

#[test]
fn each_fault_is_told_where_it_is_seen_and_no_other() {
    let folder = Folder::new();
    let faults = faults();
    let print = "<style>@media print { pre { break-inside: avoid } }</style>";
    folder.write("sound.html", page(print, &format!("<pre>Well</pre><img src=\"{PIXEL}\" alt=\"A pixel\">")));
    let mut files = "sound.html".to_owned();
    for (name, page, ..) in &faults {
        folder.write(&format!("{name}.html"), page);
        files.push_str(&format!(" {name}.html"));
    }
    let Some(ran) = look(&folder, &files) else { return };
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(1), Some("FAILED")), "{ran:#?}");
    for view in VIEWS {
        let [line] = about(&ran.stdout, "sound.html", view)[..] else { panic!("{ran:#?}") };
        assert!(line.contains(" ok    1 pictures, 1 request: "), "{line}");
        for (name, _, words, views) in &faults {
            let told = about(&ran.stdout, &format!("{name}.html"), view);
            assert_eq!(told[1..].iter().any(|line| line.contains(words)), views.contains(view), "{name}: {told:#?}");
            assert_eq!(told[0].contains(" WRONG "), views.contains(view), "{name}: {told:#?}");
        }
    }
    assert!(folder.files().contains(&"shots/sound-phone.png".to_owned()));
}

#[test]
fn a_page_that_is_sound_passes_and_one_that_is_missing_is_refused() {
    let folder = Folder::new();
    folder.write("sound.html", page("", "<p>Well</p>"));
    let Some(ran) = look(&folder, "sound.html") else { return };
    assert!(ran.succeeds().stdout.ends_with("passed\n"));
    folder.run("look", "missing.html").refuses(&["there is no page missing.html", "train"]);
}
