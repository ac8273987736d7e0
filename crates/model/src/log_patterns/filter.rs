//! Checks the filter of an owner's own `[[pattern]]` when the configuration is read. A filter that CloudWatch Logs refuses
//! would otherwise fail every search of every run. No more of the language is read than it takes to find mistakes.
//!
//! The rules are those of <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html> and
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html>. Where they are silent, the stricter
//! reading applies: there is always another way to write the same.

/// The most characters of a filter pattern (`FilterLogEvents`, `filterPattern`).
pub const LONGEST: usize = 1_024;
/// The most regular expressions in a pattern.
const REGEXES: usize = 2;

/// Checks a filter pattern.
///
/// # Errors
/// What is wrong with it, to follow the filter's name and a colon.
pub fn check(filter: &str) -> Result<(), String> {
    let length = filter.chars().count();
    if length > LONGEST {
        return Err(format!("it has {length} characters, and CloudWatch takes {LONGEST}"));
    }
    if let Some(control) = filter.chars().find(|c| c.is_control()) {
        return Err(format!("it holds the control character {control:?}"));
    }
    let filter = filter.trim();
    match filter.chars().next() {
        None => Err("it is empty, and so matches every event".to_owned()),
        Some('{') => json(inside(filter, '}')?),
        Some('[') => columns(inside(filter, ']')?),
        Some('%') => {
            let mut rest = Rest::of(filter);
            rest.regex()?;
            rest.end().map_err(|_| "a regular expression stands alone, or within { } or [ ]".to_owned())
        }
        Some(_) => terms(filter),
    }
}

/// The text between the first character and the last, which must be `close`.
fn inside(filter: &str, close: char) -> Result<Rest<'_>, String> {
    let rest = filter[1..].strip_suffix(close).ok_or_else(|| format!("it does not end with {close:?}"))?;
    Ok(Rest::of(rest))
}

/// The text that is not parsed yet.
struct Rest<'a> {
    text: &'a str,
    regexes: usize,
}

impl<'a> Rest<'a> {
    fn of(text: &'a str) -> Self {
        Self { text: text.trim_start(), regexes: 0 }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.text.split_at(length);
        self.text = rest;
        taken
    }

    fn blanks(&mut self) {
        self.text = self.text.trim_start();
    }

    /// Takes the first of the signs that is next, and the blanks after it. A longer sign must come before its prefix.
    fn sign<'s>(&mut self, signs: &[&'s str]) -> Option<&'s str> {
        let sign = signs.iter().find(|sign| self.text.starts_with(**sign))?;
        self.take(sign.len());
        self.blanks();
        Some(sign)
    }

    fn end(&self) -> Result<(), String> {
        if self.text.is_empty() { Ok(()) } else { Err(format!("{:?} is not understood", self.text)) }
    }

    /// `"…"`; a backslash escapes the next character.
    fn phrase(&mut self) -> Result<(), String> {
        let mut escaped = false;
        for (at, c) in self.text.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let phrase = self.take(at + 1);
                    self.blanks();
                    let blank = phrase[1..at].trim().is_empty();
                    return if blank { Err("an empty phrase matches every event".to_owned()) } else { Ok(()) };
                }
                _ => {}
            }
        }
        Err("a quotation mark is not closed".to_owned())
    }

    /// `%…%`.
    fn regex(&mut self) -> Result<(), String> {
        self.regexes += 1;
        if self.regexes > REGEXES {
            return Err(format!("CloudWatch takes {REGEXES} regular expressions in a pattern at most"));
        }
        let end = self.text[1..].find('%').ok_or("a regular expression is not closed with %")?;
        let regex = &self.take(end + 2)[1..=end];
        self.blanks();
        if regex.is_empty() {
            return Err("a regular expression is empty".to_owned());
        }
        if regex.contains(['(', ')']) {
            return Err("CloudWatch's regular expressions have no parentheses".to_owned());
        }
        let known = |c: char| c.is_ascii_alphanumeric() || ":_#=@/;,-^$?[]{}|\\*+.".contains(c);
        match regex.chars().find(|c| !known(*c)) {
            Some(' ') => Err("CloudWatch's regular expressions have no blanks; write \\s".to_owned()),
            Some(c) => Err(format!("CloudWatch's regular expressions do not know {c:?}")),
            None => Ok(()),
        }
    }

    /// A word whose characters are all `known`.
    fn word(&mut self, known: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.text.find(|c| !known(c)).unwrap_or(self.text.len());
        let word = self.take(end);
        self.blanks();
        Some(word).filter(|word| !word.is_empty())
    }

    /// The value of a comparison: a phrase, a regular expression, or a word or number in which `*` matches any text.
    fn value(&mut self) -> Result<(), String> {
        match self.text.chars().next() {
            Some('"') => self.phrase(),
            Some('%') => self.regex(),
            _ => {
                let known = |c: char| c.is_alphanumeric() || "_-+.*:/@#".contains(c);
                self.word(known).map(drop).ok_or_else(|| format!("a value is missing before {:?}", self.text))
            }
        }
    }

    /// Conditions joined by `&&` and `||`. Those of JSON compare selectors, and may be in parentheses. Those of a column
    /// compare its name, which may also stand alone.
    fn conditions(&mut self, json: bool) -> Result<(), String> {
        let mut open = 0_usize;
        loop {
            while json && self.sign(&["("]).is_some() {
                open += 1;
            }
            if !json {
                self.word(|c| c.is_alphanumeric() || c == '_')
                    .ok_or_else(|| format!("the name of a column is missing before {:?}", self.text))?;
            } else if self.text.starts_with("$.") || self.text.starts_with("$[") {
                self.word(|c| c.is_alphanumeric() || "$.[]_-*\"'@:/".contains(c));
            } else {
                return Err(format!("a selector such as $.level is missing before {:?}", self.text));
            }
            if self.sign(&["!=", "<=", ">=", "=", "<", ">"]).is_some() {
                self.value()?;
            } else if json && self.sign(&["IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS", "EXISTS"]).is_none() {
                return Err(format!("a comparison is missing before {:?}", self.text));
            }
            while open > 0 && self.sign(&[")"]).is_some() {
                open -= 1;
            }
            if self.sign(&["&&", "||"]).is_none() {
                return if open > 0 { Err("a parenthesis is not closed".to_owned()) } else { Ok(()) };
            }
        }
    }
}

