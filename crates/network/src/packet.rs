//! One kind of packet, and how to try all kinds.
//!
//! Which of X-Ray's addresses packets go to is not known, nor the address and port that they come from. A rule that treats
//! some of them differently divides them: each part is tried by itself, so that a part which is dropped here and a part
//! which is dropped there prove that nothing arrives.

use std::cell::RefCell;

use crate::{
    address_set::{AddressSet, Family, everything},
    hop::{Hop, HopKind, HopResult, result_of},
};

/// What a rule can divide packets by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The address of the function's interface.
    Function,
    /// The address that packets go to.
    Remote,
    /// The port that the function sends from.
    FunctionPort,
    /// The port that a NAT gateway sends from.
    NatPort,
}

/// Packets that no rule has treated differently yet.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// How the function reaches the remote address: itself, or by the IPv6 address that DNS64 makes of it.
    pub(crate) family: Family,
    function: AddressSet,
    remote: AddressSet,
    function_port: AddressSet,
    nat_port: AddressSet,
    /// The first rule that divides them.
    cut: RefCell<Option<(Side, AddressSet)>>,
}

/// The ports that functions and NAT gateways send from
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html>).
pub(crate) const EPHEMERAL: (u16, u16) = (1024, 65535);

/// The most kinds of packets that are tried. Real networks have a handful.
const MOST: usize = 3000;

impl Packet {
    /// IPv4 packets from a function to other addresses.
    pub(crate) fn new(function: AddressSet, remote: AddressSet) -> Self {
        let ports = AddressSet::span(EPHEMERAL.0.into(), EPHEMERAL.1.into());
        Self {
            family: Family::V4,
            function,
            remote,
            function_port: ports.clone(),
            nat_port: ports,
            cut: RefCell::default(),
        }
    }

    /// The same through NAT64. The IPv6 ranges of subnets are not read.
    pub(crate) fn through_nat64(self) -> Self {
        Self { family: Family::V6, function: everything(Family::V6), ..self }
    }

    fn side(&self, side: Side) -> &AddressSet {
        match side {
            Side::Function => &self.function,
            Side::Remote => &self.remote,
            Side::FunctionPort => &self.function_port,
            Side::NatPort => &self.nat_port,
        }
    }

    /// What it holds on that side.
    pub(crate) fn addresses(&self, side: Side) -> &AddressSet {
        self.side(side)
    }

    /// Whether some of them are in `set`.
    pub(crate) fn meets(&self, side: Side, set: &AddressSet) -> bool {
        !self.side(side).and(set).is_empty()
    }

    /// Whether they are in `set`. If only some are, they are divided, and what is decided for all of them does not count.
    pub(crate) fn is_in(&self, side: Side, set: &AddressSet) -> bool {
        let own = self.side(side);
        if set.covers(own) {
            return true;
        }
        let met = !own.and(set).is_empty();
        if met {
            self.divide(side, set);
        }
        met
    }

    /// Divides them into those in `set` and the others.
    pub(crate) fn divide(&self, side: Side, set: &AddressSet) {
        self.cut.borrow_mut().get_or_insert_with(|| (side, set.clone()));
    }

    /// The parts into which a rule divided them; none if no rule did.
    fn parts(&self) -> Option<[Self; 2]> {
        let (side, set) = self.cut.take()?;
        let own = self.side(side);
        Some([own.and(&set), own.minus(&set)].map(|part| {
            let mut packet = self.clone();
            *match side {
                Side::Function => &mut packet.function,
                Side::Remote => &mut packet.remote,
                Side::FunctionPort => &mut packet.function_port,
                Side::NatPort => &mut packet.nat_port,
            } = part;
            packet
        }))
    }

    fn size(&self) -> u128 {
        self.remote.size()
    }
}

/// The hops of each part into which rules divide packets; the largest part first.
pub(crate) fn each_part(packet: Packet, hops: impl Fn(&Packet) -> Vec<Hop>) -> Vec<Vec<Hop>> {
    let (mut open, mut decided) = (vec![packet], Vec::new());
    while let Some(packet) = open.pop() {
        let path = hops(&packet);
        match packet.parts() {
            Some(parts) if decided.len() + open.len() < MOST => open.extend(parts),
            Some(_) => {
                let message = "the rules divide packets into too many parts to try each";
                let unknown = Hop::unprovable(HopKind::Subnet, "*", message);
                decided.push((packet.size(), vec![unknown]));
                break;
            }
            None => decided.push((packet.size(), path)),
        }
    }
    decided.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    decided.into_iter().map(|(_, path)| path).collect()
}

/// The hops of packets of which one is sent, and which one is not known: if all parts come to one result, that one.
pub(crate) fn join_parts(parts: Vec<Vec<Hop>>) -> Vec<Hop> {
    let results: Vec<_> = parts.iter().map(|part| result_of(part)).collect();
    if results.iter().all(|result| *result == HopResult::Through) {
        return parts.into_iter().next().unwrap_or_default();
    }
    if results.iter().all(|result| *result == HopResult::Stops) {
        return all_stop(parts);
    }
    if results.iter().any(|result| matches!(result, HopResult::Unknown(_))) {
        let unknown = results.iter().position(|result| matches!(result, HopResult::Unknown(_)));
        return unknown.and_then(|at| parts.into_iter().nth(at)).unwrap_or_default();
    }
    let stopped = results.iter().position(|result| *result == HopResult::Stops);
    let stopped = stopped.and_then(|at| parts.into_iter().nth(at)).unwrap_or_default();
    let partly = |hop: Hop| if hop.result == HopResult::Stops { hop.for_a_part() } else { hop };
    stopped.into_iter().map(partly).collect()
}

/// The hops where each part is dropped, be it at one hop or at several: those of the part that gets furthest.
fn all_stop(parts: Vec<Vec<Hop>>) -> Vec<Hop> {
    let stop = |part: &[Hop]| part.iter().position(|hop| hop.result == HopResult::Stops).unwrap_or_default();
    let stops: Vec<_> = parts.iter().map(|part| stop(part)).collect();
    let furthest = stops.iter().max().copied().unwrap_or_default();
    let at = stops.iter().position(|own| *own == furthest).unwrap_or_default();
    let others = parts.iter().zip(&stops).filter_map(|(part, stop)| part.get(*stop));
    let other = others.clone().find(|other| {
        let shown = parts.get(at).and_then(|part| part.get(furthest));
        shown.is_some_and(|shown| (shown.kind, &shown.id) != (other.kind, &other.id))
    });
    let other = other.map(|other| other.partial.clone().unwrap_or_else(|| other.message.clone()));
    let mut hops = parts.into_iter().nth(at).unwrap_or_default();
    if let (Some(stopped), Some(other)) = (hops.get_mut(furthest), other) {
        stopped.message = format!("{}; other addresses stop before: {other}", stopped.message);
    }
    hops
}
