//! The one firewall table of a service: it rewrites the nodes' addresses on the way out.
//!
//! The table accepts nothing on behalf of others: in nftables a packet must pass the chains of every table, so
//! a host whose own firewall drops forwarded packets keeps dropping them. [`blocking_chain`] finds such a chain.

use super::netlink::{ACK, APPEND, CREATE, DUMP, Message, Socket, find_attribute};
use super::subnet::Subnet;
use std::io;

const FAMILY_INET: u8 = 1;
const FAMILY_IPV4: u8 = 2;

const NEW_TABLE: u8 = 0;
const DELETE_TABLE: u8 = 2;
const NEW_CHAIN: u8 = 3;
const GET_CHAIN: u8 = 4;
const NEW_RULE: u8 = 6;
const GET_RULE: u8 = 7;

const TABLE_NAME: u16 = 1;
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;

const HOOK_FORWARD: u32 = 2;
const HOOK_POSTROUTING: u32 = 4;
const PRIORITY_SOURCE_NAT: u32 = 100;
const POLICY_DROP: u32 = 0;

const CHAIN: &str = "postrouting";

/// Makes the table anew, in one step: packets see the old one or the new one.
pub(crate) fn replace_table(table: &str, subnet: Subnet, bridge: &str) -> io::Result<()> {
    let chain = nft(NEW_CHAIN, CREATE)
        .text(CHAIN_TABLE, table)
        .text(CHAIN_NAME, CHAIN)
        .nested(CHAIN_HOOK, |hook| {
            hook.attribute(HOOK_NUMBER, &HOOK_POSTROUTING.to_be_bytes())
                .attribute(HOOK_PRIORITY, &PRIORITY_SOURCE_NAT.to_be_bytes())
        })
        .text(CHAIN_TYPE, "nat");
    let rule = nft(NEW_RULE, CREATE | APPEND | ACK)
        .text(RULE_TABLE, table)
        .text(RULE_CHAIN, CHAIN)
        .nested(RULE_EXPRESSIONS, |rule| masquerade(rule, subnet, bridge));
    let new = || nft(NEW_TABLE, CREATE).text(TABLE_NAME, table);
    // Deleting needs a table that exists, so it is added first.
    batch(vec![new(), nft(DELETE_TABLE, 0).text(TABLE_NAME, table), new(), chain, rule])
}

/// Removes the table. One that is gone already is not an error.
pub(crate) fn remove_table(table: &str) -> io::Result<()> {
    batch(vec![
        nft(NEW_TABLE, CREATE).text(TABLE_NAME, table),
        nft(DELETE_TABLE, ACK).text(TABLE_NAME, table),
    ])
}

/// Returns the name of a chain of the host's firewall that drops forwarded packets and whose table says nothing
/// about our bridge.
pub(crate) fn blocking_chain(bridge: &str) -> io::Result<Option<String>> {
    let socket = Socket::netfilter()?;
    let chains = socket.dump(list(GET_CHAIN))?;
    let rules = socket.dump(list(GET_RULE))?;
    Ok(chains
        .iter()
        .filter_map(|entry| dropping_forward_chain(entry))
        .find(|(table, _)| !rules.iter().any(|rule| mentions(rule, table, bridge)))
        .map(|(table, chain)| format!("{table} {chain}")))
}

/// `ip saddr SUBNET oifname != BRIDGE masquerade`.
fn masquerade(rule: Message, subnet: Subnet, bridge: &str) -> Message {
    const REGISTER: [u8; 4] = 1_u32.to_be_bytes();
    const NETWORK_HEADER: [u8; 4] = 1_u32.to_be_bytes();
    const SOURCE_OFFSET: [u8; 4] = 12_u32.to_be_bytes();
    const FOUR: [u8; 4] = 4_u32.to_be_bytes();
    const EQUAL: [u8; 4] = 0_u32.to_be_bytes();
    const NOT_EQUAL: [u8; 4] = 1_u32.to_be_bytes();
    const META_OUT_NAME: [u8; 4] = 7_u32.to_be_bytes();
    const VALUE: u16 = 1;

    let mut bridge_name = [0; 16];
    bridge_name[..bridge.len()].copy_from_slice(bridge.as_bytes());
    let compare = |operation: [u8; 4], value: Vec<u8>| {
        move |data: Message| {
            data.attribute(1, &REGISTER)
                .attribute(2, &operation)
                .nested(3, |wanted| wanted.attribute(VALUE, &value))
        }
    };
    let rule = expression(rule, "payload", |data| {
        data.attribute(1, &REGISTER)
            .attribute(2, &NETWORK_HEADER)
            .attribute(3, &SOURCE_OFFSET)
            .attribute(4, &FOUR)
    });
    let rule = expression(rule, "bitwise", |data| {
        data.attribute(1, &REGISTER)
            .attribute(2, &REGISTER)
            .attribute(3, &FOUR)
            .nested(4, |mask| mask.attribute(VALUE, &Subnet::MASK.octets()))
            .nested(5, |xor| xor.attribute(VALUE, &[0; 4]))
    });
    let rule = expression(rule, "cmp", compare(EQUAL, subnet.network().octets().to_vec()));
    let rule = expression(rule, "meta", |data| data.attribute(1, &REGISTER).attribute(2, &META_OUT_NAME));
    let rule = expression(rule, "cmp", compare(NOT_EQUAL, bridge_name.to_vec()));
    expression(rule, "masq", |data| data)
}

