//! Pages that stand by themselves: one file, no script, nothing fetched; light and dark, on a phone and on paper.

use crate::picture::{Canvas, data_uri, escape};

/// The style sheet of all pages: text, tables, figures.
pub(super) const STYLE: &str = include_str!("html/style.css");

/// A whole page: `body` is HTML, `style` comes after [`STYLE`].
pub(super) fn page(title: &str, style: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

/// A picture with its text alternative, its pixels inside the page.
pub(super) fn image(canvas: &Canvas, alt: &str) -> String {
    format!(
        "<img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{}\">",
        data_uri(canvas),
        canvas.width(),
        canvas.height(),
        escape(alt)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_taken_for_html() {
        assert!(page("<x>", "", "").contains("<title>&lt;x&gt;</title>"));
    }
}
