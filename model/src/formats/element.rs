//! How files store numbers: 64, 32 or 16 bits each.

use super::half;

/// A number type in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Double precision.
    F64,
    /// Single precision.
    F32,
    /// Half precision: 11 significant bits, at most 65,504.
    F16,
    /// The upper half of single precision: 8 significant bits, the same range.
    Bf16,
}

impl Element {
    /// All of them, the longest first.
    pub const ALL: [Element; 4] = [Element::F64, Element::F32, Element::F16, Element::Bf16];

    /// `"f64"`, `"f32"`, `"f16"`, `"bf16"`.
    pub fn name(self) -> &'static str {
        match self {
            Element::F64 => "f64",
            Element::F32 => "f32",
            Element::F16 => "f16",
            Element::Bf16 => "bf16",
        }
    }

    /// Bytes of a number.
    pub fn size(self) -> usize {
        match self {
            Element::F64 => 8,
            Element::F32 => 4,
            Element::F16 | Element::Bf16 => 2,
        }
    }

    /// What is left of numbers when they are stored so: each rounded to the nearest that this type has (infinite where all
    /// are too small).
    pub fn rounded(self, values: &Values) -> Values {
        let mut bytes = Vec::new();
        self.encode(values, &mut bytes);
        self.decode(&bytes, ByteOrder::Little)
    }

    /// The numbers in `bytes`, as many as there are whole ones.
    pub(super) fn decode(self, bytes: &[u8], order: ByteOrder) -> Values {
        match self {
            Element::F64 => Values::F64(numbers(bytes, order, f64::from_le_bytes)),
            Element::F32 => Values::F32(numbers(bytes, order, f32::from_le_bytes)),
            Element::F16 => Values::F32(numbers(bytes, order, |bytes| half::f16_to_f32(u16::from_le_bytes(bytes)))),
            Element::Bf16 => Values::F32(numbers(bytes, order, |bytes| half::bf16_to_f32(u16::from_le_bytes(bytes)))),
        }
    }

    /// Appends the numbers to `bytes`, little-endian, each rounded to the nearest that this type has.
    pub(super) fn encode(self, values: &Values, bytes: &mut Vec<u8>) {
        bytes.reserve(values.len() * self.size());
        match self {
            Element::F64 => values.iter().for_each(|value| bytes.extend(value.to_le_bytes())),
            Element::F32 => values.iter().for_each(|value| bytes.extend((value as f32).to_le_bytes())),
            Element::F16 => values.iter().for_each(|value| bytes.extend(half::f64_to_f16(value).to_le_bytes())),
            Element::Bf16 => values.iter().for_each(|value| bytes.extend(half::f64_to_bf16(value).to_le_bytes())),
        }
    }
}

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

fn numbers<T, const N: usize>(bytes: &[u8], order: ByteOrder, number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    let number = |bytes: &[u8; N]| {
        let mut bytes = *bytes;
        if order == ByteOrder::Big {
            bytes.reverse();
        }
        number(bytes)
    };
    chunks.iter().map(number).collect()
}

/// Numbers in memory: in double precision where the file has it, in single otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Values {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = f64> + '_ {
        (0..self.len()).map(|i| match self {
            Values::F32(values) => f64::from(values[i]),
            Values::F64(values) => values[i],
        })
    }
}
