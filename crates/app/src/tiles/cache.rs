//! Drawn tiles, the least used ones forgotten first. Two halves: what was not asked for while the younger half
//! filled up goes with the older one, so that neither finding nor forgetting takes a list.

use super::Drawn;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of each half: 32 MB hold some thousand tiles of a busy city, squeezed.
const HALF: usize = 32 * 1024 * 1024;
/// What a tile takes beside its bytes.
const OVERHEAD: usize = 256;

#[derive(Default)]
struct Halves {
    young: HashMap<String, Arc<Drawn>>,
    old: HashMap<String, Arc<Drawn>>,
    young_bytes: usize,
}

#[derive(Default)]
pub(super) struct Cache(Mutex<Halves>);

fn size(drawn: &Drawn) -> usize {
    OVERHEAD + drawn.body.len()
}

impl Cache {
    pub fn get(&self, key: &str) -> Option<Arc<Drawn>> {
        let mut halves = self.0.lock();
        if let Some(drawn) = halves.young.get(key) {
            return Some(drawn.clone());
        }
        let (key, drawn) = halves.old.remove_entry(key)?;
        halves.put(key, drawn.clone());
        Some(drawn)
    }

    pub fn clear(&self) {
        *self.0.lock() = Halves::default();
    }

    pub fn put(&self, key: String, drawn: Arc<Drawn>) {
        self.0.lock().put(key, drawn);
    }
}

impl Halves {
    fn put(&mut self, key: String, drawn: Arc<Drawn>) {
        let bytes = size(&drawn);
        // A tile as large as a half would push out everything else for nothing.
        if bytes > HALF / 4 {
            return;
        }
        if self.young_bytes + bytes > HALF {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.old.remove(&key);
        if let Some(replaced) = self.young.insert(key, drawn) {
            self.young_bytes = self.young_bytes.saturating_sub(size(&replaced));
        }
        self.young_bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiles::Tag;
    use bytes::Bytes;

    fn drawn(bytes: usize) -> Arc<Drawn> {
        let tag = Tag { key: String::new(), version: 1, until: 0 };
        Arc::new(Drawn { tag, body: Bytes::from(vec![0; bytes]), squeezed: false })
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes_within_its_bound() {
        let cache = Cache::default();
        cache.put("kept".into(), drawn(10));
        for n in 0..400 {
            cache.put(n.to_string(), drawn(1 << 20));
            assert!(cache.get("kept").is_some(), "{n}");
            let halves = cache.0.lock();
            let held: usize = halves.young.values().chain(halves.old.values()).map(|d| size(d)).sum();
            assert!(held <= 2 * HALF, "{held}");
        }
        assert!(cache.get("399").is_some());
        assert!(cache.get("0").is_none());
        cache.put("huge".into(), drawn(HALF));
        assert!(cache.get("huge").is_none() && cache.get("kept").is_some());
    }

    #[test]
    fn a_tile_drawn_anew_takes_the_place_of_the_one_before() {
        let cache = Cache::default();
        for _ in 0..1_000 {
            cache.put("one".into(), drawn(1 << 20));
        }
        let halves = cache.0.lock();
        assert_eq!(halves.young.len() + halves.old.len(), 1);
        assert_eq!(halves.young_bytes, size(&drawn(1 << 20)));
    }
}
