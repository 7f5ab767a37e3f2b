//! Writes pickles as Python writes them.

use std::collections::BTreeMap;

use super::opcode::known::*;
use crate::formats::array::NamedArray;
use crate::formats::element::Element;

/// The pickle of a dictionary of these arrays: in protocol 4, row by row, little-endian; `element` is how the numbers are
/// stored.
///
/// The globals have the names of NumPy 1, which NumPy 2 still understands. So the book's Python reads it, old or new:
///
/// ```text
/// with open("params.pkl", "rb") as f:
///     params = pickle.load(f)
/// ```
///
/// # Panics
/// Where `element` is [`Element::Bf16`], which NumPy does not have.
pub fn write(arrays: &[NamedArray], element: Element) -> Vec<u8> {
    let (frame, memo) = (Vec::new(), BTreeMap::new());
    let mut pickle = Pickle { element, bytes: vec![PROTO, 4], frame, memo, places: 0 };
    pickle.dictionary(arrays);
    pickle.op(&[STOP]);
    pickle.end_frame();
    pickle.bytes
}

/// Python closes a frame when it is so long, and puts content that is so long between frames.
const FRAME_SIZE: usize = 64 * 1024;
/// Shorter ones have no header.
const SHORTEST_FRAME: usize = 4;
/// Entries of a dictionary that are set at once.
const ITEMS: usize = 1000;

struct Pickle<'a> {
    element: Element,
    /// What is finished.
    bytes: Vec<u8>,
    /// The frame that is being written.
    frame: Vec<u8>,
    /// The place of each thing that comes again.
    memo: BTreeMap<Thing<'a>, u32>,
    places: u32,
}

/// What Python recognises when it comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Text(&'a str),
    Global(&'a str, &'a str),
    OneByte,
    Dtype,
}

impl<'a> Pickle<'a> {
    fn dictionary(&mut self, arrays: &'a [NamedArray]) {
        self.op(&[EMPTY_DICT]);
        self.remember(None);
        for group in arrays.chunks(ITEMS) {
            if group.len() > 1 {
                self.op(&[MARK]);
            }
            for array in group {
                self.text(&array.name);
                self.array(array);
            }
            self.op(&[if group.len() > 1 { SETITEMS } else { SETITEM }]);
        }
    }

    fn array(&mut self, array: &'a NamedArray) {
        // _reconstruct(ndarray, (0,), b"b"), an empty array, and then its state.
        self.global("numpy.core.multiarray", "_reconstruct");
        self.global("numpy", "ndarray");
        self.shape(&[0]);
        self.one_byte();
        self.op(&[TUPLE3]);
        self.remember(None);
        self.op(&[REDUCE]);
        self.remember(None);
        self.op(&[MARK]);
        self.integer(1);
        self.shape(&array.shape);
        self.dtype();
        self.op(&[NEWFALSE]);
        let mut content = Vec::new();
        self.element.encode(&array.values, &mut content);
        self.content(&content);
        self.op(&[TUPLE]);
        self.remember(None);
        self.op(&[BUILD]);
    }

    fn dtype(&mut self) {
        if self.recall(Thing::Dtype) {
            return;
        }
        self.global("numpy", "dtype");
        self.text(match self.element {
            Element::F64 => "f8",
            Element::F32 => "f4",
            Element::F16 => "f2",
            Element::Bf16 => panic!("NumPy has no bf16"),
        });
        // Not aligned, a copy.
        self.op(&[NEWFALSE, NEWTRUE, TUPLE3]);
        self.remember(None);
        self.op(&[REDUCE]);
        self.remember(Some(Thing::Dtype));
        // Version 3, little-endian, nothing that only compound types have.
        self.op(&[MARK]);
        self.integer(3);
        self.text("<");
        self.op(&[NONE, NONE, NONE]);
        self.integer(-1);
        self.integer(-1);
        self.integer(0);
        self.op(&[TUPLE]);
        self.remember(None);
        self.op(&[BUILD]);
    }

    fn shape(&mut self, shape: &[usize]) {
        if shape.is_empty() {
            return self.op(&[EMPTY_TUPLE]);
        }
        if shape.len() > 3 {
            self.op(&[MARK]);
        }
        shape.iter().for_each(|&size| self.integer(size as i64));
        self.op(&[[TUPLE1, TUPLE2, TUPLE3].get(shape.len() - 1).copied().unwrap_or(TUPLE)]);
        self.remember(None);
    }

    fn integer(&mut self, value: i64) {
        let bytes = value.to_le_bytes();
        match value {
            0..=0xff => self.op(&[BININT1, bytes[0]]),
            0x100..=0xffff => self.op(&[BININT2, bytes[0], bytes[1]]),
            _ if i32::try_from(value).is_ok() => self.op(&[BININT, bytes[0], bytes[1], bytes[2], bytes[3]]),
            _ => self.op(&[&[LONG1, 8], &bytes[..]].concat()),
        }
    }

    fn text(&mut self, text: &'a str) {
        if self.recall(Thing::Text(text)) {
            return;
        }
        match u8::try_from(text.len()) {
            Ok(len) => self.op(&[&[SHORT_BINUNICODE, len], text.as_bytes()].concat()),
            Err(_) => self.op(&[&[BINUNICODE8], &(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()),
        }
        self.remember(Some(Thing::Text(text)));
    }

    fn global(&mut self, module: &'a str, name: &'a str) {
        if self.recall(Thing::Global(module, name)) {
            return;
        }
        self.text(module);
        self.text(name);
        self.op(&[STACK_GLOBAL]);
        self.remember(Some(Thing::Global(module, name)));
    }

    /// The number type of an array that has none yet.
    fn one_byte(&mut self) {
        if !self.recall(Thing::OneByte) {
            self.op(&[SHORT_BINBYTES, 1, b'b']);
            self.remember(Some(Thing::OneByte));
        }
    }

    fn content(&mut self, content: &[u8]) {
        let mut head = match (u8::try_from(content.len()), u32::try_from(content.len())) {
            (Ok(len), _) => vec![SHORT_BINBYTES, len],
            (_, Ok(len)) => [&[BINBYTES], &len.to_le_bytes()[..]].concat(),
            _ => [&[BINBYTES8], &(content.len() as u64).to_le_bytes()[..]].concat(),
        };
        if content.len() < FRAME_SIZE {
            head.extend(content);
            self.op(&head);
        } else {
            self.end_frame();
            self.bytes.extend(head);
            self.bytes.extend(content);
        }
        self.remember(None);
    }

    fn op(&mut self, bytes: &[u8]) {
        self.frame.extend(bytes);
    }

    fn end_frame(&mut self) {
        if self.frame.len() >= SHORTEST_FRAME {
            self.bytes.push(FRAME);
            self.bytes.extend((self.frame.len() as u64).to_le_bytes());
        }
        self.bytes.append(&mut self.frame);
    }

    /// Gives what was written last the next place. A frame that has become long ends here.
    fn remember(&mut self, thing: Option<Thing<'a>>) {
        self.op(&[MEMOIZE]);
        if let Some(thing) = thing {
            self.memo.insert(thing, self.places);
        }
        self.places += 1;
        if self.frame.len() >= FRAME_SIZE {
            self.end_frame();
        }
    }

    /// Writes where the thing was, if it was there before.
    fn recall(&mut self, thing: Thing<'a>) -> bool {
        let Some(&place) = self.memo.get(&thing) else { return false };
        match u8::try_from(place) {
            Ok(place) => self.op(&[BINGET, place]),
            Err(_) => self.op(&[&[LONG_BINGET], &place.to_le_bytes()[..]].concat()),
        }
        true
    }
}
