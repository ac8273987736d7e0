//! What X-Ray's name resolves to in a VPC.

use gatelight_model::{
    Fetched, Gap, all,
    inventory::{Subnet, Vpc, VpcEndpoint},
};

use crate::{
    hop::{Hop, HopKind, HopResult, result_of},
    name_server::is_amazons,
    remedy::Remedy,
    service::{XrayName, is_xray},
    walk::Walk,
};

/// What a name resolves to.
#[derive(Clone, Debug)]
pub(crate) enum Resolution<'a> {
    /// The private addresses of an endpoint.
    Endpoint(&'a VpcEndpoint),
    /// The private addresses of an endpoint of the VPC that AWS did not list.
    UnlistedEndpoint,
    /// Public addresses.
    Public,
    /// Nothing: the hops at which that is decided, the last of which stops.
    Nowhere(Vec<Hop>),
}

/// All that a name may resolve to; one thing if everything that matters is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolutions<'a> {
    pub(crate) all: Vec<Resolution<'a>>,
    /// Why there are several.
    pub(crate) why: Option<Gap>,
}

impl<'a> Resolutions<'a> {
    fn add(&mut self, one: Resolution<'a>) {
        let alike = |own: &Resolution<'a>| match (own, &one) {
            (Resolution::Endpoint(own), Resolution::Endpoint(one)) => own.id == one.id,
            (Resolution::Nowhere(own), Resolution::Nowhere(one)) => own == one,
            _ => std::mem::discriminant(own) == std::mem::discriminant(&one),
        };
        if !self.all.iter().any(alike) {
            self.all.push(one);
        }
    }

    /// From here on it depends on something that is not known.
    fn depends_on(&mut self, gap: Gap) {
        self.why.get_or_insert(gap);
    }
}

