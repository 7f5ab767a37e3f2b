//! Messages of protocol buffers, as far as ONNX needs them for writing.

/// A message that is being written: fields, each with its number and kind.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Message(Vec<u8>);

/// The kinds of fields, by their numbers.
const VARINT: u64 = 0;
const LENGTH: u64 = 2;
const FIXED32: u64 = 5;

impl Message {
    pub(super) fn new() -> Message {
        Message::default()
    }

    /// A whole number.
    pub(super) fn int(mut self, field: u64, value: u64) -> Message {
        self.varint(field << 3 | VARINT);
        self.varint(value);
        self
    }

    /// A number of single precision.
    pub(super) fn float(mut self, field: u64, value: f32) -> Message {
        self.varint(field << 3 | FIXED32);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes or text.
    pub(super) fn bytes(mut self, field: u64, bytes: impl AsRef<[u8]>) -> Message {
        let bytes = bytes.as_ref();
        self.varint(field << 3 | LENGTH);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// A message within.
    pub(super) fn message(self, field: u64, message: Message) -> Message {
        self.bytes(field, message.0)
    }

    /// What `add` makes of each item, one after the other.
    pub(super) fn all<T>(self, items: impl IntoIterator<Item = T>, add: impl FnMut(Message, T) -> Message) -> Message {
        items.into_iter().fold(self, add)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's own documentation.
    #[test]
    fn fields_are_encoded() {
        let message = Message::new().int(1, 150);
        assert_eq!(message.clone().into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().message(3, message).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::new().bytes(2, "testing").into_bytes(), b"\x12\x07testing");
        assert_eq!(Message::new().float(2, 1.0).into_bytes(), [0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(Message::new().int(20, 1).into_bytes(), [0xa0, 0x01, 0x01]);
    }
}
