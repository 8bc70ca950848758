//! R's types and a page's tags.
use scheduler::page::Tag;

use crate::r::{Kind, Sexp};

/// The tag of a type that has one of its own; `None` for what R serializes.
pub(super) fn tag_of(x: Sexp) -> Option<Tag> {
    Some(match x.kind() {
        Kind::NILSXP => Tag::Null,
        Kind::LGLSXP => Tag::Logical,
        Kind::INTSXP => Tag::Integer,
        Kind::REALSXP => Tag::Real,
        Kind::CPLXSXP => Tag::Complex,
        Kind::RAWSXP => Tag::Raw,
        Kind::STRSXP => Tag::Strings,
        Kind::VECSXP => Tag::List,
        kind if kind as u32 == 25 => Tag::S4, // S4SXP; OBJSXP, which is S4 or not, from R 4.4 on
        _ => return None,
    })
    .filter(|&tag| (tag != Tag::S4 || x.is_s4()) && !x.makes_items())
}

/// The tag of a plain vector's type, as `typeof()` calls it.
pub fn tag_named(kind: &str) -> Option<Tag> {
    Some(match kind {
        "logical" => Tag::Logical,
        "integer" => Tag::Integer,
        "double" => Tag::Real,
        "complex" => Tag::Complex,
        "raw" => Tag::Raw,
        _ => return None,
    })
}

/// R's type of a tag that is a vector's.
pub fn kind_of(tag: Tag) -> Kind {
    match tag {
        Tag::Null => Kind::NILSXP,
        Tag::Logical => Kind::LGLSXP,
        Tag::Integer => Kind::INTSXP,
        Tag::Real => Kind::REALSXP,
        Tag::Complex => Kind::CPLXSXP,
        Tag::Raw | Tag::Serialized => Kind::RAWSXP,
        Tag::Strings => Kind::STRSXP,
        Tag::List | Tag::Packed | Tag::S4 | Tag::View => Kind::VECSXP,
    }
}
