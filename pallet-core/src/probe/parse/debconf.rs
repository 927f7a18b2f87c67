//! What debconf has stored.

use super::{Answer, ProbeError};
use crate::probe::State;
use crate::sorted::Set;

/// Takes over one line for each question: `0` and the answer, or another number and why there is none.
pub(super) fn parse(
    questions: &Set<String>,
    answer: &Answer<'_>,
    state: &mut State,
) -> Result<(), ProbeError> {
    if questions.is_empty() {
        return Ok(());
    }
    let text = answer.text("debconf")?;
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() != questions.len() {
        return Err(ProbeError::new("answers for debconf"));
    }
    for (question, line) in questions.iter().zip(lines) {
        let value = if line == "0" { Some("") } else { line.strip_prefix("0 ") };
        if let Some(value) = value {
            state.debconf.insert(question.clone(), value.to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::facts::Facts;
    use crate::probe::{Probe, Section};

    #[test]
    fn answers_are_matched_by_order() {
        let mut probe = Probe::default();
        ["b/question", "a/question", "c/unknown", "d/empty"].into_iter().for_each(|name| probe.debconf(name));
        let script = probe.script(&Facts::example()).masked();
        assert!(script.contains("printf 'GET %s\\n' a/question b/question c/unknown d/empty |"), "{script}");
        let body = b"0 one two\n0 true\n10 c/unknown doesn't exist\n0 \n".to_vec();
        let answer = [Section { header: "debconf".to_owned(), body }];
        let state = probe.parse(&Facts::example(), &answer).expect("a complete answer");
        assert_eq!(state.debconf["a/question"], "one two");
        assert_eq!(state.debconf["b/question"], "true");
        assert!(!state.debconf.contains_key("c/unknown"));
        assert_eq!(state.debconf["d/empty"], "");
    }
}
