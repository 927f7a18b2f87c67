//! The shells that scripts are tested under.

use pallet_test::{require, shells};

#[test]
fn every_shell_runs_a_posix_script() {
    require!("dash", "bash");
    let shells = shells();
    assert!(shells.iter().any(|shell| shell.name == "dash"));
    assert!(shells.iter().any(|shell| shell.name == "bash"));
    for shell in shells {
        let output =
            shell.command().args(["-c", r#"printf '%s|' "$@""#, "sh", "a b", "$x", "'"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a b|$x|'|", "{}", shell.name);
    }
}
