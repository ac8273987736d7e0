//! Where access logs go, and whether they are kept.

use super::formats::GOOD;
use crate::support::seed::{Account, Stage};

#[test]
fn where_access_logs_go() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let kept = region.log_group("/aws/gateway/kept", Some(30));
    let for_ever = region.log_group("/aws/gateway/for-ever", None);
    let deleted = region.log_group("/aws/gateway/deleted", Some(30));
    region.delete_log_group("/aws/gateway/deleted");
    // DescribeLogGroups searches by prefix: the longer name must not be taken for the shorter, nor the other way round.
    let shorter = region.log_group_arn("/aws/gateway/pre");
    let longer = region.log_group("/aws/gateway/prefix", Some(30));
    let other_region = account.region("eu-west-1").log_group("/aws/gateway/kept", Some(30));
    let other_account = Account::new().region("us-east-1").log_group("/aws/gateway/kept", Some(30));
    let stream = region.stream("amazon-apigateway-logs");
    let bare_stream = region.bare_stream("amazon-apigateway-bare");
    let missing_stream = region.stream_arn("amazon-apigateway-gone");
    let misnamed_stream = region.stream("gateway-logs");

    let destinations = [
        ("kept", kept.clone()),
        ("suffix", format!("{kept}:*")),
        ("for-ever", for_ever.clone()),
        ("for-ever-suffix", format!("{for_ever}:*")),
        ("deleted", deleted),
        ("shorter", shorter),
        ("longer", longer),
        ("other-region", other_region),
        ("other-account", other_account),
        ("stream", stream),
        ("stream-bare", bare_stream),
        ("stream-missing", missing_stream),
        ("stream-misnamed", misnamed_stream),
        ("bucket", "arn:aws:s3:::logs".to_owned()),
    ];
    // AWS would not take the last one, nor a group or stream that is missing when the stage is set; moto takes all.
    let stages: Vec<_> =
        destinations.iter().map(|(name, arn)| (*name, region.rest(name, "prod", &Stage::log(arn, GOOD)))).collect();
    let subjects: Vec<_> = stages.iter().map(|(name, arn)| (*name, arn.as_str())).collect();
    account.audit().args(["--region", "us-east-1"]).run().report().is(
        &subjects,
        "                off   there  keep
        kept             pass  pass   pass
        suffix           pass  pass   pass
        for-ever         pass  pass   low
        for-ever-suffix  pass  pass   low
        deleted          pass  high   n/a
        shorter          pass  high   n/a
        longer           pass  pass   pass
        other-region     pass  high   n/a
        other-account    pass  high   n/a
        stream           pass  pass   n/a
        stream-bare      pass  pass   n/a
        stream-missing   pass  high   n/a
        stream-misnamed  pass  high   n/a
        bucket           pass  high   n/a",
    );
}

#[test]
fn half_an_access_log_is_none() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let group = region.log_group("/aws/gateway/access", None);
    // AWS refuses half a setting made in one go; it can come about by two patches. moto takes it either way.
    let halves = [
        ("none", Stage::default()),
        ("destination-only", Stage::default().destination(&group)),
        ("format-only", Stage::default().format(GOOD)),
        ("whole", Stage::log(&group, GOOD)),
    ];
    let mut stages = Vec::new();
    for (name, stage) in &halves {
        stages.push((format!("rest-{name}"), region.rest(name, "prod", stage)));
        stages.push((format!("http-{name}"), region.http(name, "prod", stage)));
        stages.push((format!("ws-{name}"), region.websocket(name, "prod", stage)));
    }
    let subjects: Vec<_> = stages.iter().map(|(name, arn)| (name.as_str(), arn.as_str())).collect();
    account.audit().args(["--region", "us-east-1"]).run().report().is(
        &subjects,
        "                      off   json  fields  id    there  keep
        rest-none              high  n/a   n/a     n/a   n/a    n/a
        http-none              high  n/a   n/a     n/a   n/a    n/a
        ws-none                high  n/a   n/a     n/a   n/a    n/a
        rest-destination-only  high  n/a   n/a     n/a   n/a    n/a
        http-destination-only  high  n/a   n/a     n/a   n/a    n/a
        ws-destination-only    high  n/a   n/a     n/a   n/a    n/a
        rest-format-only       high  n/a   n/a     n/a   n/a    n/a
        http-format-only       high  n/a   n/a     n/a   n/a    n/a
        ws-format-only         high  n/a   n/a     n/a   n/a    n/a
        rest-whole             pass  pass  pass    pass  pass   low
        http-whole             pass  pass  pass    pass  pass   low
        ws-whole               pass  pass  pass    pass  pass   low",
    );
}
