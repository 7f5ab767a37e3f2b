//! Where everything of a chart lies, and how it is drawn.

use super::canvas::Polyline;
use super::chart::{Chart, Curve, Sheet};
use super::paint::Paint;
use super::surface::{Marker, Surface};
use super::text::{Anchor, SPARE, Style, fit, width, wrap};

const TITLE: f64 = 19.0;
const LABEL: f64 = 15.0;
const SMALL: f64 = 12.5;
const LINE: f64 = 3.2;
/// Room between things that belong together.
const GAP: f64 = 14.0;
/// The weight of a line in the legend, so that a hair has a colour there.
const LEAST_IN_LEGEND: f64 = 0.8;
/// The line of a curve in the legend.
const SAMPLE: f64 = 46.0;
/// With more points than this, not every one is marked.
const MOST_MARKERS: usize = 26;

/// Where things lie on the sheet.
pub(super) struct Plot<'a> {
    chart: &'a Chart,
    scale: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    subtitle: Vec<String>,
    legend: Vec<Vec<&'a Curve>>,
}

impl Plot<'_> {
    /// Where everything lies, from top to bottom.
    pub(super) fn of(chart: &Chart) -> Plot<'_> {
        let Sheet { width: sheet_width, height: sheet_height, scale, edge } = chart.sheet;
        let (edge, small, label, gap) = (edge as f64, scale * SMALL, scale * LABEL, scale * GAP);
        let line = |size: f64| size + gap;
        let tick_width = SPARE * chart.y.ticks.iter().map(|(_, text)| width(text, small)).fold(0.0, f64::max);
        let y_label = if chart.y.label.is_empty() { 0.0 } else { label + 1.5 * gap };
        // Half of the text of a mark at an end of the axis stands beyond it.
        let across = sheet_width as f64 - 2.0 * edge;
        let overhang = |mark: Option<&(f64, String)>, inside: fn(f64) -> f64| {
            let beyond =
                |(value, text): &(f64, String)| width(text, small) / 2.0 - inside(chart.x.position(*value)) * across;
            mark.map_or(0.0, beyond).max(0.0)
        };
        let first = overhang(chart.x.ticks.first(), |position| position);
        let last = overhang(chart.x.ticks.last(), |position| 1.0 - position);
        let left = (edge + (y_label + tick_width + gap).max(first)).round();
        let right = (sheet_width as f64 - edge - last).round();
        let title = if chart.title.is_empty() { 0.0 } else { line(scale * TITLE) };
        let subtitle = wrap(&chart.subtitle, small, (right - left) / SPARE);
        let legend = legend_rows(chart, right - left);
        let head = title + line(small) * subtitle.len() as f64 + line(label) * legend.len() as f64;
        let foot = gap + small + if chart.x.label.is_empty() { 0.0 } else { gap + label };
        Plot {
            chart,
            scale,
            left,
            right,
            top: (edge + head + gap / 2.0 + small / 2.0).round(),
            bottom: (sheet_height as f64 - edge - foot - 0.3 * label).round(),
            subtitle,
            legend,
        }
    }

    /// The whole chart.
    pub(super) fn draw_on(&self, surface: &mut dyn Surface) {
        self.draw_head(surface);
        self.draw_axes(surface);
        for curve in &self.chart.curves {
            self.draw_curve(surface, curve);
        }
    }

    fn x(&self, value: f64) -> f64 {
        self.left + self.chart.x.position(value) * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.chart.y.position(value) * (self.bottom - self.top)
    }

    /// Title, subtitle and legend: above the curves, so that they hide nothing.
    fn draw_head(&self, surface: &mut dyn Surface) {
        let (scale, gap) = (self.scale, self.scale * GAP);
        let (title, small, label) = (scale * TITLE, scale * SMALL, scale * LABEL);
        let mut y = self.chart.sheet.edge as f64;
        if !self.chart.title.is_empty() {
            let text = fit(&self.chart.title, title, self.right - self.left);
            surface.text([self.left, y + title], Anchor::Start, Style::new(title).bold(), &text);
            y += title + gap;
        }
        for line in &self.subtitle {
            let text = fit(line, small, self.right - self.left);
            surface.text([self.left, y + small], Anchor::Start, Style::new(small).paint(Paint::FaintInk), &text);
            y += small + gap;
        }
        for row in &self.legend {
            let mut x = self.left;
            for curve in row {
                let (middle, end) = (y + label / 2.0, x + scale * SAMPLE);
                if curve.weight > 0.0 {
                    let width = scale * LINE * curve.weight.max(LEAST_IN_LEGEND);
                    surface.lines(&[vec![[x, middle], [end, middle]]], width, curve.paint);
                }
                self.draw_marker(surface, [(x + end) / 2.0, middle], curve);
                surface.text([end + gap, y + label], Anchor::Start, Style::new(label), &curve.label);
                x += legend_width(curve, scale);
            }
            y += label + gap;
        }
    }

    fn draw_axes(&self, surface: &mut dyn Surface) {
        let (scale, gap) = (self.scale, self.scale * GAP);
        let (small, label) = (Style::new(scale * SMALL), Style::new(scale * LABEL));
        let Chart { x, y, .. } = self.chart;
        for (value, text) in &y.ticks {
            let at = self.y(*value);
            if y.grid {
                surface.lines(&[vec![[self.left, at], [self.right, at]]], 1.0, Paint::Grid);
            }
            surface.text([self.left - gap, at + small.size / 2.0], Anchor::End, small, text);
        }
        let every = self.label_every();
        for (i, (value, text)) in x.ticks.iter().enumerate() {
            let at = self.x(*value);
            let up = if x.grid { self.top } else { self.bottom + 6.0 * scale };
            let paint = if x.grid { Paint::Grid } else { Paint::Ink };
            surface.lines(&[vec![[at, self.bottom], [at, up]]], 1.4 * scale, paint);
            if (x.ticks.len() - 1 - i).is_multiple_of(every) {
                surface.text([at, self.bottom + gap + small.size], Anchor::Middle, small, text);
            }
        }
        let axes = vec![[self.left, self.top], [self.left, self.bottom], [self.right, self.bottom]];
        surface.lines(&[axes], 1.4 * scale, Paint::Ink);
        let (across, up) = ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0);
        let below = self.bottom + 2.0 * gap + small.size + label.size;
        surface.text([across, below], Anchor::Middle, label, &fit(&x.label, label.size, self.right - self.left));
        let beside = [self.chart.sheet.edge as f64 + label.size, up];
        let text = fit(&y.label, label.size, self.bottom - self.top);
        surface.text(beside, Anchor::Middle, label.upwards(), &text);
    }

    /// Every how many marks of the horizontal axis there is room for a text; the last one always has it.
    fn label_every(&self) -> usize {
        let ticks = &self.chart.x.ticks;
        let widest = ticks.iter().map(|(_, text)| width(text, self.scale * SMALL)).fold(0.0, f64::max);
        let nearest = ticks.windows(2).map(|pair| self.x(pair[1].0) - self.x(pair[0].0)).fold(f64::INFINITY, f64::min);
        let every = ((widest + self.scale * GAP) / nearest).ceil();
        if every.is_finite() { (every as usize).max(1) } else { 1 }
    }

    fn draw_curve(&self, surface: &mut dyn Surface, curve: &Curve) {
        let points: Vec<_> = curve.points.iter().map(|[x, y]| [self.x(*x), self.y(*y)]).collect();
        if curve.weight > 0.0 {
            let pieces: Vec<_> = points.split(|point| !finite(point)).map(thinned).collect();
            surface.lines(&pieces, self.scale * LINE * curve.weight, curve.paint);
        }
        // With many points every second, third, … is marked, and the last one always.
        let every = points.len().div_ceil(MOST_MARKERS).max(1);
        for (i, point) in points.iter().enumerate() {
            if finite(point) && (points.len() - 1 - i).is_multiple_of(every) {
                self.draw_marker(surface, *point, curve);
            }
        }
    }

    /// A rim in the colour of the paper keeps markers apart where curves lie on each other.
    fn draw_marker(&self, surface: &mut dyn Surface, center: [f64; 2], curve: &Curve) {
        let (rim, size) = match curve.marker {
            Marker::Circle => (16.0, 12.6),
            Marker::Square => (14.4, 11.0),
            Marker::None => return,
        };
        surface.mark(center, curve.marker, self.scale * rim, Paint::Paper);
        surface.mark(center, curve.marker, self.scale * size, curve.paint);
    }
}

