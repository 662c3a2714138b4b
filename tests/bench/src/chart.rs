//! Cost against depth, as a picture.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::Report;
use crate::timing::{Spread, Timing};

const SIZE: (u32, u32) = (1100, 480);
/// One for each driver, told apart by those who see no red or green, too.
const COLORS: [RGBColor; 3] = [
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0x00, 0x9e, 0x73),
];

/// What is drawn of one case.
struct Panel {
    case: &'static str,
    title: &'static str,
    /// Times from 0 on, instead of powers of ten.
    is_linear: bool,
}

const PANELS: [Panel; 2] = [
    Panel {
        case: "pend + complete-next",
        title: "A request, from PEND to its answer",
        is_linear: true,
    },
    Panel {
        case: "cleanup of a handle with 10",
        title: "Closing a handle that has 10 requests",
        is_linear: false,
    },
];

type Area<'svg> = DrawingArea<SVGBackend<'svg>, Shift>;

fn failed(error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("the chart: {error}")
}

/// Draws the panels that were timed, with one thread.
///
/// # Errors
/// None of them was.
pub fn draw(report: &Report) -> Result<String> {
    let timed = |panel: &&Panel| report.timings.iter().any(|it| it.name == panel.case);
    let panels: Vec<&Panel> = PANELS.iter().filter(timed).collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(|error| failed(&error))?;
        if panels.is_empty() {
            return Err(anyhow!("nothing was timed that the chart shows"));
        }
        let areas = root.split_evenly((1, panels.len()));
        for (panel, area) in panels.iter().zip(&areas) {
            panel.draw(report, area)?;
        }
        root.present().map_err(|error| failed(&error))?;
    }
    Ok(svg)
}

/// The times of one driver.
struct Line {
    name: String,
    points: Vec<(f64, Spread)>,
}

impl Panel {
    fn lines(&self, report: &Report) -> Vec<Line> {
        let timings = || {
            let timings = report.timings.iter();
            timings.filter(|it| it.name == self.case && it.threads == 1)
        };
        let line = |(driver, info): (usize, &crate::report::DriverInfo)| Line {
            name: info.name.clone(),
            points: timings()
                .filter_map(|it| Some((depth(it), (*it.nanoseconds.get(driver)?)?)))
                .collect(),
        };
        report.drivers.iter().enumerate().map(line).collect()
    }

    fn draw(&self, report: &Report, area: &Area<'_>) -> Result<()> {
        let lines = self.lines(report);
        let points = || lines.iter().flat_map(|line| &line.points);
        let depths = Axis::powers(
            points().map(|it| it.0).fold(f64::INFINITY, f64::min),
            points().map(|it| it.0).fold(0.0, f64::max),
        );
        let low = points().map(|it| it.1.low).fold(f64::INFINITY, f64::min);
        let high = points().map(|it| it.1.high).fold(0.0, f64::max);
        let times = if self.is_linear {
            Axis::from_zero(high * 1.1)
        } else {
            Axis::powers(low / 2.0, high * 2.0)
        };
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", 18))
            .margin(14)
            // For the names at the ends of the lines.
            .margin_right(84)
            .x_label_area_size(42)
            .y_label_area_size(62)
            .build_cartesian_2d(depths, times)
            .map_err(|error| failed(&error))?;
        chart
            .configure_mesh()
            .x_desc("requests pending at the same time")
            .y_desc(if self.is_linear {
                "time (median; band: 10 to 90 % of the rounds)"
            } else {
                "time (each line: ten times as long)"
            })
            .x_label_formatter(&|value| number(*value))
            .y_label_formatter(&|value| time(*value))
            .light_line_style(WHITE)
            .draw()
            .map_err(|error| failed(&error))?;
        series(area, &mut chart, &lines)
    }
}

