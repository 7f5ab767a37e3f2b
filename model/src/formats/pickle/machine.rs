//! The machine that reads a pickle.

use std::collections::{BTreeMap, BTreeSet};

use super::object::{ArrayState, Dtype, Global, Id, Object};
use super::opcode::{known::*, name};
use crate::formats::array::{NamedArray, row_major};
use crate::formats::element::{ByteOrder, Values};
use crate::formats::error::FormatError;
use crate::params::MOST_AXES;

/// Instructions of a pickle: a thousand times as many as a large network needs. Each makes at most one object, so this
/// is also the most memory that a file can ask for beyond its own length.
const MOST_INSTRUCTIONS: usize = 1 << 20;

/// The arrays in the dictionary that a pickle holds, in its order.
///
/// # Errors
/// Where the file is cut short or damaged, or holds anything but a dictionary of arrays: what it is and the byte where it
/// stands.
pub fn read(pickle: &[u8]) -> Result<Vec<NamedArray>, FormatError> {
    let mut machine = Machine { pickle, ..Machine::default() };
    let result = machine.run()?;
    machine.arrays(result)
}

#[derive(Debug, Default)]
struct Machine<'a> {
    pickle: &'a [u8],
    /// The next byte to read.
    at: usize,
    /// Where the instruction began that is carried out.
    instruction: usize,
    objects: Vec<Object<'a>>,
    stack: Vec<Id>,
    /// How high the stack was at each MARK.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Carries out all instructions; gives what is left at the end.
    fn run(&mut self) -> Result<Id, FormatError> {
        self.protocol()?;
        for _ in 0..MOST_INSTRUCTIONS {
            self.instruction = self.at;
            match self.byte()? {
                STOP => {
                    let result = self.pop()?;
                    return match self.pickle.len() - self.at {
                        0 => Ok(result),
                        count => Err(FormatError::LeftOver { count }),
                    };
                }
                code => self.step(code)?,
            }
        }
        Err(FormatError::TooManyInstructions { most: MOST_INSTRUCTIONS })
    }

    /// Every pickle since protocol 2 begins with its number.
    fn protocol(&mut self) -> Result<(), FormatError> {
        match self.byte()? {
            PROTO => {}
            _ => return Err(self.expected("the number of a protocol from 2 to 5", "none, as in protocols 0 and 1")),
        }
        match self.byte()? {
            2..=5 => Ok(()),
            found => Err(FormatError::Protocol { found }),
        }
    }

    fn step(&mut self, code: u8) -> Result<(), FormatError> {
        match code {
            FRAME => self.frame(),
            MARK => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            NONE => self.push(Object::None),
            NEWTRUE => self.push(Object::Bool(true)),
            NEWFALSE => self.push(Object::Bool(false)),
            BININT | BININT1 | BININT2 | LONG1 => self.integer(code),
            BINUNICODE | SHORT_BINUNICODE | BINUNICODE8 => self.text(code),
            BINSTRING | SHORT_BINSTRING | BINBYTES | SHORT_BINBYTES | BINBYTES8 | BYTEARRAY8 => self.bytes(code),
            EMPTY_DICT => self.push(Object::Dict(Vec::new())),
            SETITEM => self.set_items(2),
            SETITEMS => self.pop_mark().and_then(|count| self.set_items(count)),
            EMPTY_TUPLE => self.tuple(0),
            TUPLE1 => self.tuple(1),
            TUPLE2 => self.tuple(2),
            TUPLE3 => self.tuple(3),
            TUPLE => self.pop_mark().and_then(|count| self.tuple(count)),
            BINPUT | LONG_BINPUT | MEMOIZE => self.remember(code),
            BINGET | LONG_BINGET => self.recall(code),
            GLOBAL | STACK_GLOBAL => self.global(code),
            REDUCE => self.reduce(),
            BUILD => self.build(),
            _ => Err(FormatError::Instruction { code, name: name(code), offset: self.instruction }),
        }
    }

    /// A frame says how many bytes of instructions follow, so that Python can fetch them at once.
    fn frame(&mut self) -> Result<(), FormatError> {
        let len = u64::from_le_bytes(self.fixed()?);
        let left = (self.pickle.len() - self.at) as u64;
        if len > left {
            return Err(FormatError::Cut { what: "a frame", offset: self.instruction, needed: len, left });
        }
        Ok(())
    }

    fn integer(&mut self, code: u8) -> Result<(), FormatError> {
        let value = match code {
            BININT => i64::from(i32::from_le_bytes(self.fixed()?)),
            BININT1 => i64::from(self.byte()?),
            BININT2 => i64::from(u16::from_le_bytes(self.fixed()?)),
            _ => {
                let count = self.byte()?;
                let bytes = self.take(u64::from(count))?;
                if bytes.len() > 8 {
                    return Err(self.expected("a whole number of at most 8 bytes", "a longer one"));
                }
                // The sign is that of the last byte.
                let sign = if bytes.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
                let mut whole = [sign; 8];
                whole[..bytes.len()].copy_from_slice(bytes);
                i64::from_le_bytes(whole)
            }
        };
        self.push(Object::Int(value))
    }

    fn text(&mut self, code: u8) -> Result<(), FormatError> {
        let len = match code {
            SHORT_BINUNICODE => u64::from(self.byte()?),
            BINUNICODE => u64::from(u32::from_le_bytes(self.fixed()?)),
            _ => u64::from_le_bytes(self.fixed()?),
        };
        let bytes = self.take(len)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => self.push(Object::Text(text)),
            Err(_) => Err(self.expected("a text", "bytes that are no UTF-8")),
        }
    }

    fn bytes(&mut self, code: u8) -> Result<(), FormatError> {
        let len = match code {
            SHORT_BINBYTES | SHORT_BINSTRING => u64::from(self.byte()?),
            BINBYTES | BINSTRING => u64::from(u32::from_le_bytes(self.fixed()?)),
            _ => u64::from_le_bytes(self.fixed()?),
        };
        let bytes = self.take(len)?;
        self.push(Object::Bytes(bytes))
    }

    fn tuple(&mut self, count: usize) -> Result<(), FormatError> {
        let items = self.pop_many(count)?;
        self.push(Object::Tuple(items))
    }

    /// Puts pairs of key and value into the dictionary below them.
    fn set_items(&mut self, count: usize) -> Result<(), FormatError> {
        let items = self.pop_many(count)?;
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.expected("a value for every key", "a key alone"));
        }
        let dict = self.top()?;
        match &mut self.objects[dict] {
            Object::Dict(items) => items.extend(pairs.iter().map(|&[key, value]| (key, value))),
            other => {
                let found = other.kind();
                return Err(self.expected("a dictionary", found));
            }
        }
        Ok(())
    }

    fn remember(&mut self, code: u8) -> Result<(), FormatError> {
        let place = match code {
            BINPUT => u32::from(self.byte()?),
            LONG_BINPUT => u32::from_le_bytes(self.fixed()?),
            _ => self.memo.len() as u32,
        };
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, code: u8) -> Result<(), FormatError> {
        let place = if code == BINGET { u32::from(self.byte()?) } else { u32::from_le_bytes(self.fixed()?) };
        let Some(&id) = self.memo.get(&place) else {
            return Err(self.expected("something that was remembered before", "nothing"));
        };
        self.stack.push(id);
        Ok(())
    }

    fn global(&mut self, code: u8) -> Result<(), FormatError> {
        let (module, name) = if code == GLOBAL {
            (self.line()?, self.line()?)
        } else {
            let [module, name] = self.pop_several()?;
            (self.as_text(module)?, self.as_text(name)?)
        };
        match Global::find(module, name) {
            Some(global) => self.push(Object::Global(global)),
            None => Err(FormatError::Global { name: format!("{module}.{name}"), offset: self.instruction }),
        }
    }

    /// What one of the known functions would give for a tuple of arguments.
    fn reduce(&mut self) -> Result<(), FormatError> {
        let [function, arguments] = self.pop_several()?;
        let Object::Global(function) = self.objects[function] else {
            return Err(self.expected("a function", self.objects[function].kind()));
        };
        let arguments = self.as_tuple(arguments)?.to_vec();
        let object = match (function, &arguments[..]) {
            (Global::Reconstruct, &[class, ..]) => match self.objects[class] {
                Object::Global(Global::NdArray) => Object::Array(None),
                _ => return Err(self.expected("numpy.ndarray", self.objects[class].kind())),
            },
            (Global::Dtype, &[code, ..]) => {
                Object::Dtype(Dtype { code: self.as_text(code)?, order: ByteOrder::Little })
            }
            (Global::FromBuffer, &[bytes, dtype, shape, order]) => {
                let (dtype, shape) = (self.as_dtype(dtype)?, self.as_shape(shape)?);
                let fortran = match self.as_text(order)? {
                    "C" => false,
                    "F" => true,
                    _ => return Err(self.expected("the order C or F", "another one")),
                };
                Object::Array(Some(ArrayState { shape, dtype, fortran, bytes }))
            }
            (Global::Encode, &[text, encoding]) => match (self.as_text(text)?, self.as_text(encoding)?) {
                (text, "latin1") => Object::Latin1(text),
                _ => return Err(self.expected("the encoding latin1", "another one")),
            },
            _ => return Err(self.expected("the arguments of NumPy's own pickles", "others")),
        };
        self.push(object)
    }

    /// Gives the object below the state that is on top.
    fn build(&mut self) -> Result<(), FormatError> {
        let state = self.pop()?;
        let object = self.top()?;
        let state = self.as_tuple(state)?.to_vec();
        match (&self.objects[object], &state[..]) {
            // version, byte order, what only compound types have (three times), size, alignment, flags
            (&Object::Dtype(dtype), &[_, order, a, b, c, ..]) => {
                if ![a, b, c].into_iter().all(|id| matches!(self.objects[id], Object::None)) {
                    return Err(self.expected("a plain number type", "a compound one"));
                }
                let order = match self.as_text(order)? {
                    "<" | "|" => ByteOrder::Little,
                    ">" => ByteOrder::Big,
                    _ => return Err(self.expected("the byte order < or >", "another one")),
                };
                self.objects[object] = Object::Dtype(Dtype { order, ..dtype });
            }
            // version, shape, number type, whether column by column, content
            (Object::Array(_), &[_, shape, dtype, fortran, bytes]) => {
                let (shape, dtype) = (self.as_shape(shape)?, self.as_dtype(dtype)?);
                let fortran = match self.objects[fortran] {
                    Object::Bool(fortran) => fortran,
                    Object::Int(fortran) => fortran != 0,
                    _ => return Err(self.expected("a truth value", self.objects[fortran].kind())),
                };
                self.objects[object] = Object::Array(Some(ArrayState { shape, dtype, fortran, bytes }));
            }
            (other, _) => return Err(self.expected("an array or a number type, and its state", other.kind())),
        }
        Ok(())
    }
}

