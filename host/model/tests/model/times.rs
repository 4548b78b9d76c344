//! Vendors' dates, in all the shapes that they come in.

use headcount_model::Timestamp;

fn check(text: &str, expected: &str) {
    assert_eq!(Timestamp::parse(text).unwrap().unwrap().to_string(), expected, "{text}");
}

#[test]
fn dates_are_read_in_every_shape_that_vendors_send() {
    check("2019-07-08T14:16:11.967Z", "2019-07-08T14:16:11.967Z");
    check("2021-03-11T09:00:58Z", "2021-03-11T09:00:58Z");
    check("2024-09-06T21:00:04.304248Z", "2024-09-06T21:00:04.304248Z");
    check("2023-05-20T00:00:00.000+03:00", "2023-05-19T21:00:00Z");
    check("2022-12-13 19:14:20.455640+00:00", "2022-12-13T19:14:20.45564Z");
    check("2024-01-02t03:04:05z", "2024-01-02T03:04:05Z");
    check("2024-01-02T03:04:05", "2024-01-02T03:04:05Z");
    check("2024-01-02", "2024-01-02T00:00:00Z");
    check(" 2024-01-02 ", "2024-01-02T00:00:00Z");
    check("1704164645", "2024-01-02T03:04:05Z");
    check("1704164645123", "2024-01-02T03:04:05.123Z");
    assert_eq!(Timestamp::parse("  "), Ok(None));
}

#[test]
fn what_is_no_date_is_refused_and_never_guessed() {
    for text in ["soon", "yesterday", "2024-13-45T99:00:00Z", "2023-02-29", "12/31/2024", "0", "20240102", "2024-01-02T", "\u{0}"]
    {
        assert!(Timestamp::parse(text).is_err(), "{text:?}");
    }
    assert!(Timestamp::parse(&"9".repeat(1_000_000)).is_err());
}
