//! Mutations of seeds, the same on every machine: what the smoke run feeds to the targets beside the corpus itself.

/// Numbers that look random and follow from a seed (splitmix64).
pub struct Random(u64);

impl Random {
    /// The numbers that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `most`; 0 if that is 0.
    pub fn below(&mut self, most: usize) -> usize {
        let number = usize::try_from(self.number() >> 33).unwrap_or_default();
        number.checked_rem(most).unwrap_or_default()
    }

    fn pick<'a>(&mut self, all: &'a [Vec<u8>]) -> &'a [u8] {
        all.get(self.below(all.len())).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Texts that parsers trip over, in libFuzzer's form: quoted, with `\x` and two digits for what is not plain.
const WORDS: &str = include_str!("../words.dict");

fn words() -> Vec<Vec<u8>> {
    let quoted = WORDS.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted
        .map(|word| {
            let mut parts = word.split("\\x");
            let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
            for (digits, rest) in parts.filter_map(|part| part.split_at_checked(2)) {
                bytes.extend(u8::from_str_radix(digits, 16));
                bytes.extend_from_slice(rest.as_bytes());
            }
            bytes
        })
        .collect()
}

/// The longest input that is made.
const LONGEST: usize = 16 * 1024;

/// Makes mutations of a corpus.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    random: Random,
}

impl Mutator {
    /// Always makes the same mutations of the same seeds.
    pub fn new(seeds: Vec<Vec<u8>>) -> Self {
        Mutator { seeds, words: words(), random: Random::new(0) }
    }

    /// The next input: a seed with one to four changes, some of which take a piece from another one.
    pub fn mutation(&mut self) -> Vec<u8> {
        let mut bytes = self.random.pick(&self.seeds).to_vec();
        for _ in 0..=self.random.below(4) {
            self.change(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let Mutator { seeds, words, random } = self;
        let at = random.below(bytes.len() + 1);
        let end = at + random.below((bytes.len() - at).min(64) + 1);
        match random.below(8) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.number().to_le_bytes()[0];
                }
            }
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes.get(at..end).unwrap_or_default().repeat(1 + random.below(4));
                bytes.splice(at..at, piece);
            }
            5 | 6 => {
                let over = if random.below(2) == 0 { at } else { end };
                bytes.splice(at..over, random.pick(words).iter().copied());
            }
            _ => {
                let other = random.pick(seeds);
                let from = random.below(other.len() + 1);
                let piece = other.get(from..(from + 64).min(other.len())).unwrap_or_default();
                bytes.splice(at..end, piece.iter().copied());
            }
        }
    }
}
