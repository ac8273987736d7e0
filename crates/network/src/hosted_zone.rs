//! What private hosted zones of Route 53 answer X-Ray's name with in a VPC.
//!
//! Of the zones that are associated with the VPC, the one with the longest name that covers the query answers it, and it
//! alone: without a record of the name the answer is that there is none, whatever the public DNS holds
//! (<https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html>). An endpoint of the
//! VPC with private DNS is such a zone of AWS's, with X-Ray's whole name: no other zone is asked beside it. Resolver rules
//! would come first, and zones of a Route 53 profile beside these; AWS lists neither with the VPC, and they are not read.

use gatelight_model::{
    Gap,
    inventory::{DnsRecord, HostedZone, VpcEndpoint},
};

use crate::{
    address_set::{AddressSet, Family},
    service::XrayName,
    walk::Walk,
};

/// What the private hosted zones of a VPC answer a name with.
#[derive(Clone, Debug)]
pub(crate) enum ZoneAnswer<'a> {
    /// No zone covers the name.
    NotCovered,
    /// This zone covers it, and answers with no address; why.
    NoAddress(&'a HostedZone, String),
    /// The addresses of endpoints. Which of several it answers with is not known.
    Endpoints(&'a HostedZone, Vec<ZoneTarget<'a>>),
}

/// An endpoint that a record leads to.
#[derive(Clone, Debug)]
pub(crate) struct ZoneTarget<'a> {
    pub(crate) endpoint: &'a VpcEndpoint,
    /// The subnet and address that the record names; none: any of the endpoint's.
    pub(crate) at: Option<(String, AddressSet)>,
    /// The zone that the record's target is confined to: `us-east-1a`.
    pub(crate) zone: Option<String>,
}

/// X-Ray's names in a region, which private hosted zones may answer.
#[must_use]
pub fn xray_hosts(region: &str) -> [String; 2] {
    [XrayName::Plain, XrayName::Fips].map(|name| host(region, name))
}

/// The domain of a region's partition, as botocore's endpoint data has it.
pub(crate) fn host(region: &str, name: XrayName) -> String {
    const DOMAINS: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("eusc-", "amazonaws.eu"),
    ];
    let domain = DOMAINS.iter().find(|(start, _)| region.starts_with(start)).map_or("amazonaws.com", |(_, own)| own);
    format!("{}.{region}.{domain}", name.label())
}

