//! Secrets that are known by their form, or by the words of a command around them: one row a kind.

use std::sync::LazyLock;

use regex::Regex;

use super::marks::REMOVED;

/// What a secret looks like. The group of each is what is removed; there is one. What may or may not lead to a match is
/// bounded, or a search would have to look far ahead again and again. Classes and boundaries are ASCII's, as
/// the tables for all of Unicode are not built in.
const KINDS: &[(&str, &str)] = &[
    (
        "private key, also one that is cut off",
        r"(?i-u:-----BEGIN[ A-Z0-9_]{0,60}PRIVATE KEY(?: BLOCK)?-----)(.*?)(?:-----END|$)",
    ),
    ("key of age", r"(AGE-SECRET-KEY-1[0-9A-Z]{20,})"),
    (
        "user and password of curl",
        r#"(?:^|[ ])(?:-u|--user|--proxy-user)[ =]["']?[^ :"']{0,64}:([^ "']{0,64}[^ "'0-9][^ "']*)"#,
    ),
    ("password of a database client", r#"(?-u:\b)(?:mysql|mariadb)[a-z]{0,8}(?: [^ ]{1,40}){0,8}? -p([^ "']+)"#),
    ("password of sshpass and of sqlcmd", r#"(?-u:\b)(?:sshpass|sqlcmd)(?: [^ ]{1,40}){0,8}? -[pP] ?([^ "']+)"#),
    ("password of a login", r#"(?-u:\b)login(?: [^ ]{1,40}){0,8}? -p[ =]([^ "']+)"#),
    ("password of redis-cli", r#"(?-u:\b)redis-cli(?: [^ ]{1,40}){0,8}? -a +([^ "']+)"#),
    ("netrc", r"(?-u:\b)machine [^ ]{1,64} login [^ ]{1,64} password ([^ ]+)"),
    ("Oracle's user and password", r"(?i-u:jdbc:oracle:[a-z]{1,8}:)([^@ ]{1,128})@"),
    ("user:password@host", r#"(?:^|[ "'=(\[])[a-zA-Z0-9_.-]{1,64}:([^ @"'/]{3,64})@[a-zA-Z0-9]"#),
    ("GitHub", r"(?-u:\b)(gh[oprsu]_[A-Za-z0-9_]{10,}|github_pat_[A-Za-z0-9_]{10,})"),
    ("GitLab", r"(?-u:\b)(gl[a-z]{2,5}-[A-Za-z0-9_.-]{20,}|GR1348941[A-Za-z0-9_-]{10,})"),
    ("Slack", r"(?-u:\b)(xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,})"),
    ("Stripe", r"(?-u:\b)([prs]k_(?:live|prod|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{10,})"),
    ("OpenAI and Anthropic", r"(?-u:\b)(sk-[A-Za-z0-9_-]{10,})"),
    (
        "Google",
        r"(?-u:\b)(AIza[A-Za-z0-9_-]{10,}|ya29\.[A-Za-z0-9_-]{10,}|GOCSPX-[A-Za-z0-9_-]{10,}|1//0[A-Za-z0-9_-]{20,})",
    ),
    ("Azure AD client secret", r"(?-u:\b)([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})"),
    ("Bedrock", r"(?-u:\b)(ABSK[A-Za-z0-9+/]{16,}|bedrock-api-key-[A-Za-z0-9+/=]{16,})"),
    ("npm", r"(?-u:\b)(npm_[A-Za-z0-9]{10,})"),
    ("PyPI", r"(?-u:\b)(pypi-Ag[A-Za-z0-9_-]{10,})"),
    ("RubyGems", r"(?-u:\b)(rubygems_[0-9a-f]{16,})"),
    ("SendGrid", r"(?-u:\b)(SG\.[A-Za-z0-9_=.-]{10,})"),
    ("Sendinblue", r"(?-u:\b)(xkeysib-[A-Za-z0-9-]{16,})"),
    ("Databricks", r"(?-u:\b)(dapi[0-9a-f]{16,})"),
    ("Vault", r"(?-u:\b)(hv[brs]\.[A-Za-z0-9_-]{10,}|s\.[A-Za-z0-9]{24})(?-u:\b)"),
    ("DigitalOcean", r"(?-u:\b)(do[opr]_v1_[0-9a-f]{10,})"),
    ("Shopify", r"(?-u:\b)(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{10,})"),
    ("Hugging Face", r"(?-u:\b)((?:hf|api_org)_[A-Za-z]{20,})"),
    ("New Relic", r"(?-u:\b)(NR(?:AK|II|JS)-[A-Za-z0-9-]{10,})"),
    ("Notion and Linear", r"(?-u:\b)(ntn_[A-Za-z0-9]{20,}|lin_api_[A-Za-z0-9]{20,})"),
    ("Postman and Pulumi", r"(?-u:\b)(PMAK-[A-Za-z0-9-]{20,}|pul-[0-9a-f]{20,})"),
    ("Sentry", r"(?-u:\b)(sntry[su]_[A-Za-z0-9+/=_]{16,})"),
    ("Square", r"(?-u:\b)(sq0[a-z]{3}-[A-Za-z0-9_-]{16,}|EAAA[A-Za-z0-9_-]{22,})"),
    ("Twilio", r"(?-u:\b)(SK[0-9a-fA-F]{32})"),
    ("Telegram", r"(?-u:\b)([0-9]{5,16}:A[A-Za-z0-9_-]{34})"),
    ("Grafana", r"(?-u:\b)(gl(?:sa|c)_[A-Za-z0-9+/=_]{20,})"),
    ("Doppler and Dynatrace", r"(?-u:\b)(dp\.[a-z]{2,5}\.[A-Za-z0-9]{20,}|dt0c01\.[A-Za-z0-9.]{24,})"),
    ("Atlassian and Artifactory", r"(?-u:\b)(ATATT3[A-Za-z0-9_=-]{16,}|AKCp[A-Za-z0-9]{10,}|cmVmd[A-Za-z0-9]{20,})"),
    ("Airtable", r"(?-u:\b)(pat[A-Za-z0-9]{14}\.[0-9a-f]{64})"),
    ("Alibaba and Tencent", r"(?-u:\b)(LTAI[A-Za-z0-9]{12,}|AKID[A-Za-z0-9]{13,})"),
    ("Cloudflare", r"(?-u:\b)(v1\.0-[0-9a-f]{24}-[0-9a-f]{40,})"),
    ("PlanetScale", r"(?-u:\b)(pscale_(?:oauth|pw|tkn)_[A-Za-z0-9_=.-]{16,})"),
    ("Fly and Tailscale", r"(?-u:\b)(fo1_[A-Za-z0-9_-]{20,}|fm[12][ar]?_[A-Za-z0-9+/=]{20,}|tskey-[A-Za-z0-9-]{10,})"),
    ("1Password", r"(?-u:\b)(ops_eyJ[A-Za-z0-9+/=]{16,}|A3-[A-Z0-9]{6}-[A-Z0-9-]{20,})"),
    ("Discord", r"(?-u:\b)([MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,})"),
    ("a private key in base64", r"(?-u:\b)(LS0tLS1CRUdJTi[A-Za-z0-9+/=]{10,})"),
];

/// All of them as one, so that a line is gone through once.
static ANY: LazyLock<Regex> = LazyLock::new(|| {
    let kinds: Vec<_> = KINDS.iter().map(|(_, pattern)| format!("(?:{pattern})")).collect();
    Regex::new(&kinds.join("|")).expect("the patterns are constant and tested")
});

/// Removes what has one of the forms.
pub(super) fn redact(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut from = 0;
    for found in ANY.captures_iter(line) {
        let Some(secret) = found.iter().skip(1).flatten().next() else { continue };
        out.push_str(&line[from..secret.start()]);
        if !secret.is_empty() {
            out.push_str(REMOVED);
        }
        from = secret.end();
    }
    out.push_str(&line[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_one_group() {
        for (kind, pattern) in KINDS {
            let regex = Regex::new(pattern).unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!(regex.captures_len(), 2, "{kind}");
        }
    }
}
