//! Amazon Resource Names, and the destinations of access logs that they spell.

/// The six parts of an ARN. Borrowed; the resource keeps whatever colons and slashes it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// `logs`, `iam`, …
    pub service: &'a str,
    /// Empty for what is global.
    pub region: &'a str,
    /// The owner's account id; empty where AWS leaves it out.
    pub account: &'a str,
    /// All the rest.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of `text`, or `None` if it is no ARN.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        (parts.next()? == "arn").then_some(())?;
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        (!arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty()).then_some(arn)
    }

    /// The name at the end of an IAM role's ARN, without its path; `None` if it is not the ARN of a role.
    #[must_use]
    pub fn role_name(&self) -> Option<&'a str> {
        let path = self.resource.strip_prefix("role/").filter(|_| self.service == "iam")?;
        path.rsplit('/').next().filter(|name| !name.is_empty())
    }
}

/// Where an access log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A CloudWatch Logs log group: its ARN's parts and its name, without the `:*` that `DescribeLogGroups` and
    /// CloudFormation append.
    LogGroup(Arn<'a>, &'a str),
    /// A Firehose stream: its ARN's parts and its name.
    DeliveryStream(Arn<'a>, &'a str),
    /// Anything else. API Gateway writes to nothing else.
    Other(&'a str),
}

impl<'a> Destination<'a> {
    /// Reads the destination's ARN as a stage holds it.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let Some(arn) = Arn::parse(text) else { return Self::Other(text) };
        let named = |prefix: &str| arn.resource.strip_prefix(prefix).filter(|name| !name.is_empty());
        match arn.service {
            "logs" => named("log-group:")
                // A group's name holds no colon, so whatever follows one (`:*`, `:log-stream:x`) is not its name.
                .map(|rest| rest.split_once(':').map_or(rest, |(name, _)| name))
                .filter(|name| !name.is_empty())
                .map_or(Self::Other(text), |name| Self::LogGroup(arn, name)),
            "firehose" => named("deliverystream/").map_or(Self::Other(text), |name| Self::DeliveryStream(arn, name)),
            _ => Self::Other(text),
        }
    }

    /// The parts of its ARN, if it is one that API Gateway can write to.
    #[must_use]
    pub fn arn(&self) -> Option<Arn<'a>> {
        match self {
            Self::LogGroup(arn, _) | Self::DeliveryStream(arn, _) => Some(*arn),
            Self::Other(_) => None,
        }
    }

    /// Whether API Gateway may write to something of that name: "the stream name must begin with
    /// `amazon-apigateway-`" (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-logging-to-kinesis.html>).
    #[must_use]
    pub fn is_well_named(&self) -> bool {
        match self {
            Self::LogGroup(..) => true,
            Self::DeliveryStream(_, name) => name.starts_with("amazon-apigateway-"),
            Self::Other(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_the_last_part_of_its_path_as_name() {
        let role_name = |text| Arn::parse(text).and_then(|arn| arn.role_name());
        assert_eq!(role_name("arn:aws:iam::123456789012:role/a/b/logs"), Some("logs"));
        assert_eq!(role_name("arn:aws:iam::123456789012:role/logs"), Some("logs"));
        assert_eq!(role_name("arn:aws:iam::123456789012:user/logs"), None);
        assert_eq!(role_name("arn:aws:iam::123456789012:role/"), None);
    }

    #[test]
    fn a_log_group_is_named_without_what_is_appended() {
        for end in ["", ":*", ":log-stream:x"] {
            let text = format!("arn:aws:logs:us-east-1:123456789012:log-group:/aws/gateway/orders{end}");
            let Destination::LogGroup(arn, name) = Destination::parse(&text) else { panic!("{text}") };
            assert_eq!((arn.region, arn.account, name), ("us-east-1", "123456789012", "/aws/gateway/orders"));
        }
    }

    #[test]
    fn what_api_gateway_cannot_write_to_is_other() {
        for text in [
            "",
            "orders",
            "arn:aws:logs:us-east-1:1",
            "arn:aws:logs:us-east-1:1:log-group:",
            "arn:aws:logs:us-east-1:1:log-group::*",
            "arn:aws:s3:::bucket",
            "arn:aws:firehose:us-east-1:1:deliverystream/",
        ] {
            assert_eq!(Destination::parse(text), Destination::Other(text));
        }
    }
}
