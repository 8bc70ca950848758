//! A profile on disk.
//!
//! ```text
//! "memshprf" | version (4 bytes) | blake3 of the rest (32 bytes) | bincode
//! ```
//! Numbers are little-endian. What is not as it should be is an error that says how: a file of something else, of another
//! version, cut short, changed. The file is written beside its place and renamed, so that nobody ever reads half of one.
use std::fs;
use std::path::Path;

use super::Profile;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"memshprf";
/// Goes up with every change of [`Profile`].
const VERSION: u32 = 1;
const CHECKSUM: usize = 32;
const HEAD: usize = MAGIC.len() + 4 + CHECKSUM;
/// A longer file is none of ours: 4 GiB are a thousand million elements.
const MOST: u64 = 4 << 30;

/// Writes a profile to `path`, in place of what is there.
///
/// # Errors
/// [`Error::Os`] when the system refuses.
pub fn save(profile: &Profile, path: &Path) -> Result<()> {
    let body = crate::wire::pack(profile);
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(blake3::hash(&body).as_bytes());
    bytes.extend_from_slice(&body);
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    let refused = |e| Error::os(format!("cannot write the profile {}", path.display()), e);
    fs::write(&beside, &bytes).and_then(|()| fs::rename(&beside, path)).map_err(|e| {
        let _ = fs::remove_file(&beside);
        refused(e)
    })
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
    let bad = |reason: &str| Error::Profile { path: path.to_owned(), reason: reason.to_owned() };
    let length = fs::metadata(path).map_err(refused)?.len();
    if length > MOST {
        return Err(bad("it is far too long"));
    }
    let bytes = fs::read(path).map_err(refused)?;
    read(&bytes).map_err(|reason| bad(&reason))
}

fn read(bytes: &[u8]) -> std::result::Result<Profile, String> {
    let Some((magic, rest)) = bytes.split_first_chunk::<8>() else { return Err("it is too short".into()) };
    if magic != MAGIC {
        return Err("it is not a profile of memshare's".into());
    }
    let Some((version, rest)) = rest.split_first_chunk::<4>() else { return Err("it is cut short".into()) };
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(format!(
            "another version of memshare wrote it (layout {version}, this one reads {VERSION})"
        ));
    }
    let Some((sum, body)) = rest.split_first_chunk::<CHECKSUM>() else {
        return Err("it is cut short".into());
    };
    if blake3::hash(body).as_bytes() != sum {
        return Err("it is damaged or cut short".into());
    }
    let profile: Profile = crate::wire::unpack(body, "it").map_err(|e| e.to_string())?;
    if profile.costs.iter().any(|cost| !cost.is_finite() || *cost < 0.0) {
        return Err("it has costs that are no times".into());
    }
    Ok(profile)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn profile(costs: Vec<f32>) -> Profile {
        Profile {
            key: "f | list".into(),
            name: "z".into(),
            costs,
            workers: 2,
            chunks: 7,
            overhead_ns: 21_000.0,
            made: 1_800_000_000,
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
            let body = crate::wire::pack(&profile(vec![1.0; 5]));
            let mut bytes = [MAGIC.as_slice(), &VERSION.to_le_bytes(), blake3::hash(&body).as_bytes(), &body].concat();
            prop_assert!(read(&bytes).is_ok());
            let at = at.index(bytes.len());
            bytes[at] ^= xor;
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_a_profile_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = read(&[MAGIC.as_slice(), &VERSION.to_le_bytes(), blake3::hash(&bytes).as_bytes(), &bytes].concat());
        }
    }
}
