//! A progress bar for a terminal.

use std::time::{Duration, Instant};

use model::{Event, Training};

use super::Listener;
use super::pace::Pace;
use crate::terminal::{Live, Screen, curve};
use crate::text::grouped;

/// A bar on standard error that fills during each epoch, with loss, rate and time left; below it, where there is room, the
/// curve of the loss so far. Both are gone when the training is over.
#[derive(Debug)]
pub struct Bar {
    live: Live,
    pace: Pace,
    epochs: usize,
    drawn: Option<Instant>,
}

/// Faster than this no eye follows.
const INTERVAL: Duration = Duration::from_millis(100);
/// A bar shorter than this shows nothing.
const SHORTEST: usize = 8;
/// Lines and columns of the least terminal that has room for the curve.
const ROOM_FOR_CURVE: [usize; 2] = [16, 36];
/// No curve is wider.
const WIDEST_CURVE: usize = 100;

impl Bar {
    /// A bar that is not seen before the first step.
    pub fn new() -> Self {
        Bar { live: Live::new(), pace: Pace::new(), epochs: 0, drawn: None }
    }
}

impl Default for Bar {
    fn default() -> Self {
        Bar::new()
    }
}

impl Listener for Bar {
    fn event(&mut self, event: &Event, training: &Training<'_>) -> anyhow::Result<()> {
        self.pace.event(event);
        match *event {
            Event::Started { epochs, .. } => self.epochs = epochs,
            Event::Step { epoch, step, steps_per_epoch: steps, loss, .. } => {
                // The last step of an epoch stays to be seen while the network is evaluated, and the first comes at once
                // where a line of the table has taken the bar's place.
                let due = step == 1 || step == steps || self.drawn.is_none_or(|drawn| drawn.elapsed() >= INTERVAL);
                if due {
                    self.drawn = Some(Instant::now());
                    let elapsed = self.pace.elapsed();
                    let (rate, left) = (self.pace.rate(elapsed), self.pace.left(elapsed));
                    let losses = &training.trainer().history().train_loss_list;
                    let frame = Frame { epoch, epochs: self.epochs, step, steps, loss, rate, left, losses };
                    self.live.draw(&frame.lines(&Screen::of_stderr()));
                }
            }
            Event::Finished { .. } => self.live.clear(),
            _ => {}
        }
        Ok(())
    }
}

/// What is seen at one moment.
struct Frame<'a> {
    epoch: usize,
    epochs: usize,
    step: usize,
    steps: usize,
    loss: f64,
    /// Images a second.
    rate: f64,
    /// The time that is left.
    left: String,
    losses: &'a [f64],
}

impl Frame<'_> {
    /// The bar, and the curve where there is room; none is as wide as the screen.
    fn lines(&self, screen: &Screen) -> Vec<String> {
        let width = screen.columns.saturating_sub(1);
        let mut lines = vec![self.bar(width, screen)];
        let [rows, columns] = ROOM_FOR_CURVE;
        if screen.rows >= rows && screen.columns >= columns && self.losses.len() > 1 {
            let height = (screen.rows / 5).clamp(3, 8);
            let caption = format!("loss of {} steps, log scale", grouped(self.losses.len()));
            lines.extend(curve(self.losses, &caption, width.min(WIDEST_CURVE), height, screen));
        }
        lines
    }

    /// As much beside the bar as there is room for.
    fn bar(&self, width: usize, screen: &Screen) -> String {
        let Frame { epoch, epochs, step, steps, loss, rate, left, .. } = self;
        let head = format!("epoch {epoch}/{epochs} ");
        let tails = [
            format!(" {step}/{steps}  loss {loss:.4}  {} images/s  {left} left", grouped(*rate as usize)),
            format!(" loss {loss:.4}  {left} left"),
            format!(" {loss:.3}  {left}"),
        ];
        let room = |tail: &String| width.saturating_sub(head.len() + tail.len());
        let Some(tail) = tails.iter().find(|tail| room(tail) >= SHORTEST) else {
            let text: String = format!("{head}{}", tails[2].trim_start()).chars().take(width).collect();
            return text.trim_end().to_owned();
        };
        let length = room(tail).min(WIDEST_CURVE);
        let done = length * step / (*steps).max(1);
        let [full, tip, empty] = if screen.unicode { ["━", "╸", "─"] } else { ["=", ">", "-"] };
        let tip = if done < length { tip } else { "" };
        let filled = format!("{}{tip}", full.repeat(done));
        let rest = empty.repeat(length.saturating_sub(done + 1));
        format!("{head}{}{}{tail}", screen.accent(&filled), screen.faint(&rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Look;

    fn frame(losses: &[f64]) -> Frame<'_> {
        let left = "1 min 20 s".to_owned();
        Frame { epoch: 12, epochs: 20, step: 300, steps: 600, loss: 0.012_34, rate: 41_234.5, left, losses }
    }

    fn screen(columns: usize, rows: usize, unicode: bool) -> Screen {
        Screen { columns, rows, look: Look::Plain, unicode }
    }

    #[test]
    fn the_bar_has_room_for_what_the_terminal_has_room_for() {
        let line = |columns, unicode| frame(&[]).bar(columns - 1, &screen(columns, 24, unicode));
        assert_eq!(line(80, false), "epoch 12/20 ======>----- 300/600  loss 0.0123  41,234 images/s  1 min 20 s left");
        assert_eq!(line(60, true), "epoch 12/20 ━━━━━━━━━╸──────── loss 0.0123  1 min 20 s left");
        assert_eq!(line(40, true), "epoch 12/20 ━━━━╸──── 0.012  1 min 20 s");
        assert_eq!(line(20, true), "epoch 12/20 0.012");
    }

    #[test]
    fn no_line_is_as_wide_as_the_terminal_and_the_curve_comes_where_there_is_room() {
        let losses: Vec<f64> = (1..5000).map(|i| 2.3 / f64::from(i)).collect();
        for columns in [1, 5, 20, 40, 80, 200] {
            for (rows, unicode) in [(1, true), (10, false), (24, true), (60, false)] {
                let lines = frame(&losses).lines(&screen(columns, rows, unicode));
                let longest = lines.iter().map(|line| line.chars().count()).max().unwrap();
                assert!(longest < columns && lines.len() < rows.max(2), "{columns}×{rows}: {lines:#?}");
                assert_eq!(lines.len() > 1, columns >= 36 && rows >= 16);
            }
        }
    }
}
