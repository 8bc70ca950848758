//! Arrays of other programs' files whose items are not as a page has them (another type, byte order or order of items, parts that lie
//! apart): converted while they are written into a page, by several threads.
//!
//! An array in the order of rows is a matrix of `a` by `b` items, each of which may stand for several dimensions: the first ones make a row's
//! number, the others the place in the row. Tiles of it are read row by row and written column by column; so neither side is walked in
//! steps of single items.

use rayon::prelude::*;

use super::outline::{Outline, Shape};
use super::{ItemType, Order};
use crate::error::Result;
use crate::os::{threads_for_work, with_signals_blocked, Access, DataFile, FilePart, SegmentFile};
use crate::store::Content;

/// More threads than this do not make memory faster.
const MAX_THREADS: usize = 4;
/// Items that a thread converts at a time.
const SLICE: u64 = 1 << 17;
/// Rows of a tile, at most.
const TILE_ROWS: u64 = 512;

/// What parts of files hold, in the order in which the items follow each other.
#[derive(Debug)]
pub struct Loaded {
    outline: Outline,
    item: ItemType,
    parts: Vec<FilePart>,
    rows: Option<Tiled>,
}

impl Loaded {
    /// The items of parts, one part after the other; in the order of rows there is one part. `extents` are the dims without the limits of
    /// an attribute.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) for more items than a vector can have.
    pub fn new(item: ItemType, shape: Shape, parts: Vec<FilePart>, order: (Order, &[u64])) -> Result<Loaded> {
        let items = parts.iter().map(|part| part.bytes / item.size()).sum();
        let rows = match order {
            (Order::Rows, extents) if extents.len() > 1 && items > 0 => Some(Tiled::of(extents)),
            _ => None,
        };
        Ok(Loaded { outline: Outline::new(item.tag(), items, shape, 0)?, item, parts, rows })
    }

    fn slices(&self, file: &SegmentFile, at: u64) -> Result<()> {
        let mut first = 0;
        for part in &self.parts {
            let data = DataFile::open_part(part, Access::Read)?;
            let count = part.bytes / self.item.size();
            let each = |slice: u64| {
                let (from, to) = (slice * SLICE, (slice * SLICE + SLICE).min(count));
                let items = self.items(&data, part, from, to - from)?;
                file.write_at(at + (first + from) * self.item.tag().item_size(), &items)
            };
            (0..count.div_ceil(SLICE)).into_par_iter().try_for_each(each)?;
            first += count;
        }
        Ok(())
    }

    fn tiles(&self, tiled: &Tiled, file: &SegmentFile, at: u64) -> Result<()> {
        let part = &self.parts[0];
        let data = DataFile::open_part(part, Access::Read)?;
        let size = self.item.tag().item_size() as usize;
        (0..tiled.count()).into_par_iter().try_for_each(|number| {
            let tile = tiled.tile(number);
            let mut out = vec![0; (tile.rows * tile.columns) as usize * size];
            for row in 0..tile.rows {
                let from = tiled.row_in_file(tile.row + row) * tiled.columns + tile.column;
                let items = self.items(&data, part, from, tile.columns)?;
                for (column, item) in items.chunks_exact(size).enumerate() {
                    out[(column * tile.rows as usize + row as usize) * size..][..size].copy_from_slice(item);
                }
            }
            tiled.runs(tile).try_for_each(|run| {
                let bytes = &out[run.from as usize * size..][..run.len as usize * size];
                file.write_at(at + run.at * size as u64, bytes)
            })
        })
    }

    /// Items of a part, converted.
    fn items(&self, data: &DataFile, part: &FilePart, from: u64, count: u64) -> Result<Vec<u8>> {
        let size = self.item.size();
        let mut bytes = vec![0; (count * size) as usize];
        data.read_at(part.offset + from * size, &mut bytes)?;
        let mut items = vec![0; (count * self.item.tag().item_size()) as usize];
        self.item.convert(&bytes, &mut items).map_err(|(place, what)| {
            let place = from + place as u64 + 1;
            data.error(&format!("its item {place} is {what}, which no double holds exactly"))
        })?;
        Ok(items)
    }
}