/// `ERROR "could not" -healthcheck`, `?ERROR ?WARN`.
fn terms(filter: &str) -> Result<(), String> {
    let mut rest = Rest::of(filter);
    let (mut optional, mut others) = (0, 0);
    while !rest.text.is_empty() {
        match rest.text.chars().next() {
            Some('?') => {
                rest.take(1);
                optional += 1;
            }
            Some('-') => {
                rest.take(1);
                others += 1;
            }
            _ => others += 1,
        }
        match rest.text.chars().next() {
            Some('"') => rest.phrase()?,
            Some('%') => return Err("a regular expression stands alone, or within { } or [ ]".to_owned()),
            _ => {
                let known = |c: char| c.is_alphanumeric() || c == '_';
                let unquoted = || "a term with other characters than letters and digits needs quotation marks";
                rest.word(known).ok_or_else(unquoted)?;
                // `a.b`: the word ended, and no blank follows.
                let joined = rest.text.chars().next().is_some_and(|c| !known(c) && !"?-\"%".contains(c));
                if joined {
                    return Err(unquoted().to_owned());
                }
            }
        }
    }
    if optional > 0 && others > 0 {
        return Err("terms with ? beside terms without are ignored by CloudWatch".to_owned());
    }
    Ok(())
}

/// `$.level = "ERROR" && ($.code >= 500 || $.reason IS NULL)`, without its braces.
fn json(mut rest: Rest<'_>) -> Result<(), String> {
    rest.conditions(true)?;
    rest.end()
}

/// `ip, user, status = 5* || status = 429, ...`, without its brackets.
fn columns(mut rest: Rest<'_>) -> Result<(), String> {
    loop {
        if rest.sign(&["..."]).is_none() {
            rest.conditions(false)?;
        }
        if rest.sign(&[","]).is_none() {
            return rest.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cloudwatch_takes_is_taken() {
        for filter in [
            "ERROR",
            "  ERROR  ",
            "could not emit",
            "\"could not\" emit -healthcheck",
            "?ERROR ?\"fatal: \" ?WARN",
            "-DEBUG",
            r#""a \" quotation mark""#,
            "%[Ff]ailed\\sto\\semit|^x{1,3}$%",
            r#"{ $.level = "ERROR" }"#,
            "{($.a.b[0] != 3) && ($.code >= 500 || $.reason IS NULL)}",
            "{ $.a NOT EXISTS }",
            "{ $.ip = %10\\.0% && $.host = %a-b% }",
            "{ $.user = jane* }",
            "[ip, user, status = 5* || status = 429, bytes]",
            "[..., request = \"GET *\", last = %x%]",
            "[w1, w2]",
            "[w1=ERROR]",
            "überlauf",
        ] {
            assert_eq!(check(filter), Ok(()), "{filter}");
        }
        for length in [LONGEST - 1, LONGEST] {
            assert_eq!(check(&"a".repeat(length)), Ok(()));
        }
    }

    #[test]
    fn what_it_refuses_is_named() {
        for (filter, said) in [
            ("", "every event"),
            ("   ", "every event"),
            ("\" \"", "every event"),
            ("?\"\"", "every event"),
            ("\"open", "not closed"),
            ("a\nb", "control"),
            ("a.b", "quotation marks"),
            ("error:", "quotation marks"),
            ("?", "quotation marks"),
            ("- a", "quotation marks"),
            ("?a b", "ignored"),
            ("?a -b", "ignored"),
            ("a %b%", "stands alone"),
            ("%a% b", "stands alone"),
            ("%a", "not closed"),
            ("%%", "is empty"),
            ("%(a|b)%", "parentheses"),
            ("%a b%", "\\s"),
            ("%a!%", "'!'"),
            ("%ü%", "'ü'"),
            ("{ $.a = 1", "does not end"),
            ("{}", "selector"),
            ("{ level = 1 }", "selector"),
            ("{ $.a }", "comparison"),
            ("{ $.a = }", "value"),
            ("{ $.a = 1 && }", "selector"),
            ("{ ($.a = 1 }", "parenthesis"),
            ("{ $.a = 1) }", "not understood"),
            ("{ $.a = \"x }", "not closed"),
            ("{ $.a = %a% && $.b = %b% && $.c = %c% }", "2 regular"),
            ("[a, b", "does not end"),
            ("[]", "column"),
            ("[a,,b]", "column"),
            ("[a = ]", "value"),
            ("[a b]", "not understood"),
        ] {
            let problem = check(filter).expect_err(filter);
            assert!(problem.contains(said), "{filter}: {problem}");
        }
        let problem = check(&"a".repeat(LONGEST + 1)).expect_err("too long");
        assert!(problem.contains("1025") && problem.contains("1024"), "{problem}");
        // Nothing here goes deeper than it reads.
        assert!(check(&format!("{{{}", "(".repeat(1_000))).is_err());
    }
}