/// From the file.
impl<'a> Machine<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], FormatError> {
        let rest = &self.pickle[self.at..];
        match usize::try_from(len).ok().and_then(|len| rest.get(..len)) {
            Some(bytes) => {
                self.at += bytes.len();
                Ok(bytes)
            }
            None => {
                let (offset, left) = (self.instruction, rest.len() as u64);
                Err(FormatError::Cut { what: "an instruction", offset, needed: len, left })
            }
        }
    }

    fn byte(&mut self) -> Result<u8, FormatError> {
        let [byte] = self.fixed()?;
        Ok(byte)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        Ok(self.take(N as u64)?.try_into().expect("as many as were asked for"))
    }

    fn line(&mut self) -> Result<&'a str, FormatError> {
        let rest = &self.pickle[self.at..];
        let len = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        let line = self.take(len as u64)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| self.expected("a name", "bytes that are no UTF-8"))
    }
}

/// The stack.
impl<'a> Machine<'a> {
    fn push(&mut self, object: Object<'a>) -> Result<(), FormatError> {
        self.stack.push(self.objects.len());
        self.objects.push(object);
        Ok(())
    }

    /// Takes the topmost objects, but none from below the last mark.
    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, FormatError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(count) {
            Some(from) if from >= floor => Ok(self.stack.split_off(from)),
            _ => Err(self.expected("something on the stack", "nothing")),
        }
    }

    fn pop_several<const N: usize>(&mut self) -> Result<[Id; N], FormatError> {
        Ok(self.pop_many(N)?.try_into().expect("as many as were asked for"))
    }

    fn pop(&mut self) -> Result<Id, FormatError> {
        let [top] = self.pop_several()?;
        Ok(top)
    }

    fn top(&self) -> Result<Id, FormatError> {
        self.stack.last().copied().ok_or_else(|| self.expected("something on the stack", "nothing"))
    }

    /// Takes the last mark away; gives how many objects lie above it.
    fn pop_mark(&mut self) -> Result<usize, FormatError> {
        let mark = self.marks.pop().ok_or_else(|| self.expected("a mark on the stack", "none"))?;
        // What lies above was never taken from below the mark.
        Ok(self.stack.len() - mark)
    }
}

