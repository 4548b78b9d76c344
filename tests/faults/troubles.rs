//! Everything that goes wrong, and where it can.

use headcount_vendors::{Dialect, Fault, Reach, RetryAfter, Rule, Servers, Vendor};

use crate::boundaries::Boundary;

/// One way to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Status(u16),
    StatusOnce(u16),
    Revoked,
    Barred,
    /// 429 in one way after the other, with nothing to wait for.
    Soon(usize),
    Tomorrow(Option<Dialect>),
    Timeout,
    Reset,
    ResetOnce,
    TruncatedJson,
    Html,
    WrongContentType,
    SamePage,
    SamePageOnce,
    Shifted,
    ShiftedOnce,
    Cyclic,
    EmptyWithNext,
    LostPage,
    LostPageOnce,
    TotalChanges,
    TotalChangesOnce,
    ParentsCutShort,
    ParentsCutShortOnce,
    BadDate,
    NarrowerKey,
    ForeignKey,
}

/// A wait so long that nobody waits: no answer today.
const TOMORROW: u32 = 86_400;

/// Ways to say 429 that are tried in one sync each: as many as a request is repeated.
const SOON: [[Option<Dialect>; 3]; 4] = [
    [None, Some(Dialect::Seconds), Some(Dialect::Date)],
    [Some(Dialect::Draft8), Some(Dialect::Draft7), Some(Dialect::Draft6)],
    [Some(Dialect::GitHub), Some(Dialect::Millis), Some(Dialect::Atlassian)],
    [Some(Dialect::Discord), Some(Dialect::Okta), Some(Dialect::HubSpot)],
];

impl Trouble {
    /// All, in the order of the report.
    pub fn all() -> Vec<Trouble> {
        use Trouble::*;
        let mut all = vec![Status(401), Revoked, Status(403), Barred, Status(404)];
        all.extend((0..SOON.len()).map(Soon));
        all.push(Tomorrow(None));
        all.extend(Dialect::ALL.map(|dialect| Tomorrow(Some(dialect))));
        all.extend([Status(500), StatusOnce(500), Status(503), StatusOnce(503), Timeout, Reset, ResetOnce]);
        all.extend([TruncatedJson, Html, WrongContentType, SamePage, SamePageOnce, Shifted, ShiftedOnce, Cyclic, EmptyWithNext]);
        all.extend([LostPage, LostPageOnce, TotalChanges, TotalChangesOnce, ParentsCutShort]);
        all.extend([ParentsCutShortOnce, BadDate, NarrowerKey, ForeignKey]);
        all
    }

    /// As the report has it.
    pub fn name(self) -> String {
        use Trouble::*;
        match self {
            Status(status) => status.to_string(),
            StatusOnce(status) => format!("{status}, once"),
            Revoked => "401 from then on".to_owned(),
            Barred => "403 from then on".to_owned(),
            Soon(group) => {
                let ways: Vec<&str> = SOON[group].iter().map(|dialect| dialect.map_or("nobody", words)).collect();
                format!("429 in the words of {}, once each", ways.join(", "))
            }
            Tomorrow(None) => "429 without a word".to_owned(),
            Tomorrow(Some(dialect)) => format!("429 until tomorrow by {}", words(dialect)),
            Timeout => "no answer".to_owned(),
            Reset => "connection reset".to_owned(),
            ResetOnce => "connection reset, once".to_owned(),
            TruncatedJson => "truncated JSON".to_owned(),
            Html => "HTML".to_owned(),
            WrongContentType => "wrong content type".to_owned(),
            SamePage => "the page before, again".to_owned(),
            SamePageOnce => "the page before, again, once".to_owned(),
            Shifted => "shifted page".to_owned(),
            ShiftedOnce => "shifted page, once".to_owned(),
            Cyclic => "cursor that goes in circles".to_owned(),
            EmptyWithNext => "empty page with a next one".to_owned(),
            LostPage => "lost page: no rows, and the end".to_owned(),
            LostPageOnce => "lost page, once".to_owned(),
            TotalChanges => "another total".to_owned(),
            TotalChangesOnce => "another total, once".to_owned(),
            ParentsCutShort => "list of parents cut short".to_owned(),
            ParentsCutShortOnce => "list of parents cut short, once".to_owned(),
            BadDate => "record with a bad date".to_owned(),
            NarrowerKey => "key that sees less from then on".to_owned(),
            ForeignKey => "key of another organisation from then on".to_owned(),
        }
    }

