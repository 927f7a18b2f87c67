//! Maps and sets in the order of their keys, in sorted vectors.
//!
//! They are for what a phase says and what one node answers: some hundred entries, most of which arrive in order. The
//! probe, the state and the plan have dozens of types of them, and each type of the standard library's trees costs
//! whoever builds pallet many times the machine code. What grows with the number of nodes, or of files of the
//! controller, is a tree: in here, whatever comes behind a new entry is moved.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::Index;
use std::{fmt, iter, mem, slice, vec};

/// A map in the order of its keys.
///
/// ```
/// use pallet::sorted::Map;
///
/// let mut modes = Map::from([("/srv", 0o755), ("/root", 0o700)]);
/// modes.insert("/etc", 0o755);
/// assert_eq!(modes.get("/root"), Some(&0o700));
/// assert_eq!(modes.keys().copied().collect::<Vec<_>>(), ["/etc", "/root", "/srv"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Map<K, V> {
    /// In the order of the keys, each of which is there once.
    entries: Vec<(K, V)>,
}

/// A set in the order of what is in it.
///
/// ```
/// use pallet::sorted::Set;
///
/// let mut groups = Set::from(["www-data", "adm"]);
/// assert!(groups.insert("ssl-cert") && !groups.insert("adm"));
/// assert_eq!(groups.iter().copied().collect::<Vec<_>>(), ["adm", "ssl-cert", "www-data"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Set<T>(Map<T, ()>);

impl<K, V> Map<K, V> {
    /// Returns an empty map.
    #[must_use]
    pub const fn new() -> Self {
        Map { entries: Vec::new() }
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entries in the order of their keys.
    pub fn iter(&self) -> Entries<'_, K, V> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Returns the keys in their order.
    pub fn keys(&self) -> Keys<'_, K, V> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// Returns the values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// Returns the entries in the order of their keys, with values that can be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Removes all entries but those of which `stays` is true.
    pub fn retain(&mut self, mut stays: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|(key, value)| stays(key, value));
    }
}

impl<K: Ord, V> Map<K, V> {
    /// Returns the value of a key.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|at| &self.entries[at].1)
    }

    /// Returns the entry of a key: the key as it is in the map, and its value.
    #[must_use]
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|at| (&self.entries[at].0, &self.entries[at].1))
    }

    /// Returns the value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|at| &mut self.entries[at].1)
    }

    /// Tells whether there is an entry with a key.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Gives a key a value, and returns the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => Some(mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.entries.insert(at, (key, value));
                None
            }
        }
    }

    /// Returns the value of a key, which becomes `value` if it has none.
    pub fn or_insert(&mut self, key: K, value: V) -> &mut V {
        let at = self.find(&key).unwrap_or_else(|at| {
            self.entries.insert(at, (key, value));
            at
        });
        &mut self.entries[at].1
    }

    /// Returns the value of a key, which becomes the default one if it has none.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.or_insert(key, V::default())
    }

    /// Removes a key, and returns the value that it had.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|at| self.entries.remove(at).1)
    }

    /// Returns where a key is, or where it would be.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.entries.binary_search_by(|(known, _)| known.borrow().cmp(key))
    }

    /// Brings the entries in order. Of those with one key the last one stays.
    fn sort(&mut self) {
        let entries = &self.entries;
        if entries.is_sorted_by(|a, b| a.0 < b.0) {
            return;
        }
        let order = order(entries.len(), &|a, b| entries[a].0.cmp(&entries[b].0));
        let mut entries: Vec<_> = mem::take(&mut self.entries).into_iter().map(Some).collect();
        for entry in order.into_iter().filter_map(|at| entries[at].take()) {
            match self.entries.last_mut() {
                Some(last) if last.0 == entry.0 => *last = entry,
                _ => self.entries.push(entry),
            }
        }
    }
}

/// Returns the numbers below `len` in the order in which `compare` puts them; what is equal stays as it is. Sorting
/// numbers, it is compiled once for all types of maps.
fn order(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|&a, &b| compare(a, b));
    order
}

/// Sorts as the method of slices does, with one sort for all types.
pub(crate) fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|a, b| compare(&items[a], &items[b]));
    let mut from: Vec<_> = mem::take(items).into_iter().map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| from[at].take()));
}

impl<T> Set<T> {
    /// Returns an empty set.
    #[must_use]
    pub const fn new() -> Self {
        Set(Map::new())
    }

    /// Returns the number of things in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what is in it, in order.
    pub fn iter(&self) -> Keys<'_, T, ()> {
        self.0.keys()
    }

    /// Removes everything but that of which `stays` is true.
    pub fn retain(&mut self, mut stays: impl FnMut(&T) -> bool) {
        self.0.retain(|item, ()| stays(item));
    }
}

