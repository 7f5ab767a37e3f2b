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
const VIEWS: [&str; 5] = ["desktop", "desktop, dark", "phone", "phone, dark", "paper"];
const DARK: [&str; 2] = ["desktop, dark", "phone, dark"];
const PHONES: [&str; 2] = ["phone", "phone, dark"];

/// Pages that have a fault each: name, head, body, the words for it, and the views that have to tell it.
fn faults() -> Vec<(&'static str, String, String, &'static str, &'static [&'static str])> {
    let on_dark = "<style>@media (prefers-color-scheme: dark) { body { background: #222; color: #555 } }</style>";
    let drawing = "<svg viewBox=\"0 0 9 9\" width=\"90\" role=\"img\"><circle r=\"5\"/></svg>";
    let head = |text: &str| (text.to_owned(), String::new());
    let body = |text: &str| (String::new(), text.to_owned());
    let all = &VIEWS[..];
    [
        ("error", body("<script>undefined.x</script>"), "the console says: Uncaught", all),
        ("request", head("<link rel=\"stylesheet\" href=\"other.css\">"), "a request leaves: file://", all),
        ("silent", body(&format!("<img src=\"{PIXEL}\">")), "a picture has no text alternative", all),
        ("drawing", body(drawing), "a drawing has no text alternative", all),
        ("broken", body("<img src=\"data:image/png;base64,AAAA\" alt=\"A cat\">"), "cannot be shown: A cat", all),
        ("wide", body("<pre style=\"width: 600px\">wide</pre>"), "pixels are wider than the window of 360", &PHONES),
        ("script", body("<script>1</script>"), "the page has scripts", all),
        ("grey", head(on_dark), "hard to read", &DARK),
        ("tiny", body("<p style=\"font-size: 5px\">Small print</p>"), "too small to read: Small print", all),
        ("headings", body("<h1>Another</h1>"), "the page has not one main heading", all),
        ("twice", body("<p id=\"a\">A</p><p id=\"a\">A</p>"), "two elements have one id", all),
    ]
    .map(|(name, (head, body), words, views)| (name, head, body, words, views))
    .into()
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
    folder.write("sound.html", page("", &format!("<p>Well</p><img src=\"{PIXEL}\" alt=\"A pixel\">")));
    let mut files = "sound.html".to_owned();
    for (name, head, body, ..) in &faults {
        folder.write(&format!("{name}.html"), page(head, body));
        files.push_str(&format!(" {name}.html"));
    }
    let Some(ran) = look(&folder, &files) else { return };
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(1), Some("FAILED")), "{ran:#?}");
    for view in VIEWS {
        let [line] = about(&ran.stdout, "sound.html", view)[..] else { panic!("{ran:#?}") };
        assert!(line.contains(" ok    1 pictures, 1 request: "), "{line}");
        for (name, _, _, words, views) in &faults {
            let told = about(&ran.stdout, &format!("{name}.html"), view);
            assert_eq!(told[1..].iter().any(|line| line.contains(words)), views.contains(&view), "{name}: {told:#?}");
            assert_eq!(told[0].contains(" WRONG "), views.contains(&view), "{name}: {told:#?}");
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
