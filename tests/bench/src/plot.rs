//! Curves as SVG, written by hand: both axes logarithmic, a line and points for each series, a legend. Nothing else is drawn.

use std::fmt::Write;

/// A diagram.
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) across: String,
    pub(crate) up: String,
    pub(crate) series: Vec<Series>,
}

/// One line of it.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;
/// Told apart with colour blindness too.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// A logarithmic axis of whole decades.
struct Axis {
    low: i32,
    high: i32,
    from: f64,
    to: f64,
}

impl Plot {
    /// The picture. Values that aren't above zero have no place on it and are left out.
    pub(crate) fn svg(&self) -> String {
        let mut out = String::new();
        // Writing to a string can't fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let values = |part: fn(&(f64, f64)) -> f64| self.points().map(move |point| part(&point)).collect::<Vec<_>>();
        let across = Axis::over(&values(|point| point.0), LEFT, WIDTH - RIGHT);
        let up = Axis::over(&values(|point| point.1), HEIGHT - BOTTOM, TOP);
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">"#
        )?;
        writeln!(out, r#"<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>"#)?;
        writeln!(out, r#"<text x="{LEFT}" y="20" font-size="15">{}</text>"#, escaped(&self.title))?;
        for decade in across.low..=across.high {
            let x = across.place(10f64.powi(decade));
            let bottom = HEIGHT - BOTTOM;
            writeln!(out, r##"<path d="M{x:.1} {TOP}V{bottom}" stroke="#ddd"/>"##)?;
            writeln!(
                out,
                r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
                bottom + 16.0,
                short(decade)
            )?;
        }
        for decade in up.low..=up.high {
            let y = up.place(10f64.powi(decade));
            writeln!(out, r##"<path d="M{LEFT} {y:.1}H{:.1}" stroke="#ddd"/>"##, WIDTH - RIGHT)?;
            writeln!(
                out,
                r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
                LEFT - 6.0,
                y + 4.0,
                short(decade)
            )?;
        }
        let (middle_x, middle_y) = ((LEFT + WIDTH - RIGHT) / 2.0, (TOP + HEIGHT - BOTTOM) / 2.0);
        writeln!(
            out,
            r#"<text x="{middle_x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            HEIGHT - 16.0,
            escaped(&self.across)
        )?;
        writeln!(
            out,
            r#"<text transform="translate(18 {middle_y:.1}) rotate(-90)" text-anchor="middle">{}</text>"#,
            escaped(&self.up)
        )?;
        for (number, series) in self.series.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let places: Vec<(f64, f64)> = series.shown().map(|(x, y)| (across.place(x), up.place(y))).collect();
            let line: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            writeln!(out, r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#, line.join(" "))?;
            for (x, y) in places {
                writeln!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#)?;
            }
            let (x, y) = (LEFT + 150.0 * number as f64, 40.0);
            writeln!(out, r#"<rect x="{x:.1}" y="{:.1}" width="10" height="10" fill="{colour}"/>"#, y - 9.0)?;
            writeln!(out, r#"<text x="{:.1}" y="{y}">{}</text>"#, x + 14.0, escaped(&series.name))?;
        }
        writeln!(out, "</svg>")
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.series.iter().flat_map(Series::shown)
    }
}

impl Series {
    fn shown(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().copied().filter(|(x, y)| *x > 0.0 && *y > 0.0)
    }
}

impl Axis {
    fn over(values: &[f64], from: f64, to: f64) -> Self {
        let decades = |value: f64| value.log10();
        let low = values.iter().copied().map(decades).fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().map(decades).fold(f64::NEG_INFINITY, f64::max);
        if !low.is_finite() || !high.is_finite() {
            return Self { low: 0, high: 1, from, to };
        }
        let (low, high) = (low.floor() as i32, high.ceil() as i32);
        Self { low, high: high.max(low + 1), from, to }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        self.from + part * (self.to - self.from)
    }
}

/// A power of ten as people write it.
fn short(decade: i32) -> String {
    match decade {
        ..0 => format!("{:.*}", decade.unsigned_abs() as usize, 10f64.powi(decade)),
        0..3 => format!("{}", 10u64.pow(decade.unsigned_abs())),
        3..6 => format!("{} k", 10u64.pow(decade.unsigned_abs() - 3)),
        6..9 => format!("{} M", 10u64.pow(decade.unsigned_abs() - 6)),
        _ => format!("1e{decade}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: Vec<(f64, f64)>) -> String {
        let series = vec![Series { name: "a < b".to_owned(), points }];
        Plot { title: "t".to_owned(), across: "x".to_owned(), up: "y".to_owned(), series }.svg()
    }

    #[test]
    fn points_lie_between_the_axes_decades() {
        let svg = plot(vec![(1.0, 10.0), (100.0, 1000.0)]);
        assert!(svg.contains(r#"points="80.0,360.0 700.0,50.0""#), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn what_has_no_place_on_a_logarithmic_axis_is_left_out() {
        let svg = plot(vec![(1.0, 0.0), (f64::NAN, 2.0)]);
        assert!(!svg.contains("<circle") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn decades_are_named_shortly() {
        assert_eq!([-2, 0, 2, 4, 7, 12].map(short), ["0.01", "1", "100", "10 k", "10 M", "1e12"]);
    }
}