impl<T: Ord> Set<T> {
    /// Tells whether something is in it.
    #[must_use]
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.contains_key(item)
    }

    /// Returns what equals something, if it is in it.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, item: &Q) -> Option<&T>
    where
        T: Borrow<Q>,
    {
        self.0.find(item).ok().map(|at| &self.0.entries[at].0)
    }

    /// Puts something in, and tells whether it was not there.
    pub fn insert(&mut self, item: T) -> bool {
        self.0.insert(item, ()).is_none()
    }

    /// Takes something out, and tells whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.remove(item).is_some()
    }

    /// Returns what is in this one and not in the other, in order.
    pub fn difference(&self, other: &Set<T>) -> impl Iterator<Item = &T> {
        self.iter().filter(|item| !other.contains(*item))
    }

    /// Tells whether nothing is in both.
    #[must_use]
    pub fn is_disjoint(&self, other: &Set<T>) -> bool {
        !self.iter().any(|item| other.contains(item))
    }
}

/// The entries of a [`Map`], in the order of their keys.
pub type Entries<'a, K, V> = iter::Map<slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

/// The keys of a [`Map`], or what is in a [`Set`], in order.
pub type Keys<'a, K, V> = iter::Map<slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> &'a K>;

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Map::new()
    }
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Set::new()
    }
}

impl<K: Borrow<Q> + Ord, V, Q: Ord + ?Sized> Index<&Q> for Map<K, V> {
    type Output = V;

    /// # Panics
    ///
    /// When the key has no value.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("a key of the map")
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for entry in entries {
            self.entries.push(entry);
        }
        self.sort();
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.0.entries.push((item, ()));
        }
        self.0.sort();
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Map::new();
        map.extend(entries);
        map
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut set = Set::new();
        set.extend(items);
        set
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Map<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        Map::from_iter(entries)
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for Set<T> {
    fn from(items: [T; N]) -> Self {
        Set::from_iter(items)
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Entries<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = iter::Map<vec::IntoIter<(T, ())>, fn((T, ())) -> T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(item, ())| item)
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = Keys<'a, T, ()>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        #[test]
        fn a_map_is_what_a_tree_is(
            first in prop::collection::vec((0..9_u8, 0..99_u8), 0..9),
            edits in prop::collection::vec((0..9_u8, 0..99_u8, 0..5_u8), 0..32),
        ) {
            let mut map = Map::from_iter(first.clone());
            let mut tree = BTreeMap::from_iter(first);
            for (key, value, edit) in edits {
                match edit {
                    0 => prop_assert_eq!(map.insert(key, value), tree.insert(key, value)),
                    1 => prop_assert_eq!(map.or_insert(key, value), tree.entry(key).or_insert(value)),
                    2 => prop_assert_eq!(map.remove(&key), tree.remove(&key)),
                    3 => {
                        map.extend([(value, key), (key, value)]);
                        tree.extend([(value, key), (key, value)]);
                    }
                    _ => {
                        map.retain(|other, last| *other != key && *last != value);
                        tree.retain(|other, last| *other != key && *last != value);
                    }
                }
                prop_assert_eq!(map.get(&key), tree.get(&key));
                prop_assert!(map.iter().eq(tree.iter()) && map.values().eq(tree.values()));
                prop_assert_eq!((map.len(), map.is_empty()), (tree.len(), tree.is_empty()));
            }
            prop_assert_eq!(format!("{map:?}"), format!("{tree:?}"));
            prop_assert!(map.into_iter().eq(tree));
        }

        #[test]
        fn a_set_is_what_a_tree_is(
            one in prop::collection::vec(0..20_u8, 0..9),
            other in prop::collection::vec(0..20_u8, 0..9),
            item in 0..20_u8,
        ) {
            let (mut set, other_set) = (Set::from_iter(one.clone()), Set::from_iter(other.clone()));
            let (mut tree, other_tree) = (BTreeSet::from_iter(one), BTreeSet::from_iter(other));
            prop_assert!(set.difference(&other_set).eq(tree.difference(&other_tree)));
            prop_assert_eq!(set.is_disjoint(&other_set), tree.is_disjoint(&other_tree));
            prop_assert_eq!(set.get(&item), tree.get(&item));
            prop_assert_eq!(set.insert(item), tree.insert(item));
            prop_assert!(set.iter().eq(tree.iter()) && set.contains(&item));
            prop_assert_eq!((set.remove(&item), set.remove(&item)), (true, false));
            prop_assert_eq!(format!("{set:?}"), format!("{:?}", { tree.remove(&item); tree }));
        }
    }

    #[test]
    fn of_equal_keys_the_last_one_stays() {
        let map = Map::from_iter([("b", 1), ("a", 2), ("b", 3), ("a", 4)]);
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [("a", 4), ("b", 3)]);
    }

    #[test]
    fn a_value_is_changed_in_its_place() {
        let mut map = Map::from_iter([("a", 1), ("b", 2)]);
        *map.or_default("c") += 1;
        map.iter_mut().for_each(|(_, value)| *value *= 10);
        map.get_mut("b").into_iter().for_each(|value| *value += 5);
        assert_eq!((map["a"], map["b"], map["c"]), (10, 25, 10));
    }
}
