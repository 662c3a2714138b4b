//! Cost against depth, as a picture.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::report::Report;
use crate::timing::Timing;

const SIZE: (u32, u32) = (1000, 420);
const COLORS: [RGBColor; 3] = [
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0x00, 0x9e, 0x73),
];

/// Draws pend + complete-next, and the cleanup of a handle with 10 requests, both with one thread.
///
/// # Errors
/// Nothing was timed.
pub fn draw(report: &Report) -> Result<String> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let failed = |error: &dyn std::fmt::Display| anyhow!("the chart: {error}");
        root.fill(&WHITE).map_err(|error| failed(&error))?;
        let (left, right) = root.split_horizontally(SIZE.0 / 2);
        panel(report, &left, "pend + complete-next", "ns per pair")?;
        panel(
            report,
            &right,
            "cleanup of a handle with 10",
            "ns per handle",
        )?;
        root.present().map_err(|error| failed(&error))?;
    }
    Ok(svg)
}

fn panel(
    report: &Report,
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    name: &str,
    unit: &str,
) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| anyhow!("the chart: {error}");
    let timings: Vec<&Timing> = report
        .timings
        .iter()
        .filter(|timing| timing.name == name && timing.threads == 1)
        .collect();
    let line = |driver: usize| -> Vec<(f64, f64)> {
        let point = |timing: &&Timing| {
            let time = timing.nanoseconds.get(driver)?.as_ref()?;
            Some((depth(timing), time.median))
        };
        timings.iter().filter_map(point).collect()
    };
    let lines: Vec<Vec<(f64, f64)>> = (0..report.drivers.len()).map(line).collect();
    let all = || lines.iter().flatten();
    let low = all().map(|it| it.1).fold(f64::INFINITY, f64::min);
    let high = all().map(|it| it.1).fold(0.0, f64::max);
    let (Some(first), Some(last)) = (timings.first(), timings.last()) else {
        return Err(anyhow!("nothing was timed"));
    };
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{name}, {unit}"), ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (depth(first)..depth(last)).log_scale(),
            (low / 2.0..high * 2.0).log_scale(),
        )
        .map_err(|error| failed(&error))?;
    chart
        .configure_mesh()
        .x_desc("requests pending")
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .light_line_style(WHITE)
        .draw()
        .map_err(|error| failed(&error))?;
    for ((driver, points), color) in report.drivers.iter().zip(lines).zip(COLORS) {
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)).point_size(3))
            .map_err(|error| failed(&error))?
            .label(driver.name.as_str())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .position(SeriesLabelPosition::UpperLeft)
        .draw()
        .map_err(|error| failed(&error))?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn depth(timing: &Timing) -> f64 {
    timing.depth as f64
}
