//! Ids in the vendors' shapes that tell the row they stand for, so that no table of ids is kept.

use crate::company::draw::{draw, mix};

/// Ids of one kind of row at one company.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    seed: u64,
    kind: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64, kind: u64) -> Self {
        Ids { seed, kind: kind + 64 }
    }

    /// 24 hexadecimal digits that sort as the keys do, as MongoDB's ids sort by time.
    pub(crate) fn object(self, key: u32) -> String {
        let number = draw(self.seed, self.kind, u64::from(key));
        format!("{:08x}{number:016x}", 0x5f00_0000_u32.wrapping_add(key.wrapping_mul(4)))
    }

    /// The key of [`object`](Self::object).
    pub(crate) fn of_object(self, id: &str) -> Option<u32> {
        let time = u32::from_str_radix(id.get(..8)?, 16).ok()?;
        let key = time.checked_sub(0x5f00_0000)? / 4;
        (self.object(key) == id).then_some(key)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(self, key: u32) -> String {
        let number = draw(self.seed, self.kind, u64::from(key));
        let masked = key ^ mix(number >> 32) as u32;
        let (a, b, c) = (number >> 32, (number >> 16) & 0xffff, number & 0xfff);
        let (d, e) = (0x8000 | (number >> 50) & 0x3fff, mix(number) & 0xffff);
        format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:04x}{masked:08x}")
    }

    /// The key of [`uuid`](Self::uuid).
    pub(crate) fn of_uuid(self, id: &str) -> Option<u32> {
        let mask = mix(u64::from(u32::from_str_radix(id.get(..8)?, 16).ok()?)) as u32;
        let key = u32::from_str_radix(id.get(28..)?, 16).ok()? ^ mask;
        (self.uuid(key) == id).then_some(key)
    }

    /// Ten characters from A to Z and 0 to 9.
    pub(crate) fn letters(self, key: u32) -> String {
        let number = draw(self.seed, self.kind, u64::from(key));
        // An odd factor permutes the numbers below 2^31, which is less than 36^6.
        let scrambled = u64::from(key.wrapping_add(OFFSET).wrapping_mul(SCRAMBLE) & 0x7fff_ffff);
        let mut text = String::with_capacity(10);
        push_base36(&mut text, number, 4);
        push_base36(&mut text, scrambled, 6);
        text
    }

    /// The key of [`letters`](Self::letters).
    pub(crate) fn of_letters(self, id: &str) -> Option<u32> {
        let scrambled = u32::from_str_radix(id.get(4..)?, 36).ok()?;
        let key = scrambled.wrapping_mul(UNSCRAMBLE).wrapping_sub(OFFSET) & 0x7fff_ffff;
        (self.letters(key) == id).then_some(key)
    }
}

const OFFSET: u32 = 0x0bad_cafe;
const SCRAMBLE: u32 = 0x2c1b_3c6d;
/// The inverse of [`SCRAMBLE`] modulo 2^32, by Newton's steps.
const UNSCRAMBLE: u32 = {
    let mut inverse = SCRAMBLE;
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2u32.wrapping_sub(SCRAMBLE.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
};

fn push_base36(text: &mut String, number: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = (number / 36u64.pow(place) % 36) as u32;
        text.extend(char::from_digit(digit, 36).map(|c| c.to_ascii_uppercase()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_tells_its_key_and_a_foreign_one_tells_none() {
        let (ours, theirs) = (Ids::new(1, 2), Ids::new(2, 2));
        for key in [0, 1, 77, 65_535, 1_299_999, 2_400_000] {
            assert_eq!(ours.of_object(&ours.object(key)), Some(key));
            assert_eq!(ours.of_uuid(&ours.uuid(key)), Some(key));
            assert_eq!(ours.of_letters(&ours.letters(key)), Some(key));
            assert_eq!(ours.of_object(&theirs.object(key)), None);
            assert_eq!(ours.of_uuid(&theirs.uuid(key)), None);
            assert_eq!(ours.of_letters(&theirs.letters(key)), None);
        }
        for hostile in ["", "é", "éééééééé-", "zz", "00000000-0000-0000-0000-000000000000", "ffffffffffffffffffffffff"] {
            assert_eq!(ours.of_object(hostile), None);
            assert_eq!(ours.of_uuid(hostile), None);
            assert_eq!(ours.of_letters(hostile), None);
        }
    }
}
