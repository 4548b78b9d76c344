//! A vendor's list of people, as text: what the benches let servers answer.

use std::fmt::Write;

/// People on a page; some 38 KB of JSON.
pub const PAGE: usize = 100;

/// One page of so many people, as the connector that teaches expects it.
pub fn page(number: usize, people: usize) -> String {
    let mut text = String::from("{\"people\":[");
    for place in 0..people {
        let id = number * PAGE + place;
        let comma = if place == 0 { "" } else { "," };
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "{comma}{{\"id\":{id},\"email\":\"user{id}@corporation.example\",\"name\":\"Given{id} Family{id}\",\"state\":\"ACTIVATED\",\
             \"activated\":true,\"suspended\":false,\"mfa\":{{\"configured\":{},\"exclusion\":false}},\
             \"department\":\"Research and Development\",\"jobTitle\":\"Engineer {}\",\"costCenter\":\"{}\",\
             \"location\":\"Lisbon\",\"created\":\"2024-03-{:02}T08:30:00.000Z\",\"lastLogin\":\"2026-11-{:02}T17:05:42.120Z\",\
             \"phoneNumbers\":[],\"tags\":[\"staff\",\"eu\"]}}",
            id % 2 == 0,
            id % 5,
            id % 50,
            id % 28 + 1,
            id % 20 + 1,
        );
    }
    text.push_str("]}");
    text
}
