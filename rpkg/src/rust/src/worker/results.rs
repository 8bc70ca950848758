//! The results of an output of a chunk, as FUN gives them: small plain vectors of one type and length are packed at once, so that R has nothing to
//! keep; others wait in a list until the chunk is through.
use scheduler::page::{Blob, BlobWriter};
use scheduler::store::Content;

use crate::codec::{self, Packing};
use crate::r::{Failure, Kind, Preserved, Scope, Sexp};

/// Room for `count` results.
pub(super) struct Results {
    count: usize,
    /// How many there are.
    next: usize,
    held: Held,
}

enum Held {
    Nothing,
    Packed(Packing),
    List(Preserved),
}

impl Results {
    pub(super) fn new(count: usize) -> Results {
        Results { count, next: 0, held: Held::Nothing }
    }

    /// How many results there are.
    pub(super) fn len(&self) -> usize {
        self.next
    }

    /// Takes the next one.
    pub(super) fn put(&mut self, s: &Scope, value: Sexp) {
        if matches!(self.held, Held::Nothing) {
            self.held = Packing::like(value, self.count).map_or(Held::Nothing, Held::Packed);
        }
        let packed = match &mut self.held {
            Held::Packed(packing) => packing.push(value),
            _ => false,
        };
        if !packed {
            self.as_list(s);
        }
        if let Held::List(list) = &self.held {
            list.get().set_item(self.next, value);
        }
        self.next += 1;
    }

    /// From now on they are in a list.
    fn as_list(&mut self, s: &Scope) {
        if matches!(self.held, Held::List(_)) {
            return;
        }
        s.inner(|s| {
            let list = s.vector(Kind::VECSXP, self.count);
            if let Held::Packed(packing) = &self.held {
                packing.unpack(s, list);
            }
            self.held = Held::List(Preserved::new(list));
        });
    }

    /// Puts a value in the place of a result that cannot be sent.
    pub(super) fn replace(&mut self, nth: usize, value: Sexp) {
        // What is packed can be sent.
        if let Held::List(list) = &self.held {
            list.get().set_item(nth, value);
        }
    }

    /// The results as the root of a blob, which borrows from them; or the place of one that cannot be sent, and why.
    pub(super) fn encoded(&self) -> std::result::Result<Blob, (usize, Failure)> {
        let (mut writer, mut nth) = (BlobWriter::new(), 0);
        let outcome = match &self.held {
            Held::Nothing => Ok(()),
            // SAFETY: the chunk keeps its results until it was handed in, and takes no more once it is through.
            Held::Packed(packing) => unsafe { packing.encode(&mut writer) },
            Held::List(list) => codec::encode_list(list.get(), &mut writer, &mut nth),
        };
        outcome.map_err(|failure| (nth, failure))?;
        Ok(writer.finish())
    }

    /// Tries to encode them one by one, from one on: where many cannot be sent, those before it are not encoded again for each.
    pub(super) fn try_from(&self, from: usize) -> std::result::Result<(), (usize, Failure)> {
        let Held::List(list) = &self.held else { return Ok(()) };
        for nth in from..list.get().len() {
            codec::encode(list.get().item(nth), &mut BlobWriter::new()).map_err(|failure| (nth, failure))?;
        }
        Ok(())
    }

    /// The first result that, with those before it, takes more than so many bytes; the last where none does.
    pub(super) fn first_beyond(&self, bytes: u64) -> usize {
        let list = match &self.held {
            Held::Nothing => return 0,
            Held::Packed(packing) => return packing.first_beyond(bytes),
            Held::List(list) => list.get(),
        };
        let mut taken = 0;
        let last = list.len().saturating_sub(1);
        let is_beyond = |&nth: &usize| {
            let mut writer = BlobWriter::new();
            // It was encoded before.
            if codec::encode(list.item(nth), &mut writer).is_ok() {
                taken += writer.finish().bytes();
            }
            taken > bytes
        };
        (0..last).find(is_beyond).unwrap_or(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r::embedded::{r, with_r};
    use crate::r::protect;

    /// What a list of R code is as results, and the list itself, encoded.
    fn both(code: &str) -> [Vec<u8>; 2] {
        let list = protect(|s| Ok(Preserved::new(r(s, code)))).unwrap();
        let mut results = Results::new(list.get().len());
        let (all, mut whole, mut at) = (list.get(), BlobWriter::new(), 0);
        let put = &mut results;
        protect(|s| {
            (0..all.len()).for_each(|i| put.put(s, all.item(i)));
            Ok(())
        })
        .unwrap();
        assert_eq!(results.len(), all.len());
        codec::encode_list(all, &mut whole, &mut at).unwrap();
        [results.encoded().map_err(|(_, failure)| failure).unwrap(), whole.finish()]
            .map(|blob| blob.to_vec().unwrap())
    }

    #[test]
    fn results_of_one_kind_or_many_are_those_of_a_list() {
        with_r(|| {
            for code in [
                "as.list(1:50)",
                "as.list(letters)",
                "list(1, 2, 'a', 4)",
                "list(1, 2L)",
                "list(c(a = 1), 2)",
                "list(1, NULL, quote(x))",
                "list(1:3 + 0, 4, 1:3 + 0)",
                "rep(list(1:1000 + 0), 3)",
            ] {
                let [packed, list] = both(code);
                assert_eq!(packed, list, "{code}");
            }
        });
    }

    #[test]
    fn the_first_that_there_is_no_room_for_is_found() {
        with_r(|| {
            for (code, beyond) in [("1", 3), ("'a'", 0)] {
                let value = protect(|s| Ok(Preserved::new(r(s, code)))).unwrap();
                let (mut results, value) = (Results::new(10), value.get());
                let put = &mut results;
                protect(|s| {
                    (0..10).for_each(|_| put.put(s, value));
                    Ok(())
                })
                .unwrap();
                assert_eq!((results.first_beyond(24), results.first_beyond(1 << 20)), (beyond, 9), "{code}");
            }
        });
    }
}