    /// How it strikes there; not at all where it can't happen.
    pub fn rules(self, vendor: Vendor, servers: &Servers, at: &Boundary) -> Vec<Rule> {
        use Trouble::*;
        let (check, first) = (at.list == "check", at.page == 1);
        let list = |fault: Fault, possible: bool| (possible && !check).then(|| at.always(fault));
        let once = |fault: Fault, possible: bool| (possible && !check).then(|| at.once(fault));
        let rule = match self {
            Soon(group) => {
                let strike = |(number, dialect): (u32, Option<Dialect>)| at.nth(number, too_many(dialect, 0));
                return (0..).zip(SOON[group]).map(strike).collect();
            }
            Status(status) => Some(at.always(answer(status))),
            StatusOnce(status) => Some(at.once(answer(status))),
            Revoked => Some(at.onward(answer(401))),
            Barred => Some(at.onward(answer(403))),
            // Each is understood the same everywhere: once a vendor is enough to see it understood.
            Tomorrow(Some(dialect)) if dialect != Dialect::Seconds && !(at.main && at.page == 2) => None,
            Tomorrow(dialect) => Some(at.always(too_many(dialect, TOMORROW))),
            Timeout => Some(at.always(Fault::Hang)),
            Reset => Some(at.always(Fault::Reset)),
            ResetOnce => Some(at.once(Fault::Reset)),
            TruncatedJson => Some(at.always(Fault::TruncatedJson)),
            Html => Some(at.always(Fault::HtmlOk)),
            WrongContentType => Some(at.always(Fault::WrongContentType)),
            SamePage => list(Fault::RepeatPrevious, !first),
            SamePageOnce => once(Fault::RepeatPrevious, !first),
            Shifted => list(Fault::ShiftedPage, !first && at.total),
            ShiftedOnce => once(Fault::ShiftedPage, !first && !at.keyset),
            Cyclic => list(Fault::CyclicNext, at.pages > 1),
            EmptyWithNext => list(Fault::EmptyPageWithNext, at.page < at.pages),
            LostPage => list(Fault::LostPage, true),
            LostPageOnce => once(Fault::LostPage, true),
            TotalChanges => list(Fault::TotalChanges, at.total && !first),
            TotalChangesOnce => once(Fault::TotalChanges, at.total && !first),
            ParentsCutShort => list(Fault::CutShort, at.parents),
            ParentsCutShortOnce => once(Fault::CutShort, at.parents),
            BadDate => list(Fault::BadDate, at.dates),
            NarrowerKey => Some(at.onward(Fault::As(headers(vendor, servers, Reach::Narrow)))),
            ForeignKey => Some(at.onward(Fault::As(headers(vendor, servers, Reach::OtherOrganization)))),
        };
        rule.into_iter().collect()
    }

    /// How often the fault has to strike, where it matters: a wait that is understood is not tried out.
    pub fn strikes(self) -> Option<u32> {
        match self {
            Trouble::Soon(group) => u32::try_from(SOON[group].len()).ok(),
            Trouble::Tomorrow(Some(_)) => Some(1),
            _ => None,
        }
    }
}

fn too_many(dialect: Option<Dialect>, seconds: u32) -> Fault {
    Fault::TooManyRequests(dialect.map_or(RetryAfter::Nothing, |dialect| RetryAfter::In(dialect, seconds)))
}

fn answer(status: u16) -> Fault {
    Fault::Status {
        status,
        content_type: "application/json".to_owned(),
        body: r#"{"message":"as the matrix wants it"}"#.to_owned(),
    }
}

/// The headers by which a vendor would know a key of this reach.
fn headers(vendor: Vendor, servers: &Servers, reach: Reach) -> Vec<(String, String)> {
    let key = servers.key(vendor, reach);
    let header = |name: &str, value: String| (name.to_owned(), value);
    match vendor {
        Vendor::Tines | Vendor::Kandji => vec![header("authorization", format!("Bearer {key}"))],
        Vendor::JetBrains | Vendor::JumpCloud => vec![header("x-api-key", key)],
    }
}

fn words(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Seconds => "seconds",
        Dialect::Date => "date",
        Dialect::Draft8 => "IETF 8",
        Dialect::Draft7 => "IETF 7",
        Dialect::Draft6 => "IETF 6",
        Dialect::GitHub => "GitHub",
        Dialect::Millis => "milliseconds",
        Dialect::Atlassian => "Atlassian",
        Dialect::Discord => "Discord",
        Dialect::Okta => "Okta",
        Dialect::HubSpot => "HubSpot",
    }
}
