//! The apply script of a plan.

use super::{Plan, Step};
use crate::graph::{ActionId, How};
use crate::script::{APPLY, HOW, Script};
use crate::text::Text;
use std::time::Duration;

impl Plan {
    /// Returns the script that applies the plan, or `None` when there is nothing to do. `nonce` makes the names of
    /// temporary files unguessable.
    pub fn script(&self, nonce: &str) -> Option<Script> {
        if self.steps.is_empty() {
            return None;
        }
        let mut script = Script::new().library(&APPLY).code("p_nonce=").word(nonce).code("\n");
        for id in &self.flagged {
            script = script.code(format!("p_c{}=\n", id.0));
        }
        script = script.code("p_begin || { p_frame broken; return; }\n");
        for step in &self.steps {
            script = self.render(script, step);
        }
        Some(script)
    }

    fn render(&self, script: Script, step: &Step) -> Script {
        let ids: Vec<String> = step.ids.iter().map(|id| id.0.to_string()).collect();
        let mut script = script.code(format!(
            "p_frame start {}\np_did= p_owes= p_verified= p_backups=\np_step() {{\n",
            ids.join(" ")
        ));
        if let Some(gate) = &step.gate {
            script = script
                .library(&HOW)
                .code("p_bad=\nif ! { ")
                .append(gate.clone())
                .code("\n}; then [ -z \"$p_bad\" ]; return; fi\n");
        }
        for key in &step.owes {
            script = script.code("p_owe ").word(key.as_str()).code(" || return\n");
        }
        script = script.append(step.script.clone()).code("}\n");
        script = run(script, &step.how).code("p_settle\n");
        for id in step.ids.iter().filter(|id| self.flagged.contains(id)) {
            script = script.code(format!("case \" $p_did \" in *\" {0} \"*) p_c{0}=1 ;; esac\n", id.0));
        }
        for id in step.ids.iter().filter(|id| self.told.contains(id)) {
            script = tell(script, *id);
        }
        let end = script.code("p_frame end $p_status $p_did\n");
        if step.how.ignores_failure { end } else { end.code("[ $p_status -eq 0 ] || return 0\n") }
    }
}

/// Sends a value that the node has computed to the controller.
fn tell(script: Script, id: ActionId) -> Script {
    script.code(format!("p_frame value {0}\nprintf %s \"${{p_v{0}-}}\"\n", id.0))
}

/// Runs the step that has been defined and sets `p_status`.
fn run(mut script: Script, how: &How) -> Script {
    if let Some(mask) = how.umask {
        script = script.code(format!("p_mask=$(umask); umask {mask:04o}\n"));
    }
    script = script.append(how.env.set());
    script = if how.timeout.is_none() && how.retries.is_none() {
        script.code("p_step; p_status=$?\n")
    } else {
        let seconds = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
        let (times, pause) = how.retries.map_or((0, 0), |again| (again.times, seconds(again.pause)));
        let limit = how.timeout.map(|limit| seconds(limit).to_string()).unwrap_or_default();
        let words = [times.to_string(), pause.to_string(), limit];
        script.library(&HOW).call("p_try", words.map(Text::from))
    };
    script = script.append(how.env.restore());
    if how.umask.is_some() {
        script = script.code("umask \"$p_mask\"\n");
    }
    script
}
