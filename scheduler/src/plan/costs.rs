//! What the elements of a pass are expected to cost, relative to each other.
//!
//! A number of 4 bytes an element, shared and never copied, and a sum for every [`BLOCK`] of them, so that cutting walks over
//! blocks and looks at single elements only near a border.
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Elements of a block.
pub(super) const BLOCK: usize = 64;

/// Where costs come from, which says how far they are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Origin {
    /// A guess: the sizes of the elements. Used where they differ much, and cut finer.
    Sizes,
    /// Measured before, or said by the user.
    Known,
}

/// The costs of a pass's elements, none negative.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Costs {
    each: Arc<[f32]>,
    blocks: Arc<[f64]>,
    origin: Origin,
    unit_ns: Option<f64>,
    total: f64,
    largest: f32,
    variation: f64,
}

/// Costs on the wire; the rest is counted again.
#[derive(Serialize, Deserialize)]
struct Raw {
    each: Vec<f32>,
    origin: Origin,
    unit_ns: Option<f64>,
}

impl Costs {
    /// Costs of the elements in order. `unit_ns`: the nanoseconds that a cost of 1 takes, where that is known (1 for a profile
    /// in nanoseconds). O(n).
    ///
    /// # Errors
    /// [`Error::BadPlan`], with the place, for a cost that is negative, infinite or not a number, or such a unit.
    pub fn new(each: impl Into<Arc<[f32]>>, origin: Origin, unit_ns: Option<f64>) -> Result<Costs> {
        let each: Arc<[f32]> = each.into();
        let fine = |cost: &f32| cost.is_finite() && *cost >= 0.0;
        // Without a way out in the middle the loop is a vector's; the place is looked for only when there is one.
        if !each.iter().fold(true, |all, cost| all & fine(cost)) {
            let (place, cost) =
                each.iter().enumerate().find(|(_, cost)| !fine(cost)).unwrap_or((0, &f32::NAN));
            let place = place + 1;
            return Err(Error::BadPlan(format!(
                "the cost of element {place} is {cost}; costs are finite and not negative"
            )));
        }
        if unit_ns.is_some_and(|unit| !(unit.is_finite() && unit > 0.0)) {
            return Err(Error::BadPlan(format!("the unit of costs takes {unit_ns:?} ns")));
        }
        let blocks: Arc<[f64]> = each.chunks(BLOCK).map(sum).collect();
        let total: f64 = blocks.iter().sum();
        let squares: f64 = each.chunks(BLOCK).map(squares).sum();
        let largest = each.iter().fold(0f32, |a, &b| a.max(b));
        let (n, mean) = (each.len().max(1) as f64, total / each.len().max(1) as f64);
        let variance = (squares / n - mean * mean).max(0.0);
        let variation = if mean > 0.0 { variance.sqrt() / mean } else { 0.0 };
        Ok(Costs { each, blocks, origin, unit_ns, total, largest, variation })
    }

    /// As [`Costs::new`], from doubles of any scale: without a unit they are taken relative to the largest, so that none is
    /// too large or too small for 4 bytes.
    ///
    /// # Errors
    /// As [`Costs::new`].
    pub fn of_doubles(each: &[f64], origin: Origin, unit_ns: Option<f64>) -> Result<Costs> {
        let largest = each.iter().fold(0f64, |a, &b| a.max(b));
        let scale =
            if unit_ns.is_none() && largest > 0.0 && largest.is_finite() { 1.0 / largest } else { 1.0 };
        let scaled = |&cost: &f64| if cost.is_finite() { (cost * scale) as f32 } else { cost as f32 };
        Costs::new(each.iter().map(scaled).collect::<Vec<f32>>(), origin, unit_ns)
    }

    /// The cost of each element.
    pub fn each(&self) -> &[f32] {
        &self.each
    }

    /// Where they come from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Nanoseconds that a cost of 1 takes, where that is known.
    pub fn unit_ns(&self) -> Option<f64> {
        self.unit_ns
    }

    /// The sum of all.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The largest of all.
    pub fn largest(&self) -> f64 {
        f64::from(self.largest)
    }

    /// The coefficient of variation: standard deviation over mean; 0 where all cost the same, or nothing.
    pub fn variation(&self) -> f64 {
        self.variation
    }

    /// The cost of a block.
    pub(super) fn block(&self, nth: usize) -> f64 {
        self.blocks[nth]
    }

    /// The costs of passes that run together: those that are known, added up; where none is, the guesses. Costs without a
    /// common unit are each taken relative to their mean. `None` where there are none. O(n x passes) where there are several.
    pub(super) fn joined<'a>(parts: impl Iterator<Item = &'a Costs>) -> Option<Costs> {
        let parts: Vec<&Costs> = parts.collect();
        let origin = parts.iter().map(|costs| costs.origin).max()?;
        let parts: Vec<&Costs> = parts.into_iter().filter(|costs| costs.origin == origin).collect();
        if let [one] = parts[..] {
            return Some(one.clone());
        }
        let timed = parts.iter().all(|costs| costs.unit_ns.is_some());
        let scale = |costs: &Costs| match costs.unit_ns {
            Some(unit) if timed => unit,
            _ if costs.total > 0.0 => costs.each.len() as f64 / costs.total,
            _ => 0.0,
        };
        let mut each = vec![0f32; parts[0].each.len()];
        for costs in parts {
            let scale = scale(costs);
            // The sum of finite numbers may not be finite; the largest there is serves as well.
            let add = |(sum, &cost): (&mut f32, &f32)| {
                *sum = (*sum + (f64::from(cost) * scale) as f32).min(f32::MAX);
            };
            each.iter_mut().zip(costs.each.iter()).for_each(add);
        }
        Costs::new(each, origin, timed.then_some(1.0)).ok()
    }
}

/// The sum of some costs, in several lanes so that the additions need not wait for each other. O(n).
pub fn sum(costs: &[f32]) -> f64 {
    let mut lanes = [0f64; 8];
    for part in costs.chunks(8) {
        lanes.iter_mut().zip(part).for_each(|(lane, &cost)| *lane += f64::from(cost));
    }
    lanes.iter().sum()
}

fn squares(block: &[f32]) -> f64 {
    let mut lanes = [0f64; 8];
    for part in block.chunks(8) {
        lanes.iter_mut().zip(part).for_each(|(lane, &cost)| *lane += f64::from(cost) * f64::from(cost));
    }
    lanes.iter().sum()
}

impl PartialEq for Costs {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |costs: &Costs| (costs.origin, costs.unit_ns.map(f64::to_bits));
        numbers(self) == numbers(other) && (Arc::ptr_eq(&self.each, &other.each) || self.each == other.each)
    }
}

/// No cost is NaN.
impl Eq for Costs {}

impl TryFrom<Raw> for Costs {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Costs> {
        Costs::new(raw.each, raw.origin, raw.unit_ns)
    }
}

impl From<Costs> for Raw {
    fn from(costs: Costs) -> Raw {
        Raw { each: costs.each.to_vec(), origin: costs.origin, unit_ns: costs.unit_ns }
    }
}
