//! Pages that are one file: no network, no script, light or dark as the reader's system is, right on a phone and on paper.

use std::fmt::Write;

use crate::picture::{Canvas, Chart, Sheet, data_uri, escape, svg_inline, svg_style};

/// A page that grows from top to bottom. All texts are plain; what HTML would take for more than text is escaped.
#[derive(Debug, Clone)]
pub struct HtmlPage {
    title: String,
    body: String,
}

impl HtmlPage {
    /// A page under this title; the lead says what matters most.
    pub fn new(title: &str, lead: &str) -> Self {
        let body = format!("<header>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n</header>\n", escape(title), escape(lead));
        HtmlPage { title: title.to_owned(), body }
    }

    /// A part of the page, under a heading.
    pub fn section(&mut self, heading: &str, parts: &[String]) {
        self.section_under(&escape(heading), parts);
    }

    /// A part of the page, under a heading with a few words beside it.
    pub fn section_with_note(&mut self, heading: &str, note: &str, parts: &[String]) {
        self.section_under(&format!("{} <small>{}</small>", escape(heading), escape(note)), parts);
    }

    /// A part of the page, under this markup.
    fn section_under(&mut self, heading: &str, parts: &[String]) {
        writeln!(self.body, "<section>\n<h2>{heading}</h2>\n{}\n</section>", parts.join("\n"))
            .expect("writing to a String cannot fail");
    }

    /// The whole file. The browser is told to load nothing from anywhere.
    pub fn finish(&self) -> String {
        let (title, style, colors, body) = (escape(&self.title), STYLE, svg_style(), &self.body);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <title>{title}</title>\n<style>\n{colors}{style}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
        )
    }
}

/// A paragraph.
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", prose(text))
}

/// Lines of text with markup between them.
pub fn escape_and_join(lines: &[String], between: &str) -> String {
    lines.iter().map(|line| prose(line)).collect::<Vec<_>>().join(between)
}

/// Text in which no line ends inside a flag: browsers break lines behind a hyphen, and "--" alone means something else.
fn prose(text: &str) -> String {
    let word = |word: &str| if word.contains("--") { whole(word) } else { escape(word) };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A command as it is typed. A narrow page breaks it before a flag, never inside one.
pub fn command(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match parts.last_mut() {
            // The value of a flag stands beside it.
            Some(part) if !word.starts_with('-') => part.extend([" ", word]),
            _ => parts.push(word.to_owned()),
        }
    }
    let parts = parts.iter().map(|part| whole(part)).collect::<Vec<_>>();
    format!("<pre><code>{}</code></pre>", parts.join(" "))
}

/// Text that is broken only where a line is too short for it.
fn whole(text: &str) -> String {
    format!("<span class=\"whole\">{}</span>", escape(text))
}

/// A chart with its caption. The same chart is there in two shapes; the page shows the one that there is room for.
pub fn chart_figure(chart: &Chart, caption: &str) -> String {
    let draw = |sheet: Sheet, class: &str| {
        // A chart that is higher than wide is so for a reason: a row for each of many classes.
        let height = sheet.height.max(sheet.width * chart.sheet.height / chart.sheet.width.max(1));
        svg_inline(&chart.untitled().on(Sheet { height, ..sheet }), &chart.alternative, class)
    };
    figure(&format!("{}\n{}", draw(Sheet::WIDE, "wide"), draw(Sheet::NARROW, "narrow")), caption)
}

/// Something to look at, with its caption.
pub fn figure(content: &str, caption: &str) -> String {
    format!("<figure>\n{content}\n<figcaption>{}</figcaption>\n</figure>", escape(caption))
}

/// A picture, with what is to be seen in words. Of class "pixels" it is enlarged with sharp pixels; of class
/// "drawn" it stays as large as it is.
pub fn image(picture: &Canvas, alternative: &str, class: &str) -> String {
    format!(
        "<img class=\"{class}\" width=\"{}\" height=\"{}\" alt=\"{}\" src=\"{}\">",
        picture.width(),
        picture.height(),
        escape(alternative),
        data_uri(picture)
    )
}

/// Columns that a phone has room for in letters of the usual size.
const MOST_AT_EASE: usize = 6;
/// Characters of a head that is not wider than a number below it.
const LONGEST_LYING: usize = 4;

