//! Claims that contradict or cover each other.

use super::{ABSENT, Claim, EXISTENCE, FILE, Thing};

impl Claim {
    /// Returns the claim as one that may not come true.
    pub(crate) fn or_not(self) -> Self {
        Claim { state: None, ..self }
    }

    /// Tells whether the two cannot both be so: one aspect in two states, or something below what is absent or is a
    /// file.
    pub fn contradicts(&self, other: &Claim) -> bool {
        if self.thing == other.thing {
            let states = self.state.as_ref().zip(other.state.as_ref());
            return self.aspect == other.aspect && states.is_some_and(|(own, other)| own != other);
        }
        self.leaves_no_room_for(other) || other.leaves_no_room_for(self)
    }

    /// Tells whether nothing is lost of `other` when only this holds.
    pub(crate) fn covers(&self, other: &Claim) -> bool {
        if self.thing == other.thing {
            return self.aspect == other.aspect || self.is_absence();
        }
        (self.is_absence() && self.closes(other.thing()))
            || (other.is_existence() && other.leaves_no_room_for(self))
    }

    /// Tells whether the two are about the same.
    pub(crate) fn is_about(&self, other: &Claim) -> bool {
        self.thing == other.thing && self.aspect == other.aspect
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.state.is_none()
    }

    pub(crate) fn is_existence(&self) -> bool {
        self.aspect == EXISTENCE
    }

    pub(crate) fn is_absence(&self) -> bool {
        self.is_existence() && self.state.as_deref() == Some(ABSENT)
    }

    /// Tells whether `other` wants something at a path that this [closes](Claim::closes).
    pub(crate) fn leaves_no_room_for(&self, other: &Claim) -> bool {
        other.is_existence() && !other.is_absence() && self.closes(&other.thing)
    }

    /// Tells whether nothing can stand at the path of `thing`, because it lies below what is absent or is a file.
    pub(crate) fn closes(&self, thing: &Thing) -> bool {
        let (Thing::Path(above), Thing::Path(below)) = (&self.thing, thing) else { return false };
        let closed = self.is_existence() && matches!(self.state.as_deref(), Some(ABSENT | FILE));
        closed && above != below && below.is_within(above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::LINK;
    use crate::name::RemotePath;

    fn path(text: &str) -> Thing {
        Thing::Path(RemotePath::new(text).expect("a valid path"))
    }

    #[test]
    fn nothing_stands_below_what_is_absent_or_a_file() {
        let below = Claim::existence(path("/srv/old/x"), FILE);
        assert!(below.contradicts(&Claim::absent(path("/srv/old"))));
        assert!(Claim::existence(path("/srv/old"), FILE).contradicts(&below));
        assert!(!below.contradicts(&Claim::existence(path("/srv/old"), LINK)));
        assert!(!below.contradicts(&Claim::absent(path("/srv/ol"))));
        assert!(!Claim::absent(path("/srv/old/x")).contradicts(&Claim::absent(path("/srv/old"))));
    }

    #[test]
    fn absence_covers_whatever_was_declared_of_the_thing() {
        let absent = Claim::absent(path("/srv"));
        assert!(absent.covers(&Claim::new(path("/srv"), "mode", "0644")));
        assert!(absent.covers(&Claim::existence(path("/srv/a"), FILE)));
        assert!(!Claim::existence(path("/srv"), FILE).covers(&Claim::new(path("/srv"), "mode", "0644")));
    }
}