/// The DNS servers of a VPC.
#[derive(Default)]
struct Servers<'a> {
    /// Whether Amazon's is one of them.
    amazons: bool,
    /// The owner's.
    own: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    /// What the name may resolve to in the subnet's VPC.
    ///
    /// With private DNS an endpoint answers the public name, if both DNS attributes of the VPC are on
    /// (<https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html>). With `enableDnsSupport` off,
    /// Amazon's DNS server answers nothing (<https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>).
    pub(crate) fn resolve(&self, subnet: &'a Subnet, name: XrayName) -> Resolutions<'a> {
        let mut names = Resolutions::default();
        if !name.exists(self.region) {
            let message = format!("{} has no endpoint {}", self.region, name.label());
            names.add(Resolution::Nowhere(vec![Hop::stops(HopKind::Name, &subnet.vpc, message)]));
            return names;
        }
        match self.dns_servers(&subnet.vpc) {
            Ok(servers) if servers.own.is_empty() => self.asked_of_amazon(subnet, name, &mut names),
            Ok(servers) => self.asked_of_owner(subnet, name, &servers, &mut names),
            Err((gap, servers)) => {
                names.depends_on(gap);
                self.asked_of_amazon(subnet, name, &mut names);
                self.asked_of_owner(subnet, name, &servers, &mut names);
            }
        }
        names
    }

    /// What Amazon's DNS server answers. Security groups and network ACLs do not filter it
    /// (<https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>).
    fn asked_of_amazon(&self, subnet: &'a Subnet, name: XrayName, names: &mut Resolutions<'a>) {
        let vpc = &subnet.vpc;
        let nowhere = || {
            let message = format!("enableDnsSupport of {vpc} is off, so no DNS server answers X-Ray's name there");
            let stops = Hop::stops(HopKind::Name, vpc, message);
            Resolution::Nowhere(vec![
                stops.with(Remedy::DnsAttribute { vpc: vpc.clone(), attribute: "enableDnsSupport" }),
            ])
        };
        match self.dns_attribute(vpc, |vpc| &vpc.dns_support) {
            Ok(true) => self.endpoint_or_public(subnet, name, None, names),
            Ok(false) => names.add(nowhere()),
            Err(gap) => {
                names.depends_on(gap);
                self.endpoint_or_public(subnet, name, None, names);
                names.add(nowhere());
            }
        }
    }

    /// What a DNS server of the owner's answers: it may ask Amazon's or not. A function asks one server after the other.
    fn asked_of_owner(&self, subnet: &'a Subnet, name: XrayName, servers: &Servers<'a>, names: &mut Resolutions<'a>) {
        let hops = self.hops_to_name_servers(subnet, &servers.own);
        let result = result_of(&hops);
        if let HopResult::Unknown(gap) = &result {
            names.depends_on(gap.clone());
        }
        if result != HopResult::Through {
            if servers.amazons {
                self.asked_of_amazon(subnet, name, names);
            } else if result == HopResult::Stops {
                names.add(Resolution::Nowhere(hops));
            } else {
                let message = format!("no DNS server of {} answers", subnet.vpc);
                names.add(Resolution::Nowhere(vec![Hop::stops(HopKind::Name, &subnet.vpc, message)]));
            }
        }
        if result == HopResult::Stops {
            return;
        }
        if self.dns_attribute(&subnet.vpc, |vpc| &vpc.dns_support) == Ok(false) {
            return names.add(Resolution::Public);
        }
        self.endpoint_or_public(subnet, name, Some(servers.own.join(", ")), names);
    }

    /// What the name resolves to where a server answers; `server`: the owner's, which may not ask Amazon's.
    fn endpoint_or_public(
        &self,
        subnet: &'a Subnet,
        name: XrayName,
        server: Option<String>,
        names: &mut Resolutions<'a>,
    ) {
        let vpc = &subnet.vpc;
        let has_name = |endpoint: &&&'a VpcEndpoint| {
            is_xray(endpoint, self.region, name)
                && endpoint.private_dns
                && endpoint.state.eq_ignore_ascii_case("available")
        };
        let endpoints: Vec<_> = self.index.endpoints_in(vpc).iter().filter(has_name).copied().collect();
        let listed = self.index.network.endpoints.rest.get().and_then(|()| self.is_fully_listed(subnet));
        if endpoints.is_empty() && listed.is_ok() {
            return names.add(Resolution::Public);
        }
        let hostnames = self.dns_attribute(vpc, |vpc| &vpc.dns_hostnames);
        if hostnames == Ok(false) {
            return names.add(Resolution::Public);
        }
        if let (true, Err(gap)) = (endpoints.is_empty(), listed) {
            names.depends_on(gap);
            names.add(Resolution::UnlistedEndpoint);
            return names.add(Resolution::Public);
        }
        if endpoints.len() > 1 {
            let why =
                format!("several xray endpoints of {vpc} have private DNS, and which of them is used is not known");
            names.depends_on(Gap::unprovable(vpc, why));
        }
        let ids: Vec<_> = endpoints.iter().map(|endpoint| endpoint.id.as_str()).collect();
        let ids = ids.join(", ");
        for endpoint in endpoints {
            names.add(Resolution::Endpoint(endpoint));
        }
        if let Err(gap) = hostnames {
            names.depends_on(gap);
            names.add(Resolution::Public);
        }
        if let Some(server) = server {
            let why = format!(
                "{vpc} has a DNS server of its own, {server}: whether X-Ray's name leads to {ids} there is not seen here"
            );
            names.depends_on(Gap::unprovable(vpc, why));
            names.add(Resolution::Public);
        }
    }

    fn dns_attribute(&self, vpc: &str, attribute: fn(&Vpc) -> &Fetched<bool>) -> Result<bool, Gap> {
        self.index.vpc(vpc).and_then(|vpc| attribute(vpc).get().copied())
    }

    /// Whether both DNS attributes of a VPC are on, as the private DNS of endpoints needs.
    ///
    /// # Errors
    /// If an attribute could not be read.
    pub fn dns_attributes_on(&self, vpc: &str) -> Result<bool, Gap> {
        let vpc = self.index.vpc(vpc)?;
        all([&vpc.dns_support, &vpc.dns_hostnames].map(|attribute| attribute.get().copied()))
    }

    /// A DNS server of the owner's in a VPC.
    ///
    /// # Errors
    /// If it is not known whether there is one.
    pub(crate) fn own_dns_server(&self, vpc: &str) -> Result<Option<&'a str>, Gap> {
        match self.dns_servers(vpc) {
            Ok(servers) => Ok(servers.own.first().copied()),
            Err((gap, _)) => Err(gap),
        }
    }

    /// The DNS servers of a VPC.
    ///
    /// # Errors
    /// Why it is not known whether there is one of the owner's; with those that may be.
    fn dns_servers(&self, vpc: &str) -> Result<Servers<'a>, (Gap, Servers<'a>)> {
        let hidden = |gap| (gap, Servers::default());
        let vpc = self.index.vpc(vpc).map_err(hidden)?;
        // `default`: the set that AWS provides, which has no id of its own.
        let servers = match vpc.dhcp_options.as_deref().filter(|id| !id.is_empty() && *id != "default") {
            Some(id) => self.index.dhcp(id).map_err(hidden)?.dns_servers.as_slice(),
            None => &[],
        };
        let (mut sorted, mut maybe) = (Servers { amazons: servers.is_empty(), own: Vec::new() }, None);
        for server in servers {
            let amazons = is_amazons(server, &vpc.cidrs, &vpc.primary_cidr);
            sorted.amazons |= amazons == Some(true);
            maybe = maybe.or_else(|| amazons.is_none().then_some(server));
            if amazons != Some(true) {
                sorted.own.push(server);
            }
        }
        let Some(server) = maybe else { return Ok(sorted) };
        let why = format!(
            "DNS server {server} is Amazon's if it belongs to the primary range of {}, and which one that is is not read",
            vpc.id
        );
        Err((Gap::unprovable(&vpc.id, why), sorted))
    }
}
