//! Amounts as people write them: `256 MiB`, `5 min`, `10000`.

/// In what a resource is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Millis,
    /// Things.
    Count,
}

const BYTES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];
const MILLIS: [(&str, u64); 4] = [("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

impl Unit {
    /// Its words, and how many of the unit each stands for; the largest first.
    fn words(self) -> &'static [(&'static str, u64)] {
        match self {
            Unit::Bytes => &BYTES,
            Unit::Millis => &MILLIS,
            Unit::Count => &[],
        }
    }

    /// Reads an amount: a whole number, and a unit in any case. Bytes may go without unit.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(self, text: &str) -> Result<u64, String> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
        let (digits, word) = text.split_at(end);
        let number: u64 = digits.replace('_', "").parse().map_err(|_| self.expected())?;
        let word = word.trim();
        let times = match (self, word) {
            (Unit::Bytes | Unit::Count, "") => 1,
            _ => self.words().iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).ok_or_else(|| self.expected())?.1,
        };
        number.checked_mul(times).ok_or_else(|| "it is too large".to_owned())
    }

    fn expected(self) -> String {
        match self {
            Unit::Bytes => "expected a whole number of bytes, with or without unit: 256 MiB",
            Unit::Millis => "expected a whole number with a unit of time (ms, s, min, h): 5 min",
            Unit::Count => "expected a whole number",
        }
        .to_owned()
    }

    /// Writes an amount exactly, in the largest unit that divides it: [`parse`](Self::parse) reads it back.
    pub fn show(self, amount: u64) -> String {
        let decimal = |word: &str| self == Unit::Bytes && !word.contains('i') && word != "B";
        let fits = |times: u64| amount > 0 && amount.is_multiple_of(times);
        match self.words().iter().filter(|(word, _)| !decimal(word)).find(|(_, times)| fits(*times)) {
            Some((word, times)) => format!("{} {word}", amount / times),
            None => self.words().last().map_or_else(|| amount.to_string(), |(word, _)| format!("{amount} {word}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (unit, text, amount) in [
            (Unit::Bytes, "256 MiB", 256 << 20),
            (Unit::Bytes, "256mib", 256 << 20),
            (Unit::Bytes, "1 MB", 1_000_000),
            (Unit::Bytes, "4096", 4_096),
            (Unit::Millis, "5 min", 300_000),
            (Unit::Millis, "1500ms", 1_500),
            (Unit::Millis, "2 H", 7_200_000),
            (Unit::Count, " 1_000_000 ", 1_000_000),
        ] {
            assert_eq!(unit.parse(text), Ok(amount), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (unit, text) in [
            (Unit::Bytes, ""),
            (Unit::Bytes, "MiB"),
            (Unit::Bytes, "-1"),
            (Unit::Bytes, "1.5 GiB"),
            (Unit::Bytes, "5 min"),
            (Unit::Bytes, "99999999999 TiB"),
            (Unit::Bytes, "99999999999999999999"),
            (Unit::Millis, "300"),
            (Unit::Millis, "5 m"),
            (Unit::Count, "many"),
            (Unit::Count, "3 MiB"),
        ] {
            assert!(unit.parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back_to_the_same_amount() {
        for unit in [Unit::Bytes, Unit::Millis, Unit::Count] {
            for amount in [0, 1, 999, 1_000, 1_024, 90_000, 300_000, 3_600_000, 256 << 20, 1_000_001, u64::MAX] {
                assert_eq!(unit.parse(&unit.show(amount)), Ok(amount), "{}", unit.show(amount));
            }
        }
        assert_eq!(Unit::Bytes.show(256 << 20), "256 MiB");
        assert_eq!(Unit::Millis.show(90_000), "90 s");
    }
}
