//! Opening a blob: what must hold of it before it is read. One pass in index order; no recursion, so no depth can hurt.

use std::collections::HashSet;

use super::damaged;
use super::node::{checksum, number64, Node, Tag, HEADER, MAGIC, NODE, SUM};
use super::strings::fixed_size;
use super::view::BlobView;
use crate::error::Result;

/// More items than any vector has (R's own limit).
const MAX_LEN: u64 = 1 << 52;

impl<'a> BlobView<'a> {
    /// Checks the blob at the beginning of `bytes` (more may follow) and opens it.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) unless every node, index, length and string lies inside the blob, the nodes
    /// form a tree, and the bytes begin at an address divisible by 8.
    ///
    /// # Complexity
    /// Linear in the nodes, in the number of strings, and in the bytes that are serialized; no other data is touched.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        Self::open_with(bytes, &[])
    }

    /// As [`BlobView::open`], for a blob that refers to `pages`, of which each begins at an address divisible by 8.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) also when a View does not lie within its page.
    ///
    /// # Complexity
    /// Besides: linear in the strings of the tables that are referred to.
    pub fn open_with(bytes: &'a [u8], pages: &'a [&'a [u8]]) -> Result<Self> {
        let Some((header, _)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(damaged(format!("{} bytes are too few", bytes.len())));
        };
        if header[..8] != MAGIC {
            return Err(damaged("it is no value of this version of memshare"));
        }
        if bytes.as_ptr() as usize % 8 != 0 {
            return Err(damaged("its address is not divisible by 8"));
        }
        let field = |i: usize| usize::try_from(number64(&header[8 * i..])).unwrap_or(usize::MAX);
        let (count, data, size) = (field(1), field(2), field(3));
        let end = count.checked_mul(NODE).and_then(|n| n.checked_add(HEADER));
        if count == 0 || u32::try_from(count).is_err() || end.is_none_or(|end| end > data) {
            return Err(damaged(format!("{count} values before byte {data}")));
        }
        if data > size || size > bytes.len() || data % 64 != 0 {
            return Err(damaged(format!("data at {data} of {size} of {} bytes", bytes.len())));
        }
        let view = BlobView::unchecked(&bytes[HEADER..HEADER + count * NODE], &bytes[data..size], pages);
        check(&view)?;
        Ok(view)
    }
}

/// Checks every node, also those that nothing leads to: there must be none.
fn check(view: &BlobView<'_>) -> Result<()> {
    let mut tables = HashSet::new();
    let mut claimed = vec![false; view.nodes()];
    claimed[0] = true;
    for index in 0..view.nodes() {
        let node = view.checked_node(index)?;
        if !claimed[index] {
            return Err(damaged(format!("value {index} belongs to nothing")));
        }
        if node.len > MAX_LEN {
            return Err(damaged(format!("value {index} has {} items", node.len)));
        }
        match node.tag {
            Tag::List => claim(&mut claimed, index, node.off, node.len)?,
            Tag::Packed if !node.elem.packs() => {
                return Err(damaged(format!("value {index} packs {:?}", node.elem)))
            }
            // Items without bytes can be any number; what is behind the root is made without asking how many are expected.
            Tag::Packed if index > 0 && node.attributes == 0 && node.len > view.bytes() => {
                return Err(damaged(format!("value {index} packs {} items of no bytes", node.len)))
            }
            Tag::View => check_view(view, index, &node, &mut tables)?,
            _ => check_data(view, index, &node)?,
        }
        if node.attributes != 0 && node.tag != Tag::Packed {
            claim(&mut claimed, index, u64::from(node.attributes), 1)?;
            check_attributes(view, index, node.attributes as usize)?;
        }
    }
    Ok(())
}

