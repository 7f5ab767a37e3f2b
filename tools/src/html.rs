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
        writeln!(self.body, "<section>\n<h2>{}</h2>\n{}\n</section>", escape(heading), parts.join("\n"))
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
    format!("<p>{}</p>", escape(text))
}

/// Lines of text with markup between them.
pub fn escape_and_join(lines: &[String], between: &str) -> String {
    lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join(between)
}

/// Text as it is typed: a command, say.
pub fn code(text: &str) -> String {
    format!("<pre><code>{}</code></pre>", escape(text))
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

/// A picture, with what is to be seen in words. Of class "pixels" it is enlarged with sharp pixels.
pub fn image(picture: &Canvas, alternative: &str, class: &str) -> String {
    format!(
        "<img class=\"{class}\" width=\"{}\" height=\"{}\" alt=\"{}\" src=\"{}\">",
        picture.width(),
        picture.height(),
        escape(alternative),
        data_uri(picture)
    )
}

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
    let (body, caption): (String, _) = (rows.iter().map(row).collect(), escape(caption));
    format!(
        "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\n\
         <caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>"
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

const STYLE: &str = "\
:root{color-scheme:light dark;--paper:#fff;--ink:#22262e;--faint:#5f6673;--line:#d9dde3;--card:#f4f6f8}
@media screen and (prefers-color-scheme:dark){:root{--paper:#171a20;--ink:#e8eaee;--faint:#a6adba;--line:#343a45;--card:#20242c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:49rem;margin:0 auto;padding:1.5rem 1.1rem 3rem}
h1{font-size:1.75rem;line-height:1.2;margin:.5rem 0 .6rem}
h2{font-size:1.25rem;line-height:1.3;margin:2.6rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line)}
p{margin:.6rem 0}
.lead{font-size:1.1rem;color:var(--faint)}
figure{margin:1rem 0 1.4rem}
figcaption{color:var(--faint);font-size:.9rem;margin-top:.5rem}
svg,img{max-width:100%;height:auto}
svg{display:block}
svg.wide{width:100%}
svg.narrow{display:none;width:100%}
.pixels{image-rendering:pixelated;width:100%;display:block}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:1.2rem}
.pair figure{margin:0}
.pair figcaption{margin:0 0 .4rem;font-weight:600;color:var(--ink)}
.pair+svg{margin-top:1.2rem}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(5rem,1fr));gap:1rem .8rem;margin:1rem 0;padding:0;list-style:none}
.gallery figure{margin:0}
.gallery img{border:1px solid var(--line);border-radius:4px}
.gallery figcaption{color:var(--ink);line-height:1.35;font-size:.85rem;margin-top:.3rem;overflow-wrap:anywhere}
.table{overflow-x:auto}
.hashes td{white-space:normal;overflow-wrap:anywhere;font-family:ui-monospace,monospace;font-size:.82rem}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;margin:.6rem 0}
caption{text-align:left;color:var(--faint);padding-bottom:.3rem}
th,td{padding:.25rem .7rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);font-weight:400;white-space:nowrap}
thead th{color:var(--faint);border-bottom-width:2px}
.number{text-align:right}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.3rem 1.2rem;margin:.8rem 0}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
pre{background:var(--card);padding:.7rem .9rem;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:.88rem/1.5 ui-monospace,monospace}
summary{cursor:pointer;color:var(--faint)}
@media (max-width:560px){svg.wide:not(.always){display:none}svg.narrow{display:block}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}h1{font-size:1.45rem}table{font-size:.78rem}th,td{padding-right:.45rem}}
@media print{
@page{margin:16mm}
body{font-size:10.5pt}
main{max-width:none;padding:0}
h2{break-after:avoid;margin-top:1.2rem}
section,figure,tr,pre,.gallery li{break-inside:avoid}
svg.wide:not(.always){max-width:14cm}
details{display:none}
.table{overflow:visible}
.gallery{grid-template-columns:repeat(8,1fr)}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
";

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
            code(nasty),
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
