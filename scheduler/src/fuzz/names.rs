//! Names that stand in `/dev/shm`, whoever put them there.
use std::hint::black_box;

use crate::os::name::{self, Named};
use crate::os::SessionId;

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    black_box(text.parse::<SessionId>().ok());
    match name::parse(&text) {
        // One name for one thing: whoever made this one, we would make it again.
        Some(Named::Lock(session)) => assert_eq!(name::lock(session), text),
        Some(Named::Files(session)) => assert_eq!(name::files(session), text),
        Some(Named::Page(session) | Named::Hold(session)) => {
            assert_eq!(name::page(session, 1)[..23][10..], text[..23][10..]);
        }
        Some(Named::Variable) | None => {}
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let session = SessionId(u64::MAX - 5);
    let names = [
        name::lock(session),
        name::page(session, 77),
        name::hold(session, 1),
        name::files(session),
        name::variable(7, "demo", "x"),
        session.to_string(),
    ];
    names.into_iter().map(String::into_bytes).collect()
}
