//! Route 53: the private hosted zones that may answer X-Ray's name in a VPC, and what their records lead to. A zone of another
//! account is read with that account's credentials, if the run has them: only the owner of a zone may list its records.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use aws_sdk_route53::{
    self as route53,
    types::{HostedZoneSummary, ResourceRecordSet, RrType, VpcRegion},
};
use gatelight_model::{
    Gap, Listing,
    inventory::{DnsRecord, HostedZone, HostedZonesAnswer, Network, ZoneRecordsAnswer},
};
use gatelight_network::{covers, xray_hosts};

use super::{
    aws::{Calls, Operation, Page, Session, lacks, stated},
    client::RegionClient,
    ec2::hub::{HubReader, HubTargets},
};

/// The most that Route 53 gives in a page of zones, and of records.
const ZONES: i32 = 100;
const RECORDS: i32 = 300;
/// Between the parts of the token of a page: no name holds it.
const BETWEEN: char = '\n';

/// Adds the private hosted zones of these VPCs, their records, and the networks of the endpoints that these lead to. `global`
/// makes the calls: Route 53 has one limit for all regions of an account.
pub(super) async fn with_hosted_zones(
    region: &RegionClient,
    mut network: Network,
    vpcs: &BTreeSet<String>,
    global: &Calls,
) -> Network {
    global.progress().show(|| format!("{}: private hosted zones of {} VPCs", region.name, vpcs.len()));
    let own = Reader { client: region.session.route53(&region.name), region: &region.name, calls: global };
    for vpc in vpcs {
        network.hosted_zones.push(HostedZonesAnswer { vpc: vpc.clone(), zones: own.zones(vpc).await });
    }
    let zones: BTreeMap<String, HostedZone> = network
        .hosted_zones
        .iter()
        .flat_map(|answer| &answer.zones.seen)
        .filter(|zone| network.zone_records.iter().all(|answer| answer.zone != zone.id))
        .map(|zone| (zone.id.clone(), zone.clone()))
        .collect();
    for zone in zones.into_values() {
        let session = match owner(region, &zone) {
            Ok(session) => session,
            Err(gap) => {
                network.zone_records.push(ZoneRecordsAnswer { zone: zone.id, records: Err(gap).into() });
                continue;
            }
        };
        let reader = Reader { client: session.route53(&region.name), region: &region.name, calls: global };
        let mut records = reader.records(&zone).await;
        if let Ok(read) = &records {
            let targets = targets(read);
            let is_own = is_own(region, &zone);
            let hub = HubReader { region, client: session.ec2(&region.name), is_own };
            match hub.with_hub(network.clone(), &targets).await {
                Ok(with_hub) => network = with_hub,
                Err(gap) => records = Err(gap),
            }
        }
        network.zone_records.push(ZoneRecordsAnswer { zone: zone.id, records: records.into() });
    }
    network
}

/// Whether a zone belongs to the account that is read; taken for granted where its id is not known.
fn is_own(region: &RegionClient, zone: &HostedZone) -> bool {
    region.account.as_ref().is_none_or(|account| *account == zone.owner)
}

/// The credentials of the account that owns a zone.
fn owner<'a>(region: &'a RegionClient, zone: &HostedZone) -> Result<&'a Session, Gap> {
    let HostedZone { id, name, owner } = zone;
    if is_own(region, zone) {
        return Ok(&region.session);
    }
    let other = region.others.iter().find(|other| other.account == *owner);
    other.map(|other| &other.session).ok_or_else(|| {
        let whose = if owner.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("account {owner}, which is not among the accounts of this run")
        } else {
            format!("{owner}, whose records nobody else can read")
        };
        Gap::unprovable(id, format!("hosted zone {id} ({name}) answers X-Ray's name and belongs to {whose}"))
    })
}

/// What records lead to: addresses, and endpoints by the first label of their names.
fn targets(records: &[DnsRecord]) -> HubTargets {
    let values = || records.iter().flat_map(|record| record.alias.iter().chain(&record.values));
    let endpoint = |name: &String| {
        let id = name.split('.').next()?.strip_prefix("vpce-")?.split('-').next()?;
        name.contains(".vpce.").then(|| format!("vpce-{id}"))
    };
    HubTargets {
        endpoints: values().filter_map(endpoint).collect(),
        addresses: values().filter(|value| value.parse::<Ipv4Addr>().is_ok()).cloned().collect(),
    }
}

/// Reads Route 53 with one account's credentials.
struct Reader<'a> {
    client: route53::Client,
    region: &'a str,
    calls: &'a Calls,
}

