//! AWS's protocols as they look on the wire: which call a request is, and how its service sends errors. The calls come
//! from the program's own table; a request that the table does not explain has no name.

#[path = "../../../src/collect/aws/operation.rs"]
#[allow(dead_code, reason = "the tests need the names and paths of calls, and no quotas")]
mod operation;

pub(crate) use operation::{Granted, Operation};

/// How a service spells answers and errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Protocol {
    /// XML, with a form as the request: IAM and STS; or with method and path: Route 53.
    Query,
    /// EC2's own XML.
    Ec2,
    /// JSON to `/`, the operation in a header.
    Json,
    /// CBOR: CloudWatch.
    Cbor,
    /// JSON, the operation in method and path.
    Rest,
}

impl Protocol {
    /// That of a service, by the first part of an operation's name.
    pub(crate) fn of(service: &str) -> Self {
        match service {
            "iam" | "sts" | "route53" => Self::Query,
            "ec2" => Self::Ec2,
            "logs" | "firehose" | "kms" | "organizations" => Self::Json,
            "cloudwatch" => Self::Cbor,
            _ => Self::Rest,
        }
    }
}

/// The parts of a request that name its operation.
pub(crate) struct Head<'a> {
    pub(crate) method: &'a str,
    /// Without the query.
    pub(crate) path: &'a str,
    /// From the scope of the signature.
    pub(crate) service: &'a str,
    /// The header `X-Amz-Target`, if there is one.
    pub(crate) target: Option<&'a str>,
    /// The form's field `Action`, if there is one.
    pub(crate) action: Option<&'a str>,
}

impl Head<'_> {
    /// `iam:GetRole`: the operation's name in the program's table, or what the request itself says.
    pub(crate) fn operation(&self) -> Option<String> {
        let segments: Vec<&str> = self.path.split('/').skip(1).collect();
        let name = match (self.method, segments.as_slice()) {
            ("POST", [""]) => self.target.and_then(|target| Some(target.split_once('.')?.1)).or(self.action),
            ("POST", ["service", _, "operation", name]) => Some(*name),
            _ => None,
        };
        if let Some(name) = name {
            let service = if self.service == "monitoring" { "cloudwatch" } else { self.service };
            return Some(format!("{service}:{name}"));
        }
        let is_request = |(method, path)| method == self.method && matches(path, self.path);
        let operation = Operation::ALL.iter().find(|operation| operation.http().is_some_and(is_request))?;
        Some(operation.name().to_owned())
    }
}

/// Whether a path fits a pattern in which `*` stands for one segment. A slash at the path's end does not count.
fn matches(pattern: &str, path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    pattern.split('/').count() == path.split('/').count()
        && pattern.split('/').zip(path.split('/')).all(|(pattern, segment)| pattern == "*" || pattern == segment)
}