fn expression(rule: Message, name: &str, data: impl FnOnce(Message) -> Message) -> Message {
    const ELEMENT: u16 = 1;
    const NAME: u16 = 1;
    const DATA: u16 = 2;
    rule.nested(ELEMENT, |element| element.text(NAME, name).nested(DATA, data))
}

/// Sends messages as a transaction. The last one must ask for an acknowledgement.
fn batch(messages: Vec<Message>) -> io::Result<()> {
    const BEGIN: u16 = 16;
    const END: u16 = 17;
    // Bytes 2 and 3 name the subsystem, in network order.
    let edge = |kind| Message::new(kind, 0).raw(&[0, 0, 0, SUBSYSTEM]);
    let socket = Socket::netfilter()?;
    let mut all = vec![edge(BEGIN)];
    all.extend(messages);
    socket.transaction(all, edge(END))
}

const SUBSYSTEM: u8 = 10;

fn nft(kind: u8, flags: u16) -> Message {
    Message::new(u16::from_be_bytes([SUBSYSTEM, kind]), flags).raw(&[FAMILY_IPV4, 0, 0, 0])
}

fn list(kind: u8) -> Message {
    const ANY_FAMILY: u8 = 0;
    Message::new(u16::from_be_bytes([SUBSYSTEM, kind]), DUMP).raw(&[ANY_FAMILY, 0, 0, 0])
}

/// Returns table and name of the chain in an answer if it drops what is forwarded.
fn dropping_forward_chain(entry: &[u8]) -> Option<(String, String)> {
    let (family, attributes) = (entry.first()?, entry.get(4..)?);
    let number = |bytes: &[u8]| bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let hook = number(find_attribute(find_attribute(attributes, CHAIN_HOOK)?, HOOK_NUMBER)?)?;
    let policy = number(find_attribute(attributes, CHAIN_POLICY)?)?;
    let drops = matches!(*family, FAMILY_INET | FAMILY_IPV4) && hook == HOOK_FORWARD && policy == POLICY_DROP;
    let name = |kind| find_attribute(attributes, kind).map(text);
    drops.then_some((name(CHAIN_TABLE)?, name(CHAIN_NAME)?))
}

fn mentions(rule: &[u8], table: &str, bridge: &str) -> bool {
    let Some(attributes) = rule.get(4..) else { return false };
    find_attribute(attributes, RULE_TABLE).map(text).as_deref() == Some(table)
        && attributes.windows(bridge.len()).any(|window| window == bridge.as_bytes())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_chain_with_policy_drop_is_found_by_name() {
        let entry = |policy: u32| {
            let message = nft(NEW_CHAIN, 0)
                .text(CHAIN_TABLE, "filter")
                .text(CHAIN_NAME, "FORWARD")
                .nested(CHAIN_HOOK, |hook| hook.attribute(HOOK_NUMBER, &HOOK_FORWARD.to_be_bytes()))
                .attribute(CHAIN_POLICY, &policy.to_be_bytes());
            message.payload().to_vec()
        };
        assert_eq!(dropping_forward_chain(&entry(0)), Some(("filter".to_owned(), "FORWARD".to_owned())));
        assert_eq!(dropping_forward_chain(&entry(1)), None);
        assert_eq!(dropping_forward_chain(b""), None);
    }

    #[test]
    fn a_rule_about_our_bridge_counts_only_in_the_same_table() {
        let rule = nft(NEW_RULE, 0).text(RULE_TABLE, "filter").attribute(9, b"pallet-0a1b2c3d\0");
        assert!(mentions(rule.payload(), "filter", "pallet-0a1b2c3d"));
        assert!(!mentions(rule.payload(), "other", "pallet-0a1b2c3d"));
        assert!(!mentions(rule.payload(), "filter", "pallet-ffffffff"));
    }
}
