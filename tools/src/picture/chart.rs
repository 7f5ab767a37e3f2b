//! Line charts.

use super::canvas::Canvas;
use super::color::Rgb;
use super::text::{Anchor, Style, fit, width};

/// Curves over two axes, with a title and a legend: what is to be seen, not yet how.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// First line.
    pub title: String,
    /// Second line, smaller: what the reader should know.
    pub subtitle: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The curves; later ones lie above earlier ones.
    pub curves: Vec<Curve>,
}

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it counts.
    pub label: String,
    /// Value at the left or lower end.
    pub low: f64,
    /// Value at the right or upper end; above `low`.
    pub high: f64,
    /// Marks with their text, between the ends.
    pub ticks: Vec<(f64, String)>,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub label: String,
    /// Its points; where a value is not finite, the line is interrupted.
    pub points: Vec<[f64; 2]>,
    /// What stands at the points.
    pub marker: Marker,
    /// Its colour.
    pub color: Rgb,
}

/// What stands at the points of a curve, so that curves differ in more than colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// Nothing.
    None,
}

const TITLE: f64 = 19.0;
const LABEL: f64 = 15.0;
const SMALL: f64 = 12.5;
const LINE: f64 = 3.2;
/// Room between things that belong together.
const GAP: f64 = 14.0;
/// The edge of the picture.
const EDGE: f64 = 34.0;
/// With more points than this, not every one is marked.
const MOST_MARKERS: usize = 26;

impl Chart {
    /// Draws the chart on a white sheet of this size.
    pub fn draw(&self, width: usize, height: usize) -> Canvas {
        let mut canvas = Canvas::new(width, height);
        let plot = self.plot_area(width as f64, height as f64);
        self.draw_titles(&mut canvas, &plot);
        self.draw_axes(&mut canvas, &plot);
        for curve in &self.curves {
            draw_curve(&mut canvas, &plot, curve);
        }
        self.draw_legend(&mut canvas, &plot);
        canvas
    }

    fn plot_area(&self, sheet_width: f64, sheet_height: f64) -> Plot<'_> {
        let tick_width = self.y.ticks.iter().map(|(_, text)| width(text, SMALL)).fold(0.0, f64::max);
        let titles = TITLE + if self.subtitle.is_empty() { 0.0 } else { GAP + SMALL } + 2.0 * GAP;
        Plot {
            chart: self,
            left: (EDGE + LABEL + 1.5 * GAP + tick_width + GAP).round(),
            right: (sheet_width - EDGE).round(),
            top: (EDGE + titles).round(),
            bottom: (sheet_height - EDGE - LABEL - 1.5 * GAP - SMALL - GAP).round(),
        }
    }

    fn draw_titles(&self, canvas: &mut Canvas, plot: &Plot<'_>) {
        let room = plot.right - plot.left;
        let baseline = EDGE + TITLE;
        let title = fit(&self.title, TITLE, room);
        canvas.text([plot.left, baseline], Anchor::Start, Style::new(TITLE).bold(), &title);
        let subtitle = fit(&self.subtitle, SMALL, room);
        let style = Style::new(SMALL).color(Rgb::FAINT_INK);
        canvas.text([plot.left, baseline + GAP + SMALL], Anchor::Start, style, &subtitle);
    }

    fn draw_axes(&self, canvas: &mut Canvas, plot: &Plot<'_>) {
        let (small, label) = (Style::new(SMALL), Style::new(LABEL));
        for (value, text) in &self.y.ticks {
            let y = plot.y(*value);
            canvas.stroke(&[vec![[plot.left, y], [plot.right, y]]], 1.0, Rgb::GRID);
            canvas.text([plot.left - GAP, y + SMALL / 2.0], Anchor::End, small, text);
        }
        for (value, text) in &self.x.ticks {
            let x = plot.x(*value);
            canvas.stroke(&[vec![[x, plot.bottom], [x, plot.bottom + 6.0]]], 1.4, Rgb::INK);
            canvas.text([x, plot.bottom + GAP + SMALL], Anchor::Middle, small, text);
        }
        let corner = [plot.left, plot.bottom];
        canvas.stroke(&[vec![[plot.left, plot.top], corner, [plot.right, plot.bottom]]], 1.4, Rgb::INK);
        let (across, up) = ((plot.left + plot.right) / 2.0, (plot.top + plot.bottom) / 2.0);
        let below = plot.bottom + GAP + SMALL + 1.5 * GAP + LABEL;
        canvas.text([across, below], Anchor::Middle, label, &self.x.label);
        canvas.text_upwards([EDGE + LABEL, up], Anchor::Middle, label, &self.y.label);
    }

    /// The legend stands in the lower right corner, where curves that rise leave room.
    fn draw_legend(&self, canvas: &mut Canvas, plot: &Plot<'_>) {
        let (row, sample) = (LABEL + GAP, 46.0);
        let text = self.curves.iter().map(|curve| width(&curve.label, LABEL)).fold(0.0, f64::max);
        let (box_width, box_height) = (sample + text + 3.0 * GAP, row * self.curves.len() as f64 + GAP);
        let (left, top) = ((plot.right - box_width - GAP).round(), (plot.bottom - box_height - GAP).round());
        canvas.fill(left as usize, top as usize, box_width as usize, box_height as usize, Rgb::WHITE);
        canvas.frame(left as usize, top as usize, box_width as usize, box_height as usize, Rgb::FRAME);
        for (i, curve) in self.curves.iter().enumerate() {
            let baseline = top + GAP + row * i as f64 + LABEL;
            let middle = baseline - LABEL / 2.0;
            canvas.stroke(&[vec![[left + GAP, middle], [left + GAP + sample, middle]]], LINE, curve.color);
            draw_marker(canvas, [left + GAP + sample / 2.0, middle], curve);
            canvas.text([left + 2.0 * GAP + sample, baseline], Anchor::Start, Style::new(LABEL), &curve.label);
        }
    }
}

