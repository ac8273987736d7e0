//! Which names say that their value is a secret.

/// Ends of keys whose value is a secret, in lower case, without `-`, `_` and `.`: `db_password`, `X-Api-Key`.
const ENDS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "kennwort",
    "contraseña",
    "contrasena",
    "passphrase",
    "mnemonic",
    "seedphrase",
    "recoveryphrase",
    "passcode",
    "pwd",
    "pass",
    "secret",
    "token",
    "keyid",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "creds",
    "cookie",
    "session",
    "sessionid",
    "sessid",
    "signature",
    "sig",
    "pin",
    "otp",
    "authcode",
    "clientassertion",
    "samlresponse",
    "jwt",
    "bearer",
    "webhook",
    "connectionstring",
    "dsn",
];
/// What makes a key out of a name that ends with `key`: `partition_key`, `primary_key` and `idempotency-key` are none.
const KEYS: &[&str] = &[
    "access",
    "account",
    "admin",
    "aes",
    "api",
    "app",
    "application",
    "auth",
    "cipher",
    "client",
    "consumer",
    "crypto",
    "database",
    "db",
    "decryption",
    "deploy",
    "encryption",
    "function",
    "functions",
    "hmac",
    "host",
    "ingestion",
    "instrumentation",
    "integration",
    "license",
    "licence",
    "master",
    "priv",
    "private",
    "read",
    "root",
    "routing",
    "rsa",
    "sas",
    "secret",
    "server",
    "service",
    "session",
    "shared",
    "signing",
    "ssh",
    "storage",
    "subscription",
    "symmetric",
    "webhook",
    "wrapping",
    "write",
];
/// Names that are a secret's only as a whole.
const WHOLE: &[&str] = &["sid", "connectsid", "phrase", "seed"];
/// What makes a name a secret's wherever it stands in it: `secret_key_base`, `password2`, `api_key_prod`.
const ANYWHERE: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "kennwort",
    "passphrase",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "accesstoken",
    "apitoken",
    "authtoken",
    "bearertoken",
    "idtoken",
    "refreshtoken",
    "sessiontoken",
    "csrftoken",
];
/// Names that tell something about a secret end so.
const TELLING: &[&str] = &[
    "age",
    "arn",
    "arns",
    "at",
    "attempts",
    "authentication",
    "changed",
    "count",
    "date",
    "enabled",
    "endpoint",
    "error",
    "errors",
    "exception",
    "expiration",
    "expired",
    "expires",
    "expiresin",
    "expiry",
    "failed",
    "failure",
    "field",
    "file",
    "found",
    "id",
    "invalid",
    "length",
    "less",
    "manager",
    "mismatch",
    "mode",
    "name",
    "path",
    "policy",
    "provider",
    "required",
    "reset",
    "rotation",
    "rule",
    "state",
    "status",
    "time",
    "ttl",
    "type",
    "uri",
    "url",
    "valid",
    "version",
];
/// Names of operations begin so: `GetSecretValue: AccessDeniedException`.
const OPERATIONS: &[&str] = &[
    "batch",
    "cancel",
    "change",
    "check",
    "create",
    "decrypt",
    "delete",
    "describe",
    "fetch",
    "get",
    "list",
    "load",
    "put",
    "read",
    "reset",
    "restore",
    "rotate",
    "secretary",
    "secretsmanager",
    "tag",
    "update",
    "validate",
    "verify",
];
/// Headers whose value may hold spaces, so that the rest of the line is secret.
const TO_THE_END: &[&str] = &["authorization", "cookie", "setcookie", "proxyauthorization"];
/// Names of what may be several words without quotes.
const OF_WORDS: &[&str] = &["passphrase", "phrase", "mnemonic", "seed"];
/// Of these a value of several words is no secret as often as it is one: `password: must not be empty`.
const PERHAPS_OF_WORDS: &[&str] = &["password", "passwd", "passwort", "kennwort", "pwd", "secret"];
/// Authentication schemes, which a credential follows, in lower case.
const SCHEMES: &[&str] = &["bearer", "basic", "digest", "negotiate", "apikey", "token"];

/// The name of a key, as it is compared.
pub(super) struct Name {
    whole: String,
    /// From the last dot on: `spring.datasource.password`.
    last: String,
}

impl Name {
    pub(super) fn of(key: &str) -> Self {
        let plain =
            |text: &str| text.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect::<String>().to_lowercase();
        let key = key.trim_end_matches('.');
        Self { whole: plain(key), last: plain(key.rsplit('.').next().unwrap_or_default()) }
    }

    /// Whether the value is a secret.
    pub(super) fn is_secret(&self) -> bool {
        let name = self.whole.as_str();
        if name.ends_with("kmskeyid") || name.ends_with("masterkeyid") {
            return false;
        }
        let is_key = || name.strip_suffix("key").is_some_and(|rest| KEYS.iter().any(|kind| rest.ends_with(kind)));
        ENDS.iter().any(|end| name.ends_with(end)) || is_key() || WHOLE.contains(&name) || self.holds_a_secret()
    }

    fn holds_a_secret(&self) -> bool {
        let name = self.last.as_str();
        ANYWHERE.iter().any(|word| name.contains(word))
            && !TELLING.iter().any(|end| name.ends_with(end))
            && !OPERATIONS.iter().any(|verb| name.starts_with(verb))
    }

    /// Whether the value is a secret if `=` follows, as in a query: `code: 503` explains a failure, `code=…` is a login.
    pub(super) fn is_secret_in_a_query(&self, is_parameter: bool) -> bool {
        self.whole == "code" || is_parameter && self.whole == "key"
    }

    pub(super) fn is_to_the_end(&self) -> bool {
        TO_THE_END.iter().any(|key| self.whole.ends_with(key))
    }

    pub(super) fn is_of_words(&self) -> bool {
        OF_WORDS.iter().any(|key| self.whole.ends_with(key))
    }

    pub(super) fn may_be_of_words(&self) -> bool {
        self.is_of_words() || PERHAPS_OF_WORDS.iter().any(|key| self.whole.ends_with(key))
    }

    pub(super) fn is_scheme(&self) -> bool {
        SCHEMES.contains(&self.whole.as_str())
    }
}
