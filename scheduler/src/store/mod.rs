//! Pages and who owns them: what a session shares, registers under a name, and gives back.
//!
//! A page is a segment with a header; a [`Store`] makes a session's pages and keeps its registered variables; [`find`] opens
//! another session's, and [`Store::hold`] keeps one for a run; an [`OpenPage`] can be read without its name; [`why`] tells what
//! keeps one alive; [`prune`] clears away what dead sessions left, and [`orphans`] tells what that would be. What a page's content
//! means is not known here.

mod cache;
mod content;
mod find;
mod header;
mod hold;
mod open_page;
mod orphans;
mod page;
mod prune;
mod registry;
mod why;

pub use cache::{clear_cache, open_page, set_cache, sweep_cache};
pub use content::{places, Content, Traits, CONTENT};
pub use find::{boards, find, list, map_private, Found, Listed};
pub use header::{Header, Kind};
pub use hold::{holds, Held, Hold};
pub use open_page::{most_open, OpenPage, PageAddress};
pub use orphans::{orphans, Orphan};
pub use page::{Memory, Page};
pub use prune::{clear_away, clear_away_after, prune};
pub use registry::{Entry, Store};
pub use why::{why, Registered, User, Why};

#[cfg(test)]
mod tests;
