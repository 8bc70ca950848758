//! The names of segments: short, of one alphabet, and telling whose they are.
//!
//! A name is `memshare-`, one letter for its sort, and 20 characters of base32: 30 in all, 31 with the slash that POSIX
//! puts before it, which is as long as macOS allows.
//!
//! * `s`: a session's own, 13 characters of session id and 7 of a counter. Counter 0 is the session's lock, the others are
//!   pages. So an unfinished page already says whose it is.
//! * `f`: the directory of a session's small files (logs, what workers are told of the session), made of its id and zeros.
//! * `h`: a hold, made of the same two: a second name that this session gave a variable's segment which a run of it reads.
//!   The header behind it is the variable's, and names the session that registered it; the name says who holds.
//! * `v`: a registered variable, a hash of user, namespace and variable name. Any session of the user finds it; no other
//!   user's session has the same name.

use super::session_id::SessionId;

/// What every segment's name begins with.
pub const PREFIX: &str = "memshare-";

/// Lower case, so that a directory that ignores case is a good place too.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Characters of a session id: 64 bits.
const SESSION_CHARS: usize = 13;
/// Characters of a counter: 35 bits.
const COUNTER_CHARS: usize = 7;
/// Characters after the letter.
const CHARS: usize = SESSION_CHARS + COUNTER_CHARS;

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The lock that this session holds while it lives.
    Lock(SessionId),
    /// A page of this session.
    Page(SessionId),
    /// A variable's segment, which this session's run reads.
    Hold(SessionId),
    /// The directory of this session's small files.
    Files(SessionId),
    /// A registered variable; its header says whose.
    Variable,
}

/// The name of a session's lock.
pub fn lock(session: SessionId) -> String {
    page(session, 0)
}

/// The name of a session's page number `counter`, which is not 0.
pub fn page(session: SessionId, counter: u64) -> String {
    of_session('s', session, counter)
}

/// The name of a session's hold number `counter`, which is not 0.
pub fn hold(session: SessionId, counter: u64) -> String {
    of_session('h', session, counter)
}

/// The name of the directory of a session's small files.
pub fn files(session: SessionId) -> String {
    of_session('f', session, 0)
}

fn of_session(sort: char, session: SessionId, counter: u64) -> String {
    let (session, counter) = (u128::from(session.0), u128::from(counter));
    format!("{PREFIX}{sort}{}{}", base32(session, SESSION_CHARS), base32(counter, COUNTER_CHARS))
}

/// The name of the variable `name` of `namespace`, for the user `uid`.
pub fn variable(uid: u32, namespace: &str, name: &str) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(&uid.to_le_bytes());
    // The length keeps `a.b` + `c` apart from `a` + `b.c`, whatever bytes the two hold.
    hash.update(&(namespace.len() as u64).to_le_bytes());
    hash.update(namespace.as_bytes());
    hash.update(name.as_bytes());
    let mut bits = [0; 16];
    bits.copy_from_slice(&hash.finalize().as_bytes()[..16]);
    format!("{PREFIX}v{}", base32(u128::from_le_bytes(bits), CHARS))
}

/// Reads a name; `None` when it is none of ours.
pub fn parse(name: &str) -> Option<Named> {
    let (sort, chars) = name.strip_prefix(PREFIX)?.split_at_checked(1)?;
    let (session, counter) = chars.split_at_checked(SESSION_CHARS)?;
    if counter.len() != COUNTER_CHARS {
        return None;
    }
    match (sort, number(session), number(counter)) {
        ("s", Some(session), Some(counter)) => {
            let session = SessionId(u64::try_from(session).ok()?);
            Some(if counter == 0 { Named::Lock(session) } else { Named::Page(session) })
        }
        ("h", Some(session), Some(1..)) => Some(Named::Hold(SessionId(u64::try_from(session).ok()?))),
        ("f", Some(session), Some(0)) => Some(Named::Files(SessionId(u64::try_from(session).ok()?))),
        ("v", Some(_), Some(_)) => Some(Named::Variable),
        _ => None,
    }
}

/// The lowest `5 * chars` bits of `value`, the highest first.
pub(crate) fn base32(value: u128, chars: usize) -> String {
    (0..chars).rev().map(|at| char::from(ALPHABET[(value >> (5 * at)) as usize & 31])).collect()
}

fn number(chars: &str) -> Option<u128> {
    chars.bytes().try_fold(0_u128, |value, byte| {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
        Some(value << 5 | digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_enough_for_every_system_and_read_back() {
        let session = SessionId(u64::MAX - 5);
        for (name, meaning) in [
            (lock(session), Named::Lock(session)),
            (page(session, 1), Named::Page(session)),
            (page(SessionId(0), (1 << 35) - 1), Named::Page(SessionId(0))),
            (hold(session, 9), Named::Hold(session)),
            (files(session), Named::Files(session)),
            (variable(7, "demo", "x"), Named::Variable),
        ] {
            assert_eq!(name.len() + 1, 31, "{name}");
            assert_eq!(parse(&name), Some(meaning), "{name}");
        }
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        let ours = page(SessionId(3), 4);
        for name in [
            "",
            "memshare-",
            "memshare-s",
            "other",
            &ours[..29],
            &ours.to_uppercase(),
            &ours.replace("memshare-s", "memshare-x"),
            &hold(SessionId(3), 0),
            &page(SessionId(3), 1).replace("memshare-s", "memshare-f"),
            "memshare-é2345672345672345672",
            "memshare-séééééééééé",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn variables_of_other_users_namespaces_or_dots_have_other_names() {
        let names = [
            variable(1, "a.b", "c"),
            variable(1, "a", "b.c"),
            variable(1, "ab", "c"),
            variable(1, "a", "bc"),
            variable(2, "a", "bc"),
            variable(1, "", "abc"),
        ];
        for (i, one) in names.iter().enumerate() {
            assert!(names[i + 1..].iter().all(|other| other != one), "{one}");
        }
    }
}