impl Reader<'_> {
    /// The zones of a VPC that cover one of X-Ray's names.
    async fn zones(&self, vpc: &str) -> Listing<HostedZone> {
        let operation = Operation::ListHostedZonesByVpc;
        let hosts = xray_hosts(self.region);
        let mut zones = self
            .calls
            .pages(operation, vpc, async |token| {
                let send = || {
                    let call = self.client.list_hosted_zones_by_vpc().vpc_id(vpc);
                    let call = call.vpc_region(VpcRegion::from(self.region)).max_items(ZONES);
                    call.set_next_token(token.clone()).send()
                };
                let answer = self.calls.call(operation, vpc, send).await?;
                let zones = answer.hosted_zone_summaries.into_iter();
                Ok(Page { elements: zones.map(|zone| hosted_zone(zone, vpc)).collect(), next: answer.next_token })
            })
            .await;
        zones.seen.retain(|zone| hosts.iter().any(|host| covers(&zone.name, host)));
        zones.seen.sort_by(|a, b| a.id.cmp(&b.id));
        zones
    }

    /// The records of a zone that bear on X-Ray's names.
    async fn records(&self, zone: &HostedZone) -> Result<Vec<DnsRecord>, Gap> {
        let (operation, id) = (Operation::ListResourceRecordSets, zone.id.as_str());
        let records = self
            .calls
            .pages(operation, id, async |token| {
                let at: Vec<String> = token.iter().flat_map(|token| token.split(BETWEEN)).map(str::to_owned).collect();
                let send = || {
                    let call = self.client.list_resource_record_sets().hosted_zone_id(id).max_items(RECORDS);
                    let call = call.set_start_record_name(at.first().cloned());
                    let call = call.set_start_record_type(at.get(1).map(|kind| RrType::from(kind.as_str())));
                    call.set_start_record_identifier(at.get(2).cloned()).send()
                };
                let answer = self.calls.call(operation, id, send).await?;
                let next = match (answer.is_truncated, answer.next_record_name, answer.next_record_type) {
                    (false, None, _) => None,
                    (_, Some(name), Some(kind)) => {
                        let parts = [Some(name), Some(kind.as_str().to_owned()), answer.next_record_identifier];
                        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(&BETWEEN.to_string()))
                    }
                    _ => return Err(lacks(operation, id, "the record that the next page begins with")),
                };
                let sets = answer.resource_record_sets.into_iter();
                Ok(Page { elements: sets.map(|set| record(set, id)).collect(), next })
            })
            .await;
        records.rest.get()?;
        let hosts = xray_hosts(self.region);
        let bears = |record: &DnsRecord| {
            let name = record.name.strip_prefix("*.").unwrap_or(&record.name);
            let is_above = record.name.starts_with("*.") || record.kind == "NS";
            hosts.iter().any(|host| record.name == *host || is_above && covers(name, host))
        };
        Ok(records.seen.into_iter().filter(bears).collect())
    }
}

fn hosted_zone(zone: HostedZoneSummary, vpc: &str) -> Result<HostedZone, Gap> {
    let missing = |what: &str| lacks(Operation::ListHostedZonesByVpc, vpc, what);
    let id = stated(Some(zone.hosted_zone_id)).ok_or_else(|| missing("a zone's id"))?;
    let name = stated(Some(zone.name)).ok_or_else(|| missing("a zone's name"))?;
    let owner = zone.owner.and_then(|owner| stated(owner.owning_account).or(stated(owner.owning_service)));
    let owner = owner.ok_or_else(|| missing("a zone's owner"))?;
    let id = id.strip_prefix("/hostedzone/").map_or(id.clone(), str::to_owned);
    Ok(HostedZone { id, name: plain(&name), owner })
}

fn record(set: ResourceRecordSet, zone: &str) -> Result<DnsRecord, Gap> {
    let missing = |what: &str| lacks(Operation::ListResourceRecordSets, zone, what);
    let name = stated(Some(set.name)).ok_or_else(|| missing("a record's name"))?;
    let kind = set.r#type.as_str().to_owned();
    let kind = stated(Some(kind)).ok_or_else(|| missing("a record's type"))?;
    let values = set.resource_records.unwrap_or_default().into_iter().map(|record| record.value);
    // Names in values may end with a dot; addresses do not.
    let values = if kind == "CNAME" { values.map(|name| plain(&name)).collect() } else { values.collect() };
    let alias = set.alias_target.map(|alias| plain(&alias.dns_name));
    Ok(DnsRecord { name: plain(&name), kind, values, alias, routed: set.set_identifier.is_some() })
}

/// A name in lower case, without the dot at its end, with its asterisk: Route 53 writes that as an octal code
/// (<https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html>).
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_lowercase().replace("\\052", "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_dns_does() {
        assert_eq!(plain("\\052.US-east-1.amazonaws.com."), "*.us-east-1.amazonaws.com");
        assert_eq!(plain("xray.us-east-1.amazonaws.com"), "xray.us-east-1.amazonaws.com");
    }

    #[test]
    fn records_lead_to_endpoints_and_addresses() {
        let record = |alias: Option<&str>, values: &[&str]| DnsRecord {
            name: "xray.us-east-1.amazonaws.com".to_owned(),
            kind: "A".to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            alias: alias.map(str::to_owned),
            routed: false,
        };
        let name = "vpce-0a1b-xyz-us-east-1a.xray.us-east-1.vpce.amazonaws.com";
        let targets = targets(&[record(Some(name), &[]), record(None, &["10.9.1.17", "ns-1.example"])]);
        assert_eq!(targets.endpoints, BTreeSet::from(["vpce-0a1b".to_owned()]));
        assert_eq!(targets.addresses, BTreeSet::from(["10.9.1.17".to_owned()]));
    }
}
