//! Rewrites what is generated. Each file is written by the test that compares it, so that no two places know its form.

use crate::run::Tool;

/// The variable that makes a test write what it would compare.
const BLESS: &str = "BLESS";

/// README tables, the IAM policy, the map of facts, the golden files. Read the diff before you commit it.
///
/// # Errors
/// If a test fails for another reason.
pub(crate) fn bless(tool: &Tool) -> anyhow::Result<()> {
    let test = |arguments: &[&str]| tool.cargo(["test", "--quiet", "--locked"]).args(arguments).env(BLESS, "1").run();
    test(&["-p", "gatelight-checks", "--lib", "sweep::facts"])?;
    test(&["-p", "gatelight", "--bin", "gatelight", "generated"])?;
    test(&["-p", "gatelight", "--bin", "gatelight", "slack::tests"])?;
    test(&["-p", "gatelight", "--test", "it", "golden"])
}

/// Every sweep in full, and the tests that are too long for the quick run.
///
/// # Errors
/// If one fails.
pub(crate) fn sweeps(tool: &Tool) -> anyhow::Result<()> {
    tool.cargo(["test", "--locked", "-p", "gatelight-checks", "--lib", "--", "--ignored"]).run()
}
