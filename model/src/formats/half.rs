//! Numbers of 16 bits: IEEE 754 half precision, and the upper half of single precision (bfloat16).

/// The number that these bits of half precision are.
pub(super) fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    match exponent {
        // Below the smallest exponent: so many times 2^-24.
        0 => f32::from_bits(sign | (fraction as f32 * 2_f32.powi(-24)).to_bits()),
        0x1f => f32::from_bits(sign | 0xff << 23 | fraction << 13),
        // The exponent counts from -15, in single precision from -127.
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

/// The number that these bits of bfloat16 are.
pub(super) fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// The nearest number of half precision, of two that are as near the one that ends in 0; ∞ above its range.
pub(super) fn f64_to_f16(value: f64) -> u16 {
    round(value, 5, 10)
}

/// The nearest number of bfloat16, of two that are as near the one that ends in 0; ∞ above its range.
pub(super) fn f64_to_bf16(value: f64) -> u16 {
    round(value, 8, 7)
}

/// The bits of the nearest number of 16 bits with so many bits of exponent and fraction. Rounded once, from double
/// precision: by way of single precision some numbers would be rounded twice.
fn round(value: f64, exponent_bits: u32, fraction_bits: u32) -> u16 {
    let sign = if value.is_sign_negative() { 1 << 15 } else { 0 };
    let infinity = ((1 << exponent_bits) - 1) << fraction_bits;
    if value.is_nan() {
        return sign | infinity | 1 << (fraction_bits - 1);
    }
    let bias = (1 << (exponent_bits - 1)) - 1;
    // The exponent of the number, not below the smallest: there the steps become no finer.
    let exponent = ((value.to_bits() >> 52 & 0x7ff) as i32 - 1023).max(1 - bias);
    if exponent > bias {
        return sign | infinity;
    }
    // In units of the last place; a power of two, so nothing is lost. At most 2^(fraction_bits + 1), where it was rounded up.
    let units = (value.abs() * 2_f64.powi(fraction_bits as i32 - exponent)).round_ties_even() as u16;
    // Where there is a leading bit, it adds one to the exponent; one that was carried does so too.
    let exponent = ((exponent + bias - 1) as u16) << fraction_bits;
    sign | (exponent + units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_16_bits_comes_back() {
        for bits in 0..=u16::MAX {
            for (number, back) in [(f16_to_f32(bits), f64_to_f16 as fn(f64) -> u16), (bf16_to_f32(bits), f64_to_bf16)] {
                let again = back(f64::from(number));
                assert!(again == bits || number.is_nan(), "{bits:#06x} is {number}, and back {again:#06x}");
            }
        }
        assert!(f16_to_f32(f64_to_f16(f64::NAN)).is_nan() && bf16_to_f32(f64_to_bf16(-f64::NAN)).is_nan());
    }

    #[test]
    fn the_nearest_is_taken_and_of_two_the_even_one() {
        assert_eq!(
            [1.0, -2.0, 65504.0, 65519.9, 65520.0, 1e300].map(f64_to_f16),
            [0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 0x7c00]
        );
        for bits in 0..0x7bff {
            let (low, high) = (f64::from(f16_to_f32(bits)), f64::from(f16_to_f32(bits + 1)));
            let middle = (low + high) / 2.0;
            assert_eq!(f64_to_f16(middle), bits + (bits & 1), "{middle}");
            assert_eq!(f64_to_f16(middle - low * 1e-12 - 1e-20), bits);
            assert_eq!(f64_to_f16(middle + low * 1e-12 + 1e-20), bits + 1);
        }
        for bits in 0..0x7f7f {
            let middle = (f64::from(bf16_to_f32(bits)) + f64::from(bf16_to_f32(bits + 1))) / 2.0;
            assert_eq!(f64_to_bf16(middle), bits + (bits & 1), "{middle:e}");
        }
    }
}