/// Draws the lines with their bands, and each driver's name at the end of its line.
fn series(
    area: &Area<'_>,
    chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<Axis, Axis>>,
    lines: &[Line],
) -> Result<()> {
    for (line, color) in lines.iter().zip(COLORS) {
        let there = line.points.iter().map(|it| (it.0, it.1.low));
        let back = line.points.iter().rev().map(|it| (it.0, it.1.high));
        let band: Vec<(f64, f64)> = there.chain(back).collect();
        chart
            .draw_series([Polygon::new(band, color.mix(0.15))])
            .map_err(|error| failed(&error))?;
        let medians = line.points.iter().map(|it| (it.0, it.1.median));
        chart
            .draw_series(LineSeries::new(medians, color.stroke_width(2)).point_size(3))
            .map_err(|error| failed(&error))?;
    }
    // Below each other where the lines end close together.
    let mut ends: Vec<(i32, i32, &str, RGBColor)> = Vec::new();
    for (line, color) in lines.iter().zip(COLORS) {
        if let Some(end) = line.points.last() {
            let (x, y) = chart.backend_coord(&(end.0, end.1.median));
            ends.push((x, y, &line.name, color));
        }
    }
    ends.sort_by_key(|end| end.1);
    let mut free = i32::MIN;
    // Right of the plotting area, which would cut them off.
    let (left, top) = area.get_base_pixel();
    for (x, y, name, color) in ends {
        let y = y.max(free);
        free = y + 18;
        let style = ("sans-serif", 15)
            .into_font()
            .color(&color)
            .pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(name.to_owned(), (x - left + 8, y - top), style))
            .map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// An axis.
#[derive(Clone)]
struct Axis {
    first: f64,
    last: f64,
    /// What lies between two labels, if that is always the same; else ten times as much is one step further, with a
    /// label at each power of ten.
    step: Option<f64>,
}

impl Axis {
    const fn powers(first: f64, last: f64) -> Self {
        Self {
            first,
            last,
            step: None,
        }
    }

    /// From 0 on, with five to ten labels.
    fn from_zero(last: f64) -> Self {
        let power = 10_f64.powf((last / 5.0).log10().floor());
        let step = [5.0, 2.0, 1.0].map(|it| it * power);
        Self {
            first: 0.0,
            last,
            step: step.into_iter().find(|step| step * 5.0 <= last),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number of pixels, far below 2^31"
    )]
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = if self.step.is_some() {
            (value - self.first) / (self.last - self.first)
        } else {
            (value / self.first).ln() / (self.last / self.first).ln()
        };
        limit.0 + (f64::from(limit.1 - limit.0) * part).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        let label = |number: i32| match self.step {
            Some(step) => step * f64::from(number),
            None => 10_f64.powi(number),
        };
        let fits = |label: &f64| (self.first..=self.last).contains(label);
        (0..12).map(label).filter(fits).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.first..self.last
    }
}

/// A number with a separator for thousands.
fn number(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Nanoseconds in the unit in which people say them.
fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        0.0 => "0".to_owned(),
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.0} µs", n / 1e3),
        n => format!("{:.0} ms", n / 1e6),
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn depth(timing: &Timing) -> f64 {
    timing.depth as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(number(100_000.0), "100,000");
        assert_eq!(number(1000.0), "1,000");
        assert_eq!(number(10.0), "10");
        assert_eq!(time(10_000.0), "10 µs");
        assert_eq!(time(100.0), "100 ns");
    }

    #[test]
    fn an_axis_has_a_label_for_each_power_of_ten_and_ends_at_its_ends() {
        let axis = Axis::powers(10.0, 100_000.0);
        let labels = axis.key_points(plotters::coord::ranged1d::BoldPoints(10));
        assert_eq!(labels, [10.0, 100.0, 1000.0, 10_000.0, 100_000.0]);
        assert_eq!(axis.map(&10.0, (0, 400)), 0);
        assert_eq!(axis.map(&1000.0, (0, 400)), 200);
        assert_eq!(axis.map(&100_000.0, (0, 400)), 400);
    }
    #[test]
    fn an_axis_from_zero_has_labels_at_round_numbers() {
        let axis = Axis::from_zero(530.0);
        let labels = axis.key_points(plotters::coord::ranged1d::BoldPoints(10));
        assert_eq!(labels, [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        assert_eq!(axis.map(&265.0, (0, 400)), 200);
    }
}
