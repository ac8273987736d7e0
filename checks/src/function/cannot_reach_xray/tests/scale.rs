//! How long it takes.

use super::*;

/// 500 VPCs like that of `behind` and that of `beside`, and 20 functions in each.
#[test]
fn thousands_of_functions_are_decided_at_once() {
    let small = serde_json::to_string(&scope().region.network).expect("serialises");
    let mut large = scope();
    let functions = std::mem::take(&mut large.region.functions.seen);
    large.region.network = gatelight_model::inventory::Network::not_collected();
    for n in 0..250 {
        let own =
            |text: &str| text.replace("-orders", &format!("-{n}-orders")).replace("-users", &format!("-{n}-users"));
        let more = ["nat-", "vpce-", "sg-shared", "sg-endpoint"].iter().fold(own(&small), |text, name| {
            text.replace(&format!("\"{name}"), &format!("\"{}", name.replacen('-', &format!("-{n}-"), 1)))
        });
        let more: gatelight_model::inventory::Network = serde_json::from_str(&more).expect("reads");
        let network = &mut large.region.network;
        network.subnets = gatelight_model::Listing::whole([network.subnets.seen.clone(), more.subnets.seen].concat());
        network.vpcs = gatelight_model::Listing::whole([network.vpcs.seen.clone(), more.vpcs.seen].concat());
        network.route_tables =
            gatelight_model::Listing::whole([network.route_tables.seen.clone(), more.route_tables.seen].concat());
        network.nat_gateways =
            gatelight_model::Listing::whole([network.nat_gateways.seen.clone(), more.nat_gateways.seen].concat());
        network.internet_gateways = gatelight_model::Listing::whole(
            [network.internet_gateways.seen.clone(), more.internet_gateways.seen].concat(),
        );
        network.endpoints =
            gatelight_model::Listing::whole([network.endpoints.seen.clone(), more.endpoints.seen].concat());
        network.security_groups =
            gatelight_model::Listing::whole([network.security_groups.seen.clone(), more.security_groups.seen].concat());
        network.network_acls =
            gatelight_model::Listing::whole([network.network_acls.seen.clone(), more.network_acls.seen].concat());
        network.dhcp_options =
            gatelight_model::Listing::whole([network.dhcp_options.seen.clone(), more.dhcp_options.seen].concat());
        network.prefix_lists = [network.prefix_lists.clone(), more.prefix_lists].concat();
        for (at, function) in (0..20).flat_map(|at| functions.iter().map(move |function| (at, function))) {
            let mut function = function.clone();
            function.arn = format!("{}-{n}-{at}", function.arn);
            let vpc = function.vpc.as_mut().expect("a VPC");
            vpc.subnets.iter_mut().chain(&mut vpc.security_groups).for_each(|id| {
                *id = own(id).replacen("sg-shared", &format!("sg-{n}-shared"), 1);
            });
            large.region.functions.seen.push(function);
        }
    }
    assert_eq!(large.region.functions.seen.len(), 10_000);
    let started = std::time::Instant::now();
    let context = Context::new(large.scope());
    for function in &large.region.functions.seen {
        assert_eq!(judge(function, &context), Ok(Judgement::Pass), "{}", function.arn);
    }
    let took = started.elapsed();
    // Without optimisation, on a busy machine.
    assert!(took.as_secs() < 20, "{took:?}");
}