/// A table: heads of the columns, then rows. The first cell of a row is its head; columns of numbers stand to the right.
pub fn table(caption: &str, heads: &[&str], rows: &[Vec<String>]) -> String {
    let numbers: Vec<_> = (0..heads.len()).map(|column| column > 0 && is_of_numbers(column, rows)).collect();
    let class = |column: usize| if numbers.get(column) == Some(&true) { " class=\"number\"" } else { "" };
    let head = |(column, text): (usize, &&str)| format!("<th scope=\"col\"{}>{}</th>", class(column), escape(text));
    let cell = |(column, text): (usize, &String)| match column {
        0 => format!("<th scope=\"row\">{}</th>", escape(text)),
        _ => format!("<td{}>{}</td>", class(column), escape(text)),
    };
    let row = |row: &Vec<String>| format!("<tr>{}</tr>\n", row.iter().enumerate().map(cell).collect::<String>());
    let head: String = heads.iter().enumerate().map(head).collect();
    let body: String = rows.iter().map(row).collect();
    let content =
        format!("<caption>{}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n", escape(caption));
    // A phone needs smaller numbers for so many columns, and has room for long names only if they stand.
    let named = heads.iter().skip(1).any(|head| head.chars().count() > LONGEST_LYING);
    let class = match heads.len() > MOST_AT_EASE {
        true if named => "table dense named",
        true => "table dense",
        false => "table",
    };
    scrolling_table(class, caption, &content)
}

/// A table of this content that scrolls by itself where it is wider than the page. One of its classes is "table"; the label
/// is for those who are read to.
pub fn scrolling_table(class: &str, label: &str, content: &str) -> String {
    let label = escape(label);
    format!(
        "<div class=\"{class}\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table>\n{content}</table></div>"
    )
}

/// Whether there is nothing but numbers in a column.
fn is_of_numbers(column: usize, rows: &[Vec<String>]) -> bool {
    let is_number = |cell: &String| {
        cell.chars().all(|c| c.is_ascii_digit() || "−-., %".contains(c)) && cell.contains(|c: char| c.is_ascii_digit())
    };
    let mut cells = rows.iter().map(|row| &row[column]).filter(|cell| !cell.is_empty());
    cells.next().is_some_and(is_number) && cells.all(is_number)
}

/// Names with their values.
pub fn facts(pairs: &[(&str, String)]) -> String {
    let row = |(name, value): &(&str, String)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value));
    format!("<dl>\n{}</dl>", pairs.iter().map(row).collect::<String>())
}

/// What only some readers want: hidden until they ask for it.
pub fn details(summary: &str, content: &str) -> String {
    format!("<details>\n<summary>{}</summary>\n{content}\n</details>", escape(summary))
}

/// The style sheet of all pages: text, tables, figures, equations.
const STYLE: &str = include_str!("html/style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let nasty = "</title></style><script>alert(\"1\" & '2')</script>";
        let mut page = HtmlPage::new(nasty, nasty);
        let picture = image(&Canvas::new(1, 1), nasty, "pixels");
        let rows = [vec![nasty.to_owned(), nasty.to_owned()]];
        let parts = [
            paragraph(nasty),
            command(nasty),
            figure(&picture, nasty),
            table(nasty, &[nasty], &rows),
            facts(&[(nasty, nasty.to_owned())]),
            details(nasty, ""),
        ];
        page.section(nasty, &parts);
        let html = page.finish();
        assert!(!html.contains("<script") && !html.contains("alert(\"") && !html.contains("& '2'"), "{html}");
        assert_eq!(html.matches("</title>").count(), 1);
        assert_eq!(html.matches("</style>").count(), 1);
        assert!(html.matches("&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)").count() >= 13, "{html}");
    }

    #[test]
    fn lines_do_not_end_inside_a_flag() {
        let html = command("cargo run -p tools -- --lr 0.1 --resume");
        let parts = ["cargo run", "-p tools", "--", "--lr 0.1", "--resume"];
        assert_eq!(html, format!("<pre><code>{}</code></pre>", parts.map(whole).join(" ")));
        assert_eq!(paragraph("with (--lr 0.1) less"), format!("<p>with {} 0.1) less</p>", whole("(--lr")));
    }

    #[test]
    fn numbers_stand_to_the_right_and_heads_are_heads() {
        let html = table("t", &["epoch", "loss", "note"], &[["1", "0.5", "good"].map(str::to_owned).to_vec()]);
        for cell in [
            "<th scope=\"col\">epoch</th>",
            "<th scope=\"col\" class=\"number\">loss</th>",
            "<th scope=\"row\">1</th>",
            "<td class=\"number\">0.5</td>",
            "<td>good</td>",
        ] {
            assert!(html.contains(cell), "{cell}: {html}");
        }
    }
}
