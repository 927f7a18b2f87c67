//! Stored answers for debconf, all with one process.

use crate::script::Script;
use crate::sorted::Set;

/// Returns the script that asks for the answers to these questions.
pub(super) fn script(questions: &Set<String>) -> Script {
    if questions.is_empty() {
        return Script::new();
    }
    // The name is that of the package that asks; any will do.
    let script = Script::new().code("p_frame debconf\nprintf 'GET %s\\n'");
    let script = questions.iter().fold(script, |script, question| script.code(" ").word(question.as_str()));
    script.code(" | DEBIAN_FRONTEND=noninteractive debconf-communicate pallet 2>/dev/null\n")
}
