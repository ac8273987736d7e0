use gatelight_model::{DenyingPolicy, GapDetails};

use super::*;

fn denied(policy: Option<DenyingPolicy>, arn: Option<&str>) -> Gap {
    Gap::new(GapDetails {
        operation: "x:X".to_owned(),
        permission: "x:X".to_owned(),
        resource: "*".to_owned(),
        kind: GapKind::Denied,
        message: String::new(),
        denied_by: policy.map(|policy| AccessDenial {
            policy: Some(policy),
            explicit: true,
            arn: arn.map(str::to_owned),
        }),
    })
}

/// A region whose listings of REST, HTTP and WebSocket APIs and of functions ended so; none: it was not made.
fn region(ends: [Option<Gap>; 3]) -> Region {
    let mut region = Region::not_collected("eu-west-1");
    let [rest, v2, functions] = ends;
    for (end, gap) in [&mut region.rest_apis.rest, &mut region.v2_apis.rest, &mut region.functions.rest]
        .into_iter()
        .zip([rest, v2, functions])
    {
        if let Some(gap) = gap {
            *end = Err(gap).into();
        }
    }
    region
}

#[test]
fn a_region_is_closed_if_every_listing_that_was_made_ends_in_a_denial_by_the_organization() {
    let scp = || Some(denied(Some(DenyingPolicy::ServiceControlPolicy), None));
    let named = || Some(denied(Some(DenyingPolicy::ServiceControlPolicy), Some("arn:p")));
    assert_eq!(
        denied_by_organization(&region([scp(), named(), scp()])).and_then(|denial| denial.arn),
        Some("arn:p".to_owned())
    );
    for closed in [[scp(), scp(), scp()], [scp(), scp(), None], [None, None, scp()]] {
        assert!(denied_by_organization(&region(closed)).is_some());
    }
    for policy in [None, Some(DenyingPolicy::IdentityBasedPolicy), Some(DenyingPolicy::ResourceControlPolicy)] {
        assert!(denied_by_organization(&region([scp(), scp(), Some(denied(policy, None))])).is_none(), "{policy:?}");
        assert!(denied_by_organization(&region([Some(denied(policy, None)), scp(), scp()])).is_none(), "{policy:?}");
    }
    assert!(denied_by_organization(&region([None, None, None])).is_none(), "nothing was asked");
    let mut listed = region([scp(), scp(), scp()]);
    listed.functions.rest = Fetched::known(());
    assert!(denied_by_organization(&listed).is_none());
    let mut broken = region([scp(), scp(), scp()]);
    broken.functions.seen = gatelight_checks::testing::healthy().region.functions.seen;
    assert!(denied_by_organization(&broken).is_none(), "something was seen before it broke off");
}
