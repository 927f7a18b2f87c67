//! Reloads and restarts that services owe: since an earlier run, or because of an action of this one.

use crate::graph::ActionId;
use crate::probe::State;
use crate::sorted::Map;

/// What is owed, by the name under which it is written down on the node: `reload-nginx`.
#[derive(Debug, Clone, Default)]
pub(super) struct Debts(Map<String, Debt>);

/// An answer that is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debt {
    /// Whether an earlier run left it.
    pub since_earlier: bool,
    /// The action that may change something and then owes it; `None` where it is certain.
    pub doubt: Option<ActionId>,
}

impl Debts {
    /// Returns what earlier runs owe.
    pub(super) fn of_earlier_runs(state: &State) -> Self {
        let debt = Debt { since_earlier: true, doubt: None };
        Debts(state.owed.iter().map(|key| (key.clone(), debt)).collect())
    }

    pub(super) fn get(&self, key: &str) -> Option<Debt> {
        self.0.get(key).copied()
    }

    /// Takes down that something is owed. What is owed for certain already stays so.
    pub(super) fn add(&mut self, key: &str, doubt: Option<ActionId>) {
        let debt = self.0.or_insert(key.to_owned(), Debt { since_earlier: false, doubt });
        debt.doubt = debt.doubt.and(doubt);
        debt.since_earlier &= doubt.is_some();
    }

    pub(super) fn settle(&mut self, key: &str) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_wins_whatever_the_order() {
        let (one, other) = (Some(ActionId(1)), None);
        for (first, second) in [(one, other), (other, one)] {
            let mut debts = Debts::default();
            debts.add("reload-nginx", first);
            debts.add("reload-nginx", second);
            assert_eq!(debts.get("reload-nginx"), Some(Debt { since_earlier: false, doubt: None }));
        }
    }

    #[test]
    fn what_is_settled_is_owed_no_longer() {
        let mut debts =
            Debts::of_earlier_runs(&State { owed: ["restart-a".to_owned()].into(), ..State::default() });
        assert!(debts.get("restart-a").is_some_and(|debt| debt.since_earlier));
        debts.settle("restart-a");
        assert_eq!(debts.get("restart-a"), None);
    }
}
