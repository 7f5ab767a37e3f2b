//! Pickles: a dictionary of NumPy arrays, as `pickle.dump(params, f)` of the book writes it and `pickle.load(f)` reads it.
//!
//! A pickle is a program for a small machine with a stack. Python's machine may be told to import anything and to call
//! it, so a pickle from elsewhere can do whatever its writer likes. [`read`] has a machine of its own that knows the few
//! instructions of such a dictionary, and of all that can be named only NumPy's three: `_reconstruct`, `ndarray` and
//! `dtype` (with the newer `_frombuffer`, and `encode` of `_codecs`, by which Python 3 writes bytes in protocol 2).
//! Whatever else is in the file is refused by name. Nothing is ever called: what the three would do is known.
//!
//! Read are the protocols 2, 3, 4 and 5; both orders of rows and columns; numbers of 16, 32 and 64 bits, of either byte
//! order; what NumPy 1 and NumPy 2 write. Written is protocol 4, byte for byte what Python itself would write.

mod machine;
mod object;
mod opcode;
mod write;

pub use machine::read;
pub use write::write;
