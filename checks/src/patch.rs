//! Patch operations of API Gateway, as the AWS CLI takes them.

/// The arguments of `--patch-operations` that replace the value at each path.
///
/// The CLI's shorthand ends a value at a comma and unquotes it; JSON takes every text
/// (<https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html>).
pub(crate) fn replace<'p>(operations: impl IntoIterator<Item = (&'p str, &'p str)>) -> Vec<String> {
    let operations: Vec<_> = operations.into_iter().collect();
    let is_plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/~*{}+-_.:$@".contains(&byte));
    if operations.iter().all(|(path, value)| is_plain(path) && is_plain(value)) {
        return operations.iter().map(|(path, value)| format!("op=replace,path={path},value={value}")).collect();
    }
    let all = operations.iter().map(|(path, value)| serde_json::json!({"op": "replace", "path": path, "value": value}));
    vec![serde_json::Value::Array(all.collect()).to_string()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shorthand_would_cut_is_sent_as_json() {
        assert_eq!(
            replace([("/a/b", "x:y"), ("/c", "d")]),
            ["op=replace,path=/a/b,value=x:y", "op=replace,path=/c,value=d"]
        );
        for value in ["a,b", "a=b", "{\"x\":1}", "a b", "'a'", "[a]"] {
            let [json] = &replace([("/a", value)])[..] else { panic!("one argument") };
            let read: serde_json::Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(read, serde_json::json!([{"op": "replace", "path": "/a", "value": value}]));
        }
    }
}
