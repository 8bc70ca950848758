//! The profiles of a session: the last one of each key, as many as fit.
use std::collections::HashMap;
use std::sync::Arc;

use super::Profile;
use crate::plan::ResultSize;

/// Numbers that a cache holds at most: 64 MiB. The profiles that were not asked for longest go first.
const MOST: usize = 16 << 20;

/// How much more an element may cost than it did, by what a further run measured.
const RISE: f32 = 1.25;
/// Profiles resemble each other when no larger part of the time than this is elsewhere.
const ELSEWHERE: f64 = 0.4;

/// Whether two profiles of the same number of elements say about the same.
fn alike(a: &Profile, b: &Profile) -> bool {
    let (before, now) = (a.total_ns(), b.total_ns());
    if before <= 0.0 || now <= 0.0 {
        return false;
    }
    let scale = now / before;
    let apart = |(&old, &new): (&f32, &f32)| (f64::from(new) - f64::from(old) * scale).abs();
    a.costs.iter().zip(&b.costs).map(apart).sum::<f64>() <= ELSEWHERE * now
}

/// How large results are. Where they stayed within their stage nothing new is known.
fn size(profile: &Profile, before: &Profile) -> Option<ResultSize> {
    profile.size.map(|size| size.after(before.size)).or(before.size)
}

/// Profiles by key.
#[derive(Debug, Default)]
pub struct ProfileCache {
    profiles: HashMap<String, (Arc<Profile>, u64)>,
    clock: u64,
}

impl ProfileCache {
    /// Puts a profile in the place of the last one of its key. One without a key is not kept.
    pub fn put(&mut self, profile: Arc<Profile>) {
        if profile.key.is_empty() || profile.costs.len() > MOST {
            return;
        }
        self.clock += 1;
        self.profiles.insert(profile.key.clone(), (profile, self.clock));
        while self.profiles.values().map(|(profile, _)| profile.costs.len()).sum::<usize>() > MOST {
            let oldest = self.profiles.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            let Some(key) = oldest else { return };
            self.profiles.remove(&key);
        }
    }

    /// Takes what a run measured. Whatever else the machine does makes elements look more expensive and never less, so that the
    /// lower of two measurements is nearer to the truth; it may rise by a quarter a run. Where the two do not resemble each other,
    /// the new one replaces it. O(n).
    pub fn learn(&mut self, profile: Arc<Profile>) {
        let before = self.get(&profile.key, profile.costs.len() as u64);
        let Some(before) = before.filter(|before| alike(before, &profile)) else {
            return self.learn_anew(profile);
        };
        let lower = |(&new, &old): (&f32, &f32)| if old > 0.0 { new.min(old * RISE) } else { new };
        let costs = profile.costs.iter().zip(&before.costs).map(lower).collect();
        let size = size(&profile, &before);
        self.put(Arc::new(Profile { costs, size, ..Profile::clone(&profile) }));
    }

    /// Takes what a run measured that the last profile misled: of this one only the size of results may still count. O(n).
    pub fn learn_anew(&mut self, profile: Arc<Profile>) {
        let before = self.get(&profile.key, profile.costs.len() as u64);
        let size = before.map_or(profile.size, |before| size(&profile, &before));
        if size == profile.size {
            return self.put(profile);
        }
        self.put(Arc::new(Profile { size, ..Profile::clone(&profile) }));
    }

    /// The profile of a key, if it is of so many elements: of another collection nothing is known element by element.
    pub fn get(&mut self, key: &str, elements: u64) -> Option<Arc<Profile>> {
        self.clock += 1;
        let (profile, used) = self.profiles.get_mut(key)?;
        if profile.costs.len() as u64 != elements {
            return None;
        }
        *used = self.clock;
        Some(Arc::clone(profile))
    }

    /// Forgets a profile that misled.
    pub fn forget(&mut self, key: &str) {
        self.profiles.remove(key);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn profile(key: &str, elements: usize) -> Arc<Profile> {
        let costs = vec![1.0; elements];
        let (key, name) = (key.to_owned(), String::new());
        Arc::new(Profile { key, name, costs, workers: 1, chunks: 1, overhead_ns: 0.0, made: 0, size: None })
    }

    #[test]
    fn the_last_profile_of_a_key_and_a_size_is_found() {
        let mut cache = ProfileCache::default();
        cache.put(profile("f", 3));
        cache.put(profile("f", 4));
        cache.put(profile("", 5));
        assert_eq!(cache.get("f", 3), None, "another collection");
        assert_eq!(cache.get("f", 4), Some(profile("f", 4)));
        assert_eq!(cache.get("", 5), None);
        cache.forget("f");
        assert_eq!(cache.get("f", 4), None);
    }

    #[test]
    fn measurements_that_resemble_each_other_give_the_lower_ones() {
        let of =
            |costs: &[f32]| Arc::new(Profile { costs: costs.to_vec(), ..Profile::clone(&profile("f", 0)) });
        let mut cache = ProfileCache::default();
        cache.learn(of(&[10.0, 10.0, 40.0, 0.0]));
        cache.learn(of(&[11.0, 14.0, 30.0, 2.0]));
        assert_eq!(cache.get("f", 4).unwrap().costs, [11.0, 12.5, 30.0, 2.0]);
        cache.learn_anew(of(&[12.0, 12.0, 31.0, 2.0]));
        assert_eq!(cache.get("f", 4).unwrap().costs, [12.0, 12.0, 31.0, 2.0], "the old one misled");
        cache.learn(of(&[40.0, 10.0, 10.0, 2.0]));
        assert_eq!(cache.get("f", 4).unwrap().costs, [40.0, 10.0, 10.0, 2.0], "something else");
        cache.learn(of(&[1.0; 3]));
        assert_eq!(cache.get("f", 3).unwrap().costs, [1.0; 3], "another collection");
    }

    #[test]
    fn sizes_are_those_of_the_last_run_that_knew_them() {
        let of = |size: Option<ResultSize>, cost: f32| {
            Arc::new(Profile { size, costs: vec![cost; 3], ..Profile::clone(&profile("f", 0)) })
        };
        type Learn = fn(&mut ProfileCache, Arc<Profile>);
        let (small, large) = (Some(ResultSize::of_each(3, 8)), Some(ResultSize::of_each(3, 8_000)));
        let mut cache = ProfileCache::default();
        for (size, cost, learn, expected) in [
            (None, 1.0, ProfileCache::learn as Learn, None),
            (small, 1.0, ProfileCache::learn, small),
            (None, 1.0, ProfileCache::learn, small),
            (large, 1.0, ProfileCache::learn, large),
            (None, 1.0, ProfileCache::learn_anew, large),
            (small, 1.0, ProfileCache::learn_anew, small),
        ] {
            learn(&mut cache, of(size, cost));
            assert_eq!(cache.get("f", 3).unwrap().size, expected);
        }
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_when_it_is_full() {
        let mut cache = ProfileCache::default();
        cache.put(profile("a", MOST / 2));
        cache.put(profile("b", MOST / 4));
        assert!(cache.get("a", (MOST / 2) as u64).is_some());
        cache.put(profile("c", MOST / 2));
        assert!(cache.get("b", (MOST / 4) as u64).is_none());
        assert!(cache.get("a", (MOST / 2) as u64).is_some() && cache.get("c", (MOST / 2) as u64).is_some());
        cache.put(profile("d", MOST + 1));
        assert!(cache.get("d", (MOST + 1) as u64).is_none());
    }
}
