//! Budgets: the narrowest level wins, field by field, and an excess says whose limit it was.

use super::*;

fn limits(pairs: &[(&str, &str)]) -> Limits {
    let mut limits = Limits::default();
    for (name, amount) in pairs {
        limits.set(name, amount).unwrap();
    }
    limits
}

fn tenant() -> Level {
    Level::Tenant("acme".parse().unwrap())
}

fn connection() -> Level {
    Level::Connection("tines".parse().unwrap())
}

#[test]
fn the_narrowest_level_wins_field_by_field() {
    let mut budget = Budget::default();
    budget.set(&limits(&[("memory", "1 GiB"), ("requests", "500")]));
    budget.narrow(&limits(&[("memory", "128 MiB"), ("records", "7")]), &tenant());
    budget.narrow(&limits(&[("memory", "64 MiB"), ("call", "2 s")]), &connection());
    assert_eq!((budget.memory, budget.requests, budget.records), (64 << 20, 500, 7));
    assert_eq!(budget.call, Duration::from_secs(2));
    let levels = [Resource::Memory, Resource::Requests, Resource::Records, Resource::Call].map(|of| budget.level(of));
    assert_eq!(levels, [connection(), Level::Operator, tenant(), connection()]);
}

#[test]
fn a_tenant_or_a_connection_never_widens_what_stands_above_it() {
    let mut budget = Budget::default();
    budget.set(&limits(&[("requests-per-minute", "10")]));
    let before = budget.clone();
    let mut wide = Limits::default();
    for resource in Resource::SETTABLE {
        let amount = resource.unit().show(budget.get(resource).map_or(u64::MAX, |held| held + 1));
        if budget.get(resource).is_some() {
            wide.set(resource.name(), &amount).unwrap();
        }
    }
    budget.narrow(&wide, &tenant());
    budget.narrow(&wide, &connection());
    assert_eq!(budget, before);
}

#[test]
fn every_limit_that_can_be_set_arrives_where_it_is_read() {
    for resource in Resource::SETTABLE {
        let mut budget = Budget::default();
        budget.narrow(&limits(&[(resource.name(), &resource.unit().show(1))]), &tenant());
        assert_eq!((budget.get(resource), budget.level(resource)), (Some(1), tenant()), "{resource}");
    }
}

#[test]
fn the_narrower_of_a_manifests_rate_and_the_budgets_holds() {
    let mut budget = Budget::default();
    budget.narrow(&limits(&[("requests-per-minute", "10"), ("requests-per-hour", "600")]), &tenant());
    let manifest = Rate { per_second: Some(5), per_minute: Some(100), per_hour: Some(60), concurrent: Some(0) };
    let rate = budget.rate(&manifest);
    assert_eq!((rate.per_second, rate.per_minute, rate.per_hour, rate.concurrent), (Some(5), Some(10), Some(60), Some(16)));
}

#[test]
fn a_connection_whose_rate_nobody_names_has_one_all_the_same_and_whoever_names_one_has_that() {
    let unsaid = Budget::default().rate(&Rate::default());
    assert_eq!((unsaid.per_second, unsaid.per_minute, unsaid.per_hour), (Some(50), None, None));
    let by_the_hour = Budget::default().rate(&Rate { per_hour: Some(7_200), ..Rate::default() });
    assert_eq!((by_the_hour.per_second, by_the_hour.per_hour), (None, Some(7_200)));
    let mut budget = Budget::default();
    budget.set(&limits(&[("requests-per-second", "500")]));
    assert_eq!(budget.rate(&Rate::default()).per_second, Some(500), "an operator may have more of them");
}

#[test]
fn an_excess_names_the_budget_its_value_and_who_can_raise_it() {
    let mut budget = Budget::default();
    budget.narrow(&limits(&[("call", "90 s")]), &tenant());
    budget.narrow(&limits(&[("memory", "64 MiB")]), &connection());
    let said = |resource| budget.excess(resource).to_string();
    assert_eq!(
        said(Resource::Memory),
        "the connector used more than its budget of memory: 64 MiB, set by connection tines; \
         raise it with `headcount budget set memory=AMOUNT --connection tines`"
    );
    assert!(said(Resource::Call).contains("time for one call: 90 s, set by tenant acme"), "{}", said(Resource::Call));
    assert!(said(Resource::Call).ends_with("`headcount budget set call=AMOUNT --tenant acme`"), "{}", said(Resource::Call));
    assert!(said(Resource::Requests).contains("1000000, set by the operator; the operator can raise it: `requests`"));
    assert!(said(Resource::Handles).contains("nobody can raise it"));
}

#[test]
fn the_first_excess_stays_and_what_was_used_stands_beside_its_limit() {
    let mut budget = Budget::default();
    budget.narrow(&limits(&[("requests", "1"), ("log-bytes", "1")]), &tenant());
    let meter = Meter::new(budget.clone());
    meter.request().unwrap();
    let excess = meter.request().unwrap_err();
    assert_eq!((excess.resource, &excess.level), (Resource::Requests, &tenant()));
    meter.exceed(Resource::Handles, 3);
    assert_eq!(meter.excess(), Some(excess));
    let used = meter.usage().of(&budget)[&Resource::Requests];
    assert_eq!((used.used, used.limit), (2, 1));
}
