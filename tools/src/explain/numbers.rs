//! Numbers as one writes them into a sum.

use layers::ndarray::ArrayView2;

/// A number with five digits that count.
///
/// ```
/// use tools::explain::number;
/// assert_eq!([1.0, -0.0123456, 43.21, 1.5e-6].map(number), ["1.0000", "−0.012346", "43.210", "1.5000e−6"]);
/// ```
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    let text = match magnitude {
        _ if value == 0.0 => "0".to_owned(),
        _ if (1e-3..1e5).contains(&magnitude) => {
            let decimals = (4 - magnitude.log10().floor() as i32).clamp(0, 7) as usize;
            format!("{value:.decimals$}")
        }
        _ => format!("{value:.4e}"),
    };
    text.replace('-', "−")
}

/// How the numbers of a matrix are written, so that they stand below each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatrixFormat {
    /// What all of them are divided by: a power of ten.
    pub exponent: i32,
    /// Digits behind the point.
    pub decimals: usize,
}

impl MatrixFormat {
    /// So that the largest number shows three or four digits.
    pub fn of(values: ArrayView2<'_, f32>) -> MatrixFormat {
        let finite = values.iter().filter(|value| value.is_finite());
        let largest = finite.fold(0.0_f64, |largest, &value| largest.max(f64::from(value).abs()));
        let exponent = match largest {
            0.0 => 0,
            _ if (0.01..1000.0).contains(&largest) => 0,
            _ => largest.log10().floor() as i32,
        };
        let decimals = match largest / 10_f64.powi(exponent) {
            largest if largest < 1.0 => 3,
            largest if largest < 10.0 => 2,
            largest if largest < 100.0 => 1,
            _ => 0,
        };
        MatrixFormat { exponent, decimals }
    }

    /// A number of the matrix.
    pub fn write(self, value: f32) -> String {
        let scaled = f64::from(value) / 10_f64.powi(self.exponent);
        let text = format!("{scaled:.*}", self.decimals);
        // What is rounded away entirely is not negative.
        let is_nothing = text.chars().all(|character| "-0.".contains(character));
        match value {
            0.0 => "0".to_owned(),
            _ if is_nothing => text.replace('-', ""),
            _ => text.replace('-', "−"),
        }
    }

    /// "×10⁻⁴", or nothing.
    pub fn factor(self) -> String {
        if self.exponent == 0 { String::new() } else { format!("×10{}", raised(self.exponent)) }
    }
}

fn raised(exponent: i32) -> String {
    let raise = |character| match character {
        '-' => '⁻',
        digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize],
    };
    exponent.to_string().chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::ndarray::array;

    #[test]
    fn matrices_show_what_counts() {
        let written = |values: [f32; 3]| {
            let format = MatrixFormat::of(array![values].view());
            format!("{} {}", values.map(|value| format.write(value)).join(" "), format.factor())
        };
        assert_eq!(written([0.0, 0.25, 0.99216]), "0 0.250 0.992 ");
        assert_eq!(written([1.0, -0.001, 0.5]), "1.00 0.00 0.50 ");
        assert_eq!(written([-1.25e-5, 3e-6, 0.0]), "−1.25 0.30 0 ×10⁻⁵");
        assert_eq!(written([123.0, 4.4, f32::NAN]), "123 4 NaN ");
        assert_eq!(written([0.0; 3]), "0 0 0 ");
        assert_eq!(number(f64::INFINITY), "inf");
    }
}
