//! Protocol Buffers, as much of their encoding as events need.

/// A message that grows field by field. Numbers that are 0 and empty texts are left out, as Protocol Buffers say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Message(Vec<u8>);

/// How a field's bytes are told apart.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    EightBytes = 1,
    Length = 2,
    FourBytes = 5,
}

impl Message {
    pub(super) fn new() -> Self {
        Message::default()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn int(mut self, field: u8, value: u64) -> Self {
        if value != 0 {
            self.key(field, Wire::Varint);
            self.varint(value);
        }
        self
    }

    pub(super) fn double(mut self, field: u8, value: f64) -> Self {
        if value.to_bits() != 0 {
            self.key(field, Wire::EightBytes);
            self.0.extend(value.to_le_bytes());
        }
        self
    }

    /// A number of a `oneof`: it is written though it be 0, for it says which of the fields is there.
    pub(super) fn chosen_float(mut self, field: u8, value: f32) -> Self {
        self.key(field, Wire::FourBytes);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Numbers one behind the other ("packed").
    pub(super) fn doubles(self, field: u8, values: &[f64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &bytes)
    }

    pub(super) fn text(self, field: u8, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn bytes(self, field: u8, bytes: &[u8]) -> Self {
        if bytes.is_empty() { self } else { self.length_and_bytes(field, bytes) }
    }

    pub(super) fn message(self, field: u8, message: Message) -> Self {
        self.length_and_bytes(field, &message.0)
    }

    fn length_and_bytes(mut self, field: u8, bytes: &[u8]) -> Self {
        self.key(field, Wire::Length);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn key(&mut self, field: u8, wire: Wire) {
        self.varint(u64::from(field) << 3 | wire as u64);
    }

    /// Seven bits a byte, the lowest first; the eighth says that more come.
    fn varint(&mut self, mut value: u64) {
        while value > 0x7F {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's documentation.
    #[test]
    fn the_documented_bytes() {
        assert_eq!(Message::new().int(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().text(2, "testing").into_bytes(), b"\x12\x07testing");
        let inner = Message::new().int(1, 150);
        assert_eq!(Message::new().message(3, inner).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
    }

    #[test]
    fn what_is_empty_is_left_out_where_it_says_nothing() {
        assert_eq!(Message::new().int(1, 0).double(2, 0.0).text(3, "").doubles(4, &[]), Message::new());
        assert_eq!(Message::new().chosen_float(2, 0.0).into_bytes(), [0x15, 0, 0, 0, 0]);
        assert_eq!(Message::new().message(3, Message::new()).into_bytes(), [0x1a, 0]);
        // Negative zero is another number than zero.
        assert_eq!(Message::new().double(1, -0.0).into_bytes(), [0x09, 0, 0, 0, 0, 0, 0, 0, 0x80]);
        assert_eq!(Message::new().int(1, u64::MAX).into_bytes().len(), 1 + 10);
    }
}
