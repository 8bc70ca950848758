//! Inputs that `make fuzz` found, kept with the sources so that another machine goes on from them and every `cargo test` reads them:
//! `fuzz/corpus/TARGET`, each input behind its length (four bytes, little-endian).
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Target;

/// Bytes that the kept inputs of one target take at most: those of all twelve stay below two megabytes.
const MOST: usize = 160_000;

impl Target {
    /// The target's valid documents, and the inputs that are kept of it.
    ///
    /// # Panics
    /// Where the kept inputs cannot be read though they are there.
    pub fn documents(&self) -> Vec<Vec<u8>> {
        let kept = match fs::read(self.file()) {
            Ok(packed) => unpack(&packed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => panic!("{}: {error}", self.file().display()),
        };
        [(self.seeds)(), kept].concat()
    }

    /// Keeps the files of `folder`, the short ones first, as far as there is room for them.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn keep(&self, folder: &Path) -> io::Result<()> {
        let files = fs::read_dir(folder)?.map(|entry| fs::read(entry?.path()));
        let mut inputs = files.collect::<io::Result<Vec<_>>>()?;
        inputs.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        fs::write(self.file(), pack(&inputs))
    }

    fn file(&self) -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus")).join(self.name)
    }
}

fn pack(inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut packed = Vec::new();
    for input in inputs {
        let length = u32::try_from(input.len()).expect("inputs are short");
        if packed.len() + 4 + input.len() > MOST {
            break;
        }
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(input);
    }
    packed
}

fn unpack(mut packed: &[u8]) -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        let (input, rest) = rest.split_at_checked(length).expect("a kept input is whole");
        inputs.push(input.to_vec());
        packed = rest;
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack, MOST};

    #[test]
    fn inputs_come_back_as_far_as_there_is_room() {
        let inputs = [vec![], vec![1], vec![2; 300], vec![3; MOST - 4 * 4 - 301], vec![4]];
        assert_eq!(unpack(&pack(&inputs)), inputs[..4]);
    }

    #[test]
    #[should_panic(expected = "a kept input is whole")]
    fn a_file_that_was_cut_is_noticed() {
        let packed = pack(&[vec![1, 2, 3]]);
        unpack(&packed[..packed.len() - 1]);
    }
}
