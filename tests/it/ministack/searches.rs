//! Searches of log groups.

use gatelight_model::log_patterns::PATTERNS;

use super::assert_table;

/// MiniStack takes the search's `?"a b" ?"c"` for words that must all be in a line, in either case. So a line that quotes
/// every text is found; the same in capitals or with wider gaps is found too, and is for the program to see through.
/// Lines that hold one text are not found at all: the moto suite has them.
const SEARCHES: &str = r#"
own = role("logging", allow("*"))
TEXTS = (*DEFAULTS, "AccessDenied", "logs:PutLogEvents")
QUOTED = "quoted: " + " ".join(f'"{text}"' for text in TEXTS)
for name, days, line in (
    ("hit", 30, QUOTED),
    ("shouted", 30, QUOTED.upper()),
    ("words", 30, " ".join(f'"{text.replace(" ", "  ") if " " in text else text.lower()}"' for text in TEXTS).replace(".", ".,")),
    ("quiet", 30, "order 1 ok"),
    ("for-ever", None, "order 1 ok"),
):
    function(name, own)
    log_group(f"/aws/lambda/{name}", days)
    write(f"/aws/lambda/{name}", "0", [(90, line)])
function("never-ran", own)
answer = {name.split("/")[-1]: arn for name, arn in answer.items() if "/" in name}
answer["never-ran"] = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/never-ran"
"#;

#[test]
fn searches() {
    let defaults: Vec<_> = PATTERNS.iter().flat_map(|pattern| pattern.any_of).collect();
    let defaults = format!("DEFAULTS = {}", serde_json::to_string(&defaults).unwrap());
    let report = assert_table(
        &[&defaults, SEARCHES],
        "          group  emit
        hit        pass   high
        shouted    pass   pass
        words      pass   pass
        quiet      pass   pass
        for-ever   low    pass
        never-ran  n/a    n/a",
    );
    assert_eq!(report.0["shards"][0]["requests"]["logs:FilterLogEvents"], 5, "each group that exists is searched");
}