/// Objects as what they should be.
impl<'a> Machine<'a> {
    fn expected(&self, expected: &'static str, found: &'static str) -> FormatError {
        FormatError::Structure { offset: self.instruction, expected, found }
    }

    fn as_text(&self, id: Id) -> Result<&'a str, FormatError> {
        match self.objects[id] {
            Object::Text(text) => Ok(text),
            // Python 2 has one type for both.
            Object::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|_| self.expected("a text", "bytes")),
            ref other => Err(self.expected("a text", other.kind())),
        }
    }

    fn as_tuple(&self, id: Id) -> Result<&[Id], FormatError> {
        match &self.objects[id] {
            Object::Tuple(items) => Ok(items),
            other => Err(self.expected("a tuple", other.kind())),
        }
    }

    fn as_dtype(&self, id: Id) -> Result<Dtype<'a>, FormatError> {
        match self.objects[id] {
            Object::Dtype(dtype) => Ok(dtype),
            ref other => Err(self.expected("a number type", other.kind())),
        }
    }

    fn as_shape(&self, id: Id) -> Result<Vec<usize>, FormatError> {
        let axes = self.as_tuple(id)?;
        if axes.len() > MOST_AXES {
            return Err(FormatError::Axes { count: axes.len(), most: MOST_AXES });
        }
        let size = |&id: &Id| match self.objects[id] {
            Object::Int(size) => usize::try_from(size).map_err(|_| self.expected("a size", "a negative number")),
            ref other => Err(self.expected("a size", other.kind())),
        };
        axes.iter().map(size).collect()
    }
}