/// Whether a zone or a delegation of this name covers a host: it is the host's name or a part of its end.
#[must_use]
pub fn covers(zone: &str, host: &str) -> bool {
    host == zone || host.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

impl<'a> Walk<'a> {
    /// What the private hosted zones of a VPC answer a name with.
    ///
    /// # Errors
    /// If the zones or the records are not known, or lead to what is not known.
    pub(crate) fn zone_answer(&self, vpc: &str, name: XrayName) -> Result<ZoneAnswer<'a>, Gap> {
        // A VPC uses private hosted zones only if both attributes are on.
        if !self.dns_attributes_on(vpc)? {
            return Ok(ZoneAnswer::NotCovered);
        }
        if let Some(server) = self.own_dns_server(vpc)? {
            let why = format!(
                "{vpc} has a DNS server of its own, {server}: whether it asks the private hosted zones \
                               of {vpc} is not seen here"
            );
            return Err(Gap::unprovable(vpc, why));
        }
        let network = self.index.network;
        let answer = network.hosted_zones.iter().find(|answer| answer.vpc == vpc);
        let answer = answer.ok_or_else(|| Gap::not_collected(format!("private hosted zones of {vpc}")))?;
        let host = host(self.region, name);
        let covering = || answer.zones.seen.iter().filter(|zone| covers(&zone.name, &host));
        let longest = covering().map(|zone| zone.name.len()).max();
        // No zone can be closer than one of the whole name.
        if longest != Some(host.len()) {
            answer.zones.rest.get()?;
        }
        let mut closest = covering().filter(|zone| Some(zone.name.len()) == longest);
        let Some(zone) = closest.next() else { return Ok(ZoneAnswer::NotCovered) };
        if closest.next().is_some() {
            let why = format!("several private hosted zones {} are associated with {vpc}", zone.name);
            return Err(Gap::unprovable(&zone.id, why));
        }
        let records = network.zone_records.iter().find(|answer| answer.zone == zone.id);
        let records = records.ok_or_else(|| Gap::not_collected(format!("records of hosted zone {}", zone.id)))?;
        self.answer_of(zone, records.records.get()?, &host, name)
    }

    /// What a zone answers with, given its records.
    fn answer_of(
        &self,
        zone: &'a HostedZone,
        records: &'a [DnsRecord],
        host: &str,
        name: XrayName,
    ) -> Result<ZoneAnswer<'a>, Gap> {
        let below = |record: &&DnsRecord| record.kind == "NS" && record.name != zone.name && covers(&record.name, host);
        if let Some(record) = records.iter().find(below) {
            let why = format!("hosted zone {} delegates {} to name servers that are not asked", zone.id, record.name);
            return Err(Gap::unprovable(&zone.id, why));
        }
        let of = |name: &str| -> Vec<&'a DnsRecord> { records.iter().filter(|record| record.name == name).collect() };
        let mut matching = of(host);
        let mut parent = host;
        // The name's own records, else the closest wildcard.
        while matching.is_empty()
            && let Some((_, above)) = parent.split_once('.')
            && covers(&zone.name, above)
        {
            matching = of(&format!("*.{above}"));
            parent = above;
        }
        matching.retain(|record| ["A", "CNAME"].contains(&record.kind.as_str()));
        if matching.is_empty() {
            let why = format!("hosted zone {} ({}) answers for {host} and has no A record of it", zone.id, zone.name);
            return Ok(ZoneAnswer::NoAddress(zone, why));
        }
        let mut targets = Vec::new();
        for record in matching {
            for target in self.targets_of(zone, record, name)? {
                match target {
                    Ok(target) => targets.push(target),
                    // One of several answers may still be another.
                    Err(why) if record.routed || record.values.len() > 1 => return Err(Gap::unprovable(&zone.id, why)),
                    Err(why) => return Ok(ZoneAnswer::NoAddress(zone, why)),
                }
            }
        }
        Ok(ZoneAnswer::Endpoints(zone, targets))
    }

    /// Where a record leads; in words where it surely leads to no endpoint of X-Ray.
    fn targets_of(
        &self,
        zone: &'a HostedZone,
        record: &'a DnsRecord,
        name: XrayName,
    ) -> Result<Vec<Result<ZoneTarget<'a>, String>>, Gap> {
        let alias = record.alias.as_ref().or_else(|| record.values.first().filter(|_| record.kind == "CNAME"));
        if let Some(alias) = alias {
            return Ok(vec![self.target_of_name(zone, alias, name)?]);
        }
        record.values.iter().map(|address| Ok(Ok(self.target_of_address(zone, address)?))).collect()
    }

    /// Where an endpoint's DNS name leads: `vpce-ID-RANDOM[-ZONE].xray.REGION.vpce.amazonaws.com`
    /// (<https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html>).
    fn target_of_name(
        &self,
        zone: &HostedZone,
        alias: &str,
        name: XrayName,
    ) -> Result<Result<ZoneTarget<'a>, String>, Gap> {
        let record = format!("hosted zone {} leads X-Ray's name to {alias}", zone.id);
        let mut labels = alias.split('.');
        let (first, service, region, kind) = (labels.next(), labels.next(), labels.next(), labels.next());
        let (Some(first), Some(service), Some(region), Some("vpce")) = (first, service, region, kind) else {
            return Err(Gap::unprovable(&zone.id, format!("{record}, which is no VPC endpoint's name")));
        };
        if service != name.label() || region != self.region {
            return Ok(Err(format!("{record}, an endpoint of {service} in {region}")));
        }
        let is_own = |endpoint: &&&'a VpcEndpoint| {
            first.strip_prefix(endpoint.id.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let endpoints = &self.index.network.endpoints;
        let Some(endpoint) = endpoints.seen.iter().find(|endpoint| is_own(&endpoint)) else {
            endpoints.rest.get()?;
            let why =
                format!("{record}, an endpoint that AWS does not list in this account{}", self.not_read(&zone.owner));
            return Err(Gap::unprovable(&zone.id, why));
        };
        let zone = first.find(self.region).map(|at| first[at..].to_owned());
        Ok(Ok(ZoneTarget { endpoint, at: None, zone }))
    }

    /// The endpoint whose network interface has an address.
    fn target_of_address(&self, zone: &HostedZone, address: &str) -> Result<ZoneTarget<'a>, Gap> {
        let record = format!("hosted zone {} leads X-Ray's name to {address}", zone.id);
        let listing = &self.index.network.endpoint_addresses;
        let mut having = listing.seen.iter().filter(|own| own.address == address);
        let Some(own) = having.next() else {
            listing.rest.get()?;
            let why = format!("{record}, which no network interface of this account has{}", self.not_read(&zone.owner));
            return Err(Gap::unprovable(&zone.id, why));
        };
        let endpoint = own.endpoint.as_deref().filter(|_| having.next().is_none());
        let endpoint = endpoint.map(|id| self.index.endpoint(id)).transpose()?.flatten();
        let range = format!("{address}/32");
        let one = AddressSet::read(Family::V4, [&range]);
        let Some((endpoint, one)) = endpoint.zip(one.ok()) else {
            let why = format!("{record}, which is not known to be the address of an endpoint of X-Ray");
            return Err(Gap::unprovable(&zone.id, why));
        };
        Ok(ZoneTarget { endpoint, at: Some((own.subnet.clone(), one)), zone: None })
    }

    /// Words that name the account of a zone, where it is another one.
    fn not_read(&self, owner: &str) -> String {
        if self.account == Some(owner) { String::new() } else { format!("; the zone belongs to account {owner}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_covered_label_by_label() {
        let host = "xray.us-east-1.amazonaws.com";
        for zone in [host, "us-east-1.amazonaws.com", "amazonaws.com", "com"] {
            assert!(covers(zone, host), "{zone}");
        }
        for zone in [
            "ray.us-east-1.amazonaws.com",
            "a.xray.us-east-1.amazonaws.com",
            "aws.com",
            "xray",
            "eu-west-1.amazonaws.com",
        ] {
            assert!(!covers(zone, host), "{zone}");
        }
    }

    #[test]
    fn each_partition_has_its_domain() {
        assert_eq!(xray_hosts("us-east-1"), ["xray.us-east-1.amazonaws.com", "xray-fips.us-east-1.amazonaws.com"]);
        assert_eq!(xray_hosts("cn-north-1")[0], "xray.cn-north-1.amazonaws.com.cn");
        assert_eq!(xray_hosts("us-gov-west-1")[0], "xray.us-gov-west-1.amazonaws.com");
        assert_eq!(xray_hosts("us-isob-east-1")[0], "xray.us-isob-east-1.sc2s.sgov.gov");
    }
}