impl Content for Loaded {
    fn bytes(&self) -> u64 {
        self.outline.end()
    }

    fn write(&self, file: &SegmentFile, at: u64) -> Result<()> {
        self.outline.write(file, at)?;
        let at = at + self.outline.start;
        let all = || match &self.rows {
            Some(tiled) => self.tiles(tiled, file, at),
            None => self.slices(file, at),
        };
        match threads() {
            Some(pool) => pool.install(all),
            None => all(),
        }
    }
}

/// Threads for one file. They end with it: a process that forks later, or must have one thread only, is not burdened. `None` (convert alone) when
/// `RAYON_NUM_THREADS` says so, as it does in workers, of which each core has one, or when the system gives none.
fn threads() -> Option<rayon::ThreadPool> {
    let wanted = threads_for_work().min(MAX_THREADS);
    if wanted == 1 {
        return None;
    }
    let builder =
        rayon::ThreadPoolBuilder::new().num_threads(wanted).thread_name(|i| format!("memshare-load-{i}"));
    // Ctrl-C is for R's own thread.
    with_signals_blocked(|| builder.build()).ok()
}

/// An array in the order of rows, as a matrix.
#[derive(Debug)]
struct Tiled {
    /// The extents that make a row's number, and those that make the place in it.
    extents: [Vec<u64>; 2],
    rows: u64,
    columns: u64,
    tile: [u64; 2],
}

/// A part of the matrix: rows as they follow each other in the page, columns as they do in the file.
#[derive(Clone, Copy, Debug)]
struct Tile {
    row: u64,
    rows: u64,
    column: u64,
    columns: u64,
}

/// Items of a tile that stand together in the page.
struct TileRun {
    from: u64,
    at: u64,
    len: u64,
}

impl Tiled {
    /// As many dimensions make the row's number as a tile of good height needs.
    fn of(extents: &[u64]) -> Tiled {
        let mut rows = 1;
        let mut split = 0;
        while split < extents.len() - 1 && rows < TILE_ROWS {
            rows *= extents[split];
            split += 1;
        }
        let (first, last) = extents.split_at(split);
        let columns = last.iter().product();
        let height = rows.min(TILE_ROWS);
        let tile = [height, (SLICE / height).min(columns)];
        Tiled { extents: [first.to_vec(), last.to_vec()], rows, columns, tile }
    }

    fn count(&self) -> u64 {
        self.rows.div_ceil(self.tile[0]) * self.columns.div_ceil(self.tile[1])
    }

    fn tile(&self, number: u64) -> Tile {
        let across = self.columns.div_ceil(self.tile[1]);
        let (row, column) = (number / across * self.tile[0], number % across * self.tile[1]);
        let (rows, columns) = (self.tile[0].min(self.rows - row), self.tile[1].min(self.columns - column));
        Tile { row, rows, column, columns }
    }

    /// The number that a row has in the file, of the one that it has in the page.
    fn row_in_file(&self, mut row: u64) -> u64 {
        self.extents[0].iter().fold(0, |number, extent| {
            let index = row % extent;
            row /= extent;
            number * extent + index
        })
    }

    /// The number that a column has in the page, of the one that it has in the file.
    fn column_in_page(&self, mut column: u64) -> u64 {
        self.extents[1].iter().rev().fold(0, |number, extent| {
            let index = column % extent;
            column /= extent;
            number * extent + index
        })
    }

    /// Whole columns that follow each other are one run.
    fn runs(&self, tile: Tile) -> impl Iterator<Item = TileRun> + '_ {
        let together = tile.rows == self.rows && self.extents[1].len() == 1;
        let step = if together { tile.columns } else { 1 };
        (0..tile.columns / step).map(move |run| TileRun {
            from: run * step * tile.rows,
            at: self.column_in_page(tile.column + run * step) * self.rows + tile.row,
            len: step * tile.rows,
        })
    }
}

#[cfg(test)]
#[path = "loaded_tests.rs"]
mod tests;
