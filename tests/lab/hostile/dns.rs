//! A name server on loopback, asked over UDP: it answers for the attacker's domain, and may answer differently each time.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::net::UdpSocket;

/// What a name below `mallory.example` stands for: at the first question, the second, and so on; the last for ever. A text behind `=` is
/// the label that it is an alias of, whose addresses follow.
type Zone = &'static [(&'static str, &'static [&'static [&'static str]])];

const ZONE: Zone = &[
    ("loopback", &[&["127.0.0.1"]]),
    ("private", &[&["10.1.2.3"]]),
    ("metadata", &[&["169.254.169.254"]]),
    ("unspecified", &[&["0.0.0.0"]]),
    ("loopback6", &[&["::1"]]),
    ("mapped", &[&["::ffff:127.0.0.1"]]),
    ("nat64", &[&["64:ff9b::7f00:1"]]),
    ("local6", &[&["fd00:ec2::254"]]),
    ("mixed", &[&["1.1.1.1", "127.0.0.1", "8.8.8.8"]]),
    ("families", &[&["1.1.1.1", "::1"]]),
    ("alias", &[&["=loopback", "127.0.0.1"]]),
    ("rebinding", &[&["127.0.0.1"], &["10.9.8.7"]]),
];
/// A name to which no answer ever comes.
const SILENT: &str = "silent.mallory.example";

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

/// A name server.
pub struct Dns {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<Mutex<HashMap<(String, u16), usize>>>,
}

impl Dns {
    /// Starts it.
    pub async fn start() -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let dns = Dns { address: socket.local_addr()?, asked: Arc::default() };
        let asked = Arc::clone(&dns.asked);
        tokio::spawn(async move {
            let mut packet = [0; 1_500];
            while let Ok((length, client)) = socket.recv_from(&mut packet).await {
                let reply = packet.get(..length).and_then(|question| answer(question, &asked));
                if let Some(reply) = reply {
                    // A client that is gone needs no answer.
                    let _ = socket.send_to(&reply, client).await;
                }
            }
        });
        Ok(dns)
    }

    /// How often the addresses of a name were asked for, of whichever family more often.
    pub fn asked(&self, name: &str) -> usize {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{name}.mallory.example");
        [A, AAAA].into_iter().filter_map(|kind| asked.get(&(name.clone(), kind)).copied()).max().unwrap_or(0)
    }
}

/// The answer to one question, or none to what is no question.
fn answer(question: &[u8], asked: &Mutex<HashMap<(String, u16), usize>>) -> Option<Vec<u8>> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(question.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*question.get(at)?, *question.get(at + 1)?]);
    let name = labels.join(".");
    if name == SILENT {
        return None;
    }
    let turn = {
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry((name.clone(), kind)).or_default();
        *times += 1;
        *times - 1
    };
    let label = name.strip_suffix(".mallory.example");
    let turns = label.and_then(|label| ZONE.iter().find(|(known, _)| *known == label)).map(|(_, turns)| *turns);
    let addresses = turns.and_then(|turns| turns.get(turn).or(turns.last())).copied().unwrap_or_default();
    let records: Vec<(u16, Vec<u8>)> = addresses
        .iter()
        .filter_map(|text| match (text.strip_prefix('='), text.parse()) {
            (Some(label), _) => Some((CNAME, wire_name(label))),
            (None, Ok(IpAddr::V4(address))) if kind == A => Some((A, address.octets().to_vec())),
            (None, Ok(IpAddr::V6(address))) if kind == AAAA => Some((AAAA, address.octets().to_vec())),
            _ => None,
        })
        .collect();
    let code = if turns.is_some() { 0 } else { 3 };
    let mut reply = question.get(..2)?.to_vec();
    reply.extend([0x84, code, 0, 1]);
    reply.extend(u16::try_from(records.len()).ok()?.to_be_bytes());
    reply.extend([0; 4]);
    reply.extend(question.get(12..at + 4)?);
    // The name of the question; behind an alias, the name that it stands for.
    let mut owner = vec![0xc0, 12];
    for (kind, data) in records {
        reply.extend(&owner);
        reply.extend(kind.to_be_bytes());
        // Of the internet, to be forgotten at once.
        reply.extend([0, 1, 0, 0, 0, 0]);
        reply.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        reply.extend(&data);
        if kind == CNAME {
            owner = data;
        }
    }
    Some(reply)
}

/// A name below the attacker's domain, as it goes over the wire.
fn wire_name(label: &str) -> Vec<u8> {
    let mut name = Vec::new();
    for label in [label, "mallory", "example", ""] {
        name.push(u8::try_from(label.len()).unwrap_or(0));
        name.extend(label.as_bytes());
    }
    name
}
