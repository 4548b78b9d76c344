//! Repeatable chance: the same seed, purpose and index always draw the same number.

/// One step of the splitmix64 generator, used as a hash.
pub(crate) const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number for `index`, for one purpose: nothing but its arguments decides it.
pub(crate) const fn draw(seed: u64, purpose: u64, index: u64) -> u64 {
    mix(mix(seed ^ (purpose << 48)) ^ index)
}

/// Picks from a list; an empty list gives "".
pub(crate) fn pick(list: &[&'static str], number: u64) -> &'static str {
    let length = list.len().max(1) as u64;
    list.get((number % length) as usize).copied().unwrap_or("")
}