/// Children stand after their parent and have no other one.
fn claim(claimed: &mut [bool], parent: usize, first: u64, count: u64) -> Result<()> {
    let wrong = || damaged(format!("value {parent} cannot have {count} values from {first} on"));
    if count == 0 {
        return Ok(());
    }
    let start = usize::try_from(first).map_err(|_| wrong())?;
    let end = usize::try_from(count).ok().and_then(|n| start.checked_add(n)).ok_or_else(wrong)?;
    if start <= parent {
        return Err(wrong());
    }
    for child in claimed.get_mut(start..end).ok_or_else(wrong)? {
        if std::mem::replace(child, true) {
            return Err(wrong());
        }
    }
    Ok(())
}

fn check_data(view: &BlobView<'_>, index: usize, node: &Node) -> Result<()> {
    let wrong = |what: &str| damaged(format!("value {index} ({:?} of length {}) {what}", node.tag, node.len));
    let is_table = node.tag == Tag::Strings || (node.tag == Tag::Packed && node.elem == Tag::Strings);
    let alignment = if is_table { 8 } else { node.tag.item_size().max(node.elem.item_size()).clamp(1, 8) };
    if node.off % alignment != 0 {
        return Err(wrong("is not aligned"));
    }
    let size = view.extent(node).ok_or_else(|| wrong("has no size"))?;
    let bytes = view.slice(node.off, size).ok_or_else(|| wrong("reaches beyond the data"))?;
    if node.tag == Tag::Serialized {
        let sum = node.off.checked_add(size).and_then(|end| view.slice(end, SUM));
        if sum != Some(&checksum(bytes)) {
            return Err(wrong("is not as it was written"));
        }
    }
    if is_table {
        let table = view.strings(node).ok_or_else(|| wrong("has no table"))?;
        let fixed = fixed_size(table.len() as u64).ok_or_else(|| wrong("has no size"))?;
        if fixed > size || !table.is_ordered() {
            return Err(wrong("has strings out of order"));
        }
    }
    Ok(())
}

/// The items lie within the page. A table that many nodes refer to is walked once: `tables` are those that were.
fn check_view(
    view: &BlobView<'_>,
    index: usize,
    node: &Node,
    tables: &mut HashSet<(u64, u64, u64)>,
) -> Result<()> {
    let wrong = |what: &str| {
        let Node { elem, len, .. } = node;
        damaged(format!("value {index} (a view of {elem:?} of length {len}) {what}"))
    };
    let location =
        view.location(node).filter(|_| node.off % 8 == 0).ok_or_else(|| wrong("has no location"))?;
    let is_table = node.elem == Tag::Strings;
    if !is_table && node.elem.item_size() == 0 {
        return Err(wrong("is of no plain items"));
    }
    if location.at % if is_table { 8 } else { node.elem.item_size().min(8) } != 0 {
        return Err(wrong("is not aligned"));
    }
    location.items(node, view.pages()).ok_or_else(|| wrong("reaches beyond the page that it refers to"))?;
    if is_table {
        let (table, ..) = view.table(node).ok_or_else(|| wrong("reaches beyond its table"))?;
        if tables.insert((location.page, location.at, location.table)) && !table.is_ordered() {
            return Err(wrong("has strings out of order"));
        }
    }
    Ok(())
}

/// A List of one name table and as many values as it has names, each with its name.
fn check_attributes(view: &BlobView<'_>, owner: usize, index: usize) -> Result<()> {
    let wrong = || damaged(format!("the attributes of value {owner} are no attributes"));
    let list = view.checked_node(index)?;
    let first = usize::try_from(list.off).ok().filter(|&first| first > index && first < view.nodes());
    let (Some(first), Tag::List) = (first, list.tag) else {
        return Err(wrong());
    };
    let names = view.checked_node(first)?;
    if names.tag != Tag::Strings || names.len.checked_add(1) != Some(list.len) {
        return Err(wrong());
    }
    let table = view.strings(&names).ok_or_else(wrong)?;
    let named = |i| table.get(i).is_some_and(|(name, _)| !name.is_empty() && !name.contains(&0));
    if table.is_ordered() && (0..table.len()).all(named) {
        Ok(())
    } else {
        Err(wrong())
    }
}