/// The curves that have a name, as many in a row as there is room for.
fn legend_rows(chart: &Chart, room: f64) -> Vec<Vec<&Curve>> {
    let (mut rows, mut used): (Vec<Vec<&Curve>>, f64) = (Vec::new(), f64::INFINITY);
    for curve in chart.curves.iter().filter(|curve| !curve.label.is_empty()) {
        let needed = legend_width(curve, chart.sheet.scale);
        if used + needed > room {
            rows.push(Vec::new());
            used = 0.0;
        }
        used += needed;
        rows.last_mut().expect("one was begun").push(curve);
    }
    rows
}

fn legend_width(curve: &Curve, scale: f64) -> f64 {
    scale * (SAMPLE + GAP) + SPARE * width(&curve.label, scale * LABEL) + 2.0 * scale * GAP
}

fn finite(point: &[f64; 2]) -> bool {
    point.iter().all(|v| v.is_finite())
}

/// A line through fewer points that covers the same pixels: of those in one column the first, the lowest, the highest and
/// the last.
fn thinned(points: &[[f64; 2]]) -> Polyline {
    let mut line = Polyline::new();
    for column in points.chunk_by(|a, b| a[0].floor() == b[0].floor()) {
        let by_y = |a: &usize, b: &usize| column[*a][1].total_cmp(&column[*b][1]);
        let lowest = (0..column.len()).min_by(by_y).unwrap_or(0);
        let highest = (0..column.len()).max_by(by_y).unwrap_or(0);
        let mut kept = [0, lowest, highest, column.len() - 1];
        kept.sort_unstable();
        line.extend(kept.iter().enumerate().filter(|&(i, k)| i == 0 || kept[i - 1] != *k).map(|(_, &k)| column[k]));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Axis, Canvas, Picture, Rgb, Scale, svg_file};

    fn chart(points: Vec<[f64; 2]>) -> Chart {
        let axis = |label: &str| Axis {
            label: label.into(),
            low: 0.0,
            high: 10.0,
            scale: Scale::Linear,
            ticks: vec![(0.0, "0".into())],
            grid: false,
        };
        let marker = Marker::Circle;
        let curve = Curve { label: "curve".into(), points, weight: 1.0, marker, paint: Paint::Curve(0) };
        Chart {
            title: "T".into(),
            subtitle: String::new(),
            alternative: String::new(),
            x: axis("x"),
            y: axis("y"),
            curves: vec![curve],
            sheet: Sheet { width: 600, height: 400, scale: 1.0, edge: 34 },
        }
    }

    /// Where pixels of the curve's colour are, below the legend.
    fn colored(chart: &Chart) -> Vec<(usize, usize)> {
        let canvas: Canvas = chart.draw();
        let below = Plot::of(chart).top as usize - 10;
        let all = (below..canvas.height()).flat_map(|y| (0..canvas.width()).map(move |x| (x, y)));
        all.filter(|&(x, y)| canvas.pixel(x, y) == Rgb::CURVES[0]).collect()
    }

    #[test]
    fn points_lie_where_the_axes_say() {
        for (scale, low, value) in [(Scale::Linear, 0.0, 5.0), (Scale::Logarithmic, 0.1, 1.0)] {
            let mut chart = chart(vec![[5.0, value]]);
            (chart.y.scale, chart.y.low) = (scale, low);
            let spots = colored(&chart);
            let mean = |axis: fn(&(usize, usize)) -> usize| {
                spots.iter().map(|spot| axis(spot) as f64 + 0.5).sum::<f64>() / spots.len() as f64
            };
            let plot = Plot::of(&chart);
            assert!((mean(|spot| spot.0) - (plot.left + plot.right) / 2.0).abs() < 0.6, "{scale:?}");
            assert!((mean(|spot| spot.1) - (plot.top + plot.bottom) / 2.0).abs() < 0.6, "{scale:?}");
        }
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let whole = colored(&chart(vec![[0.0, 9.0], [5.0, 9.0], [10.0, 9.0]])).len();
        let broken = colored(&chart(vec![[0.0, 9.0], [5.0, f64::NAN], [10.0, 9.0]])).len();
        assert!(broken < whole / 2, "{broken} of {whole}");
    }

    #[test]
    fn any_size_can_be_drawn() {
        for (width, height) in [(0, 0), (1, 1), (60, 20), (2000, 30)] {
            for scale in [Scale::Linear, Scale::Logarithmic] {
                let mut chart = chart(vec![[1.0, 1.0], [f64::INFINITY, 2.0], [3.0, -1.0]]);
                chart.sheet = Sheet { width, height, scale: 1.0, edge: 34 };
                (chart.y.scale, chart.y.low) = (scale, 0.01);
                let canvas = chart.draw();
                assert_eq!((canvas.width(), canvas.height()), (width, height));
                svg_file(&chart, "");
            }
        }
    }

    #[test]
    fn a_legend_without_room_takes_more_rows() {
        let mut chart = chart(vec![]);
        chart.curves = vec![chart.curves[0].clone(); 5];
        let rows = |chart: &Chart| Plot::of(chart).legend.len();
        assert!(rows(&chart) < rows(&chart.on(Sheet { width: 250, ..chart.sheet })));
        let drawn = svg_file(&chart, "");
        assert_eq!(drawn.matches(">curve<").count(), 5);
    }

    #[test]
    fn texts_of_marks_do_not_run_into_each_other() {
        let mut chart = chart(vec![]);
        chart.x.ticks = (0..=10).map(|i| (f64::from(i), format!("{i}0,000"))).collect();
        let drawn = svg_file(&chart, "");
        assert!(drawn.contains(">100,000<") && !drawn.contains(">90,000<"), "{drawn}");
    }

    #[test]
    fn a_line_of_many_points_keeps_its_extremes() {
        let points: Vec<_> = (0..10_000).map(|i| [f64::from(i) / 100.0, f64::from(i * 7919 % 1000)]).collect();
        let thin = thinned(&points);
        assert!(thin.len() <= 4 * 100, "{}", thin.len());
        for column in 0..100 {
            let span = |line: &[[f64; 2]]| {
                let of_column = || line.iter().filter(|point| point[0] as i32 == column).map(|point| point[1]);
                (of_column().fold(f64::INFINITY, f64::min), of_column().fold(0.0, f64::max))
            };
            assert_eq!(span(&thin), span(&points), "{column}");
        }
        assert_eq!((thin[0], thin[thin.len() - 1]), (points[0], points[9999]));
        assert_eq!(thinned(&points[..3]), points[..3], "nothing is lost of a few");
        assert_eq!(thinned(&[]), Polyline::new());
    }
}