/// What comes out.
impl Machine<'_> {
    /// The arrays of the dictionary that is left at the end.
    fn arrays(&self, dict: Id) -> Result<Vec<NamedArray>, FormatError> {
        let Object::Dict(items) = &self.objects[dict] else {
            return Err(self.expected("a dictionary of arrays", self.objects[dict].kind()));
        };
        let (mut names, mut arrays, mut left) = (BTreeSet::new(), Vec::new(), self.pickle.len());
        for &(key, value) in items {
            let name = self.as_text(key)?;
            if !names.insert(name) {
                return Err(FormatError::Twice { name: name.to_string() });
            }
            match &self.objects[value] {
                Object::Array(Some(state)) => arrays.push(self.array(name, state, &mut left)?),
                other => return Err(FormatError::NoArray { name: name.to_string(), found: other.kind() }),
            }
        }
        Ok(arrays)
    }

    /// One array. Several could share their bytes; `left` keeps what comes out as small as the file.
    fn array(&self, name: &str, state: &ArrayState<'_>, left: &mut usize) -> Result<NamedArray, FormatError> {
        let ArrayState { shape, dtype, fortran, bytes } = state;
        let Some(element) = dtype.element() else {
            return Err(FormatError::Element { name: name.to_string(), found: dtype.code.to_string() });
        };
        let found = match self.objects[*bytes] {
            Object::Bytes(bytes) => bytes.len(),
            Object::Latin1(text) => text.chars().count(),
            ref other => return Err(self.expected("the content of an array", other.kind())),
        };
        let expected = shape.iter().try_fold(element.size(), |a, &b| a.checked_mul(b));
        if expected != Some(found) {
            return Err(FormatError::Bytes { name: name.to_string(), shape: shape.clone(), element, found });
        }
        *left = left.checked_sub(found).ok_or(FormatError::Shared)?;
        let values = match self.objects[*bytes] {
            Object::Latin1(text) => {
                let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
                let bytes = bytes.ok_or_else(|| self.expected("bytes", "a text with larger characters"))?;
                element.decode(&bytes, dtype.order)
            }
            Object::Bytes(bytes) => element.decode(bytes, dtype.order),
            _ => unreachable!("found to be bytes"),
        };
        let values = match values {
            Values::F32(values) if *fortran => Values::F32(row_major(&values, shape)),
            Values::F64(values) if *fortran => Values::F64(row_major(&values, shape)),
            values => values,
        };
        Ok(NamedArray { name: name.to_string(), shape: shape.clone(), element, values })
    }
}
