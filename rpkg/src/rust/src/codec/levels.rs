//! How deep R's `unserialize()` goes for a stream, told before it does.
//!
//! It calls itself for what lies in something else: a call in a call, an attribute of an attribute, the next cell of a pairlist. It does
//! not look whether the C stack has room for that, and ends the script where there is none. `serialize()` writes much that cannot be read.
use std::ops::Range;

/// What is still to be read within something: a frame of the reader's.
#[derive(Clone, Copy, Debug)]
enum Frame {
    /// So many items.
    Items(u64),
    /// Bytecode, behind the item that has its instructions.
    Instructed,
    /// So many constants of bytecode.
    Constants(u64),
    /// So many cells of code among those.
    Cells(u64),
}

/// How many calls of the reader stand at most at the same time; `None` for a stream that is of no form known here.
pub(super) fn levels(stream: &[u8]) -> Option<u64> {
    let mut reader = Reader { rest: stream, frames: Vec::new() };
    reader.header()?;
    reader.frames.push(Frame::Items(1));
    let mut most = 0;
    while let Some(frame) = reader.frames.last_mut() {
        match frame {
            Frame::Items(0) | Frame::Constants(0) | Frame::Cells(0) => {
                reader.frames.pop();
                continue;
            }
            Frame::Items(left) => {
                *left -= 1;
                reader.item()?;
            }
            Frame::Instructed => {
                let count = reader.integer()?;
                *reader.frames.last_mut()? = Frame::Constants(u64::try_from(count).ok()?);
            }
            Frame::Constants(left) => {
                *left -= 1;
                reader.constant()?;
            }
            Frame::Cells(left) => {
                *left -= 1;
                let kind = reader.integer()?;
                reader.cell(kind)?;
            }
        }
        most = most.max(reader.frames.len() as u64);
    }
    reader.rest.is_empty().then_some(most)
}

struct Reader<'a> {
    rest: &'a [u8],
    frames: Vec<Frame>,
}

/// Types of items, as `serialize.c` numbers them.
const LISTS: [i32; 5] = [2, 3, 5, 6, 17];
/// Items that are nothing but their type.
const CONSTANTS: Range<i32> = 241..243;
const MORE_CONSTANTS: Range<i32> = 250..255;
/// Code within bytecode: with attributes or without, to be met again, met before.
const CODE: [i32; 4] = [2, 6, 239, 240];
const DEFINED: i32 = 244;
const MET: i32 = 243;
const BYTECODE: i32 = 21;

