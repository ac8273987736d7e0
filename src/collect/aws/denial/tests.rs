//! The messages are AWS's own examples, and some that were reported.

use DenyingPolicy::{
    IdentityBasedPolicy, PermissionsBoundary, ResourceBasedPolicy, ResourceControlPolicy, RoleTrustPolicy,
    ServiceControlPolicy, SessionPolicy, VpcEndpointPolicy,
};

use super::*;

fn denial(policy: DenyingPolicy, explicit: bool, arn: Option<&str>) -> AccessDenial {
    AccessDenial { policy: Some(policy), explicit, arn: arn.map(str::to_owned) }
}

const USER: &str = "User: arn:aws:sts::123456789012:assumed-role/auditor/me is not authorized to perform: ";

#[test]
fn each_kind_of_policy_is_told_apart_explicit_and_implicit() {
    for policy in DenyingPolicy::ALL {
        let words = policy.words();
        let explicit = format!(
            "{USER}apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis with an explicit deny in a {words}"
        );
        assert_eq!(read(&explicit), Some(denial(policy, true, None)), "{explicit}");
        let implicit = format!(
            "{USER}lambda:ListFunctions on resource: * because no {words} allows the lambda:ListFunctions action"
        );
        assert_eq!(read(&implicit), Some(denial(policy, false, None)), "{implicit}");
    }
}

#[test]
fn the_examples_of_the_documentation() {
    for (said, expected) in [
        (
            "codecommit:ListRepositories because no service control policy allows the codecommit:ListRespositories action",
            denial(ServiceControlPolicy, false, None),
        ),
        (
            "secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:* with an explicit deny in a resource control policy",
            denial(ResourceControlPolicy, true, None),
        ),
        (
            "codedeploy:ListDeployments on resource: arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:* with an explicit deny in a sessions policy",
            denial(SessionPolicy, true, None),
        ),
        (
            "codecommit:ListRepositories because no session policy allows the codecommit:ListRepositories action",
            denial(SessionPolicy, false, None),
        ),
        (
            "codecommit:ListRepositories because no VPC endpoint policy allows the codecommit:ListRepositories action",
            denial(VpcEndpointPolicy, false, None),
        ),
        (
            "sagemaker:ListModels with an explicit deny in a permissions boundary",
            denial(PermissionsBoundary, true, None),
        ),
        (
            "secretsmanager:GetSecretValue because no resource-based policy allows the secretsmanager:GetSecretValue action",
            denial(ResourceBasedPolicy, false, None),
        ),
        (
            "sts:AssumeRole because no role trust policy allows the sts:AssumeRole action",
            denial(RoleTrustPolicy, false, None),
        ),
        ("sts:AssumeRole with an explicit deny in the role trust policy", denial(RoleTrustPolicy, true, None)),
        (
            "codedeploy:ListDeployments on resource: arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:* with an explicit deny in an identity-based policy",
            denial(IdentityBasedPolicy, true, None),
        ),
        // To be changed is the service control policy.
        (
            "SNS:Publish on resource: arn:aws:sns:us-east-1:444455556666:role-name-2 with an explicit deny in a VPC endpoint policy transitively through a service control policy",
            denial(ServiceControlPolicy, true, None),
        ),
    ] {
        assert_eq!(read(&format!("{USER}\n{said}")), Some(expected), "{said}");
    }
}

/// <https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns>
#[test]
fn the_policys_arn_is_kept() {
    let scp = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd";
    let policy = "arn:aws:iam::123456789012:policy/team/Deny.All+x=y@z_1-2";
    for (text, expected) in [
        (
            format!("with an explicit deny in a service control policy: {scp}"),
            denial(ServiceControlPolicy, true, Some(scp)),
        ),
        (
            format!(
                "with an explicit deny in a service control policy: {scp}. Encoded authorization failure message: AAAA_b-9"
            ),
            denial(ServiceControlPolicy, true, Some(scp)),
        ),
        (
            format!("with an explicit deny in an identity-based policy, with policy ARN:\n{policy}"),
            denial(IdentityBasedPolicy, true, Some(policy)),
        ),
        (
            format!(
                "with an explicit deny in a permissions boundary: {policy}. Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/x for complete details, or call the GetRequestAuthorizationDetails API with the following authorization id: x"
            ),
            denial(PermissionsBoundary, true, Some(policy)),
        ),
        // Not an ARN.
        (
            "with an explicit deny in a permissions boundary: TeamBoundary".to_owned(),
            denial(PermissionsBoundary, true, None),
        ),
        ("with an explicit deny in a permissions boundary: arn:x".to_owned(), denial(PermissionsBoundary, true, None)),
    ] {
        let message = format!("{USER}iam:ListRoles on resource: arn:aws:iam::123456789012:role/* {text}");
        assert_eq!(read(&message), Some(expected), "{message}");
    }
}

#[test]
fn what_ec2_encodes_is_left_out_and_says_nothing_of_the_policy() {
    let bare =
        "You are not authorized to perform this operation. Encoded authorization failure message: with_an-explicitdeny";
    assert_eq!(read(bare), None);
    assert_eq!(without_asides(bare), "You are not authorized to perform this operation.");
    let told = format!(
        "You are not authorized to perform this operation. {USER}ec2:DescribeVpcs with an explicit deny in a service control policy. Encoded authorization failure message: AAAA"
    );
    assert_eq!(read(&told), Some(denial(ServiceControlPolicy, true, None)));
}

#[test]
fn a_deny_of_which_the_policy_is_not_said_is_still_explicit() {
    let old = format!("{USER}lambda:ListFunctions on resource: * with an explicit deny");
    assert_eq!(read(&old), Some(AccessDenial { policy: None, explicit: true, arn: None }));
}

/// A name may hold AWS's words; the reason stands last.
#[test]
fn the_last_reason_counts() {
    let hostile = format!(
        "{USER}logs:FilterLogEvents on resource: with an explicit deny in a service control policy because no identity-based policy allows the logs:FilterLogEvents action"
    );
    assert_eq!(read(&hostile), Some(denial(IdentityBasedPolicy, false, None)));
}

#[test]
fn other_messages_say_nothing() {
    for text in ["User is not authorized", "", "Access Denied", "because no healthy upstream was found", "Forbidden ü…"]
    {
        assert_eq!(read(text), None, "{text}");
    }
}
