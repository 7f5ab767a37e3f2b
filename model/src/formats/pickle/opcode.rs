//! The instructions of the machine, by Python's names for them.

/// The instructions that are read: what is needed for a dictionary of arrays.
pub(super) mod known {
    pub(in crate::formats::pickle) const PROTO: u8 = 0x80;
    pub(in crate::formats::pickle) const FRAME: u8 = 0x95;
    pub(in crate::formats::pickle) const STOP: u8 = b'.';
    pub(in crate::formats::pickle) const MARK: u8 = b'(';

    pub(in crate::formats::pickle) const NONE: u8 = b'N';
    pub(in crate::formats::pickle) const NEWTRUE: u8 = 0x88;
    pub(in crate::formats::pickle) const NEWFALSE: u8 = 0x89;
    pub(in crate::formats::pickle) const BININT: u8 = b'J';
    pub(in crate::formats::pickle) const BININT1: u8 = b'K';
    pub(in crate::formats::pickle) const BININT2: u8 = b'M';
    pub(in crate::formats::pickle) const LONG1: u8 = 0x8a;

    pub(in crate::formats::pickle) const BINUNICODE: u8 = b'X';
    pub(in crate::formats::pickle) const SHORT_BINUNICODE: u8 = 0x8c;
    pub(in crate::formats::pickle) const BINUNICODE8: u8 = 0x8d;
    pub(in crate::formats::pickle) const BINSTRING: u8 = b'T';
    pub(in crate::formats::pickle) const SHORT_BINSTRING: u8 = b'U';
    pub(in crate::formats::pickle) const BINBYTES: u8 = b'B';
    pub(in crate::formats::pickle) const SHORT_BINBYTES: u8 = b'C';
    pub(in crate::formats::pickle) const BINBYTES8: u8 = 0x8e;
    pub(in crate::formats::pickle) const BYTEARRAY8: u8 = 0x96;

    pub(in crate::formats::pickle) const EMPTY_DICT: u8 = b'}';
    pub(in crate::formats::pickle) const SETITEM: u8 = b's';
    pub(in crate::formats::pickle) const SETITEMS: u8 = b'u';
    pub(in crate::formats::pickle) const EMPTY_TUPLE: u8 = b')';
    pub(in crate::formats::pickle) const TUPLE: u8 = b't';
    pub(in crate::formats::pickle) const TUPLE1: u8 = 0x85;
    pub(in crate::formats::pickle) const TUPLE2: u8 = 0x86;
    pub(in crate::formats::pickle) const TUPLE3: u8 = 0x87;

    pub(in crate::formats::pickle) const BINPUT: u8 = b'q';
    pub(in crate::formats::pickle) const LONG_BINPUT: u8 = b'r';
    pub(in crate::formats::pickle) const MEMOIZE: u8 = 0x94;
    pub(in crate::formats::pickle) const BINGET: u8 = b'h';
    pub(in crate::formats::pickle) const LONG_BINGET: u8 = b'j';

    pub(in crate::formats::pickle) const GLOBAL: u8 = b'c';
    pub(in crate::formats::pickle) const STACK_GLOBAL: u8 = 0x93;
    pub(in crate::formats::pickle) const REDUCE: u8 = b'R';
    pub(in crate::formats::pickle) const BUILD: u8 = b'b';
}

/// Python's name of an instruction that is not read; `None` where Python has none either.
pub(super) fn name(code: u8) -> Option<&'static str> {
    Some(match code {
        b'0' => "POP",
        b'1' => "POP_MARK",
        b'2' => "DUP",
        b'F' => "FLOAT",
        b'G' => "BINFLOAT",
        b'I' => "INT",
        b'L' => "LONG",
        b'P' => "PERSID",
        b'Q' => "BINPERSID",
        b'S' => "STRING",
        b'V' => "UNICODE",
        b']' => "EMPTY_LIST",
        b'a' => "APPEND",
        b'd' => "DICT",
        b'e' => "APPENDS",
        b'g' => "GET",
        b'i' => "INST",
        b'l' => "LIST",
        b'o' => "OBJ",
        b'p' => "PUT",
        0x81 => "NEWOBJ",
        0x82 => "EXT1",
        0x83 => "EXT2",
        0x84 => "EXT4",
        0x8b => "LONG4",
        0x8f => "EMPTY_SET",
        0x90 => "ADDITEMS",
        0x91 => "FROZENSET",
        0x92 => "NEWOBJ_EX",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        _ => return None,
    })
}