impl Reader<'_> {
    fn integer(&mut self) -> Option<i32> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(i32::from_ne_bytes(*bytes))
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    /// The length of a vector.
    fn length(&mut self) -> Option<u64> {
        match self.integer()? {
            -1 => {
                let (high, low) = (self.integer()?, self.integer()?);
                Some(u64::from(high as u32) << 32 | u64::from(low as u32))
            }
            length => u64::try_from(length).ok(),
        }
    }

    /// Of the machine's byte order, versions 2 and 3.
    fn header(&mut self) -> Option<()> {
        self.rest = self.rest.strip_prefix(b"B\n")?;
        let version = self.integer()?;
        self.skip(8)?;
        match version {
            2 => Some(()),
            3 => {
                let encoding = self.integer()?;
                self.skip(u64::try_from(encoding).ok()?)
            }
            _ => None,
        }
    }

    /// What is within an item is read in a frame of its own.
    fn within(&mut self, items: u64) -> Option<()> {
        self.frames.push(Frame::Items(items));
        Some(())
    }

    fn item(&mut self) -> Option<()> {
        let flags = self.integer()?;
        let kind = flags & 0xff;
        let [attributes, tag] = [9, 10].map(|bit| u64::from(flags as u32 >> bit & 1));
        match kind {
            _ if CONSTANTS.contains(&kind) || MORE_CONSTANTS.contains(&kind) => self.within(0),
            _ if LISTS.contains(&kind) => self.within(attributes + tag + 2),
            // What was met before.
            255 => {
                if flags >> 8 == 0 {
                    self.integer()?;
                }
                self.within(0)
            }
            // Names of packages, namespaces and what `refhook` knows.
            247..=249 => {
                self.integer()?;
                let count = self.length()?;
                self.within(count)
            }
            // A symbol has its name.
            1 => self.within(1),
            // An environment: whether it is locked; parent, frame, table, attributes.
            4 => {
                self.integer()?;
                self.within(4)
            }
            // An external pointer has a value and a tag.
            22 => self.within(attributes + 2),
            // Weak references and S4 objects.
            23 | 25 => self.within(attributes),
            // ALTREP: class, state, attributes.
            238 => self.within(3),
            BYTECODE => {
                self.integer()?;
                self.bytecode(attributes)
            }
            _ => self.vector(kind, attributes),
        }
    }

    fn vector(&mut self, kind: i32, attributes: u64) -> Option<()> {
        match kind {
            // Functions of R's own, by name, and strings: -1 for NA.
            7..=9 => {
                let length = self.integer()?;
                self.skip(length.max(0) as u64)?;
                self.within(attributes)
            }
            16 | 19 | 20 => {
                let items = self.length()?;
                self.within(items.checked_add(attributes)?)
            }
            10 | 13 | 14 | 15 | 24 => {
                let size = match kind {
                    10 | 13 => 4,
                    14 => 8,
                    15 => 16,
                    _ => 1,
                };
                let bytes = self.length()?.checked_mul(size)?;
                self.skip(bytes)?;
                self.within(attributes)
            }
            _ => None,
        }
    }

    /// Instructions, constants, and then what attributes there are.
    fn bytecode(&mut self, attributes: u64) -> Option<()> {
        self.frames.extend([Frame::Items(attributes), Frame::Instructed, Frame::Items(1)]);
        Some(())
    }

    fn constant(&mut self) -> Option<()> {
        match self.integer()? {
            BYTECODE => self.bytecode(0),
            kind if CODE.contains(&kind) || kind == DEFINED || kind == MET => self.cell(kind),
            _ => self.within(1),
        }
    }

    /// A cell of code: attributes, tag, what it holds, the next.
    fn cell(&mut self, kind: i32) -> Option<()> {
        let mut kind = kind;
        if kind == MET {
            self.integer()?;
            return Some(());
        }
        if kind == DEFINED {
            self.integer()?;
            kind = self.integer()?;
        }
        if !CODE.contains(&kind) {
            return self.within(1);
        }
        let attributes = u64::from(kind >= 239);
        self.frames.extend([Frame::Cells(2), Frame::Items(attributes + 1)]);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::levels;
    use crate::r::embedded::{r, with_r};
    use crate::r::protect;

    /// The levels of R's serialization of what R code gives.
    fn levels_of(code: &str) -> Option<u64> {
        let code = format!("serialize({code}, NULL, xdr = FALSE)");
        protect(|s| {
            let stream = r(s, &code);
            // SAFETY: a live raw vector's own bytes.
            Ok(levels(unsafe { std::slice::from_raw_parts(stream.data().unwrap(), stream.len()) }))
        })
        .unwrap()
    }

    #[test]
    fn every_value_is_walked_to_its_last_byte() {
        with_r(|| {
            for place in ["base", "stats", "methods", "utils"] {
                let code = format!("as.list(asNamespace('{place}'), all.names = TRUE)");
                assert!(levels_of(&code).is_some(), "{place}");
            }
            let compiled = "compiler::cmpfun(function(x, ...) { for (i in 1:9) x <- tryCatch(f(i, ...), error = g); x })";
            for code in [
                compiled,
                "quote(f(x, y = 2))",
                "as.character(1:10)",
                "new.env()",
                "globalenv()",
                "1:10",
                "NULL",
            ] {
                assert!(levels_of(code).is_some(), "{code}");
            }
        });
    }

    #[test]
    fn levels_grow_with_each_call_attribute_item_and_cell() {
        with_r(|| {
            let grows = |step: &str, by: u64| {
                let nested = |n: u32| {
                    levels_of(&format!("local({{ x <- quote(a); for (i in seq_len({n})) x <- {step}; x }})"))
                        .unwrap()
                };
                assert_eq!(nested(300) - nested(200), 100 * by, "{step}");
            };
            grows("list(x)", 1);
            grows("call('f', x)", 2);
            grows("structure(1, a = x)", 2);
            grows("new.env(parent = if (is.environment(x)) x else emptyenv())", 1);
            grows("as.pairlist(c(list(1), as.list(x)))", 1);
        });
    }

    #[test]
    fn what_is_no_stream_has_no_levels() {
        with_r(|| {
            let whole = protect(|s| {
                let stream = r(s, "serialize(list(1, quote(f(x)), letters, mean), NULL, xdr = FALSE)");
                // SAFETY: a live raw vector's own bytes.
                Ok(unsafe { std::slice::from_raw_parts(stream.data().unwrap(), stream.len()) })
            });
            let whole = whole.unwrap().to_vec();
            assert!(levels(&whole).is_some());
            assert!((0..whole.len()).all(|end| levels(&whole[..end]).is_none()));
            for at in 0..whole.len() {
                let mut damaged = whole.clone();
                damaged[at] ^= 0xff;
                // Whatever it says, it comes back.
                let _ = levels(&damaged);
            }
        });
    }
}