/// Where values lie on the sheet.
struct Plot<'a> {
    chart: &'a Chart,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Plot<'_> {
    fn x(&self, value: f64) -> f64 {
        let Axis { low, high, .. } = self.chart.x;
        self.left + (value - low) / (high - low) * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        let Axis { low, high, .. } = self.chart.y;
        self.bottom - (value - low) / (high - low) * (self.bottom - self.top)
    }
}

fn draw_curve(canvas: &mut Canvas, plot: &Plot<'_>, curve: &Curve) {
    let points: Vec<_> = curve.points.iter().map(|[x, y]| [plot.x(*x), plot.y(*y)]).collect();
    let finite = |point: &[f64; 2]| point.iter().all(|v| v.is_finite());
    let pieces: Vec<_> = points.split(|point| !finite(point)).map(<[_]>::to_vec).collect();
    canvas.stroke(&pieces, LINE, curve.color);
    // With many points every second, third, … is marked, and the last one always.
    let every = points.len().div_ceil(MOST_MARKERS).max(1);
    for (i, point) in points.iter().enumerate() {
        if finite(point) && (points.len() - 1 - i).is_multiple_of(every) {
            draw_marker(canvas, *point, curve);
        }
    }
}

/// A white rim keeps markers apart where curves lie on each other.
fn draw_marker(canvas: &mut Canvas, center: [f64; 2], curve: &Curve) {
    match curve.marker {
        Marker::Circle => {
            canvas.disc(center, 8.0, Rgb::WHITE);
            canvas.disc(center, 6.3, curve.color);
        }
        Marker::Square => {
            canvas.square(center, 14.4, Rgb::WHITE);
            canvas.square(center, 11.0, curve.color);
        }
        Marker::None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<[f64; 2]>) -> Chart {
        let axis = |label: &str| Axis { label: label.into(), low: 0.0, high: 10.0, ticks: vec![(0.0, "0".into())] };
        let curve = Curve { label: "curve".into(), points, marker: Marker::Circle, color: Rgb::CURVES[0] };
        Chart { title: "T".into(), subtitle: String::new(), x: axis("x"), y: axis("y"), curves: vec![curve] }
    }

    /// Where pixels of the curve's colour are in the upper half, away from the legend.
    fn colored(canvas: &Canvas) -> Vec<(usize, usize)> {
        let all = (0..canvas.height() / 2).flat_map(|y| (0..canvas.width()).map(move |x| (x, y)));
        all.filter(|&(x, y)| canvas.pixel(x, y) == Rgb::CURVES[0]).collect()
    }

    #[test]
    fn points_lie_where_the_axes_say() {
        let canvas = chart(vec![[5.0, 10.0]]).draw(600, 400);
        let spots = colored(&canvas);
        let mean = |axis: fn(&(usize, usize)) -> usize| {
            spots.iter().map(|spot| axis(spot) as f64 + 0.5).sum::<f64>() / spots.len() as f64
        };
        let chart = chart(vec![]);
        let plot = chart.plot_area(600.0, 400.0);
        assert!((mean(|spot| spot.0) - (plot.left + plot.right) / 2.0).abs() < 0.6);
        assert!((mean(|spot| spot.1) - plot.top).abs() < 0.6);
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let whole = colored(&chart(vec![[0.0, 9.0], [5.0, 9.0], [10.0, 9.0]]).draw(600, 400)).len();
        let broken = colored(&chart(vec![[0.0, 9.0], [5.0, f64::NAN], [10.0, 9.0]]).draw(600, 400)).len();
        assert!(broken < whole / 2, "{broken} of {whole}");
    }

    #[test]
    fn any_size_can_be_drawn() {
        for (width, height) in [(0, 0), (1, 1), (60, 20), (2000, 30)] {
            let canvas = chart(vec![[1.0, 1.0], [f64::INFINITY, 2.0]]).draw(width, height);
            assert_eq!((canvas.width(), canvas.height()), (width, height));
        }
    }
}
