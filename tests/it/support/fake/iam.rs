//! IAM: roles and policies.

use super::{ACCOUNT, Account, Answer, Request, page};

pub(super) fn answer(account: &Account, request: &Request, action: &str, start: usize) -> Answer {
    let no_such = || Answer::error("iam", 404, "NoSuchEntity", "It cannot be found.");
    let limit = request.field("MaxItems").parse().unwrap_or(100);
    if let "GetPolicy" | "GetPolicyVersion" = action {
        let arn = request.field("PolicyArn");
        let Some(document) = account.managed_policies.get(arn) else { return no_such() };
        let dates = "<CreateDate>2026-01-01T00:00:00Z</CreateDate>";
        return Answer::xml(
            action,
            &match request.field("VersionId") {
                "" => format!(
                    "<Policy><PolicyName>p</PolicyName><PolicyId>ANPA</PolicyId><Arn>{arn}</Arn><Path>/</Path>\
                 <DefaultVersionId>v2</DefaultVersionId><AttachmentCount>1</AttachmentCount>\
                 <IsAttachable>true</IsAttachable>{dates}</Policy>"
                ),
                "v2" => format!(
                    "<PolicyVersion><Document>{}</Document><VersionId>v2</VersionId>\
                 <IsDefaultVersion>true</IsDefaultVersion>{dates}</PolicyVersion>",
                    encoded(document)
                ),
                _ => return no_such(),
            },
        );
    }
    let name = request.field("RoleName");
    let Some(role) = account.roles.get(name) else { return no_such() };
    let list = |tag: &str, elements: Vec<String>| {
        let (elements, token) = page(account, elements, start, limit);
        let members = elements.iter().map(|element| format!("<member>{element}</member>")).collect::<Vec<_>>().concat();
        let answer = Answer::xml(action, &format!("<{tag}>{members}</{tag}><IsTruncated>false</IsTruncated>"));
        match token {
            Some(token) => answer.with_token("Marker", &token),
            None => answer,
        }
    };
    match action {
        "GetRole" => {
            let boundary = role.boundary.as_ref().map_or(String::new(), |arn| {
                format!(
                    "<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>\
                     <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
                )
            });
            Answer::xml(
                action,
                &format!(
                    "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId>\
                 <Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
                 <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>{boundary}</Role>",
                    encoded(&role.trust)
                ),
            )
        }
        "ListRolePolicies" => list("PolicyNames", role.inline.keys().cloned().collect()),
        "ListAttachedRolePolicies" => {
            let element = |arn: &String| format!("<PolicyName>p</PolicyName><PolicyArn>{arn}</PolicyArn>");
            list("AttachedPolicies", role.attached.iter().map(element).collect())
        }
        "GetRolePolicy" => match role.inline.get(request.field("PolicyName")) {
            Some(document) => Answer::xml(
                action,
                &format!(
                    "<RoleName>{name}</RoleName><PolicyName>{}</PolicyName><PolicyDocument>{}</PolicyDocument>",
                    request.field("PolicyName"),
                    encoded(document)
                ),
            ),
            None => no_such(),
        },
        _ => Answer::error("iam", 400, "InvalidAction", "Could not find operation"),
    }
}

/// As IAM sends policy documents: URL-encoded.
fn encoded(document: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    document.bytes().map(byte).collect()
}
