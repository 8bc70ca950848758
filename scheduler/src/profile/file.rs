//! A profile on disk: a checksummed file. Those of the first version, which knew no sizes, are read too.
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Profile;
use crate::checksummed::{self, Format};
use crate::error::{Error, Result};

pub(crate) const FORMAT: Format = Format { magic: b"memshprf", version: 2, what: "a profile" };
const FIRST: Format = Format { version: 1, ..FORMAT };

/// What a file of the first version holds.
#[derive(Serialize, Deserialize)]
struct First {
    key: String,
    name: String,
    costs: Vec<f32>,
    workers: u32,
    chunks: u64,
    overhead_ns: f64,
    made: u64,
}

impl From<First> for Profile {
    fn from(first: First) -> Profile {
        let First { key, name, costs, workers, chunks, overhead_ns, made } = first;
        Profile { key, name, costs, workers, chunks, overhead_ns, made, size: None }
    }
}

/// Writes a profile to `path`, in place of what is there.
///
/// # Errors
/// [`Error::Os`] when the system refuses.
pub fn save(profile: &Profile, path: &Path) -> Result<()> {
    let refused = |e| Error::os(format!("cannot write the profile {}", path.display()), e);
    checksummed::write(path, &FORMAT.to_bytes(profile)).map_err(refused)
}

/// A name for what some bytes say, the same wherever it is made: 128 bits of their hash, in hexadecimal.
pub fn fingerprint(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

/// Reads the profile at `path`.
///
/// # Errors
/// [`Error::Os`] when the system refuses, [`Error::Profile`] for a file that is no profile of this version.
pub fn load(path: &Path) -> Result<Profile> {
    let refused = |e| Error::os(format!("cannot read the profile {}", path.display()), e);
    let bytes = checksummed::read(path).map_err(refused)?;
    read(&bytes).map_err(|reason| Error::Profile { path: path.to_owned(), reason })
}

/// The profile that the bytes of a file are, or why they are none.
pub(crate) fn read(bytes: &[u8]) -> std::result::Result<Profile, String> {
    let profile = match FIRST.is_of(bytes) {
        true => FIRST.open::<First>(bytes).map_err(|e| e.to_string())?.into(),
        false => FORMAT.open::<Profile>(bytes).map_err(|e| e.to_string())?,
    };
    if profile.costs.iter().any(|cost| !cost.is_finite() || *cost < 0.0) {
        return Err("it has costs that are no times".into());
    }
    Ok(profile)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::fs;

    use proptest::prelude::*;

    use crate::plan::ResultSize;

    fn profile(costs: Vec<f32>) -> Profile {
        Profile {
            key: "f | list".into(),
            name: "z".into(),
            costs,
            workers: 2,
            chunks: 7,
            overhead_ns: 21_000.0,
            made: 1_800_000_000,
            size: ResultSize::measured([(1, 928), (2, 1_728)]),
        }
    }

    fn scratch(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("memshare-profile-{}-{name}", std::process::id()))
    }

    #[test]
    fn a_profile_comes_back_as_it_was_saved_and_replaces_what_was_there() {
        let path = scratch("round.prof");
        save(&profile(vec![1.0]), &path).unwrap();
        let second = profile(vec![1.5, 0.0, 3e9]);
        save(&second, &path).unwrap();
        let (read, left) = (load(&path).unwrap(), fs::read_dir(path.parent().unwrap()).unwrap());
        let parts = left.flatten().filter(|entry| {
            entry.file_name().to_string_lossy().starts_with(&*path.file_stem().unwrap().to_string_lossy())
        });
        assert_eq!((read, parts.count()), (second, 1), "and nothing lies beside it");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_profile_of_the_first_version_is_read_and_knows_no_sizes() {
        let path = scratch("first.prof");
        let Profile { key, name, costs, workers, chunks, overhead_ns, made, .. } = profile(vec![2.0, 3.0]);
        fs::write(&path, FIRST.to_bytes(&First { key, name, costs, workers, chunks, overhead_ns, made }))
            .unwrap();
        assert_eq!(load(&path).unwrap(), Profile { size: None, ..profile(vec![2.0, 3.0]) });
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_is_no_profile_is_said_to_be_none() {
        let path = scratch("bad.prof");
        let refuse = |bytes: &[u8], word: &str| {
            fs::write(&path, bytes).unwrap();
            let error = load(&path).unwrap_err();
            assert_eq!(error.kind(), "profile");
            assert!(error.to_string().contains(word) && error.to_string().contains("bad.prof"), "{error}");
        };
        save(&profile(vec![1.0, 2.0]), &path).unwrap();
        let good = fs::read(&path).unwrap();
        refuse(b"", "too short");
        refuse(b"saved by R, not by us", "not a profile");
        refuse(&good[..good.len() - 1], "damaged or cut short");
        refuse(&good[..20], "cut short");
        let mut later = good.clone();
        later[8] = 9;
        refuse(&later, "layout 9");
        save(&profile(vec![f32::NAN]), &path).unwrap();
        refuse(&fs::read(&path).unwrap(), "no times");
        fs::remove_file(&path).unwrap();
        assert_eq!(load(&path).unwrap_err().kind(), "system");
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), xor in 1u8..) {
            let mut bytes = FORMAT.to_bytes(&profile(vec![1.0; 5]));
            prop_assert!(read(&bytes).is_ok());
            let at = at.index(bytes.len());
            bytes[at] ^= xor;
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_a_profile_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let (version, sum) = (FORMAT.version.to_le_bytes(), blake3::hash(&bytes));
            let _ = read(&[FORMAT.magic.as_slice(), &version, sum.as_bytes(), &bytes].concat());
        }
    }
}
