//! The header of a NumPy file (`.npy`, versions 1 to 3): what items it has, in which shape and order, and where they begin.
//!
//! ```text
//! \x93NUMPY | version: 2 bytes | length: 2 bytes (version 1) or 4 | a Python literal | items
//! ```
//!
//! The literal is a dictionary with three known keys. It is read as text, by the rules of such literals; nothing is evaluated.

use crate::error::Result;
use crate::os::DataFile;

/// No header is longer: NumPy itself writes less than 64 KiB unless items have many named parts, which are not read.
const LONGEST: usize = 1 << 20;
/// NumPy's own limit.
const MOST_DIMS: usize = 64;

/// In which order the items of an array stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last index moves fastest, as in C.
    Rows,
    /// The first index moves fastest, as in Fortran.
    Columns,
}

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpyHeader {
    /// The type of the items, by NumPy's name.
    pub descr: String,
    /// Their order.
    pub order: Order,
    /// The extents; none of a single number.
    pub shape: Vec<u64>,
    /// The byte at which the items begin.
    pub at: u64,
}

impl NpyHeader {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// [`Error::File`](crate::error::Error::File), with what is wrong, for a file that has none or cannot be read.
    pub fn of(file: &DataFile) -> Result<NpyHeader> {
        let len = file.len().min(LONGEST as u64 + 12) as usize;
        let mut bytes = vec![0; len.min(12)];
        file.read_at(0, &mut bytes)?;
        if let Ok((at, length)) = preamble(&bytes) {
            bytes.resize(len.min(at + length), 0);
            file.read_at(0, &mut bytes)?;
        }
        NpyHeader::parse(&bytes).map_err(|reason| file.error(&reason))
    }

    /// Reads a header from the beginning of a file's bytes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> std::result::Result<NpyHeader, String> {
        let (at, length) = preamble(bytes)?;
        let text = bytes.get(at..at + length);
        let text = text.ok_or_else(|| {
            format!("it is no whole NumPy file: its header has {length} bytes, the file ends before")
        })?;
        let text = std::str::from_utf8(text).map_err(|_| "its NumPy header is no text".to_owned())?;
        let header = Literal { rest: text }.header((at + length) as u64);
        header.map_err(|reason| format!("its NumPy header is damaged: {reason}"))
    }
}

/// Where the literal begins, and how long it is.
fn preamble(bytes: &[u8]) -> std::result::Result<(usize, usize), String> {
    let version =
        bytes.strip_prefix(b"\x93NUMPY").ok_or("it is no NumPy file: it does not begin with \\x93NUMPY")?;
    let (at, length) = match *version {
        [1, _, a, b, ..] => (10, usize::from(u16::from_le_bytes([a, b]))),
        [2 | 3, _, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        [version @ (0 | 4..), ..] => {
            return Err(format!("it is a NumPy file of version {version}; versions 1 to 3 are known"))
        }
        _ => return Err("it is no whole NumPy file: it ends in its header".into()),
    };
    if length > LONGEST {
        return Err(format!("its NumPy header has {length} bytes, more than the {LONGEST} that are read"));
    }
    Ok((at, length))
}

/// A Python literal, read from its beginning.
struct Literal<'a> {
    rest: &'a str,
}

type Read<T> = std::result::Result<T, String>;

impl<'a> Literal<'a> {
    fn header(mut self, at: u64) -> Read<NpyHeader> {
        let (mut descr, mut order, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.eat('}') {
            let key = self.string()?;
            self.expect(':')?;
            let twice = match key {
                "descr" => descr.replace(self.descr()?).is_some(),
                "fortran_order" => order.replace(self.order()?).is_some(),
                "shape" => shape.replace(self.shape()?).is_some(),
                other => return Err(format!("it has an entry '{}'", other.escape_debug())),
            };
            if twice {
                return Err(format!("it has '{key}' twice"));
            }
            if !self.eat(',') {
                self.expect('}')?;
                break;
            }
        }
        if !self.rest.trim().is_empty() {
            return Err("there is something behind its end".into());
        }
        let lacks = |what: &str| format!("it has no '{what}'");
        Ok(NpyHeader {
            descr: descr.ok_or_else(|| lacks("descr"))?,
            order: order.ok_or_else(|| lacks("fortran_order"))?,
            shape: shape.ok_or_else(|| lacks("shape"))?,
            at,
        })
    }

    fn descr(&mut self) -> Read<String> {
        if self.next() == Some('[') {
            return Err("its items have named parts (a structured dtype), which no vector of R holds".into());
        }
        self.string().map(str::to_owned)
    }

    fn order(&mut self) -> Read<Order> {
        [("True", Order::Columns), ("False", Order::Rows)]
            .into_iter()
            .find_map(|(word, order)| {
                self.next()?;
                self.rest = self.rest.strip_prefix(word)?;
                Some(order)
            })
            .ok_or_else(|| "'fortran_order' is neither True nor False".into())
    }

    fn shape(&mut self) -> Read<Vec<u64>> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.eat(')') {
            if shape.len() == MOST_DIMS {
                return Err(format!("'shape' has more than {MOST_DIMS} numbers"));
            }
            shape.push(self.extent()?);
            if !self.eat(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }

    /// A whole number; Python 2 wrote an L behind it.
    fn extent(&mut self) -> Read<u64> {
        if self.next() == Some('-') {
            return Err("'shape' has a negative number".into());
        }
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        if number.is_empty() {
            return Err("'shape' has something that is no whole number".into());
        }
        number.parse().map_err(|_| "'shape' has a number beyond all sizes".into())
    }

    fn string(&mut self) -> Read<&'a str> {
        let quote = self.next().filter(|c| matches!(c, '\'' | '"')).ok_or("a text in quotes is missing")?;
        let (text, rest) = self.rest[1..].split_once(quote).ok_or("a text does not end")?;
        if text.contains('\\') {
            return Err("it has a text with a backslash".into());
        }
        self.rest = rest;
        Ok(text)
    }

    fn expect(&mut self, what: char) -> Read<()> {
        if self.eat(what) {
            Ok(())
        } else {
            Err(format!("'{what}' is missing"))
        }
    }

    fn eat(&mut self, what: char) -> bool {
        let found = self.next() == Some(what);
        if found {
            self.rest = &self.rest[what.len_utf8()..];
        }
        found
    }

    /// The next character that is no space.
    fn next(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }
}

#[cfg(test)]
#[path = "npy_tests.rs"]
mod tests;
